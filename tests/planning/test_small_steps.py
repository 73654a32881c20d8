"""Small steps keep every rule, never make a plan worse, and end where no small step makes it better."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from matcher.domain import TIERS, Plan, Problem, Visit
from matcher.errors import PinsImpossible
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.model import Ints
from matcher.solving.compiled import compiled
from matcher.solving.cpsat import Effort
from matcher.solving.greedy import greedy
from matcher.solving.local_search import climb
from matcher.solving.pins import plan_for_pins
from tests import oracle
from tests.planning.random_terms import SMALL, better_first, problems


def begun(problem: Problem) -> tuple[Model, Ints]:
    """A term's rows, and the plan that keeps its pins and no more."""
    try:
        pinned = plan_for_pins(problem, Effort(10))
    except PinsImpossible:
        assume(False)
    model = Model(problem, [*MUST_RULES, *GOALS])
    return model, model.columns_of(pinned)


def with_one_more_or_less(problem: Problem, model: Model, plan: Plan) -> Iterator[Plan]:
    """All plans in which one person joins, leaves or replaces somebody in one team."""
    for session_id, visit in plan.visits.items():
        teams = [tuple(v for v in visit.team if v != out) for out in visit.team]
        for volunteer_id in set(problem.volunteers) - set(visit.team):
            teams += [(*team, volunteer_id) for team in (visit.team, *teams[: len(visit.team)])]
        for team in teams:
            yield Plan({**plan.visits, session_id: Visit(visit.slot, tuple(sorted(team)))})


@given(problem=problems(SMALL, pins=1), seed=st.integers(0, 9), filled=st.booleans())
@settings(max_examples=60)
def test_each_sweep_gives_a_plan_that_keeps_every_rule_and_is_better(problem: Problem, seed: int, filled: bool) -> None:
    model, columns = begun(problem)
    if filled:
        columns = greedy(model, columns)
    before = better_first(oracle.score(problem, model.plan_of(columns)))
    sweeps = 0
    for found, seconds in climb(model, columns, 0, seed, lambda: False):
        plan = model.plan_of(found)
        assert not oracle.violations(problem, plan)
        now = better_first(oracle.score(problem, plan))
        assert now > before
        assert seconds > 0
        before, sweeps = now, sweeps + 1
    event(f"{min(sweeps, 3)} sweeps")


@given(problem=problems(SMALL), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_it_ends_where_nobody_can_join_leave_or_be_replaced_for_the_better(problem: Problem, seed: int) -> None:
    model, columns = begun(problem)
    found = [columns, *(columns for columns, _ in climb(model, columns, 0, seed, lambda: False))]
    plan = model.plan_of(found[-1])
    worth = better_first(oracle.score(problem, plan))
    for other in with_one_more_or_less(problem, model, plan):
        if better_first(oracle.score(problem, other)) > worth:
            assert oracle.violations(problem, other)


@given(problem=problems(SMALL), held=st.integers(0, len(TIERS)), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_tiers_that_are_held_get_no_worse_each_for_itself(problem: Problem, held: int, seed: int) -> None:
    model, columns = begun(problem)
    columns = greedy(model, columns)
    before = better_first(oracle.score(problem, model.plan_of(columns)))
    for found, _ in climb(model, columns, held, seed, lambda: False):
        now = better_first(oracle.score(problem, model.plan_of(found)))
        assert all(a >= b for a, b in zip(now[:held], before[:held], strict=True))
        before = now


@given(problem=problems(SMALL), seed=st.integers(0, 9))
@settings(max_examples=10)
def test_the_same_seed_takes_the_same_steps(problem: Problem, seed: int) -> None:
    model, columns = begun(problem)
    once = [plan.tolist() for plan, _ in climb(model, columns, 0, seed, lambda: False)]
    again = [plan.tolist() for plan, _ in climb(model, columns, 0, seed, lambda: False)]
    assert once == again


@given(problem=problems(SMALL))
@settings(max_examples=5)
def test_out_of_time_it_takes_no_step(problem: Problem) -> None:
    model, columns = begun(problem)
    assert not list(climb(model, columns, 0, 0, lambda: True))


def test_where_compiled_code_cannot_be_kept_it_is_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = numba.njit

    def njit(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    with mock.patch.object(numba, "njit", njit):

        @compiled
        def double(numbers: Ints) -> Ints:
            return 2 * numbers

    assert double(np.array([1, 2])).tolist() == [2, 4]


def test_the_first_run_after_installing_pays_for_compiling_out_of_no_time_limit(tmp_path: Path) -> None:
    out = tmp_path / "plan"
    scenario = Path(__file__).parents[2] / "scenarios" / "first-steps"
    subprocess.run(
        [sys.executable, "-m", "matcher", "run", str(scenario), "--out", str(out), "--time-limit", "3"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "nothing here yet")},
        check=True,
        capture_output=True,
    )
    tiers = json.loads((out / "scores.json").read_text())["tiers"]
    assert all(tier["proven"] for tier in tiers)
