"""Our search beside its peers: the same scenario, time, processors and rules, in one run, all re-scored by the audit.

    python tests/benchmarks/compare.py scenarios/derby --seconds 60

Each peer is given the very rows that our own search works on, and an equal share of the time for each tier in order,
with the earlier tiers held; what a tier does not use goes to the next.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ortools.linear_solver.python import model_builder_helper as linear
from scipy import sparse

from matcher.audit import audit
from matcher.domain import Plan, Problem, TierName
from matcher.intake import read_scenario
from matcher.rules import GOALS, MUST_RULES, Draft
from matcher.rules.draft import UNBOUNDED, Ints
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.greedy import greedy
from matcher.solving.pins import plan_for_pins
from matcher.solving.progress import Settings
from matcher.solving.reduced import Hold, Reduced, Scope
from matcher.solving.search import solve

Peer = Callable[[Problem, float, int], Plan]
Solver = Callable[[Reduced, Ints, float, int], Ints | None]
"""The best values found of the free columns for a gain, in so many seconds and with so many workers."""


def ours(problem: Problem, seconds: float, workers: int) -> Plan:
    return solve(problem, Settings(seconds, workers)).plan


def greedy_coordinator(problem: Problem, seconds: float, workers: int) -> Plan:
    """Hardest session first, then whoever adds most; pins kept."""
    draft = Draft(problem, [*MUST_RULES, *GOALS])
    return draft.plan_of(greedy(draft, draft.columns_of(plan_for_pins(problem, Effort(10)))))


def tier_by_tier(solver: Solver) -> Peer:
    """One model for each tier, on everything at once."""

    def plan(problem: Problem, seconds: float, workers: int) -> Plan:
        end = time.monotonic() + seconds
        draft = Draft(problem, [*MUST_RULES, *GOALS])
        columns = np.zeros(draft.columns, dtype=np.int64)
        holds: list[Hold] = []
        for place, tier in enumerate(TierName):
            gain = draft.objective[tier] * (1 if tier.maximised else -1)
            rows = Scope(draft, list(TierName)[: place + 1]).everything(holds)
            share = max(1.0, (end - time.monotonic()) / (len(TierName) - place))
            values = solver(rows, gain[rows.free], share, workers)
            if values is not None:
                found = np.zeros(draft.columns, dtype=np.int64)
                found[rows.free] = values
                columns = draft.completed(found)
            holds.append(Hold(gain, int(gain @ columns)))
        return draft.plan_of(columns)

    return plan


def cpsat(rows: Reduced, gain: Ints, seconds: float, workers: int) -> Ints | None:
    return maximise(rows, gain, Effort(seconds, workers)).values


def highs(rows: Reduced, gain: Ints, seconds: float, workers: int) -> Ints | None:
    """As a mixed-integer program; OR-Tools takes no number of workers for HiGHS."""
    low, high = rows.low.astype(float), rows.high.astype(float)
    low[rows.low <= -UNBOUNDED], high[rows.high >= UNBOUNDED] = -np.inf, np.inf
    model = linear.ModelBuilderHelper()
    columns = len(rows.free)
    fill: Callable[..., None] = model.fill_model_from_sparse_data
    matrix = sparse.csr_matrix(rows.matrix, dtype=float)
    fill(np.zeros(columns), np.ones(columns), gain.astype(float), low, high, matrix)
    for column in range(columns):
        model.set_var_integrality(column, True)
    model.set_maximize(True)
    solver = linear.ModelSolverHelper("highs")
    solver.set_time_limit_in_seconds(seconds)
    solver.solve(model)
    values = np.array(solver.variable_values()) if solver.has_solution() else np.zeros(0)
    return np.rint(values).astype(np.int64) if len(values) == columns else None


PEERS: dict[str, Peer] = {
    "matcher": ours,
    "greedy coordinator": greedy_coordinator,
    "CP-SAT tier by tier": tier_by_tier(cpsat),
    "HiGHS tier by tier": tier_by_tier(highs),
}


def row(name: str, problem: Problem, seconds: float, workers: int) -> str:
    """A line of the table: what the audit says of the peer's plan."""
    start = time.monotonic()
    found = audit(problem, PEERS[name](problem, seconds, workers))
    taken = time.monotonic() - start
    verdict = "valid" if not found.findings else f"{len(found.findings)} findings"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    values = " | ".join(f"{found.values[tier]:,}" for tier in TierName)
    return f"| {name} | {values} | {verdict} | {taken:.0f} | {memory:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=PEERS, action="append", help="a peer; all unless said")
    asked = parser.parse_args()
    problem = read_scenario(asked.scenario).problem
    print(f"| {asked.seconds:g} s, {asked.workers} workers | {' | '.join(TierName)} | audit | seconds | MB so far |")  # noqa: T201
    print("| --- |" + " --- |" * 8)  # noqa: T201
    for name in asked.only or PEERS:
        print(row(name, problem, asked.seconds, asked.workers), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
