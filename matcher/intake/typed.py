"""Cells that somebody types one by one, read as those of a spreadsheet are."""

from __future__ import annotations

from collections.abc import Iterable

from matcher.errors import BadInput, InputProblem, InputProblems
from matcher.intake.cells import BadCell
from matcher.intake.notes import did_you_mean, listed, normalised, quoted
from matcher.intake.sheets import usable_cell
from matcher.tables import TABLES, Table, Value


def typed_table(word: str) -> Table:
    """The table meant. Raises BadInput."""
    found = next((table for table in TABLES if normalised(table.name) == normalised(word)), None)
    if found is None:
        names = [table.name for table in TABLES]
        raise BadInput(f"There is no table {quoted(word)}. {did_you_mean(word, names)}They are {listed(names, 'and')}.")
    return found


def typed_cells(table: Table, cells: Iterable[tuple[str, str]], row: int | None = None) -> dict[str, Value]:
    """Column -> value, of these headings and texts; blank is None. Raises InputProblems with all that is wrong."""
    by_form = {normalised(column.name): column for column in table.columns}
    found: dict[str, Value] = {}
    problems: list[InputProblem] = []

    def complain(column: str, what: str, expected: str, action: str) -> None:
        problems.append(InputProblem(table.name, "", row, column, what, expected, action))

    for heading, text in cells:
        column = by_form.get(normalised(heading))
        if column is None:
            names = [each.name for each in table.columns]
            hint = f"{did_you_mean(heading, names)}Its columns are {listed(names, 'and')}."
            complain("", f"a column {quoted(heading)}", f"a column of {table.name}", hint)
            continue
        if column.name in found:
            complain(column.name, "the column a second time", "each only once", "Leave one of the two out.")
            continue
        found[column.name] = None
        try:
            found[column.name] = usable_cell(text.strip(), column)
        except BadCell as bad:
            complain(column.name, bad.found, bad.expected, bad.action)
    if problems:
        raise InputProblems(problems)
    return found


def typed_row(table: Table, cells: Iterable[tuple[str, str]], row: int | None = None) -> dict[str, Value]:
    """A whole row; raises InputProblems also for what every row has to have."""
    found = typed_cells(table, cells, row)
    lacking = [
        InputProblem(
            table.name, "", row, column.name, "nothing", "a value", f"Give it, too: {column.name}=… ({column.help})"
        )
        for column in table.columns
        if column.required and column.name not in found
    ]
    if lacking:
        raise InputProblems(lacking)
    return {column.name: found.get(column.name) for column in table.columns}
