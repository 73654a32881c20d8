"""Our search beside its peers: the same scenario, time, processors and rules, in one run, all re-scored by the audit.

    python -m tests.benchmarks.compare scenarios/derby --seconds 10 60 300 --picture gap.svg

Each peer is run once for each time limit, knows it from the start, and has a process of its own; one that is done early
is not run again with more time. It is given the same problem and the same `Model` of it; loading its own program does
not count, building what it solves does. The plan that it hands back is judged by the audit. The output is Markdown.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from matcher.audit import audit
from matcher.domain import TIERS, Problem, TierName
from matcher.intake import read_scenario
from matcher.publishing.disclosure import NOT_SHOWN, within
from tests.benchmarks.peer import Peer
from tests.benchmarks.picture import Curve, gap_over_time

PEERS = {
    "matcher": ("house_peers", "matcher"),
    "greedy coordinator": ("house_peers", "coordinator"),
    "CP-SAT tier by tier": ("cpsat_peer", "peer"),
    "HiGHS tier by tier": ("highs_peer", "peer"),
    "Timefold": ("timefold_peer", "timefold"),
}
"""Name -> file and function; a file is only loaded in the process of its peer, for some cannot be together in one."""


@dataclass(frozen=True)
class Run:
    """What one peer made of a problem in one time limit."""

    name: str
    limit: float
    values: Mapping[TierName, int]
    findings: int
    bounds: Mapping[TierName, int]
    seconds: float
    megabytes: float
    trace: Sequence[tuple[float, Mapping[TierName, int]]] = field(repr=False)
    """Seconds, and the tiers' values as far as they were known then, of each better plan."""

    @property
    def first_plan(self) -> float | None:
        """Seconds until the first plan that delivers anything."""
        return next((seconds for seconds, values in self.trace if values.get(TierName.REACH)), None)


class PeerMissing(Exception):
    """The peer cannot run here: the message says what is missing."""


class PeerFailed(Exception):
    """The peer broke off; what it said is on standard error."""


