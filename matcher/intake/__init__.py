"""Spreadsheets in, a `Problem` out, or everything that stands in the way, each located by file, row and column.

sheets     stage 1: finds the files or sheets and reads typed rows, on top of
           csvfile, workbook (parts), programme and cells
build      stage 2: cross references, and the domain's objects with defaults filled in
notes      collects problems and warnings of both, so that all of them are reported at once
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from matcher.domain import Problem
from matcher.errors import InputProblem
from matcher.intake.build import assemble
from matcher.intake.notes import Notes, Place
from matcher.intake.sheets import Reading, read_sheets
from matcher.tables import TABLES, Tables

__all__ = ["Intake", "Locate", "Place", "build_problem", "locator", "read_scenario"]

Locate = Callable[[str, str], Place]
"""A table and an id of it -> where that row stands."""


@dataclass(frozen=True)
class Intake:
    """A scenario that can be planned, and what should be looked at all the same."""

    problem: Problem
    tables: Tables
    warnings: tuple[InputProblem, ...]
    place: Locate


def locator(tables: Tables, places: Mapping[str, Place] | None = None) -> Locate:
    """Finds the rows of tables that stand in these places; without any, a place is the table's name and the row."""
    numbers = {
        table.name: {str(row[table.key[0]]): row.number for row in reversed(tables.rows.get(table.name, ()))}
        for table in TABLES
        if len(table.key) == 1
    }

    def place(table: str, key: str) -> Place:
        return replace((places or {}).get(table, Place(table)), row=numbers[table].get(key))

    return place


def build_problem(tables: Tables) -> tuple[Problem, list[InputProblem]]:
    """Stage 2 alone: the term and warnings; raises InputProblems for whatever does not hang together.

    Problems are located by table and row number.
    """
    notes = Notes({})
    problem = assemble(Reading.of(tables), notes)
    notes.raise_problems()
    assert problem is not None
    return problem, notes.warnings


def read_scenario(path: Path) -> Intake:
    """Both stages; raises InputProblems with the problems of both."""
    notes = Notes({})
    reading = read_sheets(path, notes)
    problem = assemble(reading, notes)
    notes.raise_problems()
    assert problem is not None
    tables = reading.tables()
    return Intake(problem, tables, tuple(notes.warnings), locator(tables, notes.places))
