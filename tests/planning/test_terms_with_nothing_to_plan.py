"""Where nothing can be delivered, the empty plan is a plan, proven to be the best."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.domain import Decision, GoalName, GoalSetting, Pin, Plan, Problem, Status, TierScore
from matcher.rules.tiny import problem, session, slot, volunteer
from matcher.solving.progress import Settings
from matcher.usecases.planning import make_plan
from tests import oracle

SATURDAY_AFTER_TERM = date(2026, 12, 19)

TERMS = {
    "nothing at all": problem([], []),
    "no sessions": problem([], [volunteer("V1"), volunteer("V2")]),
    "no volunteers": problem([session("S1"), session("S2", slot("11:00", "12:00"))], []),
    "no slot in term": problem([session("S1", slot(day=SATURDAY_AFTER_TERM))], [volunteer("V1")]),
    "a session without slots, and one on a closed day": problem(
        [session("S1", slot()), session("S2", slot(day=date(2026, 10, 2)))],
        [volunteer("V1", max_sessions=0)],
        closed=[date(2026, 10, 1)],
    ),
    "nobody free": problem([session("S1"), session("S2", school="B")], [volunteer("V1", availability=())]),
    "too few for a team": problem([session("S1", team=(3, 3))], [volunteer("V1"), volunteer("V2")]),
    "all ruled out": problem([session("S1")], [volunteer("V1")], pins=(Pin("S1", Decision.NEVER, "V1"),)),
    "nobody may come twice": problem(
        [session("S1", team=(1, 2))], [volunteer(f"V{n}", max_sessions=0) for n in range(4)]
    ),
    "no goal is worth anything": problem(
        [session("S1", team=(2, 2))], [volunteer("V1")], goals={name: GoalSetting(0, 0) for name in GoalName}
    ),
}


@pytest.mark.parametrize("deterministic", [True, False], ids=["deterministic", "wall clock"])
@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS.keys())
def test_the_empty_plan_is_made_and_proven(term: Problem, deterministic: bool) -> None:
    made = make_plan(term, Settings(time_limit=5, workers=2, deterministic=deterministic), lambda progress: None)
    assert made.result.plan == Plan({})
    assert made.result.status is Status.OPTIMAL
    values = oracle.score(term, Plan({}))
    assert made.result.tiers == tuple(
        TierScore(each.tier, values[each.tier], values[each.tier]) for each in made.result.tiers
    )
    assert made.result.reasons.keys() == term.sessions.keys()
