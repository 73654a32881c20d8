from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from matcher.domain import Finding, Limits, Plan, Problem, employer_key
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Model
from matcher.rules.tiny import plan, problem, session, volunteer

THREE = (
    volunteer("V1", employer="Rolling Stock"),
    volunteer("V2", employer="rolling  stock"),
    volunteer("V3", employer=""),
    volunteer("V4", employer=""),
)


class SameEmployer(MustRule):
    """A team is not all of one employer: no more than the programme's limit come from the same."""

    name, place = "same employer", 8
    of_teams = True
    examples = (
        Example(
            "two of one employer where two may be",
            problem([session("S1", team=(2, 3))], THREE),
            plan(S1="V1 V2 V3"),
            amount=0,
        ),
        Example(
            "two of one employer, spelt differently, where one may be",
            problem([session("S1", team=(2, 3))], THREE, limits=Limits(same_employer=1)),
            plan(S1="V1 V2"),
            amount=1,
        ),
        Example(
            "two of whom nothing is known",
            problem([session("S1", team=(2, 3))], THREE, limits=Limits(same_employer=1)),
            plan(S1="V3 V4"),
            amount=0,
        ),
        Example(
            "one of an employer where none may be",
            problem([session("S1", team=(1, 3))], THREE, limits=Limits(same_employer=0)),
            plan(S1="V1 V3"),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        names = [employer_key(person.employer) for person in model.problem.volunteers.values()]
        number = {name: n for n, name in enumerate(dict.fromkeys(names))}
        employer = np.array([number[name] for name in names], dtype=np.int64)[model.seat_volunteer]
        known = employer != number.get("", -1)
        model.at_most(
            (model.seat_visit * len(number) + employer)[known],
            model.seats[known],
            model.problem.programme.limits.same_employer,
            lazy=True,
        )

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return f"too many of the team are of one employer: the most is {problem.programme.limits.same_employer}"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        most = problem.programme.limits.same_employer
        for session_id, visit in plan.visits.items():
            team = [problem.volunteers[volunteer_id].employer for volunteer_id in visit.team]
            count = Counter(employer_key(employer) for employer in team if employer.strip())
            for employer in team:
                excess = count.pop(employer_key(employer), 0) - most
                if excess > 0:
                    yield Finding(
                        self.name,
                        (session_id,),
                        excess,
                        f"{session_id} has {excess + most} volunteer{'s' * (excess + most > 1)} from {employer}; "
                        f"the most is {most}.",
                        sessions=(session_id,),
                    )
