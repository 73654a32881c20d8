"""A tiny scenario in which nothing is wrong, to be spoilt by tests, as a folder or as a workbook."""

from __future__ import annotations

import copy
import csv
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import openpyxl

from matcher.errors import InputProblem, InputProblems
from matcher.intake import Intake, read_scenario
from matcher.intake.notes import Notes
from matcher.intake.sheets import read_sheets
from matcher.tables import Tables

Grid = list[list[object]]

GOOD_PROGRAMME: dict[str, object] = {
    "name": "Tiny, autumn 2026",
    "first_day": date(2026, 9, 7),
    "last_day": date(2026, 12, 18),
    "closed": [date(2026, 10, 26), date(2026, 10, 27)],
    "limits.same_employer": 1,
    "goals.sectors.target": 4,
}


def _grid(text: str) -> Grid:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


GOOD_TABLES: dict[str, Grid] = {
    "schools": _grid("""
        school_id | name                 | latitude | longitude | pupil_premium_percent | max_sessions_per_day
        S1        | Ash Primary School   | 52.92    | -1.47     | 35.5                  | 2
        S2        | Beech Primary School | 52.93    | -1.48     |                       |
    """),
    "cohorts": _grid("""
        cohort_id | school_id | name   | year_group | pupils
        S1-Y5     | S1        | Year 5 | 5          | 30
        S1-Y6     | S1        | Year 6 | 6          | 28
        S2-Y5     | S2        | Year 5 | 5          |
    """),
    "sessions": _grid("""
        session_id|cohort_ids|title|mode|min_volunteers|max_volunteers|required_sectors|supervised
        A|S1-Y5;S1-Y6|What's My Line|in_person|1|3|Rail|yes
        B|S2-Y5|Panel|virtual|1|2||no
    """),
    "slots": _grid("""
        session_id | start            | end
        A          | 2026-10-14T09:30 | 2026-10-14T10:30
        A          | 2026-10-13T09:30 | 2026-10-13T10:30
        B          | 2026-10-15T13:00 | 2026-10-15T14:00
    """),
    "volunteers": _grid("""
        volunteer_id|name|employer|occupation|sector|gender|ethnicity|matching_consent|latitude|longitude|max_distance_km|modes|max_sessions|max_sessions_per_day|checked_until|excluded_schools
        V1|Zoë Ali|Trains Ltd|fitter|Rail|woman|Indian|yes|52.9|-1.4|25||2|1||
        V2|محمد|Clinic||Health|man|white|no|52.9|-1.5||virtual|||2027-07-31|S1
    """),
    "availability": _grid("""
        volunteer_id | weekday  | date       | from  | to    | first_day  | last_day   | available
        V1           | wed      |            | 09:00 | 12:30 |            |            |
        V1           |          | 2026-10-21 |       |       |            |            | no
        V2           | Thursday |            |       |       | 2026-10-01 | 2026-10-31 | yes
    """),
    "sectors": _grid("""
        sector | share_women | source
        Rail   | 0.13        | invented
        Health | 77%         | invented
    """),
    "occupations": _grid("""
        occupation | share_women | source
        Fitter     | 0.02        | invented
    """),
    "encounters": _grid("""
        cohort_id|date|session_id|volunteer_id|sector|occupation|gender|ethnicity|matching_consent
        S1-Y5|2026-06-02|last-year-1|V9|Health||man|Black|yes
        S1-Y5|2026-10-02|A|V1|Rail||woman|asian|
    """),
    "pins": _grid("""
        session_id | volunteer_id | start            | decision
        A          | V1           |                  | keep
        A          |              | 2026-10-13T09:30 | never
    """),
    "visits": _grid("""
        session_id | happened | cohort_id | pupils_present | staff_present | came
        A          | yes      | S1-Y5     | 26             | 2             | V1
        B          | no       |           |                |               |
    """),
    "preferences": _grid("""
        volunteer_id | session_id | score
        V1           | A          | 3
        V2           | B          | -1
    """),
    "overrides": _grid("""
        session_id | volunteer_id | rule | reason
        A          | V1           | load | She offered another visit.
    """),
}


@dataclass
class Scenario:
    programme: dict[str, object] = field(default_factory=lambda: dict(GOOD_PROGRAMME))
    tables: dict[str, Grid] = field(default_factory=lambda: copy.deepcopy(GOOD_TABLES))
    number_formats: dict[tuple[str, int, str], str] = field(default_factory=dict)
    """(table, row, heading) -> how a workbook shows the cell."""

    def put(self, table: str, row: int, heading: str, value: object, number_format: str = "") -> None:
        """Change a cell, adding the column if it is not there; rows as a spreadsheet counts."""
        grid = self.tables[table]
        if heading not in grid[0]:
            for cells in grid:
                cells.append("")
            grid[0][-1] = heading
        grid[row - 1][grid[0].index(heading)] = value
        if number_format:
            self.number_formats[table, row, heading] = number_format

    def drop_column(self, table: str, heading: str) -> None:
        at = self.tables[table][0].index(heading)
        for cells in self.tables[table]:
            del cells[at]

    def add(self, table: str, **cells: object) -> int:
        """Add a row and tell its number; cells that are not named are blank."""
        grid = self.tables[table]
        assert set(cells) <= set(map(str, grid[0]))
        grid.append([cells.get(str(heading), "") for heading in grid[0]])
        return len(grid)

    # --------------------------------------------------------------------------------------------------- written

    def to_folder(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        if self.programme:
            (folder / "programme.toml").write_text(toml(self.programme), encoding="utf-8")
        for name, grid in self.tables.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows(grid)
        return folder

    def workbook(self) -> openpyxl.Workbook:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        if self.programme:
            sheet = book.create_sheet("programme")
            sheet.append(["key", "value"])
            for key, value in self.programme.items():
                sheet.append([key, ";".join(map(str, value)) if isinstance(value, list) else value])
        for name, grid in self.tables.items():
            sheet = book.create_sheet(name)
            for number, cells in enumerate(grid, start=1):
                for column, cell in enumerate(cells, start=1):
                    sheet.cell(number, column, None if cell == "" else cell)
        for (name, row, heading), number_format in self.number_formats.items():
            sheet = book[name]
            sheet.cell(row, self.tables[name][0].index(heading) + 1).number_format = number_format
        return book

    def to_workbook(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.workbook().save(path)
        return path

    def write(self, form: str, where: Path) -> Path:
        """As a "folder" or a "workbook"."""
        return self.to_folder(where / "scenario") if form == "folder" else self.to_workbook(where / "scenario.xlsx")


def toml(programme: dict[str, object]) -> str:
    """Dotted keys as TOML, which knows them too."""

    def written(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if isinstance(value, list):
            return "[" + ", ".join(map(written, value)) + "]"
        return str(value)

    return "".join(f"{key} = {written(value)}\n" for key, value in programme.items())


def read(path: Path) -> Intake:
    return read_scenario(path)


def tables_of(path: Path) -> Tables:
    """Stage 1 alone: the rows as typed."""
    notes = Notes({})
    reading = read_sheets(path, notes)
    notes.raise_problems()
    return reading.tables()


def problems_of(path: Path) -> list[InputProblem]:
    """What is refused; nothing if the scenario can be read."""
    try:
        read_scenario(path)
    except InputProblems as refused:
        return list(refused.problems)
    return []


def warnings_of(path: Path) -> list[InputProblem]:
    return list(read_scenario(path).warnings)
