"""A term under way: the past stands, and a repair changes as little as can be of what people were told."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from matcher.audit import audit, insist
from matcher.domain import REPAIR_TIERS, Plan, Problem, TierName
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.lost import lost
from matcher.solving.repair import repair
from matcher.solving.search import solve
from tests import oracle
from tests.planning.random_terms import REPEATABLE, SMALL, TINY, Size, better_first, every_plan, random_term, under_way

TERMS, LARGER = 120, 40
FEWEST = (TierName.TOLD_REACH, TierName.CHANGES)


def terms(count: int, size: Size, first: int = 0) -> Iterator[tuple[int, Problem]]:
    """Terms under way after a good plan was told."""
    for seed in range(first, first + count):
        dice = Random(seed)
        before = random_term(dice, size, pins=0)
        told = solve(before, REPEATABLE).plan
        yield seed, under_way(before, told, dice)


def worth(values: dict[TierName, int], tiers: tuple[TierName, ...] = REPAIR_TIERS) -> tuple[int, ...]:
    return better_first({str(tier): values[tier] for tier in tiers})


@pytest.mark.parametrize("first", range(0, TERMS, 20))
def test_a_repair_is_the_best_of_all_plans_of_a_tiny_term(first: int) -> None:
    seen = 0
    for seed, term in terms(20, TINY, first):
        plans = every_plan(term, most=1500)
        if plans is None:
            continue
        seen += 1
        solution = repair(term, REPEATABLE)
        values = {score.tier: score.value for score in solution.tiers}
        best = max(better_first(oracle.score(term, plan)) for plan in plans)
        assert worth(values, FEWEST) == best[:2], seed
        assert all(score.proven for score in solution.tiers[:2]), seed
        assert not oracle.violations(term, solution.plan), seed
        assert better_first(oracle.score(term, solution.plan)) == worth(values), seed
        assert worth(values) <= best, seed
    assert seen >= 5


def test_the_bounds_of_all_tiers_of_a_repair_are_proofs() -> None:
    for seed, term in terms(30, TINY, 500):
        plans = every_plan(term, most=1500)
        if plans is None:
            continue
        solution = repair(term, REPEATABLE)
        for place, score in enumerate(solution.tiers):
            held = solution.tiers[:place]
            sign = 1 if score.tier.maximised else -1
            for plan in plans:
                values = oracle.score(term, plan)
                if all(_no_worse(values, other.tier, other.value) for other in held):
                    assert score.bound is not None
                    assert sign * values[score.tier] <= sign * score.bound, (seed, score.tier)


def _no_worse(values: dict[str, int], tier: TierName, than: int) -> bool:
    return values[tier] >= than if tier.maximised else values[tier] <= than


def test_more_changes_than_the_fewest_are_never_more_than_were_allowed_nor_worth_less() -> None:
    for seed, term in terms(15, TINY, 700):
        fewest = repair(term, REPEATABLE)
        more = repair(term, REPEATABLE, allowed=3)
        few, many = ({score.tier: score.value for score in each.tiers} for each in (fewest, more))
        assert few[TierName.CHANGES] <= many[TierName.CHANGES] <= few[TierName.CHANGES] + 3, seed
        assert more.tiers[1].bound == few[TierName.CHANGES], seed
        assert worth(many, REPAIR_TIERS[2:]) >= worth(few, REPAIR_TIERS[2:]), seed


def test_plans_of_larger_terms_under_way_pass_the_audit_with_the_past_untouched() -> None:
    for seed, term in terms(LARGER, SMALL, 1000):
        for solution in (repair(term, REPEATABLE), solve(term, REPEATABLE)):
            insist(term, solution.plan, solution.tiers)
            assert not oracle.violations(term, solution.plan), seed
            assert {name: solution.plan.visits.get(name) for name in term.past} == dict(term.past), seed


def test_what_is_lost_and_what_changes_is_the_same_read_three_ways() -> None:
    for seed, term in terms(LARGER, SMALL, 2000):
        model = Model(term, [*MUST_RULES, *GOALS])
        for plan in (repair(term, REPEATABLE).plan, solve(term, REPEATABLE).plan):
            afresh = oracle.score(term, plan)
            judged = audit(term, plan)
            assert {str(tier): value for tier, value in judged.values.items()} == afresh, seed
            columns = model.columns_of(plan)
            assert {str(tier): model.value(tier, columns) for tier in REPAIR_TIERS} == afresh, seed


def test_what_was_told_is_kept_where_nothing_happened() -> None:
    for seed, term in terms(LARGER, SMALL, 3000):
        assert term.under_way is not None
        kept = Plan({name: visit for name, visit in term.under_way.told.visits.items() if name in term.sessions})
        if oracle.violations(term, kept) or lost(term).assignments:
            continue
        solution = repair(term, REPEATABLE)
        assert solution.tiers[1].value == 0, seed
        for name, visit in kept.visits.items():
            now = solution.plan.visits[name]
            assert (now.slot.start, now.team) == (visit.slot.start, visit.team), seed
