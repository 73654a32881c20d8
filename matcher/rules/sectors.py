from __future__ import annotations

from matcher.domain import Encounter, GoalName, GoalSetting, folded
from matcher.domain import GoalName as G
from matcher.rules.base import Example
from matcher.rules.cohort_goal import CohortGoal
from matcher.rules.meeting import Person, post_distinct
from matcher.rules.model import Model
from matcher.rules.tiny import only, plan, problem, session, volunteer

TRIO = (volunteer("V1"), volunteer("V2", sector="RAIL"), volunteer("V3", sector="Health"))


class Sectors(CohortGoal):
    """Each class meets many kinds of work."""

    name = goal = GoalName.SECTORS
    examples = (
        Example(
            "two from rail are one sector: 100 x 3 x 120",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.SECTORS, GoalSetting(6, 3))),
            plan(S1="V1 V2"),
            amount=36_000,
        ),
        Example(
            "rail and health: 100 x 3 x (120 + 60)",
            problem([session("S1", team=(1, 3))], TRIO, goals=only(G.SECTORS, GoalSetting(6, 3))),
            plan(S1="V1 V3"),
            amount=54_000,
        ),
        Example(
            "rail again after rail in spring",
            problem(
                [session("S1", team=(1, 3))],
                TRIO,
                goals=only(G.SECTORS, GoalSetting(6, 3)),
                encounters=(Encounter("A1", sector="rail"),),
            ),
            plan(S1="V1"),
            amount=36_000,
        ),
        Example(
            "Public Health and Public  Health are two: 100 x 3 x (120 + 60)",
            problem(
                [session("S1", team=(1, 3))],
                [volunteer("V1", sector="Public Health"), volunteer("V2", sector="Public  Health")],
                goals=only(G.SECTORS, GoalSetting(6, 3)),
            ),
            plan(S1="V1 V2"),
            amount=54_000,
        ),
    )

    def post(self, model: Model) -> None:
        before: dict[str, set[str]] = {}
        for encounter in model.problem.encounters:
            if encounter.sector:
                before.setdefault(encounter.cohort_id, set()).add(folded(encounter.sector))
        kind = [folded(person.sector) for person in model.problem.volunteers.values()]
        post_distinct(model, self.goal, kind, before)

    def met(self, people: list[Person]) -> int:
        return len({folded(person.sector) for person in people if person.sector})
