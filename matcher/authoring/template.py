"""A scenario to fill in: every heading with its line of help, and an example of a row for each table.

The examples hang together: the template as it stands is a valid scenario of one school, one session and one volunteer,
so that a coordinator can run it first and overwrite it then. Pins, preferences and encounters show theirs in the help
only: left behind unnoticed, they would steer the real plan. As a workbook it has drop-downs, checks what is typed, and
keeps dates dates and text text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from matcher.authoring.write import (
    DATE_FORMAT,
    MOMENT_FORMAT,
    TEXT_FORMAT,
    bold_font,
    cell_text,
    csv_text,
    new_file,
    new_folder,
    programme_toml,
    put,
    set_widths,
    sheet_value,
    workbook_bytes,
)
from matcher.domain import DEFAULT_GOALS, FEMALE_DOMINATED_ABOVE, MALE_DOMINATED_BELOW, EthnicGroup, Limits
from matcher.tables import PURPOSES, TABLES, Column, Kind, Table, Value

Style = Literal["stop", "warning", ""]

LAST_ROW = 10_000
"""How far down a sheet the drop-downs and checks go."""


def write_template(out: Path, next_step: str = "") -> None:
    """Write an example scenario to fill in: a workbook if `out` ends in .xlsx, else a folder of CSV files.

    `next_step` is what to do with it when it is filled in, to be said in it.
    """
    said = [f"When it is filled in: {next_step}"] if next_step else []
    if out.suffix.lower() == ".xlsx":
        new_file(out, workbook_bytes(_workbook(said)))
    else:
        new_folder(out, {name: text.encode("utf-8") for name, text in _files(said).items()})


# --- What the template says ---------------------------------------------------------------------------------------

_limits = Limits()

PROGRAMME: Mapping[str, tuple[object, str]] = {
    "name": ("Our programme, autumn 2026", "What calendars and the report call it. Required."),
    "timezone": ("Europe/London", "Whose clock all times are on."),
    "first_day": (date(2026, 9, 7), "The first day on which sessions may run. Required."),
    "last_day": (date(2026, 12, 18), "The last day. Required."),
    "closed": (
        tuple(date(2026, 10, day) for day in range(26, 31)),
        "Days on which no school opens, and spans such as 2026-10-26..2026-10-30; in a workbook's cell, put ; between.",
    ),
    "organiser_name": ("", "Who signs invitations, such as Amrit at the Careers Hub; blank: the programme's name."),
    "organiser_email": ("", "Whom invitations come from and answers go to; without it there are no mails."),
    "reply_to": ("", "Where written answers go, if not to organiser_email."),
    "what_to_bring": ("", "For every session that does not say its own, such as photo ID and a tool of your trade."),
    "letters_kept_days": ("", "After how many days tidying up deletes what letters said; blank: never."),
    "ignore_columns": (
        (),
        "Headings of your own that only resemble ours, such as supervised by; in a workbook's cell, put ; between.",
    ),
    "limits.max_sessions": (_limits.max_sessions, "Sessions in the term for a volunteer whose own cell is blank."),
    "limits.max_sessions_per_day": (_limits.max_sessions_per_day, "The same for one day."),
    "limits.same_employer": (_limits.same_employer, "The most people of one employer in a team."),
    "limits.arrival_minutes": (
        _limits.arrival_minutes,
        "How many minutes before an in-person session a volunteer has to be there.",
    ),
    "limits.travel_kmh": (int(_limits.travel_kmh), "How fast volunteers get from school to school, in km an hour."),
    "limits.virtual_gap_minutes": (
        _limits.virtual_gap_minutes,
        "Minutes between a session in person and a virtual one of the same volunteer.",
    ),
    "limits.unknown_km": (int(_limits.unknown_km), "The distance to take, in km, where a position is missing."),
    **{
        f"goals.{name}.{key}": (value, text)
        for (name, goal), what in zip(
            DEFAULT_GOALS.items(),
            (
                "people a cohort should meet over the year",
                "different sectors a cohort should meet",
                f"women in work where women are under {100 * MALE_DOMINATED_BELOW:g} %",
                f"men in work where women are over {100 * FEMALE_DOMINATED_ABOVE:g} %",
                "different ethnic groups a cohort should meet",
                "teams with a woman and a man (1: each team should be)",
            ),
            strict=True,
        )
        for key, value, text in (
            ("target", goal.target, f"How many: {what}."),
            ("weight", goal.weight, "How much this goal counts against the others; 0: not at all."),
        )
    },
}
"""Every key of the programme, its default (or an example, where it is required) and its explanation."""

EXAMPLES: Mapping[str, Mapping[str, Value]] = {
    "schools": {
        "school_id": "S01",
        "name": "Example Primary School",
        "postcode": "DE1 0ZZ",
        "address": "1 Example Street, Derby",
        "latitude": 52.9225,
        "longitude": -1.4746,
        "ward": "Example ward",
        "urn": "100000",
        "pupil_premium_percent": 35.5,
        "max_sessions_per_day": 2,
        "contact_name": "Amrit Example",
        "contact_email": "office@school.example",
        "closed": ("2026-10-05", "2026-11-19..2026-11-20"),
    },
    "cohorts": {
        "cohort_id": "S01-Y5",
        "school_id": "S01",
        "name": "Year 5",
        "year_group": "5",
        "pupils": 28,
    },
    "sessions": {
        "session_id": "S01-1",
        "cohort_ids": ("S01-Y5",),
        "title": "What's My Line",
        "format": "assembly",
        "mode": "in_person",
        "min_volunteers": 1,
        "max_volunteers": 4,
        "required_sectors": ("Rail",),
        "supervised": "yes",
        "what_to_bring": "something you use at work",
    },
    "slots": {
        "session_id": "S01-1",
        "start": datetime(2026, 10, 14, 9, 30),
        "end": datetime(2026, 10, 14, 10, 10),
    },
    "volunteers": {
        "volunteer_id": "V001",
        "name": "Zoë Example",
        "email": "zoe@company.example",
        "employer": "Example Rail",
        "role": "signalling engineer",
        "occupation": "engineer",
        "sector": "Rail",
        "gender": "woman",
        "ethnicity": "asian",
        "matching_consent": "yes",
        "postcode": "DE1",
        "latitude": 52.93,
        "longitude": -1.48,
        "max_distance_km": 10.0,
        "modes": ("in_person", "virtual"),
        "max_sessions": 3,
        "max_sessions_per_day": 1,
        "checked_until": date(2027, 7, 31),
        "excluded_schools": None,
    },
    "availability": {
        "volunteer_id": "V001",
        "weekday": "wed",
        "from": 8 * 60 + 30,
        "to": 12 * 60 + 30,
        "first_day": date(2026, 9, 14),
        "available": "yes",
    },
    "sectors": {
        "sector": "Rail",
        "share_women": 0.2256,
        "source": "ONS Census 2011 microdata teaching file: transport and communication (proxy)",
    },
    "occupations": {
        "occupation": "engineer",
        "share_women": 0.1256,
        "source": "ONS Annual Population Survey 2021 (Nomis): 68,300 women and 475,700 men",
    },
    "encounters": {
        "cohort_id": "S01-Y5",
        "date": date(2026, 6, 17),
        "session_id": "summer-4",
        "sector": "Health",
        "occupation": "nurse",
        "gender": "man",
        "ethnicity": "black",
    },
    "pins": {"session_id": "S01-1", "volunteer_id": "V001", "decision": "keep"},
    "visits": {
        "session_id": "S01-1",
        "happened": "yes",
        "cohort_id": "S01-Y5",
        "pupils_present": 26,
        "staff_present": 2,
        "came": ("V001",),
    },
    "preferences": {"volunteer_id": "V001", "session_id": "S01-1", "score": 3},
    "overrides": {
        "session_id": "S01-1",
        "volunteer_id": "V001",
        "rule": "load",
        "reason": "She offered a fourth visit herself.",
    },
}
"""A row for each table; what is not named is blank."""

EXAMPLE_IN_HELP = frozenset({"encounters", "pins", "visits", "preferences", "overrides"})
"""The tables that come without a row."""

INTRODUCTION = (
    "One {place} for each table. A row below the headings is an example: overwrite it, or delete it.",
    "Tables that are not needed may stay empty: sectors, occupations and those after them.",
    "Gender and ethnicity are given by choice and used only where matching_consent is yes.",
    "Give people and sessions short ids and never change them: calendars and later plans rely on them.",
)


def _rows(table: Table) -> list[Mapping[str, Value]]:
    return [] if table.name in EXAMPLE_IN_HELP else [EXAMPLES[table.name]]


def table_help(table: Table) -> str:
    """The table's line of help, with its example where there is no row to show it."""
    if table.name not in EXAMPLE_IN_HELP:
        return table.help
    example = EXAMPLES[table.name]
    cells = [
        f"{column.name} {cell_text(column, example[column.name])}" for column in table.columns if column.name in example
    ]
    return f"{table.help} Example: {', '.join(cells)}."


