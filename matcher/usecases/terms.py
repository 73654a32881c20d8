"""The use cases of a term's data: reading a scenario, and importing it into a workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matcher.advice.warnings import warnings as advice_warnings
from matcher.errors import InputProblem
from matcher.intake import Intake, read_scenario
from matcher.store import Change, Workspace, diff
from matcher.tables import Tables

Warn = Callable[[Sequence[InputProblem]], None]


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    intake = read_scenario(scenario)
    warn([*intake.warnings, *advice_warnings(intake.problem, intake.place)])
    return intake


def changes(workspace: Workspace, tables: Tables) -> Sequence[Change]:
    """What importing these tables would change."""
    return diff(workspace.load_tables(), tables)


def take(workspace: Workspace, tables: Tables, source: str, agreed: Sequence[Change]) -> None:
    """Imports a scenario whose changes were agreed to."""
    workspace.replace_tables(tables, source, agreed=tuple(agreed))
