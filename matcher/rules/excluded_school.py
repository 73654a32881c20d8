from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Bools, Ints, Model, Seats
from matcher.rules.tiny import plan, problem, session, volunteer


class ExcludedSchool(MustRule):
    """Nobody is sent to a school on their excluded list."""

    name, place = "excluded school", 13
    overridable = False
    barrier = "not to be sent to this school"
    examples = (
        Example(
            "another school is excluded",
            problem([session("S1")], [volunteer("V1", excluded_schools=frozenset({"B"}))]),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "this school is excluded",
            problem([session("S1")], [volunteer("V1", excluded_schools=frozenset({"A"}))]),
            plan(S1="V1"),
            amount=1,
        ),
    )

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools:
        schools = len(seats.school_ids)
        excluded = [
            person * schools + seats.school_index[school_id]
            for person, facts in enumerate(seats.problem.volunteers.values())
            for school_id in facts.excluded_schools
            if school_id in seats.school_index
        ]
        return ~np.isin(volunteer * schools + seats.visit_school[visit], np.array(excluded, dtype=np.int64))

    def post(self, model: Model) -> None:
        """Nothing to add: there is no seat at an excluded school."""

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return f"{problem.schools[problem.sessions[session_id].school_id].name} is on their list of excluded schools"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for volunteer_id, session_id, _ in plan.assignments():
            school_id = problem.sessions[session_id].school_id
            if school_id in problem.volunteers[volunteer_id].excluded_schools:
                yield Finding(
                    self.name,
                    (volunteer_id, session_id),
                    1,
                    f"{volunteer_id} is not to be sent to {problem.schools[school_id].name} ({session_id}).",
                    people=(volunteer_id,),
                    sessions=(session_id,),
                )
