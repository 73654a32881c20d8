"""Any prices whatever prove a bound: rounding, tolerances and time limits may weaken one, and never break it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from unittest import mock

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcher.domain import TIERS, Problem, TierName
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.model import Ints
from matcher.solving import relaxation
from matcher.solving.lagrangian import Lagrangian
from matcher.solving.reduced import Hold, Scope
from matcher.solving.relaxation import BoundSettings, relaxed_bounds
from tests.planning.random_terms import TINY, every_plan, problems


def gains_of(model: Model) -> Mapping[TierName, Ints]:
    return {tier: model.objective[tier] * (1 if tier.maximised else -1) for tier in TIERS}


@given(
    problem=problems(TINY),
    tier=st.sampled_from(list(TIERS)),
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([0.0, 1e-3, 1.0, 1e3, 1e7]),
)
@settings(max_examples=80)
def test_any_prices_prove_a_bound(problem: Problem, tier: TierName, seed: int, size: float) -> None:
    plans = every_plan(problem)
    assume(plans)
    assert plans is not None
    model = Model(problem, [*MUST_RULES, *GOALS])
    gain = gains_of(model)[tier]
    lagrangian = Lagrangian(Scope(model, [tier]), gain)
    dice = np.random.default_rng(seed)
    prices = dice.normal(0, size or 1.0, lagrangian.size) * (size > 0) * (dice.random(lagrangian.size) < 0.5)
    if len(prices):
        prices[dice.integers(len(prices))] = dice.choice([np.nan, np.inf, 0.0, 1e15, -1e15, 1e30, -1e30])
    best = max(int(gain @ model.columns_of(plan)) for plan in plans)
    assert lagrangian.bound(prices) >= best


@given(problem=problems(TINY))
@settings(max_examples=40)
def test_relaxed_bounds_hold_with_the_earlier_tiers_held(problem: Problem) -> None:
    """Each tier in turn, with all earlier ones held at the best there is."""
    plans = every_plan(problem)
    assume(plans)
    assert plans is not None
    model = Model(problem, [*MUST_RULES, *GOALS])
    gains = gains_of(model)
    columns = [model.columns_of(plan) for plan in plans]
    holds: list[Hold] = []
    for place, tier in enumerate(TIERS):
        best = max(int(gains[tier] @ each) for each in columns)
        scope = Scope(model, list(TIERS)[: place + 1])
        for lp_seats in (relaxation.LP_SEATS, 0):
            with mock.patch.object(relaxation, "LP_SEATS", lp_seats):
                settings = BoundSettings(lambda: 5.0, True)
                found = relaxed_bounds(scope, gains[tier], holds, partial(int, best - 1), settings)
                bounds = [relaxed.bound for relaxed in found]
            assert bounds
            assert all(bound >= best for bound in bounds)
            assert bounds == sorted(bounds, reverse=True)
        holds.append(Hold(gains[tier], best))
        columns = [each for each in columns if int(gains[tier] @ each) >= best]


@pytest.mark.parametrize("tier", TIERS)
def test_no_prices_at_all_prove_no_more_than_the_sum_of_what_could_be_gained(tier: TierName) -> None:
    problem = next(example.problem for example in GOALS[0].examples)
    model = Model(problem, [*MUST_RULES, *GOALS])
    gain = gains_of(model)[tier]
    mine = gain[Scope(model, [tier]).columns]
    lagrangian = Lagrangian(Scope(model, [tier]), gain)
    assert lagrangian.bound(np.zeros(lagrangian.size)) <= int(mine[mine > 0].sum())
