from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.domain import Encounter, GoalName, GoalSetting
from matcher.domain import GoalName as G
from matcher.rules.base import Example
from matcher.rules.cohort_goal import CohortGoal
from matcher.rules.meeting import Person, post_count
from matcher.rules.model import Model
from matcher.rules.tiny import only, plan, problem, session, volunteer

TRIO = (volunteer("V1"), volunteer("V2"), volunteer("V3"))


class People(CohortGoal):
    """Each class meets many people from the world of work."""

    name = goal = GoalName.PEOPLE
    examples = (
        Example(
            "two people: 100 x 1 x (120 + 60)",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.PEOPLE, GoalSetting(8, 1))),
            plan(S1="V1 V2"),
            amount=18_000,
        ),
        Example(
            "three people where two are the target",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.PEOPLE, GoalSetting(2, 1))),
            plan(S1="V1 V2 V3"),
            amount=18_000,
        ),
        Example(
            "one in spring and one now",
            problem([session("S1")], TRIO, goals=only(G.PEOPLE, GoalSetting(8, 1)), encounters=(Encounter("A1"),)),
            plan(S1="V1"),
            amount=18_000,
        ),
    )

    def post(self, model: Model) -> None:
        before = Counter(encounter.cohort_id for encounter in model.problem.encounters)
        post_count(model, self.goal, np.ones(len(model.volunteer_ids), dtype=bool), before)

    def met(self, people: list[Person]) -> int:
        return len(people)
