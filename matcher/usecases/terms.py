"""The use cases of a term's data: reading a scenario, importing it into a workspace, inventing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import InputProblem

if TYPE_CHECKING:
    from matcher.intake import Intake
    from matcher.store import Change, Workspace
    from matcher.tables import Tables

Warn = Callable[[Sequence[InputProblem]], None]


@dataclass(frozen=True)
class Importing:
    """What importing a scenario would do: to be shown, and then done as it was shown."""

    source: Path
    tables: Tables
    changes: tuple[Change, ...]
    """Empty: there is nothing to do."""
    is_first: bool
    """Whether the workspace holds nothing yet, so that everything is new."""

    def lines(self) -> list[str]:
        """How many rows of which table are new, changed and gone; and, but for the first import, each of them."""
        from matcher.store import summary

        return [*summary(self.changes), *([] if self.is_first else map(str, self.changes))]


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    from matcher.advice.warnings import warnings
    from matcher.intake import read_scenario

    intake = read_scenario(scenario)
    warn([*intake.warnings, *warnings(intake.problem, intake.place)])
    return intake


def compare(workspace: Workspace, scenario: Path, tables: Tables) -> Importing:
    """What importing these tables, which were read from there, would change."""
    from matcher.store import diff

    before = workspace.load_tables()
    return Importing(scenario, tables, tuple(diff(before, tables)), before is None)


def take(workspace: Workspace, seen: Importing, actor: str | None = None) -> None:
    """Imports what was shown. Raises ChangedMeanwhile if it is not what would be done any more."""
    workspace.replace_tables(seen.tables, str(seen.source), agreed=seen.changes, actor=actor)


def write_template(out: Path, next_step: str) -> None:
    """Writes an empty scenario, a folder or a workbook; it says itself what to do once it is filled in."""
    from matcher.authoring.template import write_template

    write_template(out, next_step)


def invent(
    out: Path,
    schools: int,
    seed: int,
    *,
    volunteers: int | None = None,
    sessions: int | None = None,
    register: Path | None = None,
    authority: str | None = None,
) -> Mapping[str, int]:
    """Writes an invented scenario; table -> how many rows it has. `register` names a file of real schools."""
    from matcher.authoring.generate import generate
    from matcher.authoring.write import write_folder, write_workbook

    tables = generate(schools, seed, volunteers=volunteers, sessions=sessions, register=register, authority=authority)
    (write_workbook if out.suffix.lower() == ".xlsx" else write_folder)(tables, out)
    return {name: len(rows) for name, rows in tables.rows.items()}
