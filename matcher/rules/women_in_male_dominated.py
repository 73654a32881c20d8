from __future__ import annotations

from matcher.domain import Gender, GoalName
from matcher.rules.counter_stereotype import CounterStereotype, examples_of
from matcher.rules.meeting import Person


class WomenInMaleDominated(CounterStereotype):
    """Each class meets women in work that few women do."""

    name = goal = GoalName.WOMEN_IN_MALE_DOMINATED
    gender, between = Gender.WOMAN, (-1.0, 0.35)
    examples = examples_of(goal, Gender.WOMAN, Gender.MAN, share=0.13, edge=0.35)

    def counts(self, person: Person) -> bool:
        return person.gender is Gender.WOMAN and person.share_women is not None and person.share_women < 0.35
