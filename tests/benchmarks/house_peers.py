"""Our own search, and a greedy coordinator."""

from __future__ import annotations

from matcher.domain import TIERS, Problem, TierName
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.solving.cpsat import Effort
from matcher.solving.greedy import greedy
from matcher.solving.pins import plan_for_pins
from matcher.solving.progress import Progress, Settings
from matcher.solving.search import solve
from tests.benchmarks.peer import Answer, Seen


def matcher(problem: Problem, seconds: float, workers: int, seen: Seen) -> Answer:
    known: dict[TierName, int] = {}

    def tell(progress: Progress) -> None:
        known[progress.tier] = progress.value
        seen(known)

    found = solve(problem, Settings(seconds, workers), tell)
    return Answer(found.plan, {score.tier: score.bound for score in found.tiers if score.bound is not None})


def coordinator(problem: Problem, seconds: float, workers: int, seen: Seen) -> Answer:
    """Hardest session first, then whoever adds most; pins kept."""
    model = Model(problem, [*MUST_RULES, *GOALS])
    columns = greedy(model, model.columns_of(plan_for_pins(problem, Effort(10))))
    seen({tier: model.value(tier, columns) for tier in TIERS})
    return Answer(model.plan_of(columns))
