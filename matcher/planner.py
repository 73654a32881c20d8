"""The use cases: what coordinators do, as functions. The command line calls these, and so will the web.

Nothing here knows a terminal: progress and questions go through callables.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from matcher.advice.undelivered import Reasons
from matcher.advice.warnings import warnings as advice_warnings
from matcher.audit import insist
from matcher.comparison import Comparison
from matcher.comparison import compare as compare_plans
from matcher.domain import Problem, Result
from matcher.errors import AuditRefused, InputProblem, StoreError
from matcher.intake import Intake, locator, read_scenario
from matcher.publishing import ensure_writable, write_outputs
from matcher.solving.progress import OnProgress, Settings
from matcher.solving.search import solve
from matcher.soundness import kept_problem, kept_run
from matcher.store import Change, RunSummary, SavedRun, Workspace, diff
from matcher.tables import Tables

Warn = Callable[[Sequence[InputProblem]], None]


@dataclass(frozen=True)
class Made:
    """A plan as it was made, with what the maker may want to say about it."""

    problem: Problem
    result: Result
    interrupted: bool
    first_plan_seconds: float


def make_plan(
    problem: Problem,
    settings: Settings,
    on_progress: OnProgress,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> Made:
    """Solves, audits and explains. Raises PinsImpossible, or AuditRefused where the plan is not what it should be."""
    solution = solve(problem, settings, on_progress, asked_to_stop)
    audit = insist(problem, solution.plan, solution.tiers)
    why = Reasons(problem)
    reasons = {
        session_id: why.not_delivered(solution.plan, session_id)
        for session_id in problem.sessions
        if session_id not in solution.plan.visits
    }
    result = Result(solution.plan, solution.tiers, solution.seconds, reasons, audit.ledger)
    return Made(problem, result, solution.interrupted, solution.first_plan_seconds)


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Inside, Ctrl-C breaks nothing off: it is remembered, for whoever asks."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = signal.signal(signal.SIGINT, lambda *_: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    intake = read_scenario(scenario)
    warn([*intake.warnings, *advice_warnings(intake.problem, intake.place)])
    return intake


def run(scenario: Path, out: Path, settings: Settings, on_progress: OnProgress, warn: Warn) -> Made:
    """Reads a scenario, plans, audits and writes the outputs; nothing is kept."""
    intake = read(scenario, warn)
    ensure_writable(out)
    with _ctrl_c() as asked_to_stop:
        made = make_plan(intake.problem, settings, on_progress, asked_to_stop)
        write_outputs(made.problem, made.result, out, datetime.now(UTC))
    return made


# The workspace


def changes(workspace: Workspace, tables: Tables) -> Sequence[Change]:
    """What importing these tables would change."""
    return diff(workspace.load_tables(), tables)


def take(workspace: Workspace, tables: Tables, source: str, agreed: Sequence[Change]) -> None:
    """Imports a scenario whose changes were agreed to."""
    workspace.replace_tables(tables, source, agreed=tuple(agreed))


def solve_workspace(workspace: Workspace, settings: Settings, on_progress: OnProgress, warn: Warn) -> tuple[int, Made]:
    """Plans the workspace's term, and keeps the run; returns its number."""
    tables, problem, warnings = kept_problem(workspace)
    warn([*warnings, *advice_warnings(problem, locator(tables))])
    with _ctrl_c() as asked_to_stop:
        made = make_plan(problem, settings, on_progress, asked_to_stop)
        result = made.result
        number = workspace.save_run(
            tables, result.plan, result.tiers, result.seconds, result.status, result.reasons, asdict(settings)
        )
    return number, made


def load_run(workspace: Workspace, number: int | None = None) -> tuple[SavedRun, Problem, Result]:
    """A kept run (the newest one without a number) with the data of its time, audited again."""
    saved, problem = kept_run(workspace, number)
    try:
        audit = insist(problem, saved.plan, saved.tiers)
    except AuditRefused as error:
        first, *others = (line.strip() for line in str(error).splitlines()[1:])
        more = f" (and {len(others)} more)" if others else ""
        raise StoreError(
            f"Run {saved.number} in {workspace.where} does not pass the audit: {first}{more} An earlier version made "
            "it or somebody changed it. Make a new one with `matcher solve`; `matcher verify` says what else is wrong."
        ) from error
    return saved, problem, Result(saved.plan, saved.tiers, saved.seconds, saved.reasons, audit.ledger)


def export(workspace: Workspace, out: Path, number: int | None = None) -> SavedRun:
    """Writes what `run` writes, for a kept run."""
    saved, problem, result = load_run(workspace, number)
    ensure_writable(out)
    told = workspace.told_figures()
    write_outputs(
        problem,
        result,
        out,
        datetime.now(UTC),
        told,
        lambda figures: workspace.add_told_figures(saved.number, told, figures),
    )
    return saved


def runs(workspace: Workspace) -> Sequence[RunSummary]:
    return workspace.runs()


def compare(workspace: Workspace, first: int, second: int) -> tuple[SavedRun, SavedRun, Comparison]:
    """Two kept runs, and what the second does differently."""
    (before, _), (after, _) = kept_run(workspace, first), kept_run(workspace, second)
    return before, after, compare_plans(before.plan, after.plan)
