from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from matcher.domain import Encounter, Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Bools, Ints, Model, Seats
from matcher.rules.tiny import plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")


class NewFaces(MustRule):
    """A cohort never meets the same volunteer twice, earlier encounters included."""

    name, place = "new faces", 14
    barrier = "known to the class already"
    examples = (
        Example(
            "one person, two classes",
            problem([session("S1"), session("S2", TEN, cohort_ids=("A2",))], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=0,
        ),
        Example(
            "one person, twice the same class",
            problem([session("S1"), session("S2", TEN, cohort_ids=("A1", "A2"))], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=1,
        ),
        Example(
            "met in spring",
            problem([session("S1")], [volunteer("V1")], encounters=(Encounter("A1", "V1"),)),
            plan(S1="V1"),
            amount=1,
        ),
    )

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools:
        """Not who has met one of the session's cohorts before."""
        problem, sessions = seats.problem, len(seats.session_ids)
        met = [
            seats.volunteer_index[encounter.volunteer_id] * sessions + seats.session_index[session_id]
            for encounter in problem.encounters
            if encounter.volunteer_id in seats.volunteer_index
            for session_id in problem.cohort_sessions.get(encounter.cohort_id, ())
        ]
        return ~np.isin(volunteer * sessions + seats.visit_session[visit], np.array(met, dtype=np.int64))

    def post(self, model: Model) -> None:
        """For each cohort with several sessions and each volunteer: at most one seat."""
        several = np.array([len(ids) > 1 for ids in model.problem.cohort_sessions.values()], dtype=bool)
        cohort, seat = model.cohort_seats
        mine = several[cohort] if len(cohort) else np.zeros(0, dtype=bool)
        key = cohort[mine] * len(model.volunteer_ids) + model.seat_volunteer[seat[mine]]
        model.at_most(key, model.seats[seat[mine]], 1, lazy=True)

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        cohort = problem.cohorts[finding.about[1]]
        return f"they would meet the class {cohort.name or cohort.cohort_id} {finding.amount + 1} times"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        times = Counter((encounter.cohort_id, encounter.volunteer_id) for encounter in problem.encounters)
        planned: dict[tuple[str, str], list[str]] = {}
        for session_id, visit in plan.visits.items():
            for cohort_id in problem.sessions[session_id].cohort_ids:
                for volunteer_id in visit.team:
                    planned.setdefault((cohort_id, volunteer_id), []).append(session_id)
        for (cohort_id, volunteer_id), sessions in planned.items():
            count, before = len(sessions), min(1, times[cohort_id, volunteer_id])
            if before + count > 1:
                yield Finding(
                    self.name,
                    (volunteer_id, cohort_id),
                    before + count - 1,
                    f"{cohort_id} would meet {volunteer_id} {before + count} times"
                    + (", earlier encounters included." if before else "."),
                    people=(volunteer_id,),
                    sessions=tuple(sessions),
                )
