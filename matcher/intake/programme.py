"""The programme, from programme.toml or the workbook's sheet of keys and values: dotted keys with typed values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from matcher.addresses import BadAddress, mail_address
from matcher.domain import DEFAULT_GOALS
from matcher.intake.cells import BadCell, PerCent, Raw, Unusable, as_text, read_cell, shown
from matcher.intake.csvfile import decode, read_bytes
from matcher.intake.notes import Notes, Unreadable, did_you_mean, normalised, quoted
from matcher.intake.rows import RawRow
from matcher.tables import PROGRAMME, TABLES, Column, Kind, days_of

MOST_BYTES = 1_000_000
REQUIRED = ("name", "first_day", "last_day")
_ADDRESSES = ("organiser_email", "reply_to")
IGNORED = "ignore_columns"
"""Says how tables are to be read and nothing of the term, so it is handed over apart and not kept."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the programme: how its value is read, and what it may not fall short of or exceed."""

    column: Column
    low: float = 0
    high: float = float("inf")
    range_text: str = ""


def _settings() -> dict[str, Setting]:
    week = (0, 10_080, "minutes, 0 to 10080 (a week)")
    found = [
        Setting(Column("name", Kind.TEXT, "")),
        Setting(Column("timezone", Kind.TEXT, "")),
        Setting(Column("first_day", Kind.DATE, "")),
        Setting(Column("last_day", Kind.DATE, "")),
        Setting(Column("closed", Kind.DAYS, "")),
        Setting(Column("organiser_name", Kind.TEXT, "")),
        Setting(Column("organiser_email", Kind.TEXT, "")),
        Setting(Column("reply_to", Kind.TEXT, "")),
        Setting(Column("what_to_bring", Kind.TEXT, "")),
        Setting(Column("letters_kept_days", Kind.WHOLE, ""), 1, 36_500, "a whole number of days, 1 or more"),
        Setting(Column(IGNORED, Kind.WORD_LIST, "")),
        Setting(Column("limits.max_sessions", Kind.WHOLE, "")),
        Setting(Column("limits.max_sessions_per_day", Kind.WHOLE, "")),
        Setting(Column("limits.same_employer", Kind.WHOLE, "")),
        Setting(Column("limits.arrival_minutes", Kind.WHOLE, ""), *week),
        Setting(Column("limits.travel_kmh", Kind.NUMBER, ""), 0.1, range_text="a number above 0 (0.1 or more)"),
        Setting(Column("limits.virtual_gap_minutes", Kind.WHOLE, ""), *week),
        Setting(
            Column("limits.unknown_km", Kind.NUMBER, ""), 0, 20_040, "a number, 0 to 20040 (half-way round the Earth)"
        ),
    ]
    for goal in DEFAULT_GOALS:
        for key in ("target", "weight"):
            found.append(Setting(Column(f"goals.{goal}.{key}", Kind.WHOLE, ""), 0, 1_000, "a whole number, 0 to 1000"))
    return {setting.column.name: setting for setting in found}


SETTINGS: Mapping[str, Setting] = _settings()
_KEYS = {".".join(normalised(part) for part in key.split(".")): key for key in SETTINGS}


