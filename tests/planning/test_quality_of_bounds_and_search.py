"""Bounds come near the optimum and small steps too, after so much work: a bound that is sound can still be useless.

Three terms small enough to be solved to the end. What is allowed is counted in iterations and sweeps, never in seconds.
"""

from __future__ import annotations

from functools import cache
from itertools import islice

import numpy as np
import pytest

from matcher.authoring.generate import generate
from matcher.domain import TIERS, TierName
from matcher.intake import build_problem
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.solving.greedy import greedy
from matcher.solving.lagrangian import Lagrangian
from matcher.solving.local_search import climb
from matcher.solving.progress import Settings
from matcher.solving.reduced import Hold, Scope
from matcher.solving.search import Solution, solve

SEEDS = (1, 5, 7)
LOOKS, PATIENCE = 40, 30  # prices are looked at every few iterations (`lagrangian.OFTEN`)
BOUND_WITHIN = {TierName.REACH: 0.0, TierName.ROLE_MODELS: 0.005, TierName.LOAD: 0.0, TierName.TRAVEL: 0.15}
STEPS_WITHIN = {TierName.REACH: 0.0, TierName.ROLE_MODELS: 0.01}


@cache
def solved(seed: int) -> tuple[Model, Solution]:
    problem, _ = build_problem(generate(3, seed, volunteers=14, sessions=9))
    return Model(problem, [*MUST_RULES, *GOALS]), solve(problem, Settings(60, 2, 0, deterministic=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_these_terms_are_solved_to_the_end(seed: int) -> None:
    assert all(score.proven for score in solved(seed)[1].tiers)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tier", BOUND_WITHIN)
def test_prices_prove_nearly_the_optimum_after_a_number_of_iterations(seed: int, tier: TierName) -> None:
    model, solution = solved(seed)
    best = model.columns_of(solution.plan)
    gains = {each: model.objective[each] * (1 if each.maximised else -1) for each in TIERS}
    earlier = list(TIERS)[: list(TIERS).index(tier)]
    holds = [Hold(gains[each], int(gains[each] @ best)) for each in earlier]
    lagrangian = Lagrangian(Scope(model, [*earlier, tier]), gains[tier], holds)
    optimum = int(gains[tier] @ best)
    looks = islice(lagrangian.improved(np.zeros(lagrangian.size), lambda: optimum, PATIENCE), LOOKS)
    bound = min(lagrangian.bound(prices) for prices, _ in looks)
    assert optimum <= bound <= optimum + BOUND_WITHIN[tier] * abs(optimum)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tier", STEPS_WITHIN)
def test_small_steps_from_the_greedy_plan_end_near_the_optimum(seed: int, tier: TierName) -> None:
    model, solution = solved(seed)
    begun = greedy(model, np.zeros(model.columns, dtype=np.int64))
    *_, ended = begun, *(columns for columns, _ in climb(model, begun, 0, 0, lambda: False))
    optimum = model.value(tier, model.columns_of(solution.plan))
    assert optimum * (1 - STEPS_WITHIN[tier]) <= model.value(tier, ended) <= optimum