def purposes() -> list[str]:
    """A line for each purpose that personal data has, with its columns."""
    return [
        f"{purpose[0].upper()}{purpose[1:]}: "
        + "; ".join(f"{table} ({', '.join(columns.split())})" for table, columns in found.items())
        + "."
        for purpose, found in PURPOSES.items()
    ]


def _need(column: Column) -> str:
    if column.required:
        return "Required."
    return f"Blank: {column.default}." if column.default and "blank: " not in column.help else ""


# --- As a folder --------------------------------------------------------------------------------------------------


def _files(said: Sequence[str] = ()) -> dict[str, str]:
    values = {key: value for key, (value, _) in PROGRAMME.items()}
    files = {"programme.toml": programme_toml(values, {key: text for key, (_, text) in PROGRAMME.items()})}
    for table in TABLES:
        files[f"{table.name}.csv"] = csv_text(table, _rows(table))
    lines = [line.format(place="file") for line in (*INTRODUCTION, *said)]
    lines.append("Save CSV files as UTF-8. Days are written 2026-10-14, days with times 2026-10-14T09:30.")
    for table in TABLES:
        lines += ["", f"{table.name}.csv: {table_help(table)}"]
        for column in table.columns:
            lines.append(f"  {column.name:24}{column.help} {_need(column)}".rstrip())
    lines += ["", "What each column is used for:", *purposes()]
    files["README.txt"] = "\n".join(lines) + "\n"
    return files


