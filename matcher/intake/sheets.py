"""Stage 1: from a folder or a workbook to typed rows; each cell is looked at by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matcher.domain import folded
from matcher.intake import programme
from matcher.intake.cells import BadCell, Raw, as_text, read_cell, shown
from matcher.intake.consent import withhold
from matcher.intake.csvfile import SAVE_AS_CSV, read_csv
from matcher.intake.notes import Notes, Place, Unreadable, did_you_mean, listed, normalised, quoted
from matcher.intake.parts import SAVE_AGAIN
from matcher.intake.resemblance import resembles_column, resembles_table
from matcher.intake.rows import Budget, RawRow, TooMuch
from matcher.tables import PROGRAMME, TABLES, Column, Kind, Row, Table, Tables, Value

BY_FORM: Mapping[str, str] = {normalised(name): name for name in (PROGRAMME, *(table.name for table in TABLES))}
SPREADSHEETS = ("", ".numbers", ".ods", ".tab", ".tsv", ".txt", ".xls", ".xlsm", ".xlsx")
"""Endings of files that may well be a table in another form."""
IN_LISTS = ("school_id", "cohort_id")  # ids that other tables write into lists, so they may not hold the separator


@dataclass
class Reading:
    """A scenario of which some may be missing or unreadable, and what that is: no problem is reported twice."""

    programme: Mapping[str, object] = field(default_factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """Tables of which nothing, or not every row, is known."""
    missing_columns: set[tuple[str, str]] = field(default_factory=set)
    bad_cells: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    """(table, row) -> the columns."""
    nameless: Counter[str] = field(default_factory=Counter)
    """table -> how many of its rows have no readable id."""
    ignored: frozenset[str] = frozenset()
    """Headings, and "table.heading", as `normalised`, that are passed over without a word."""

    @classmethod
    def of(cls, tables: Tables) -> Reading:
        return cls(tables.programme, dict(tables.rows))

    def is_bad(self, table: str, row: Row, column: str) -> bool:
        """Whether this cell has been complained about already."""
        bad = self.bad_cells.get((table, row.number), ())
        return column in bad or (table, column) in self.missing_columns

    def tables(self) -> Tables:
        return Tables(self.programme, {table.name: self.rows.get(table.name, ()) for table in TABLES})


def read_sheets(path: Path, notes: Notes) -> Reading:
    """Read whatever can be read of a folder or a workbook."""
    suffix = path.suffix.casefold()
    whole = Place(path.name or str(path))
    reading = Reading()
    try:
        if path.is_dir():
            _read_folder(path, reading, notes, whole)
        elif not path.exists():
            raise Unreadable(
                "nothing of this name", "a folder or a workbook (.xlsx)", "Check the spelling of the path."
            )
        elif suffix == ".xlsx" and path.is_file():
            _read_workbook(path, reading, notes)
        else:
            raise Unreadable(
                f"a file that ends in {quoted(suffix)}", "a folder or a workbook (.xlsx)", _other_way(suffix)
            )
    except Unreadable as refusal:
        notes.refused("", refusal, whole)
        _nothing_known(reading)
    except (OSError, ValueError) as error:  # a name that no file can have, a folder that may not be listed
        found, action = f"what cannot be opened ({error})", "Check its name and permissions."
        notes.refused("", Unreadable(found, "a folder or a workbook (.xlsx)", action), whole)
        _nothing_known(reading)
    withhold(reading.rows, notes)  # no further than this
    return reading


def _nothing_known(reading: Reading) -> None:
    reading.unread = {PROGRAMME, *(table.name for table in TABLES)}


def _other_way(suffix: str) -> str:
    if suffix in (".csv", ".toml"):
        return "Give the folder that it stands in, not the file."
    return f"{SAVE_AGAIN} Or give a folder of CSV files."


# ------------------------------------------------------------------------------------------------------- finding


def _read_folder(path: Path, reading: Reading, notes: Notes, whole: Place) -> None:
    budget = Budget()
    files: dict[str, list[Path]] = {}
    others: list[Path] = []
    strangers: list[tuple[str, Place]] = []
    for entry in sorted(path.iterdir()):
        suffix = entry.suffix.casefold()
        name = BY_FORM.get(normalised(entry.stem))
        if entry.name.startswith((".", "~$")):
            continue
        if name and suffix == (".toml" if name == PROGRAMME else ".csv"):
            files.setdefault(name, []).append(entry)
        elif suffix == ".csv" and normalised(entry.stem) != "help":
            strangers.append((entry.stem, Place(entry.name)))
        elif name or (suffix in SPREADSHEETS and entry.is_file()):
            others.append(entry)
    _judge_names(strangers, files, reading, notes, "a table that is not known", "The file is not used.")
    _judge_other_forms(others, files, reading, notes)
    for name in BY_FORM.values():
        found = files.get(name, [])
        ending = "toml" if name == PROGRAMME else "csv"
        if found:
            notes.place(name, Place(found[0].name))
        else:
            notes.place(name, Place(f"{name}.{ending}"))
        if len(found) > 1:
            both = listed([quoted(entry.name) for entry in found], "and")
            notes.problem(
                name,
                None,
                "",
                f"{len(found)} files for it: {both}",
                "one",
                "Delete or rename the others.",
            )
            reading.unread.add(name)
        elif name in reading.unread:
            continue
        elif not found:
            near = [entry.name for entry in others if BY_FORM.get(normalised(entry.stem)) == name]
            hint = f"There is {quoted(near[0])}: save it as {name}.{ending}. " if near else ""
            _missing(name, reading, notes, f"a file {name}.{ending} in the folder {whole.file}", hint)
        else:
            try:
                if name == PROGRAMME:
                    reading.programme, reading.ignored = programme.read_toml(found[0], notes)
                else:
                    _read_table(name, read_csv(found[0], budget), reading, notes, SAVE_AS_CSV)
            except Unreadable as refusal:
                notes.refused(name, refusal)
                reading.unread.add(name)
                if isinstance(refusal, TooMuch):
                    _nothing_known(reading)
                    return


def _read_workbook(path: Path, reading: Reading, notes: Notes) -> None:
    from matcher.intake.workbook import Workbook  # whose library takes half a second to load

    workbook = Workbook(path, Budget())
    try:
        sheets: dict[str, list[int]] = {}
        strangers: list[tuple[str, Place]] = []
        for index, title in enumerate(workbook.sheets):
            name = BY_FORM.get(normalised(title))
            if name:
                sheets.setdefault(name, []).append(index)
            elif normalised(title) != "help":
                strangers.append((title, Place(path.name, title)))
        _judge_names(strangers, sheets, reading, notes, "a sheet that is not known", "The sheet is not used.")
        for name in BY_FORM.values():
            found = sheets.get(name, [])
            titles = [workbook.sheets[index] for index in found]
            notes.place(name, Place(path.name, titles[0] if titles else name))
            if len(found) > 1:
                both = listed([quoted(title) for title in titles], "and")
                notes.problem(
                    name, None, "", f"{len(found)} sheets for it: {both}", "one sheet", "Delete or rename the others."
                )
                reading.unread.add(name)
            elif name in reading.unread:
                continue
            elif not found:
                _missing(name, reading, notes, f"a sheet {name} in the workbook", "")
            else:
                try:
                    rows = workbook.rows(found[0])
                    if name == PROGRAMME:
                        reading.programme, reading.ignored = programme.read_sheet(rows, notes)
                    else:
                        _read_table(name, rows, reading, notes, "")
                except Unreadable as refusal:
                    notes.refused(name, refusal)
                    reading.unread.add(name)
                    if isinstance(refusal, TooMuch):
                        _nothing_known(reading)
                        return
    finally:
        workbook.close()


def _judge_names(
    strangers: Iterable[tuple[str, Place]],
    present: Container[str],
    reading: Reading,
    notes: Notes,
    unknown: str,
    not_used: str,
) -> None:
    """What seems to be a table on which safety rests, under a name that it does not have, is refused.

    "Volunteers 2025" beside a table volunteers is somebody's older copy, and only warned of, as all others are.
    """
    for title, place in strangers:
        table, misspelt = resembles_table(title) or ("", False)
        if table and (misspelt or table not in present):
            _refuse_name(table, present, reading, notes, place)
        else:
            expected = listed(BY_FORM.values() if place.sheet else (each.name for each in TABLES))
            action = f"{did_you_mean(title, BY_FORM.values())}{not_used}"
            notes.warning("", None, "", unknown, f"one of {expected}", action, place)


def _refuse_name(table: str, present: Container[str], reading: Reading, notes: Notes, place: Place) -> None:
    right = table if place.sheet else f"{table}.csv"
    away = "delete the sheet" if place.sheet else "move the file out of the folder"
    if table in present:
        action = f"There is a table {table} too: give this another name that is not so like it, or {away}."
    else:
        action = f"If it is that table, rename it to {right}; if not, give it another name, or {away}."
        reading.unread.add(table)
    notes.problem("", None, "", f"a name that resembles {table}, on which safety rests", right, action, place)


def _judge_other_forms(others: Iterable[Path], present: Container[str], reading: Reading, notes: Notes) -> None:
    """Files that seem to be an absent table in a form that is not read; what must be there is missed anyhow."""
    for entry in others:
        name = BY_FORM.get(normalised(entry.stem)) or (resembles_table(entry.stem) or ("", False))[0]
        if not name or name == PROGRAMME or name in present or name in reading.unread:
            continue
        table = _table(name)
        if not table.safety or (not table.optional and normalised(entry.stem) in BY_FORM):
            continue
        found = f"what seems to be the table {name}, on which safety rests"
        action = f"Save it as {name}.csv, or move it out of the folder."
        notes.problem("", None, "", found, f"a file {name}.csv", action, Place(entry.name))
        reading.unread.add(name)


def _missing(name: str, reading: Reading, notes: Notes, expected: str, hint: str) -> None:
    if name != PROGRAMME and _table(name).optional:
        return
    reading.unread.add(name)
    notes.lacks_table = True
    notes.problem(
        name,
        None,
        "",
        "nothing",
        expected,
        f"{hint}Add it.",
    )


def _table(name: str) -> Table:
    return next(table for table in TABLES if table.name == name)


# ------------------------------------------------------------------------------------------------------- reading


def _read_table(name: str, raw_rows: list[RawRow], reading: Reading, notes: Notes, separator_hint: str) -> None:
    table = _table(name)
    if not raw_rows:
        reading.unread.add(name)
        if not table.optional:
            headings = listed((column.name for column in table.columns if column.required), "and")
            notes.problem(
                name, None, "", "nothing", f"a row of headings: at least {headings}", "Add the headings and the rows."
            )
        return
    positions, headed = _headings(table, raw_rows[0], reading, notes)
    raw_rows = raw_rows[1:]
    if not raw_rows and not table.optional:
        notes.warning(name, None, "", "no rows", "at least one row", "Add the rows if there are any.")
    rows = []
    for raw in raw_rows:
        beyond = [column for column in raw.cells if column not in headed]
        if beyond:
            comma = " A cell that holds a comma stands between quotation marks." if separator_hint else ""
            notes.problem(
                name,
                raw.number,
                programme.letters(min(beyond)),
                _hidden_if_personal(table, raw.cells[min(beyond)]),
                "nothing in a column that has no heading",
                f"Give the column a heading, or clear the cell.{comma}",
            )
            if len(beyond) == len(raw.cells):
                continue
        rows.append(Row(raw.number, _values(table, raw, positions, reading, notes)))
    reading.rows[name] = tuple(rows)
    _check_keys(table, rows, reading, notes)


def _hidden_if_personal(table: Table, raw: Raw) -> str:
    """A cell under no heading may be a demographic that slipped to the right."""
    return "a cell that is not blank" if any(column.personal for column in table.columns) else shown(raw)


def _headings(table: Table, headings: RawRow, reading: Reading, notes: Notes) -> tuple[dict[str, int], set[int]]:
    """Column name -> where it stands; and every place that has a heading."""
    by_form = {normalised(column.name): column.name for column in table.columns}
    positions: dict[str, int] = {}
    seen: dict[str, int] = {}
    unknown: list[str] = []
    for position, raw in headings.cells.items():
        text = as_text(raw) if isinstance(raw, str | int | float) else shown(raw)
        form = normalised(text)
        if form in seen:
            notes.problem(
                table.name,
                headings.number,
                by_form.get(form, text[:60]),
                f"the same heading in columns {programme.letters(seen[form])} and {programme.letters(position)}",
                "each heading once",
                "Rename or delete one of the two columns.",
            )
            continue
        seen[form] = position
        if form in by_form:
            positions[by_form[form]] = position
        else:
            unknown.append(text)
    unused = [name for name in by_form.values() if name not in positions]
    meant: set[str] = set()
    for text in unknown:
        if not reading.ignored.isdisjoint({normalised(text), f"{table.name}.{normalised(text)}"}):
            continue
        if column_name := resembles_column(text, table.name):
            meant.add(column_name)
            _refuse_heading(table, headings.number, text, column_name, notes)
            continue
        notes.warning(
            table.name,
            headings.number,
            text[:60],
            "a column that is not known",
            f"one of {listed(column.name for column in table.columns)}",
            f"{did_you_mean(text, unused)}The column is not used.",
        )
    for column in table.columns:
        if column.required and column.name not in positions:
            reading.missing_columns.add((table.name, column.name))
            if column.name in meant:
                continue
            near = did_you_mean(column.name, unknown)
            notes.problem(
                table.name,
                headings.number,
                column.name,
                "no such heading",
                f"a column {column.name}: {column.help[:1].lower()}{column.help[1:].rstrip('.')}",
                f"{near}Add the column, or correct its heading.",
            )
    return positions, set(headings.cells)


def _refuse_heading(table: Table, row: int, text: str, meant: str, notes: Notes) -> None:
    home = next((each.name for each in TABLES if any(column.name == meant for column in each.columns)), "together")
    where = "" if home == table.name else f" of the table {home}"
    rename = f"rename it to {meant}" if home == table.name else f"it belongs into the table {home}, as {meant}"
    notes.problem(
        table.name,
        row,
        text[:60],
        f"a heading that resembles the column {meant}{where}, on which safety rests",
        "a heading that cannot be mistaken",
        f"If that is what it means, {rename}; if not, {_way_to_ignore(text, notes)}.",
    )


def _way_to_ignore(heading: str, notes: Notes) -> str:
    if notes.places[PROGRAMME].sheet:
        return f"write it into the sheet {PROGRAMME} as the value of {programme.IGNORED}: {quoted(heading)}"
    return f"write into programme.toml: {programme.IGNORED} = [{quoted(heading)}]"


def _values(
    table: Table, raw: RawRow, positions: Mapping[str, int], reading: Reading, notes: Notes
) -> dict[str, Value]:
    values: dict[str, Value] = dict.fromkeys(column.name for column in table.columns)
    for column in table.columns:
        position = positions.get(column.name)
        cell = None if position is None else raw.cells.get(position)
        if cell is None and (position is None or not column.required):
            continue
        try:
            values[column.name] = usable_cell(cell, column)
        except BadCell as bad:
            reading.bad_cells.setdefault((table.name, raw.number), []).append(column.name)
            notes.problem(table.name, raw.number, column.name, bad.found, bad.expected, bad.action)
    return values


def usable_cell(raw: Raw | None, column: Column) -> Value:
    """The value of a cell, which may not be blank where the column needs one. Raises BadCell."""
    value = read_cell(raw, column)
    if value is None and column.required:
        raise BadCell("nothing", "a value", f"Fill it in: {column.help[:1].lower()}{column.help[1:]}")
    if column.kind is Kind.ID and column.name in IN_LISTS and ";" in str(value):
        raise BadCell(quoted(str(value)), "an id without ;", "In lists, ; separates ids: rename it.")
    return value


def _check_keys(table: Table, rows: list[Row], reading: Reading, notes: Notes) -> None:
    """That no two rows have the same id."""
    if not table.key:
        return
    if any((table.name, column) in reading.missing_columns for column in table.key):
        reading.unread.add(table.name)
        return
    exact = [table.column(column).kind is Kind.ID for column in table.key]
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        words = [row[column] for column in table.key]
        if any(word is None for word in words):
            reading.nameless[table.name] += 1
            continue
        key = tuple(str(word) if is_id else folded(str(word)) for is_id, word in zip(exact, words, strict=True))
        if key in first:
            both = " with ".join(quoted(str(word)) for word in words)
            notes.problem(
                table.name,
                row.number,
                table.key[-1],
                f"{both} a second time, first in row {first[key].number}",
                "each only once",
                "Delete one of the two rows, or correct it.",
            )
        else:
            first[key] = row
