"""The search as it goes on large terms, forced upon tiny ones: only a few seats at a time may move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from unittest import mock

from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from matcher.domain import Problem
from matcher.errors import PinsImpossible
from matcher.solving import neighbourhoods, relaxation, search
from matcher.solving.neighbourhoods import Operator
from matcher.solving.progress import Settings
from matcher.solving.search import solve
from tests import oracle
from tests.planning.random_terms import TINY, better_first, every_plan, problems, random_term

MIDDLING = replace(TINY, sessions=4, volunteers=6)


@contextmanager
def small_neighbourhoods(size: float) -> Iterator[None]:
    """Nothing is ever solved as a whole (unless it is as small as that), and the search soon gives up."""
    with (
        mock.patch.object(neighbourhoods, "SMALLEST", size),
        mock.patch.object(neighbourhoods, "GROWTH", 1.0),
        mock.patch.object(Operator.__init__, "__defaults__", (False, size, 1.0)),
        mock.patch.object(neighbourhoods, "CANDIDATES", 2),
        mock.patch.object(neighbourhoods, "POOL", 6),
        mock.patch.object(relaxation, "LP_SEATS", 0),
        mock.patch.object(search, "WHOLE_REACH", 0),
        mock.patch.object(search, "PATIENCE", 25),
    ):
        yield


@given(
    problem=problems(MIDDLING, pins=1), size=st.sampled_from([1.0, 4.0]), seed=st.integers(0, 9), alone=st.booleans()
)
@example(  # one session, and nobody who could be its team
    problem=random_term(Random(0), replace(MIDDLING, schools=1, sessions=1, volunteers=2), pins=0),
    size=1.0,
    seed=1,
    alone=False,
)
@settings(max_examples=40)
def test_what_is_found_and_claimed_piece_by_piece_is_so(problem: Problem, size: float, seed: int, alone: bool) -> None:
    plans = every_plan(problem)
    assume(plans)
    assert plans is not None
    how = Settings(time_limit=5, workers=1 if alone else 2, seed=seed, deterministic=alone)
    try:
        with small_neighbourhoods(size):
            solution = solve(problem, how)
    except PinsImpossible:
        raise AssertionError("there are plans") from None
    assert not oracle.violations(problem, solution.plan)
    values = {str(score.tier): score.value for score in solution.tiers}
    assert values == oracle.score(problem, solution.plan)
    mine = better_first(values)
    worth = [better_first(oracle.score(problem, plan)) for plan in plans]
    event("the best plan was found" if mine == max(worth) else "another plan was found")
    for place, score in enumerate(solution.tiers):
        if score.bound is not None:
            bound = score.bound if score.tier.maximised else -score.bound
            held = [each for each in worth if all(a >= b for a, b in zip(each[:place], mine[:place], strict=True))]
            assert max(each[place] for each in held) <= bound