# --- As a workbook ------------------------------------------------------------------------------------------------

REFERENCES: Mapping[tuple[str, str], tuple[str, bool]] = {
    ("cohorts", "school_id"): ("schools", True),
    ("sessions", "cohort_ids"): ("cohorts", False),
    ("sessions", "required_sectors"): ("sectors", False),
    ("slots", "session_id"): ("sessions", True),
    ("volunteers", "occupation"): ("occupations", False),
    ("volunteers", "sector"): ("sectors", False),
    ("volunteers", "excluded_schools"): ("schools", False),
    ("availability", "volunteer_id"): ("volunteers", True),
    ("encounters", "cohort_id"): ("cohorts", True),
    ("encounters", "volunteer_id"): ("volunteers", True),
    ("encounters", "sector"): ("sectors", False),
    ("encounters", "occupation"): ("occupations", False),
    ("pins", "session_id"): ("sessions", True),
    ("pins", "volunteer_id"): ("volunteers", True),
    ("visits", "session_id"): ("sessions", False),
    ("visits", "cohort_id"): ("cohorts", False),
    ("visits", "came"): ("volunteers", False),
    ("preferences", "volunteer_id"): ("volunteers", True),
    ("preferences", "session_id"): ("sessions", True),
    ("overrides", "session_id"): ("sessions", True),
    ("overrides", "volunteer_id"): ("volunteers", True),
}
"""(table, column) -> the table whose first column its drop-down lists, and whether anything else brings a warning."""

_SUGGESTIONS: Mapping[str, tuple[str, ...]] = {"gender": ("woman", "man"), "ethnicity": tuple(EthnicGroup)}

_REQUIRED_FILL = PatternFill("solid", fgColor="1F3864")
_OPTIONAL_FILL = PatternFill("solid", fgColor="D9E2F3")
_EXAMPLE_FILL = PatternFill("solid", fgColor="FFF8E1")
_REQUIRED_BORDER = Border(bottom=Side(style="thick"))
_OPTIONAL_BORDER = Border(bottom=Side(style="thin"))

_FORMATS = {
    Kind.DATE: DATE_FORMAT,
    Kind.MOMENT: MOMENT_FORMAT,
    **dict.fromkeys(
        (Kind.TEXT, Kind.ID, Kind.ID_LIST, Kind.WORD_LIST, Kind.CHOICE, Kind.CHOICE_LIST, Kind.CLOCK, Kind.DAYS),
        TEXT_FORMAT,
    ),
}
"""Text columns say so, or a spreadsheet turns the ids 001 and 1-2 into a number and a date."""

