from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import UNBOUNDED, Model, Terms
from matcher.rules.tiny import plan, problem, session, volunteer


class TeamSize(MustRule):
    """A delivered session has no fewer volunteers than it needs and no more than it has room for."""

    name, place = "team size", 2
    of_teams = True
    examples = (
        Example(
            "two where two to three are wanted",
            problem([session("S1", team=(2, 3))], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1 V2"),
            amount=0,
        ),
        Example(
            "one where three are needed",
            problem([session("S1", team=(3, 4))], [volunteer("V1"), volunteer("V2"), volunteer("V3")]),
            plan(S1="V1"),
            amount=2,
        ),
        Example(
            "two where there is room for one",
            problem([session("S1", team=(1, 1))], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1 V2"),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        visits = np.arange(len(model.visits))
        sessions = [model.problem.sessions[session_id] for session_id, _ in model.visits]
        team = Terms.of(model.seat_visit, model.seats)
        fewest = np.array([session.min_volunteers for session in sessions], dtype=np.int64)
        most = np.array([session.max_volunteers for session in sessions], dtype=np.int64)
        none, unbounded = np.zeros(len(visits)), np.full(len(visits), UNBOUNDED)
        model.add_rows(Terms.joined([team, Terms.of(visits, visits, -fewest)]), low=none, high=unbounded)
        model.add_rows(Terms.joined([team, Terms.of(visits, visits, -most)]), low=-unbounded, high=none)

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        session, size = problem.sessions[session_id], len(plan.visits[session_id].team)
        if size < session.min_volunteers:
            return f"only {size} of the {session.min_volunteers} volunteers that the session needs can be counted on"
        return f"{size} volunteers are to come, and the session has room for {session.max_volunteers}"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for session_id, visit in plan.visits.items():
            session, size = problem.sessions[session_id], len(set(visit.team))
            if size < session.min_volunteers:
                missing = session.min_volunteers - size
                yield Finding(
                    self.name,
                    (session_id,),
                    missing,
                    f"{session_id} has {size} of the {session.min_volunteers} volunteers it needs.",
                    sessions=(session_id,),
                )
            if size > session.max_volunteers:
                yield Finding(
                    self.name,
                    (session_id,),
                    size - session.max_volunteers,
                    f"{session_id} has {size} volunteers and room for {session.max_volunteers}.",
                    sessions=(session_id,),
                )
