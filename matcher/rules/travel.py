from __future__ import annotations

import numpy as np

from matcher.coordinates import METRE, distances_km
from matcher.domain import Mode, Plan, Problem, School, TierName
from matcher.geography import Position
from matcher.rules.base import Example, Goal
from matcher.rules.model import Ints, Model, Terms, numbered
from matcher.rules.tiny import plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")
AT_DERBY = School("A", "School A", position=Position(52.92, -1.48))
FROM_NOTTINGHAM = volunteer("V1", position=Position(52.95, -1.15))  # 22.37 km


class Travel(Goal):
    """Journeys are short; two sessions at a school on one day are one journey."""

    name, tier = "travel", TierName.TRAVEL
    examples = (
        Example("one journey", problem([session("S1")], [FROM_NOTTINGHAM], schools=[AT_DERBY]), plan(S1="V1"), 224),
        Example(
            "two sessions, one journey",
            problem([session("S1"), session("S2", TEN)], [FROM_NOTTINGHAM], schools=[AT_DERBY]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=224,
        ),
        Example(
            "no journey to a screen",
            problem([session("S1", mode=Mode.VIRTUAL)], [FROM_NOTTINGHAM], schools=[AT_DERBY]),
            plan(S1="V1"),
            amount=0,
        ),
        Example("nobody knows from where: 10 km", problem([session("S1")], [volunteer("V1")]), plan(S1="V1"), 100),
    )

    def post(self, model: Model) -> None:
        """Each seat costs its journey; where several sessions could share one, a column for the journey does.

        A trip is a (volunteer, school, day). Example: V1 lives 2.0 km from school A, which has S1 and S2 on Monday. The
        trip has one column, which costs 20 and is 1 if V1's seat at S1 or the one at S2 is: a row for each.
        """
        in_person = np.flatnonzero(model.visit_in_person[model.seat_visit]) if len(model.seat_visit) else model.seats
        in_person = in_person[~np.isin(model.seat_volunteer[in_person], self._nobodys(model))]
        visit, person = model.seat_visit[in_person], model.seat_volunteer[in_person]
        schools, sessions = len(model.school_ids), len(model.session_ids)
        home_school = person * schools + model.visit_school[visit]
        homes, home = numbered(home_school)
        cost = self._tenths(model, homes // schools, homes % schools) if len(homes) else homes
        days, day = numbered(model.visit_day[visit])
        _, trip = numbered(home * max(1, len(days)) + day)
        # a row for each session of a trip: its slots on that day exclude each other
        rows, row = numbered(trip * sessions + model.visit_session[visit])
        row_trip = rows // max(1, sessions)
        shared = np.bincount(row_trip, minlength=int(trip.max(initial=-1)) + 1) > 1
        alone = ~shared[trip] if len(trip) else np.zeros(0, dtype=bool)
        model.gain(self.tier, model.seats[in_person[alone]], cost[home[alone]])

        number = np.cumsum(shared) - 1
        kept_rows = shared[row_trip] if len(row_trip) else np.zeros(0, dtype=bool)
        place = np.cumsum(kept_rows) - 1
        trip_cost = np.zeros(len(shared), dtype=np.int64)
        trip_cost[trip] = cost[home]
        model.levels(
            Terms.of(place[row[~alone]], model.seats[in_person[~alone]]),
            constant=np.zeros(int(kept_rows.sum()), dtype=np.int64),
            row_group=number[row_trip[kept_rows]],
            level_group=np.arange(int(shared.sum())),
            ceiling=False,
            tier=self.tier,
            gains=trip_cost[shared],
        )

    @staticmethod
    def _nobodys(model: Model) -> Ints:
        """The numbers of people who were erased: whence they came is not known any more."""
        erased = model.problem.under_way.erased if model.problem.under_way else frozenset[str]()
        return np.array(sorted(model.volunteer_index[each] for each in erased), dtype=np.int64)

    @staticmethod
    def _tenths(model: Model, person: Ints, school: Ints) -> Ints:
        """The journey of each pair in tenths of a km, rounded as in `score`: one by one only what is nearly a half."""
        limits = model.problem.programme.limits
        exact = 10 * distances_km(model.home_degrees[person], model.school_degrees[school])
        unknown = np.isnan(exact)
        tenths = np.rint(np.where(unknown, 0, exact)).astype(np.int64)
        tenths[unknown] = round(10 * limits.unknown_km)
        for n in np.flatnonzero(np.abs(exact - np.floor(exact) - 0.5) <= 10 * METRE).tolist():
            km = model.problem.km_home_to_school(model.volunteer_ids[person[n]], model.school_ids[school[n]])
            tenths[n] = round(10 * km)
        return tenths

    def score(self, problem: Problem, plan: Plan) -> int:
        erased = problem.under_way.erased if problem.under_way else frozenset[str]()
        trips = {
            (volunteer_id, when.day, problem.sessions[session_id].school_id)
            for volunteer_id, session_id, when in plan.assignments()
            if problem.sessions[session_id].mode is Mode.IN_PERSON and volunteer_id not in erased
        }
        return sum(
            round(10 * problem.km_home_to_school(volunteer_id, school_id)) for volunteer_id, _, school_id in trips
        )
