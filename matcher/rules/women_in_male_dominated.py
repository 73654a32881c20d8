from __future__ import annotations

from matcher.domain import MALE_DOMINATED_BELOW, Gender, GoalName, is_male_dominated
from matcher.rules.counter_stereotype import CounterStereotype, examples_of
from matcher.rules.meeting import Person


class WomenInMaleDominated(CounterStereotype):
    """Each class meets women in work that few women do."""

    name = goal = GoalName.WOMEN_IN_MALE_DOMINATED
    gender, between = Gender.WOMAN, (-1.0, MALE_DOMINATED_BELOW)
    examples = examples_of(goal, Gender.WOMAN, Gender.MAN, share=0.13, edge=MALE_DOMINATED_BELOW)

    def counts(self, person: Person) -> bool:
        return person.gender is Gender.WOMAN and is_male_dominated(person.share_women)
