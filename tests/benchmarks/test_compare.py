"""The benchmark's form, on the smallest scenario: every peer's plan is valid, and none beats what is proven."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matcher.domain import TierName
from matcher.intake import read_scenario
from tests.benchmarks.compare import PEERS, PeerMissing, Run, best_bound, curves, measured, table
from tests.benchmarks.picture import gap_over_time

FIRST_STEPS = Path(__file__).parents[2] / "scenarios" / "first-steps"


@cache
def run_of(name: str) -> Run:
    try:
        return measured(name, read_scenario(FIRST_STEPS).problem, seconds=5, workers=1)
    except PeerMissing as reason:
        pytest.skip(f"{name}: {reason}")


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_makes_a_plan_that_keeps_all_rules(name: str) -> None:
    run = run_of(name)
    assert run.findings == 0
    assert run.values[TierName.REACH] > 0
    assert run.first_plan is not None
    assert run.megabytes > 50


@pytest.mark.parametrize("name", PEERS)
def test_no_peer_beats_a_proven_plan(name: str) -> None:
    ours, theirs = (
        [value if tier.maximised else -value for tier, value in run_of(each).values.items()]
        for each in ("matcher", name)
    )
    assert ours >= theirs


@pytest.mark.parametrize("name", [name for name in PEERS if name != "greedy coordinator"])
def test_every_peer_that_searches_finds_the_best_plan_of_the_smallest_scenario(name: str) -> None:
    assert run_of(name).values == run_of("matcher").values


@pytest.mark.parametrize("name", PEERS)
def test_what_a_peer_tells_on_the_way_is_what_the_audit_finds_at_the_end(name: str) -> None:
    run = run_of(name)
    told = run.trace[-1][1]
    assert {tier: run.values[tier] for tier in (TierName.REACH, TierName.ROLE_MODELS)} == {
        tier: told[tier] for tier in (TierName.REACH, TierName.ROLE_MODELS)
    }


def test_a_bound_is_set_beside_plans_that_hold_the_earlier_tiers_only() -> None:
    ours = run_of("matcher")
    assert best_bound(ours, TierName.TRAVEL, [ours]) == ours.values[TierName.TRAVEL]
    worse = Run("x", 5, {**ours.values, TierName.REACH: 0}, 0, {}, 1, 1, [])
    assert best_bound(worse, TierName.REACH, [ours, worse]) == ours.values[TierName.REACH]
    assert best_bound(worse, TierName.TRAVEL, [ours, worse]) is None


def test_the_table_has_a_row_a_run_and_says_what_is_best_and_what_is_not_valid() -> None:
    ours = run_of("matcher")
    broken = Run("x", 5, ours.values, 2, {}, 1, 1, [])
    head, rule, *rows = table([ours, broken]).splitlines()
    assert head.count("|") == rule.count("|") == rows[0].count("|") == rows[1].count("|")
    assert rows[0].count("(best)") == 4
    assert "| at most 1 % below the best possible |" in rows[0]
    assert f"{ours.values[TierName.ROLE_MODELS]:,}" not in "".join(rows)
    assert "**not valid**: 2 findings" in rows[1]


def test_the_picture_draws_every_peer_and_says_it_in_words() -> None:
    ours = run_of("matcher")
    nothing = Run("<nobody>", 5, {**ours.values, TierName.REACH: 0}, 0, {}, 1, 1, [])
    picture = ElementTree.fromstring(gap_over_time(curves([ours, nothing])))
    words = "".join(picture.itertext())
    assert "matcher" in words
    assert "<nobody>: no plan of about the best reach" in words
    assert picture.get("role") == "img"
