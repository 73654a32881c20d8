"""Bounds that are proofs: prices for the rows are found in floating point, what they prove in whole numbers.

Where a term is small enough, an LP finds the prices: the linear relaxation of a tier is solved with few rows first;
rows that its optimum breaks join until none are left or the bound no longer moves. Where that takes too long, and on
large terms, `lagrangian.py` goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from ortools.linear_solver.python import model_builder_helper as linear
from scipy import sparse

from matcher.rules.model import UNBOUNDED, Floats, Ints
from matcher.solving.lagrangian import OFTEN, Lagrangian
from matcher.solving.reduced import Hold, Reduced, Scope

SMALL, LP_SEATS = 10_000, 40_000  # seats up to which the LP is all there need be, and up to which it is tried
LP_SHARE, SHARE = 0.2, 0.7  # of the time that is left, at most: for the LP where it is tried, for all prices
MOMENT = 0.1  # seconds before its limit at which a solver may end
PATIENCE = 2  # rounds of the LP in a row without a tighter bound, after which it ends
PATIENCE_FOR_PRICES = (20, 50, 125)  # of `Lagrangian.improved`, one search after the other
NOW_AND_THEN = 4  # every so manieth of the prices found on the way is worked out in whole numbers
ITERATIONS = 1000  # after which a search that must repeat itself goes on without better prices
TOLERANCE = 1e-4  # a row broken by less does not join


@dataclass(frozen=True)
class Relaxed:
    """A proven upper bound on the gain, and where the relaxation stands: fractions, shape (columns,)."""

    bound: int
    columns: Floats | None
    """None where the solver was stopped before it stood anywhere."""


@dataclass(frozen=True)
class BoundSettings:
    """`seconds_left` is asked before each solve; `deterministic`: they are the solver's own repeatable ones.

    `dual`: use the dual simplex. It pays for travel, where every column costs something and few share rows: it starts
    feasible, so that its prices prove a bound whenever it is stopped.
    """

    seconds_left: Callable[[], float]
    deterministic: bool = False
    dual: bool = False

    def share(self, share: float) -> BoundSettings:
        """The same, but only for a share of the time that is left now."""
        kept = self.seconds_left() * (1 - share)
        return replace(self, seconds_left=lambda: self.seconds_left() - kept)


def relaxed_bounds(
    scope: Scope,
    gain: Ints,
    holds: Sequence[Hold],
    target: Callable[[], int],
    settings: BoundSettings,
    stoppable: Callable[[linear.ModelSolverHelper], None] = lambda solver: None,
) -> Iterator[Relaxed]:
    """Upper bounds on `gain @ columns` with the holds kept, each tighter than the one before.

    `target` says what the best plan so far gains. `stoppable` is given each solver, so that somebody else can stop it.
    """
    settings = settings.share(SHARE)
    lagrangian = Lagrangian(scope, gain, holds)
    best: int | None = None
    prices, step = np.zeros(lagrangian.size), 1.0
    if len(scope.model.seats) <= LP_SEATS:
        rows = scope.everything(holds)
        soon, solved = settings.share(LP_SHARE if len(scope.model.seats) > SMALL else 1.0), False
        for values, kept, found in _rounds(rows, gain[rows.free], soon, stoppable):
            whole, solved = None, values is not None
            if values is not None:
                whole = np.zeros(scope.model.columns)
                whole[rows.free] = values
            paid = lagrangian.prices(found, rows.rows[kept[: len(rows.rows)]])
            bound = lagrangian.bound(paid)
            if best is None or bound < best:
                best = bound
                if solved:  # those of an LP that was broken off are worse to begin with than none
                    prices, step = paid, 0.1
                yield Relaxed(bound, whole)
        if solved and soon.seconds_left() > MOMENT:
            return  # the LP was not broken off, and its prices are the best there are
    iterations = 0
    for patience in PATIENCE_FOR_PRICES:
        for number, (paid, mean) in enumerate(lagrangian.improved(prices, target, patience, step)):
            if settings.seconds_left() <= 0 or (settings.deterministic and iterations >= ITERATIONS):
                return
            if number % NOW_AND_THEN == 0:
                bound = lagrangian.bound(paid)
                if best is None or bound < best:
                    best = bound
                    yield Relaxed(bound, mean)
            iterations += OFTEN
        prices, step = np.zeros(lagrangian.size), 1.0


def _rounds(
    rows: Reduced, gain: Ints, settings: BoundSettings, stoppable: Callable[[linear.ModelSolverHelper], None]
) -> Iterator[tuple[Floats | None, npt.NDArray[np.bool_], Floats]]:
    """The relaxation's values (None: stopped), the rows it was solved with and their prices, with ever more rows."""
    kept = ~rows.lazy
    best: float | None = None
    stuck = 0
    while settings.seconds_left() > 0 and stuck < PATIENCE:
        solved = _solve(rows, kept, gain, settings, stoppable)
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
    settings: BoundSettings,
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
    parameters = "use_dual_simplex: true " if settings.dual else ""
    if settings.deterministic:
        parameters += f"max_deterministic_time: {settings.seconds_left()}"
    else:
        solver.set_time_limit_in_seconds(settings.seconds_left())
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
