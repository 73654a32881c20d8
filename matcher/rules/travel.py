from __future__ import annotations

import numpy as np

from matcher.domain import Mode, Plan, Problem, School, TierName
from matcher.geography import Position
from matcher.rules.base import Example, Goal
from matcher.rules.draft import Draft, Terms, ints
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

    def post(self, draft: Draft) -> None:
        """Each seat costs its journey; where several sessions could share one, a column for the journey does."""
        in_person = np.flatnonzero(draft.visit_in_person[draft.seat_visit]) if len(draft.seat_visit) else draft.seats
        visit, person = draft.seat_visit[in_person], draft.seat_volunteer[in_person]
        schools, sessions = len(draft.school_ids), len(draft.session_ids)
        home_school = person * schools + draft.visit_school[visit]
        homes, home = np.unique(home_school, return_inverse=True)
        cost = ints(
            round(
                10
                * draft.problem.km_home_to_school(draft.volunteer_ids[key // schools], draft.school_ids[key % schools])
            )
            for key in homes.tolist()
        )
        days, day = np.unique(draft.visit_day[visit], return_inverse=True)
        _, trip = np.unique(home_school * max(1, len(days)) + day, return_inverse=True)
        # a row for each session of a trip: its slots on that day exclude each other
        rows, row = np.unique(trip * sessions + draft.visit_session[visit], return_inverse=True)
        row_trip = rows // max(1, sessions)
        shared = np.bincount(row_trip, minlength=int(trip.max(initial=-1)) + 1) > 1
        alone = ~shared[trip] if len(trip) else np.zeros(0, dtype=bool)
        draft.gain(self.tier, draft.seats[in_person[alone]], cost[home[alone]])

        number = np.cumsum(shared) - 1
        kept_rows = shared[row_trip] if len(row_trip) else np.zeros(0, dtype=bool)
        place = np.cumsum(kept_rows) - 1
        trip_cost = np.zeros(len(shared), dtype=np.int64)
        trip_cost[trip] = cost[home]
        draft.levels(
            self.name,
            Terms.of(place[row[~alone]], draft.seats[in_person[~alone]]),
            constant=np.zeros(int(kept_rows.sum()), dtype=np.int64),
            row_group=number[row_trip[kept_rows]],
            level_group=np.arange(int(shared.sum())),
            ceiling=False,
            tier=self.tier,
            gains=trip_cost[shared],
        )

    def score(self, problem: Problem, plan: Plan) -> int:
        trips = {
            (volunteer_id, when.day, problem.sessions[session_id].school_id)
            for volunteer_id, session_id, when in plan.assignments()
            if problem.sessions[session_id].mode is Mode.IN_PERSON
        }
        return sum(
            round(10 * problem.km_home_to_school(volunteer_id, school_id)) for volunteer_id, _, school_id in trips
        )