def measured(name: str, problem: Problem, seconds: float, workers: int) -> Run:
    """One run, in a process of its own. Raises PeerMissing or PeerFailed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_alone, args=(theirs, name, problem, seconds, workers))
    process.start()
    theirs.close()
    try:
        run = ours.recv()
    except EOFError:
        raise PeerFailed("it ended without an answer") from None
    finally:
        process.join()
    if isinstance(run, str):
        raise PeerMissing(run)
    assert isinstance(run, Run)
    return run


def _alone(
    pipe: multiprocessing.connection.Connection, name: str, problem: Problem, seconds: float, workers: int
) -> None:
    file, function = PEERS[name]
    try:
        peer: Peer = getattr(import_module(f"tests.benchmarks.{file}"), function)
    except ModuleNotFoundError as missing:
        pipe.send(f"{missing.name} is not installed: pip install -e '.[benchmark]'")
        return
    except Exception as failed:  # whatever a peer's own program says that it lacks, such as Java
        if type(failed).__name__ not in ("JVMNotFoundException", "InvalidJVMVersionError"):
            raise
        pipe.send(str(failed))
        return
    trace: list[tuple[float, Mapping[TierName, int]]] = []
    start = time.monotonic()
    answer = peer(problem, seconds, workers, lambda values: trace.append((time.monotonic() - start, dict(values))))
    taken = time.monotonic() - start
    unit = 2**20 if sys.platform == "darwin" else 2**10
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    found = audit(problem, answer.plan)
    pipe.send(Run(name, seconds, found.values, len(found.findings), dict(answer.bounds), taken, megabytes, trace))


def best_bound(run: Run, tier: TierName, runs: Sequence[Run]) -> int | None:
    """The tightest proven bound that holds for a run's plan.

    A bound holds for plans that are no worse in the earlier tiers than the plan with which it was proven.
    """
    order = list(TIERS)
    earlier = order[: order.index(tier)]
    bounds = [
        other.bounds[tier]
        for other in runs
        if tier in other.bounds and all(_no_worse(run, other, held) for held in earlier)
    ]
    return (min if tier.maximised else max)(bounds, default=None)


def _no_worse(run: Run, other: Run, tier: TierName) -> bool:
    mine, theirs = run.values[tier], other.values[tier]
    return mine >= theirs if tier.maximised else mine <= theirs


def gap(value: int, bound: int) -> float:
    """How far a value is from a bound, as a share of the larger."""
    return abs(bound - value) / max(1, abs(bound), abs(value))


def table(runs: Sequence[Run]) -> str:
    """A Markdown table, a row a run."""
    heads = ["peer", "limit", *TIERS, "plan", "first plan", "took", "memory"]
    lines = [heads, ["---"] * len(heads)]
    for run in sorted(runs, key=lambda run: run.limit):
        first = run.first_plan
        lines.append(
            [
                run.name,
                f"{run.limit:g} s",
                *(_cell(run, tier, runs) for tier in TIERS),
                "valid" if not run.findings else f"**not valid**: {run.findings} findings",
                "none" if first is None else f"{first:.1f} s",
                f"{run.seconds:.0f} s",
                f"{run.megabytes:,.0f} MB",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(run: Run, tier: TierName, runs: Sequence[Run]) -> str:
    if run.findings:
        return "–"
    value, bound = run.values[tier], best_bound(run, tier, runs)
    if tier is TierName.ROLE_MODELS:  # as everywhere: its exact value stands in scores.json alone
        return NOT_SHOWN if bound is None else within(value, bound)
    if bound is None:
        return f"{value:,}"
    if value == bound:
        return f"{value:,} (best)"
    percent = 100 * gap(value, bound)
    return f"{value:,} ({percent:.0f} %)" if percent >= 10 else f"{value:,} ({percent:.2g} %)"


def curves(runs: Sequence[Run]) -> list[Curve]:
    """role_models' gap over time in each peer's longest run, from when its plan has about the best reach of all.

    Less reach is said beside the name: the gap is then to a bound for more sessions than the plan has.
    """
    best = max((run.values[TierName.REACH] for run in runs if not run.findings), default=0)
    bounds = [run.bounds[TierName.ROLE_MODELS] for run in runs if TierName.ROLE_MODELS in run.bounds]
    end = max((run.limit for run in runs), default=0)
    found = []
    for name in dict.fromkeys(run.name for run in runs):
        run = max((run for run in runs if run.name == name), key=lambda run: run.limit)
        points = [
            (seconds, gap(values[TierName.ROLE_MODELS], min(bounds)))
            for seconds, values in run.trace
            if bounds and values.get(TierName.REACH, 0) >= ABOUT * best and TierName.ROLE_MODELS in values
        ]
        short = gap(run.values[TierName.REACH], best)
        found.append(Curve(f"{name}, reach −{100 * short:.1f} %" if points and short else name, points, end))
    return found


def published(workers: int) -> list[str]:
    """The line about MIDL, an instance whose best total is known, where its data are."""
    from tests.planning.test_published_instance import BEST, MIDL, midl  # it loads OR-Tools: see highs_peer

    if not MIDL.exists():
        return []
    run = measured("matcher", midl(), 300, workers)
    value, bound = run.values[TierName.PREFERENCES], run.bounds.get(TierName.PREFERENCES)
    verdict = "proven" if value == bound else "not proven"
    found = f"{value:,} of the known best {BEST:,}, {verdict}, in {run.seconds:.1f} s with {run.megabytes:,.0f} MB"
    return [f"MIDL (177 reviewers, 118 papers): {found}."]


DONE_EARLY = 0.8
"""A peer that ends before this share of its time has nothing left to do, and is not run again with more."""
ABOUT = 0.99
BRACKETS = "In brackets: how far from the best possible, as far as that is proven."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenario", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=[10, 60, 300], help="time limits: a run for each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=PEERS, action="append", help="a peer; all unless said")
    parser.add_argument("--picture", type=Path, help="write role_models' gap over time here, as SVG")
    asked = parser.parse_args()
    problem = read_scenario(asked.scenario).problem
    runs: list[Run] = []
    missing: list[str] = []
    for name in asked.only or PEERS:
        for seconds in sorted(asked.seconds):
            print(f"{name}, {seconds:g} s …", file=sys.stderr, flush=True)  # noqa: T201
            try:
                runs.append(measured(name, problem, seconds, asked.workers))
            except (PeerMissing, PeerFailed) as reason:
                missing.append(f"{name} is left out: {reason}")
                break
            if runs[-1].seconds < DONE_EARLY * seconds:
                break
    said = [
        f"`{asked.scenario}`, {asked.workers} workers, {os.cpu_count()} processors ({platform.machine()}). {BRACKETS}",
        table(runs),
        *missing,
        *published(asked.workers),
    ]
    print("\n\n".join(said))  # noqa: T201
    if asked.picture:
        asked.picture.write_text(gap_over_time(curves(runs)), encoding="utf-8")


if __name__ == "__main__":
    main()
