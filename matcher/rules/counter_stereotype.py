"""What the two goals about people in work that few of their gender do have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from typing import ClassVar

import numpy as np

from matcher.domain import Encounter, Gender, GoalName, GoalSetting
from matcher.rules.base import Example
from matcher.rules.cohort_goal import CohortGoal
from matcher.rules.meeting import Person, post_count
from matcher.rules.model import Model
from matcher.rules.tiny import only, plan, problem, session, volunteer


class CounterStereotype(CohortGoal):
    """Counts encounters with one gender in work where women's share lies strictly between two figures."""

    gender: ClassVar[Gender]
    between: ClassVar[tuple[float, float]]

    @abstractmethod
    def counts(self, person: Person) -> bool:
        """The same of one person, said plainly: the check's own words."""

    def post(self, model: Model) -> None:
        people = model.problem.volunteers.values()
        share = np.array([np.nan if person.share_women is None else person.share_women for person in people])
        asked = np.array([person.gender is self.gender for person in people], dtype=bool)
        before = Counter(each.cohort_id for each in model.problem.encounters if self.counts(each))
        post_count(model, self.goal, asked & (share > self.between[0]) & (share < self.between[1]), before)

    def met(self, people: list[Person]) -> int:
        return sum(map(self.counts, people))


def examples_of(goal: GoalName, gender: Gender, other: Gender, share: float, edge: float) -> tuple[Example, ...]:
    """`share` counts for the gender; `edge` only just does not."""
    four = (
        volunteer("V1", gender=gender, share_women=share),
        volunteer("V2", gender=gender, share_women=edge),
        volunteer("V3", gender=other, share_women=share),
        volunteer("V4", gender=gender),
    )
    asked = [session("S1", team=(1, 4))]
    goals = only(goal, GoalSetting(2, 4))
    spring = (Encounter("A1", gender=gender, share_women=share),)
    return (
        Example("one of four counts: 100 x 4 x 120", problem(asked, four, goals=goals), plan(S1="V1 V2 V3 V4"), 48_000),
        Example(
            f"none counts: {edge} itself is not enough, and an unknown share is unknown",
            problem(asked, four, goals=goals),
            plan(S1="V2 V3 V4"),
            amount=0,
        ),
        Example(
            "one in spring and one now: 100 x 4 x (120 + 60)",
            problem(asked, four, goals=goals, encounters=spring),
            plan(S1="V1"),
            amount=72_000,
        ),
    )
