"""Plain CP-SAT as a peer: its defaults, but with the whole relaxation, with which it was better here."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from matcher.rules.model import Ints
from matcher.solving.reduced import Reduced
from tests.benchmarks.peer import Found, tier_by_tier


class _Teller(cp_model.CpSolverSolutionCallback):
    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found

    def on_solution_callback(self) -> None:
        self.found(np.array(self.response_proto.solution, dtype=np.int64))


def cpsat(rows: Reduced, gain: Ints, start: Ints, seconds: float, workers: int, found: Found) -> Ints | None:
    model = cp_model.CpModel()
    columns = [model.new_bool_var("") for _ in rows.free]
    ends, indices, data = rows.matrix.indptr.tolist(), rows.matrix.indices.tolist(), rows.matrix.data.tolist()
    for row, (low, high) in enumerate(zip(rows.low.tolist(), rows.high.tolist(), strict=True)):
        part = slice(ends[row], ends[row + 1])
        total = cp_model.LinearExpr.weighted_sum([columns[column] for column in indices[part]], data[part])
        model.add_linear_constraint(total, low, high)
    model.maximize(cp_model.LinearExpr.weighted_sum(columns, gain.tolist()))
    for column, value in zip(columns, start.tolist(), strict=True):
        model.add_hint(column, value)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.linearization_level = 2
    status = solver.solve(model, _Teller(found))
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return np.array(solver.response_proto.solution, dtype=np.int64)


peer = tier_by_tier(cpsat)