class _Keys:
    """Takes keys and values one at a time, in the order of the file."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.values: dict[str, object] = {}
        self.seen: dict[str, int | None] = {}

    def take(self, written: str, raw: object, row: int | None) -> None:
        key = _KEYS.get(".".join(normalised(part) for part in written.split(".")))
        if key is None:
            self.notes.warning(
                PROGRAMME,
                row,
                "",
                f"the key {quoted(written)}",
                "a key of the programme",
                f"{did_you_mean(written, SETTINGS)}It is not used.",
            )
            return
        if key in self.seen:
            first = f", first in row {self.seen[key]}" if self.seen[key] else ""
            action = "Write all days into the first, with ; between." if key == "closed" else "Delete one of the two."
            self.notes.problem(PROGRAMME, row, key, f"the key {key} a second time{first}", "each key once", action)
            return
        self.seen[key] = row
        try:
            value = _value(SETTINGS[key], raw)
        except BadCell as bad:
            self.notes.problem(PROGRAMME, row, key, bad.found, bad.expected, bad.action)
            return
        if value is not None:
            self.values[key] = value
        else:
            del self.seen[key]

    def finish(self) -> tuple[dict[str, object], frozenset[str]]:
        """The values, and the headings to be passed over."""
        for key in REQUIRED:
            if key not in self.seen:
                self.notes.problem(
                    PROGRAMME, None, key, "nothing", f"a value for {key}", f"Add {key}, such as {_EXAMPLES[key]}."
                )
        ignored = self.values.pop(IGNORED, frozenset())
        assert isinstance(ignored, frozenset)
        return self.values, ignored


_EXAMPLES = {"name": "Derby, autumn 2026", "first_day": "2026-09-07", "last_day": "2026-12-18"}


def _value(setting: Setting, raw: object) -> object:
    column = setting.column
    if column.name == "closed":
        return _days(raw, column)
    if column.name == IGNORED:
        return _ignored(raw)
    cell = _as_raw(raw)
    if column.kind is Kind.TEXT and isinstance(cell, bool):
        raise BadCell(shown(cell), "text", "Write it in words.")
    value = read_cell(cell, column)
    if column.name == "timezone" and isinstance(value, str):
        return _zone_name(value)
    if column.name in _ADDRESSES and isinstance(value, str):
        return _address(value)
    if isinstance(value, int | float) and not setting.low <= value <= setting.high:
        raise BadCell(quoted(as_text(value)), setting.range_text, "Write a number in this range.")
    return value


def _as_raw(raw: object) -> Raw | None:
    if isinstance(raw, str):
        return raw.strip()
    if raw is None or isinstance(raw, int | float | date | datetime | time | PerCent | Unusable):
        return raw
    raise BadCell("a list or table", "a single value", "Give one value for this key.")


def _days(raw: object, column: Column) -> tuple[date, ...]:
    """A list of days and spans, or one text with several separated by ";", as the days that they mean."""
    found = [read_cell(_as_raw(item), column) for item in (raw if isinstance(raw, list) else [raw])]
    return tuple(sorted({day for cell in found if isinstance(cell, tuple) for day in days_of(cell)}))


def _ignored(raw: object) -> frozenset[str] | None:
    """Headings, or "table.heading", as `normalised`: a list of them, or one text with ";" between several."""
    expected = 'headings to pass over, such as ["supervised by"]'
    items = raw if isinstance(raw, list) else raw.split(";") if isinstance(raw, str) else [raw]
    found: set[str] = set()
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float | None):
            raise BadCell("something that is not text", expected, "Write each heading between quotation marks.")
        found.add("" if item is None else as_text(item).strip())
    found.discard("")
    for entry in found:
        name, dot, heading = entry.partition(".")
        table = next((table for table in TABLES if dot and normalised(table.name) == normalised(name)), None)
        for each in (table,) if table else TABLES:
            for known in each.columns:
                if normalised(known.name) == normalised(heading if table else entry):
                    other = "" if table else f" Where it stands in another table, say which: volunteers.{known.name}."
                    raise BadCell(
                        f"{quoted(entry)}, which is a column of the table {each.name}",
                        "headings that are not columns",
                        f"Take it out: a column that is read is not passed over.{other}",
                    )
    return frozenset(map(_ignored_form, found)) or None


def _ignored_form(entry: str) -> str:
    name, dot, heading = entry.partition(".")
    return f"{normalised(name)}.{normalised(heading)}" if dot else normalised(entry)


def _zone_name(name: str) -> str:
    """The zone of this name, or the only one whose name differs in nothing but its case."""
    same = [zone for zone in _zones() if zone.casefold() == name.casefold()]
    if name in same:
        return name
    if len(same) == 1:
        return same[0]
    near = did_you_mean(name, _zones())
    raise BadCell(quoted(name), "a time zone such as Europe/London", f"{near}Leave it out for Europe/London.")


def _address(text: str) -> str:
    try:
        return mail_address(text)
    except BadAddress as bad:
        raise BadCell(f"{quoted(text)}: {bad}", "an e-mail address", "Correct it, or leave it out.") from None


@cache
def _zones() -> tuple[str, ...]:
    """Names of zones that mean the same on every machine: what clock "localtime" is depends on where one asks."""
    return tuple(sorted(name for name in available_timezones() if not _OF_THIS_MACHINE.match(name)))


_OF_THIS_MACHINE = re.compile(r"(local(time)?|factory|posixrules|posix/.*|right/.*|system.*)$", re.IGNORECASE)


# ------------------------------------------------------------------------------------------------ the two forms


def read_sheet(rows: list[RawRow], notes: Notes) -> tuple[dict[str, object], frozenset[str]]:
    """The programme sheet of a workbook: a key and a value in each row; a heading "key, value" is passed over."""
    keys = _Keys(notes)
    has_help = False
    for number, row in enumerate(rows):
        first, second = row.cells.get(0), row.cells.get(1)
        if number == 0 and isinstance(first, str) and normalised(first) == "key":
            third = row.cells.get(2)
            has_help = isinstance(third, str) and normalised(third) in ("help", "note", "notes", "meaning")
            continue
        beyond = [column for column in row.cells if column > (2 if has_help else 1)]
        if beyond:
            notes.problem(
                PROGRAMME,
                row.number,
                letters(beyond[0]),
                shown(row.cells[beyond[0]]),
                "nothing beyond the columns key and value",
                "Put several days into one cell, separated by ;. Delete what does not belong here.",
            )
        if not isinstance(first, str):
            if second is not None or first is not None:
                found = "nothing" if first is None else shown(first)
                action = "Write the key, or clear the row."
                notes.problem(PROGRAMME, row.number, "key", found, "a key such as first_day", action)
            continue
        keys.take(first, second, row.number)
    return keys.finish()


def read_toml(path: Path, notes: Notes) -> tuple[dict[str, object], frozenset[str]]:
    """programme.toml; problems are located by their line. Raises Unreadable if it is not TOML."""
    text = decode(read_bytes(path, MOST_BYTES), "Save it in a text editor as UTF-8.")
    try:
        content = tomllib.loads(text)
    except RecursionError as error:
        raise Unreadable("lists within lists without end", "keys and values", "Look at its brackets.") from error
    except ValueError as error:  # tomllib's own, or a number with thousands of digits
        line = re.search(r"at line (\d+)", str(error))
        raise Unreadable(
            f"what is not TOML ({str(error)[:120]})",
            'lines such as first_day = 2026-09-07 or name = "Derby"',
            "Text stands between quotation marks, days do not.",
            row=int(line[1]) if line else len(text.splitlines()) or 1,
        ) from error
    keys = _Keys(notes)
    lines = _lines(text)
    for key, value in _flat(content, (), keys, lines):
        keys.take(key, value, _line(lines, key))
    return keys.finish()


def _flat(
    content: Mapping[str, object], above: tuple[str, ...], keys: _Keys, lines: dict[str, int]
) -> Iterator[tuple[str, object]]:
    tables = ("limits", "goals")
    for name, value in content.items():
        path = (*above, name)
        forms = [normalised(part) for part in path]
        is_table = forms[0] in tables and (len(path) == 1 or (forms[0] == "goals" and len(path) == 2))
        if is_table and not isinstance(value, dict):
            dotted = ".".join(path)
            table = "a table such as {target = 6, weight = 3}" if len(path) == 2 else f"a table headed [{forms[0]}]"
            action = "Write it as the contract shows."
            keys.notes.problem(PROGRAMME, _line(lines, dotted), dotted, "a single value", table, action)
        elif is_table and isinstance(value, dict):
            yield from _flat(value, path, keys, lines)
        else:
            yield ".".join(path), value


_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w."'-]+(?:\s*\.\s*[\w"'-]+)*)\s*=""")


def _lines(text: str) -> dict[str, int]:
    """Dotted key -> the line where it seems to be set: good enough to find one's way, and never more than a pointer."""
    found: dict[str, int] = {}
    header = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEADER.match(line):
            header = _clean(match[1])
            found.setdefault(header, number)
        elif match := _KEY.match(line):
            key = _clean(match[1])
            found.setdefault(f"{header}.{key}" if header else key, number)
    return found


def _clean(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def _line(lines: Mapping[str, int], key: str) -> int | None:
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key)


def letters(column: int) -> str:
    """A column counted from 0 as a spreadsheet names it: A, B, … Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
