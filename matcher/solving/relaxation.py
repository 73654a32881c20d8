"""Bounds that are proofs: an LP finds prices for the rows, whole-number arithmetic proves what they imply.

The linear relaxation of a tier is solved with few rows first; rows that its optimum breaks join until none are left or
the bound no longer moves. Whatever the solver's tolerances, *any* prices prove a bound (weak duality): the value of
no plan exceeds the priced limits of the rows plus the positive part of each column's reduced gain. That sum is
worked out in integers, so rounding can only weaken a bound, never break it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.linear_solver.python import model_builder_helper as linear
from scipy import sparse

from matcher.rules.draft import UNBOUNDED, Ints
from matcher.solving.reduced import Hold, Reduced, Scope

BITS = 60  # that a column's gain, priced, may need
PATIENCE = 3  # rounds without a tighter bound
TOLERANCE = 1e-4  # a row broken by less does not join
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Relaxed:
    """A proven upper bound on the gain, and where the relaxation stood: fractions, shape (columns,)."""

    bound: int
    columns: Floats


@dataclass(frozen=True)
class Limits:
    """`seconds_left` is asked before each solve; `deterministic`: they are the solver's own repeatable ones."""

    seconds_left: Callable[[], float]
    deterministic: bool = False


def relaxed_bounds(
    scope: Scope,
    gain: Ints,
    holds: Sequence[Hold],
    limits: Limits,
    stoppable: Callable[[linear.ModelSolverHelper], None] = lambda solver: None,
) -> Iterator[Relaxed]:
    """Upper bounds on `gain @ columns` with the holds kept, each tighter than the one before.

    `stoppable` is given each solver, so that somebody else can stop it.
    """
    draft = scope.draft
    rows = scope.reduced(scope.columns, np.zeros(draft.columns, dtype=np.int64), holds)
    kept = ~rows.lazy
    best: int | None = None
    stuck = 0
    while limits.seconds_left() > 0 and stuck < PATIENCE:
        solved = _solve(rows, kept, gain[rows.free], limits, stoppable)
        if solved is None:
            return
        values, prices = solved
        bound = certified(rows, kept, gain[rows.free], prices)
        stuck += 1
        if best is None or bound < best:
            stuck = 0 if best is None or bound < best - abs(best) // 10**6 else stuck
            best = bound
            columns = np.zeros(draft.columns)
            columns[rows.free] = values
            yield Relaxed(bound, columns)
        activity = rows.matrix @ values
        broken = ~kept & ((activity > rows.high + TOLERANCE) | (activity < rows.low - TOLERANCE))
        if not broken.any():
            return
        kept = kept | broken


def _solve(
    rows: Reduced,
    kept: npt.NDArray[np.bool_],
    gain: Ints,
    limits: Limits,
    stoppable: Callable[[linear.ModelSolverHelper], None],
) -> tuple[Floats, Floats] | None:
    low, high = rows.low[kept].astype(float), rows.high[kept].astype(float)
    low[rows.low[kept] <= -UNBOUNDED], high[rows.high[kept] >= UNBOUNDED] = -np.inf, np.inf
    model = linear.ModelBuilderHelper()
    columns = len(rows.free)
    fill: Any = model.fill_model_from_sparse_data  # its stubs ask for one-dimensional matrices
    fill(
        np.zeros(columns),
        np.ones(columns),
        gain.astype(float),
        low,
        high,
        sparse.csr_matrix(rows.matrix[kept], dtype=float),
    )
    model.set_maximize(True)
    solver = linear.ModelSolverHelper("glop")
    if limits.deterministic:
        solver.set_solver_specific_parameters(f"max_deterministic_time: {limits.seconds_left()}")
    else:
        solver.set_time_limit_in_seconds(limits.seconds_left())
    stoppable(solver)
    solver.solve(model)
    if solver.status() != linear.SolveStatus.OPTIMAL:
        return None
    return np.array(solver.variable_values()), np.array(solver.dual_values())


def certified(rows: Reduced, kept: npt.NDArray[np.bool_], gain: Ints, prices: Floats) -> int:
    """What the prices, shape (kept rows,), prove: no 0/1 columns that keep the rows gain more than this.

    In whole numbers: prices are rounded to as fine a grid as 64 bits allow, and what is added over rows and columns
    is added without limit of size.
    """
    low, high = rows.low[kept], rows.high[kept]
    prices = np.nan_to_num(prices, posinf=0, neginf=0)
    prices = np.where((prices > 0) & (high >= UNBOUNDED), 0, prices)
    prices = np.where((prices < 0) & (low <= -UNBOUNDED), 0, prices)
    matrix = rows.matrix[kept]
    largest = float(np.max(np.abs(gain) + abs(matrix).T @ np.abs(prices), initial=1.0))
    scale: int = 2 ** max(0, BITS - math.ceil(math.log2(largest)))
    price = np.rint(prices * scale).astype(np.int64)
    reduced_gain = gain * scale - matrix.T @ price
    limits = np.where(price > 0, high, low)
    used = np.flatnonzero(price)
    priced = sum(p * limit for p, limit in zip(price[used].tolist(), limits[used].tolist(), strict=True))
    total: int = priced + sum(reduced_gain[reduced_gain > 0].tolist())
    return total // scale
