"""Spreadsheets in, a `Problem` out, or everything that stands in the way, each located by file, row and column.

sheets     stage 1: finds the files or sheets and reads typed rows, on top of
           csvfile, workbook (parts), programme and cells
build      stage 2: cross references, and the domain's objects with defaults filled in
notes      collects problems and warnings of both, so that all of them are reported at once
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matcher.domain import Problem
from matcher.errors import InputProblem
from matcher.intake.build import assemble
from matcher.intake.notes import ORDER, Notes, Place
from matcher.intake.sheets import Draft, read_draft
from matcher.tables import Tables

__all__ = ["Intake", "build_problem", "read_scenario", "read_tables"]


@dataclass(frozen=True)
class Intake:
    """A scenario that can be planned, and what should be looked at all the same."""

    problem: Problem
    tables: Tables
    warnings: tuple[InputProblem, ...]


def read_tables(path: Path) -> tuple[Tables, list[InputProblem]]:
    """Stage 1: typed rows and warnings; raises InputProblems for whatever is wrong with a cell, row, sheet or file."""
    notes = Notes({})
    draft = read_draft(path, notes)
    notes.raise_problems()
    return draft.tables(), notes.warnings


def build_problem(tables: Tables, source: str = "") -> tuple[Problem, list[InputProblem]]:
    """Stage 2: the term and warnings; raises InputProblems for whatever does not hang together.

    Problems are located by table and row number, as sheets of `source` if that is given.
    """
    notes = Notes({table: Place(source, table) if source else Place(table) for table in ORDER})
    problem = assemble(Draft.of(tables), notes)
    notes.raise_problems()
    assert problem is not None
    return problem, notes.warnings


def read_scenario(path: Path) -> Intake:
    """Both stages; raises InputProblems with the problems of both."""
    notes = Notes({})
    draft = read_draft(path, notes)
    problem = assemble(draft, notes)
    notes.raise_problems()
    assert problem is not None
    return Intake(problem, draft.tables(), tuple(notes.warnings))
