from __future__ import annotations

from matcher.domain import Gender, GoalName
from matcher.rules.counter_stereotype import CounterStereotype, examples_of
from matcher.rules.meeting import Person


class MenInFemaleDominated(CounterStereotype):
    """Each class meets men in work that few men do."""

    name = goal = GoalName.MEN_IN_FEMALE_DOMINATED
    gender, between = Gender.MAN, (0.65, 2.0)
    examples = examples_of(goal, Gender.MAN, Gender.WOMAN, share=0.88, edge=0.65)

    def counts(self, person: Person) -> bool:
        return person.gender is Gender.MAN and person.share_women is not None and person.share_women > 0.65