_WIDTHS = {
    Kind.MOMENT: 18,
    Kind.DATE: 13,
    Kind.CLOCK: 9,
    Kind.ID_LIST: 20,
    Kind.WORD_LIST: 20,
    Kind.CHOICE_LIST: 20,
    Kind.DAYS: 24,
}
_TEXT_WIDTHS = {"name": 30, "address": 28, "title": 28, "source": 60, "email": 26, "contact_email": 26, "ethnicity": 14}


def _workbook(said: Sequence[str] = ()) -> Workbook:
    workbook = Workbook()
    help_sheet = workbook.active
    assert isinstance(help_sheet, Worksheet)
    _fill_help(help_sheet, said)
    _fill_programme(workbook.create_sheet("programme"))
    for table in TABLES:
        _fill_table(workbook.create_sheet(table.name), table)
    for sheet in workbook.worksheets:  # printed, a sheet's columns come side by side
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    return workbook


def _head(sheet: Worksheet, index: int, heading: str, required: bool) -> None:
    cell = put(sheet, 1, index, heading)
    cell.font = bold_font("FFFFFF" if required else "1F3864")
    cell.fill = _REQUIRED_FILL if required else _OPTIONAL_FILL
    cell.border = _REQUIRED_BORDER if required else _OPTIONAL_BORDER


