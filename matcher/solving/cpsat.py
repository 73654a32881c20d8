"""Hands reduced rows to CP-SAT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matcher.rules.model import UNBOUNDED, Ints
from matcher.solving.reduced import Reduced


@dataclass(frozen=True)
class Effort:
    """How hard to try. With `deterministic`, `seconds` are CP-SAT's deterministic ones and the outcome repeats."""

    seconds: float
    workers: int = 1
    seed: int = 0
    deterministic: bool = False


@dataclass(frozen=True)
class Solved:
    """`values` of the free columns, None if none were found; `closed` if nothing better exists (or nothing at all)."""

    values: Ints | None
    closed: bool
    seconds: float
    """In the effort's kind of seconds."""


def maximise(
    reduced: Reduced,
    gain: Ints,
    effort: Effort,
    hint: Ints | None = None,
    stoppable: Callable[[cp_model.CpSolver], None] = lambda solver: None,
) -> Solved:
    """The best values of the free columns, shape (free,), for `gain`, shape (free,).

    `stoppable` is given the solver before it starts, so that somebody else can stop it.
    """
    model = cp_model.CpModel()
    columns = len(reduced.free)
    for _ in range(columns):
        model.new_bool_var("")
    proto = model.proto
    matrix = reduced.matrix
    indices, data = matrix.indices.tolist(), matrix.data.tolist()
    ends = matrix.indptr.tolist()
    for row, (low, high) in enumerate(zip(reduced.low.tolist(), reduced.high.tolist(), strict=True)):
        linear = proto.constraints.add().linear
        linear.vars.extend(indices[ends[row] : ends[row + 1]])
        linear.coeffs.extend(data[ends[row] : ends[row + 1]])
        linear.domain.extend([max(low, -UNBOUNDED), min(high, UNBOUNDED)])
    counted = np.flatnonzero(gain)
    proto.objective.vars.extend(counted.tolist())
    proto.objective.coeffs.extend((-gain[counted]).tolist())
    proto.objective.scaling_factor = -1.0
    if hint is not None:
        proto.solution_hint.vars.extend(range(columns))
        proto.solution_hint.values.extend(hint.tolist())

    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = effort.workers
    parameters.catch_sigint_signal = False  # Ctrl-C is the search's, which stops all its solvers
    parameters.random_seed = effort.seed
    # measured on neighbourhoods: three times faster with the whole relaxation, half as fast again without probing
    parameters.linearization_level = 2
    parameters.cp_model_probing_level = 0
    parameters.symmetry_level = 0
    if effort.deterministic:
        parameters.max_deterministic_time = effort.seconds
        parameters.interleave_search = effort.workers > 1
    else:
        parameters.max_time_in_seconds = effort.seconds
    stoppable(solver)
    status = solver.solve(model)
    response = solver.response_proto
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    spent = response.deterministic_time if effort.deterministic else response.wall_time
    return Solved(
        values=np.array(response.solution, dtype=np.int64) if found else None,
        closed=status in (cp_model.OPTIMAL, cp_model.INFEASIBLE),
        seconds=spent,
    )
