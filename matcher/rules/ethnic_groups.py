from __future__ import annotations

from matcher.domain import Encounter, EthnicGroup, GoalName, GoalSetting
from matcher.domain import GoalName as G
from matcher.rules.base import Example
from matcher.rules.cohort_goal import CohortGoal
from matcher.rules.meeting import Person, post_distinct
from matcher.rules.model import Model
from matcher.rules.tiny import only, plan, problem, session, volunteer

FOUR = (
    volunteer("V1", ethnic_group=EthnicGroup.ASIAN),
    volunteer("V2", ethnic_group=EthnicGroup.ASIAN),
    volunteer("V3", ethnic_group=EthnicGroup.WHITE),
    volunteer("V4"),
)


class EthnicGroups(CohortGoal):
    """Each class meets people from many backgrounds."""

    name = goal = GoalName.ETHNIC_GROUPS
    examples = (
        Example(
            "two groups, and one who did not say: 100 x 3 x (120 + 60)",
            problem([session("S1", team=(1, 4))], FOUR, goals=only(G.ETHNIC_GROUPS, GoalSetting(3, 3))),
            plan(S1="V1 V2 V3 V4"),
            amount=54_000,
        ),
        Example(
            "one group in spring, the same now",
            problem(
                [session("S1", team=(1, 4))],
                FOUR,
                goals=only(G.ETHNIC_GROUPS, GoalSetting(3, 3)),
                encounters=(Encounter("A1", ethnic_group=EthnicGroup.WHITE),),
            ),
            plan(S1="V3"),
            amount=36_000,
        ),
    )

    def post(self, model: Model) -> None:
        before: dict[str, set[str]] = {}
        for encounter in model.problem.encounters:
            if encounter.ethnic_group:
                before.setdefault(encounter.cohort_id, set()).add(encounter.ethnic_group)
        kind = [str(person.ethnic_group or "") for person in model.problem.volunteers.values()]
        post_distinct(model, self.goal, kind, before)

    def met(self, people: list[Person]) -> int:
        return len({person.ethnic_group for person in people if person.ethnic_group is not None})