def _note(sheet: Worksheet, row: int, column: int, text: str) -> None:
    sheet.cell(row, column).comment = Comment(text, "matcher", width=260, height=30 + 20 * (1 + len(text) // 36))


def _fill_help(sheet: Worksheet, said: Sequence[str]) -> None:
    sheet.title = "help"
    row = 1
    for line in (*INTRODUCTION, *said):
        put(sheet, row, 1, line.format(place="sheet"))
        row += 1
    put(sheet, row, 1, "Dark headings with a thick line are required. Point at a heading to read about its column.")
    row += 2
    for index, heading in enumerate(("sheet", "column", "", "what it is"), start=1):
        put(sheet, row, index, heading).font = bold_font()
    row += 1
    for key, (_, text) in PROGRAMME.items():
        for index, value in enumerate(("programme", key, "", text), start=1):
            put(sheet, row, index, value)
        row += 1
    for table in TABLES:
        put(sheet, row, 1, table.name).font = bold_font()
        put(sheet, row, 4, table_help(table)).font = bold_font()
        row += 1
        for column in table.columns:
            for index, value in enumerate((table.name, column.name, _need(column), column.help), start=1):
                put(sheet, row, index, value)
            row += 1
    put(sheet, row + 1, 4, "What each column is used for").font = bold_font()
    row += 2
    for line in purposes():
        put(sheet, row, 4, line)
        row += 1
    set_widths(sheet, [16, 32, 26, 100])
    for number in range(len(INTRODUCTION) + len(said) + 3, row):
        sheet.cell(number, 4).alignment = Alignment(wrap_text=True, vertical="top")


def _fill_programme(sheet: Worksheet) -> None:
    for index, (heading, required) in enumerate((("key", True), ("value", True), ("help", False)), start=1):
        _head(sheet, index, heading, required)
    for row, (key, (value, text)) in enumerate(PROGRAMME.items(), start=2):
        put(sheet, row, 1, key)
        cell = put(sheet, row, 2, value)
        cell.alignment = Alignment(horizontal="left")
        put(sheet, row, 3, text)
        _note(sheet, row, 1, text)
        check = None
        if isinstance(value, date):
            check = _date_check()
        elif isinstance(value, int):
            whole = key not in ("limits.travel_kmh", "limits.unknown_km")
            least, most = "1" if key == "limits.travel_kmh" else "0", "1000" if key.startswith("goals.") else "1000000"
            kind: Literal["whole", "decimal"] = "whole" if whole else "decimal"
            check = DataValidation(type=kind, operator="between", formula1=least, formula2=most)
        if check is not None:
            _add_check(sheet, check, f"B{row}", key, text, "stop", f"A date or a number is wanted. {text}")
    sheet.freeze_panes = "A2"
    set_widths(sheet, [36, 60, 80])


def _fill_table(sheet: Worksheet, table: Table) -> None:
    for index, column in enumerate(table.columns, start=1):
        letter = get_column_letter(index)
        _head(sheet, index, column.name, column.required)
        note = f"{column.help} {_need(column)}".strip()
        if index == 1 and table.name in EXAMPLE_IN_HELP:
            note = f"{table_help(table)}\n\n{note}"
        _note(sheet, 1, index, note)
        number_format = _FORMATS.get(column.kind, "General")
        dimension = sheet.column_dimensions[letter]
        dimension.width = max(
            len(column.name) + 4,
            _WIDTHS.get(column.kind, 12),
            _TEXT_WIDTHS.get(column.name, 0) if column.kind is Kind.TEXT else 0,
        )
        dimension.number_format = number_format
        for row, example in enumerate(_rows(table), start=2):
            cell = put(sheet, row, index, sheet_value(column, example.get(column.name)))
            cell.number_format = number_format
            cell.fill = _EXAMPLE_FILL
        check, style, error = _check(table, column, letter)
        prompt = f"{column.help} {_need(column)}".strip()
        _add_check(sheet, check, f"{letter}2:{letter}{LAST_ROW}", column.name, prompt, style, error)
    sheet.freeze_panes = "A2"


def _add_check(
    sheet: Worksheet, check: DataValidation, cells: str, title: str, prompt: str, style: Style, error: str
) -> None:
    """Attach a check with its prompt; `style` is what a breach does: "stop", "warning", or "" for nothing."""
    check.allow_blank = True
    check.showInputMessage = True
    check.promptTitle, check.prompt = title[:32], prompt[:255]
    check.showErrorMessage = bool(style)
    if style:
        check.errorStyle = style
        check.errorTitle, check.error = title[:32], error[:255]
    check.add(cells)
    sheet.add_data_validation(check)


def _date_check() -> DataValidation:
    return DataValidation(type="date", operator="between", formula1="36526", formula2="73050")  # 2000 to 2099


def _listed(words: tuple[str, ...]) -> DataValidation:
    return DataValidation(type="list", formula1=f'"{",".join(words)}"')


def _check(table: Table, column: Column, letter: str) -> tuple[DataValidation, Style, str]:
    """What a column's cells may hold, what a breach does, and what it says."""
    reference = REFERENCES.get((table.name, column.name))
    if reference is not None:
        target, strict = reference
        ids = f"OFFSET({target}!$A$2,0,0,MAX(1,COUNTA({target}!$A:$A)-1),1)"
        error = f"This is not in the first column of the sheet {target}."
        return DataValidation(type="list", formula1=ids), "warning" if strict else "", error
    if column.name in _SUGGESTIONS:
        return _listed(_SUGGESTIONS[column.name]), "", ""
    match column.kind:
        case Kind.CHOICE:
            return _listed(column.choices), "stop", f"One of these: {', '.join(column.choices)}."
        case Kind.CHOICE_LIST:
            several = tuple(
                ";".join(some) for n in range(1, len(column.choices) + 1) for some in combinations(column.choices, n)
            )
            return _listed(several), "stop", f"One of these: {', '.join(several)}."
        case Kind.DATE:
            return _date_check(), "stop", "A day is wanted, such as 2026-10-14."
        case Kind.MOMENT:
            return _date_check(), "stop", "A day and a time are wanted, such as 2026-10-14 09:30."
        case Kind.WHOLE | Kind.SIGNED:
            least = "-1000000" if column.kind is Kind.SIGNED else "1" if column.required else "0"
            check = DataValidation(type="whole", operator="between", formula1=least, formula2="1000000")
            what = "A whole number" if column.kind is Kind.SIGNED else f"A whole number, {least} or more,"
            return check, "stop", f"{what} is wanted."
        case Kind.NUMBER | Kind.PERCENT | Kind.SHARE | Kind.LATITUDE | Kind.LONGITUDE:
            low, high = {
                Kind.PERCENT: (0, 100),
                Kind.SHARE: (0, 1),
                Kind.LATITUDE: (-90, 90),
                Kind.LONGITUDE: (-180, 180),
            }.get(column.kind, (0, 1_000_000))
            check = DataValidation(type="decimal", operator="between", formula1=str(low), formula2=str(high))
            return check, "stop", f"A number from {low} to {high} is wanted."
        case Kind.ID if table.key == (column.name,):
            check = DataValidation(type="custom", formula1=f"COUNTIF(${letter}$2:${letter}${LAST_ROW},{letter}2)=1")
            return check, "warning", "Another row has this id already."
        case _:
            return DataValidation(), "", ""
