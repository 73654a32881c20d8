from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Gender, GoalName, GoalSetting, LedgerLine, Plan, Problem
from matcher.domain import GoalName as G
from matcher.rules.base import Example, RoleModelGoal
from matcher.rules.meeting import worth
from matcher.rules.model import Model, Terms, ints
from matcher.rules.tiny import only, plan, problem, session, volunteer

TRIO = (volunteer("V1", gender=Gender.WOMAN), volunteer("V2", gender=Gender.MAN), volunteer("V3"))


class MixedTeam(RoleModelGoal):
    """Where there is room for two or more, women and men come together."""

    name = goal = GoalName.MIXED_TEAM
    examples = (
        Example(
            "a woman and a man: 100 x 2 x 120",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.MIXED_TEAM, GoalSetting(1, 2))),
            plan(S1="V1 V2 V3"),
            amount=24_000,
        ),
        Example(
            "a woman and somebody who did not say",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.MIXED_TEAM, GoalSetting(1, 2))),
            plan(S1="V1 V3"),
            amount=0,
        ),
    )

    def post(self, model: Model) -> None:
        """A column for each session with room for two: no more than its women, no more than its men."""
        problem = model.problem
        goal = problem.programme.goals[self.goal]
        roomy = ints(
            index
            for index, session in enumerate(problem.sessions.values())
            if session.max_volunteers >= 2 and goal.target >= 1
        )
        place = np.full(len(model.session_ids), -1)
        place[roomy] = np.arange(len(roomy))
        gender = np.array([person.gender for person in problem.volunteers.values()], dtype=object)[model.seat_volunteer]
        row = place[model.seat_session]
        women, men = (np.flatnonzero((row >= 0) & (gender == asked)) for asked in (Gender.WOMAN, Gender.MAN))
        sessions = [problem.sessions[model.session_ids[index]] for index in roomy]
        model.levels(
            Terms.joined(
                [
                    Terms.of(row[women], model.seats[women]),
                    Terms.of(row[men] + len(roomy), model.seats[men]),
                ]
            ),
            constant=np.zeros(2 * len(roomy), dtype=np.int64),
            row_group=np.tile(np.arange(len(roomy)), 2),
            level_group=np.arange(len(roomy)),
            tier=self.tier,
            gains=ints(worth(goal, problem.schools[session.school_id].need, 1) for session in sessions),
        )

    def score(self, problem: Problem, plan: Plan) -> int:
        goal = problem.programme.goals[self.goal]
        total = 0
        for session_id, visit in plan.visits.items():
            session = problem.sessions[session_id]
            if session.max_volunteers >= 2:
                met = self._is_mixed(problem, visit.team)
                total += worth(goal, problem.schools[session.school_id].need, met)
        return total

    def ledger(self, problem: Problem, plan: Plan) -> Iterator[LedgerLine]:
        target = problem.programme.goals[self.goal].target
        for session_id, visit in plan.visits.items():
            if problem.sessions[session_id].max_volunteers >= 2:
                yield LedgerLine("", self.goal, int(self._is_mixed(problem, visit.team)), target)

    @staticmethod
    def _is_mixed(problem: Problem, team: tuple[str, ...]) -> bool:
        return {Gender.WOMAN, Gender.MAN} <= {problem.volunteers[volunteer_id].gender for volunteer_id in team}
