from __future__ import annotations

from matcher.domain import FEMALE_DOMINATED_ABOVE, Gender, GoalName, is_female_dominated
from matcher.rules.counter_stereotype import CounterStereotype, examples_of
from matcher.rules.meeting import Person


class MenInFemaleDominated(CounterStereotype):
    """Each class meets men in work that few men do."""

    name = goal = GoalName.MEN_IN_FEMALE_DOMINATED
    gender, between = Gender.MAN, (FEMALE_DOMINATED_ABOVE, 2.0)
    examples = examples_of(goal, Gender.MAN, Gender.WOMAN, share=0.88, edge=FEMALE_DOMINATED_ABOVE)

    def counts(self, person: Person) -> bool:
        return person.gender is Gender.MAN and is_female_dominated(person.share_women)
