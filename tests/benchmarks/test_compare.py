"""The benchmark's form, on the smallest scenario: every peer's plan is valid, and ours is as good as any."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.audit import audit
from matcher.intake import read_scenario
from tests.benchmarks.compare import PEERS, ours, row

FIRST_STEPS = Path(__file__).parents[2] / "scenarios" / "first-steps"


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_makes_a_plan_that_keeps_all_rules(name: str) -> None:
    problem = read_scenario(FIRST_STEPS).problem
    assert "| valid |" in row(name, problem, seconds=10, workers=1)


@pytest.mark.parametrize("name", PEERS)
def test_no_peer_beats_a_proven_plan(name: str) -> None:
    problem = read_scenario(FIRST_STEPS).problem
    mine = audit(problem, ours(problem, 10, 1)).values
    theirs = audit(problem, PEERS[name](problem, 10, 1)).values
    ranks = [[value if tier.maximised else -value for tier, value in values.items()] for values in (mine, theirs)]
    assert ranks[0] >= ranks[1]
