"""HiGHS as a peer, with its own defaults: the same rows as a mixed-integer program.

It cannot be loaded into a process that has OR-Tools, which brings another HiGHS along.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from matcher.rules.model import UNBOUNDED, Ints
from matcher.solving.reduced import Reduced
from tests.benchmarks.peer import Found, tier_by_tier


def highs(rows: Reduced, gain: Ints, start: Ints, seconds: float, workers: int, found: Found) -> Ints | None:
    columns, infinity = len(rows.free), highspy.kHighsInf
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, len(rows.low)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = gain.astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.ones(columns)
    model.row_lower_ = np.where(rows.low <= -UNBOUNDED, -infinity, rows.low)
    model.row_upper_ = np.where(rows.high >= UNBOUNDED, infinity, rows.high)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = rows.matrix.indptr
    model.a_matrix_.index_ = rows.matrix.indices
    model.a_matrix_.value_ = rows.matrix.data.astype(float)
    model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("time_limit", seconds)
    solver.setOptionValue("threads", workers)
    solver.passModel(model)
    if start.any():
        solver.setSolution(columns, np.arange(columns, dtype=np.int32), start.astype(float))

    def tell(event: Any) -> None:
        found(_whole(event.data_out.mip_solution))

    solver.cbMipImprovingSolution += tell
    solver.run()
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return _whole(solver.getSolution().col_value)


def _whole(values: Any) -> Ints:
    whole: Ints = np.rint(np.asarray(values)).astype(np.int64)
    return whole


peer = tier_by_tier(highs)
