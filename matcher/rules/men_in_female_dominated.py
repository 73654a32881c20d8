from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.domain import Encounter, Gender, Goal, GoalName
from matcher.domain import GoalName as G
from matcher.rules.base import Example
from matcher.rules.cohort_goal import CohortGoal
from matcher.rules.draft import Draft
from matcher.rules.meeting import Person, post_count
from matcher.rules.tiny import only, plan, problem, session, volunteer

FOUR = (
    volunteer("V1", gender=Gender.MAN, share_women=0.88),
    volunteer("V2", gender=Gender.MAN, share_women=0.65),
    volunteer("V3", gender=Gender.WOMAN, share_women=0.88),
    volunteer("V4", gender=Gender.MAN),
)


class MenInFemaleDominated(CohortGoal):
    """Each class meets men in work that few men do."""

    name = goal = GoalName.MEN_IN_FEMALE_DOMINATED
    examples = (
        Example(
            "one of four counts: 100 x 4 x 120",
            problem([session("S1", team=(1, 4))], FOUR, goals=only(G.MEN_IN_FEMALE_DOMINATED, Goal(2, 4))),
            plan(S1="V1 V2 V3 V4"),
            amount=48_000,
        ),
        Example(
            "none counts: 0.65 itself is not > 0.65, and an unknown share is unknown",
            problem([session("S1", team=(1, 4))], FOUR, goals=only(G.MEN_IN_FEMALE_DOMINATED, Goal(2, 4))),
            plan(S1="V2 V3 V4"),
            amount=0,
        ),
        Example(
            "one in spring and one now",
            problem(
                [session("S1", team=(1, 4))],
                FOUR,
                goals=only(G.MEN_IN_FEMALE_DOMINATED, Goal(2, 4)),
                encounters=(Encounter("A1", gender=Gender.MAN, share_women=0.88),),
            ),
            plan(S1="V1"),
            amount=72_000,
        ),
    )

    def post(self, draft: Draft) -> None:
        people = draft.problem.volunteers.values()
        share = np.array([np.nan if person.share_women is None else person.share_women for person in people])
        asked = np.array([person.gender is Gender.MAN for person in people], dtype=bool)
        before = Counter(each.cohort_id for each in draft.problem.encounters if self._counts(each))
        post_count(draft, self.goal, asked & (share > 0.65), before)

    def met(self, people: list[Person]) -> int:
        return sum(map(self._counts, people))

    @staticmethod
    def _counts(person: Person) -> bool:
        return person.gender is Gender.MAN and person.share_women is not None and person.share_women > 0.65
