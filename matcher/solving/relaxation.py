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
    """A proven upper bound on the gain, and where the relaxation stands: fractions, shape (columns,)."""

    bound: int
    columns: Floats | None
    """None where the solver was stopped before it stood anywhere."""
    piece: int
    """The piece whose fractions are new."""


@dataclass(frozen=True)
class Limits:
    """`seconds_left` is asked before each solve; `deterministic`: they are the solver's own repeatable ones.

    `dual` is the simplex to use where every column costs something and few are shared: it starts feasible, and what
    it knows when it is stopped proves a bound already.
    """

    seconds_left: Callable[[], float]
    deterministic: bool = False
    dual: bool = False


def relaxed_bounds(
    scope: Scope,
    gain: Ints,
    holds: Sequence[Hold],
    pieces: Sequence[Ints],
    limits: Limits,
    stoppable: Callable[[linear.ModelSolverHelper], None] = lambda solver: None,
) -> Iterator[Relaxed]:
    """Upper bounds on `gain @ columns` with the holds kept, each tighter than the one before.

    `pieces` are sessions that make up all. One piece is relaxed as it is. Several are relaxed one by one, as if each
    had all volunteers to itself and without the holds; of what they would pay for somebody, the most counts. That
    proves a bound for the whole, for any prices do. `stoppable` is given each solver, so that somebody else can
    stop it.
    """
    draft = scope.draft
    if len(pieces) == 1:
        rows = scope.everything(holds)
        best: int | None = None
        for values, kept, prices in _rounds(rows, gain[rows.free], limits, stoppable):
            bound = certified(rows.matrix[kept], rows.low[kept], rows.high[kept], gain[rows.free], prices)
            if best is None or bound < best:
                best = bound
                whole = None
                if values is not None:
                    whole = np.zeros(draft.columns)
                    whole[rows.free] = values
                yield Relaxed(bound, whole, 0)
        return
    nothing = np.zeros(draft.columns, dtype=np.int64)
    price, columns = np.zeros(draft.rows), np.zeros(draft.columns)
    for number, sessions in enumerate(pieces):
        rows = scope.reduced(scope.with_sessions(sessions), nothing)
        rounds = list(_rounds(rows, gain[rows.free], limits, stoppable))
        if not rounds:
            return
        values, kept, prices = rounds[-1]
        if values is not None:
            columns[rows.free] = values
        paid = rows.rows[kept]
        price[paid] = np.where(np.abs(prices) > np.abs(price[paid]), prices, price[paid])
        yield Relaxed(certified(draft.matrix, draft.low, draft.high, gain, price), columns.copy(), number)


def _rounds(
    rows: Reduced, gain: Ints, limits: Limits, stoppable: Callable[[linear.ModelSolverHelper], None]
) -> Iterator[tuple[Floats | None, npt.NDArray[np.bool_], Floats]]:
    """The relaxation's values (None: stopped), the rows it was solved with and their prices, with ever more rows."""
    kept = ~rows.lazy
    best: float | None = None
    stuck = 0
    while limits.seconds_left() > 0 and stuck < PATIENCE:
        solved = _solve(rows, kept, gain, limits, stoppable)
        if solved is None:
            return
        values, prices = solved
        yield values, kept, prices
        if values is None:
            return
        value = float(gain @ values)
        stuck = 0 if best is None or value < best - abs(best) * 1e-6 else stuck + 1
        best = value
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
) -> tuple[Floats | None, Floats] | None:
    """The optimum's values and prices; prices alone where the solver was stopped, None where it has none."""
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
    parameters = "use_dual_simplex: true " if limits.dual else ""
    if limits.deterministic:
        parameters += f"max_deterministic_time: {limits.seconds_left()}"
    else:
        solver.set_time_limit_in_seconds(limits.seconds_left())
    solver.set_solver_specific_parameters(parameters)
    stoppable(solver)
    solver.solve(model)
    if not solver.has_response():
        return None
    prices = np.array(solver.dual_values())
    if len(prices) != len(low):
        return None
    optimal = solver.status() == linear.SolveStatus.OPTIMAL
    return np.array(solver.variable_values()) if optimal else None, prices


def certified(matrix: sparse.csr_array, low: Ints, high: Ints, gain: Ints, prices: Floats) -> int:
    """What the prices, shape (rows,), prove: no 0/1 columns that keep the rows gain more than this.

    In whole numbers: prices are rounded to as fine a grid as 64 bits allow, and what is added over rows and columns
    is added without limit of size.
    """
    prices = np.nan_to_num(prices, posinf=0, neginf=0)
    prices = np.where((prices > 0) & (high >= UNBOUNDED), 0, prices)
    prices = np.where((prices < 0) & (low <= -UNBOUNDED), 0, prices)
    largest = float(np.max(np.abs(gain) + abs(matrix).T @ np.abs(prices), initial=1.0))
    prices = prices * min(1.0, 2.0**BITS / largest)  # any prices prove a bound, but they must fit
    scale: int = 2 ** max(0, BITS - math.ceil(math.log2(largest)))
    price = np.rint(prices * scale).astype(np.int64)
    reduced_gain = gain * scale - matrix.T @ price
    limits = np.where(price > 0, high, low)
    used = np.flatnonzero(price)
    priced = sum(p * limit for p, limit in zip(price[used].tolist(), limits[used].tolist(), strict=True))
    total: int = priced + sum(reduced_gain[reduced_gain > 0].tolist())
    return total // scale
