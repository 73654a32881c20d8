"""Schools from a national register's extract: real names, wards and positions, the most deprived first."""

from __future__ import annotations

import csv
import difflib
import io
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import InputProblem, InputProblems

REQUIRED = (
    "URN",
    "EstablishmentName",
    "LA (name)",
    "Latitude",
    "Longitude",
    "PercentageFSM",
    "IMD2019Decile",
)
"""Headings of the DfE's "Get Information About Schools", with the position and deprivation decile joined to it."""


@dataclass(frozen=True, slots=True)
class RegisteredSchool:
    urn: str
    name: str
    ward: str
    town: str
    postcode: str
    latitude: float
    longitude: float
    pupils: int | None
    free_meals_percent: float
    decile: int


def most_deprived(register: Path, authority: str | None, count: int) -> list[RegisteredSchool]:
    """The `count` schools in the lowest deprivation deciles, those with most free school meals first in each.

    Only schools with a position, a decile and a free-school-meal figure are considered. `authority` is compared
    without case; None takes the whole register.
    """
    rows = _rows(register)
    if authority is not None:
        wanted = authority.strip().casefold()
        names = sorted({row["LA (name)"] for _, row in rows})
        rows = [(number, row) for number, row in rows if row["LA (name)"].casefold() == wanted]
        if not rows:
            close = difflib.get_close_matches(authority, names, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(close)}?" if close else "Look the authority's name up in the register."
            raise _refused(register, None, "LA (name)", f"no school of {authority!r}", "an authority's name", hint)
    problems: list[InputProblem] = []
    schools: list[RegisteredSchool] = []
    for number, row in rows:
        if all(row[heading] for heading in ("Latitude", "Longitude", "PercentageFSM", "IMD2019Decile")):
            school = _school(register, number, row, problems)
            if school is not None:
                schools.append(school)
    if problems:
        raise InputProblems(problems)
    if len(schools) < count:
        raise _refused(
            register,
            None,
            "",
            f"{len(schools)} usable schools" + (f" of {authority}" if authority else ""),
            f"at least {count}, with position, free-school-meal figure and decile",
            f"Ask for at most {len(schools)} schools, or another authority.",
        )
    schools.sort(key=lambda school: (school.decile, -school.free_meals_percent, school.urn))
    return schools[:count]


def _refused(register: Path, row: int | None, column: str, found: str, expected: str, action: str) -> InputProblems:
    return InputProblems([InputProblem(register.name, "", row, column, found, expected, action)])


def _rows(register: Path) -> list[tuple[int, dict[str, str]]]:
    """Every row with the number a spreadsheet gives it; cells stripped."""
    try:
        raw = register.read_bytes()
    except OSError as error:
        found = error.strerror or str(error)
        raise _refused(register, None, "", found, "a CSV file of schools", "Check the file's name.") from error
    if b"\0" in raw:
        raise _refused(register, None, "", "a file that is not text", "a CSV file", "Save it as CSV (UTF-8).")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # how the DfE publishes its extracts
    reader = csv.reader(io.StringIO(text, newline=""))
    headings = [heading.strip() for heading in next(reader, [])]
    missing = [heading for heading in REQUIRED if heading not in headings]
    if missing:
        raise InputProblems(
            [
                InputProblem(
                    register.name,
                    "",
                    1,
                    heading,
                    "no such heading",
                    f"the headings {', '.join(REQUIRED)}",
                    "Add the column, or give a register that has it.",
                )
                for heading in missing
            ]
        )
    found_rows = []
    for number, cells in enumerate(reader, start=2):
        padded = cells + [""] * (len(headings) - len(cells))
        found_rows.append((number, {heading: cell.strip() for heading, cell in zip(headings, padded, strict=False)}))
    return found_rows


def _school(register: Path, number: int, row: dict[str, str], problems: list[InputProblem]) -> RegisteredSchool | None:
    def numeric(heading: str, low: float, high: float) -> float:
        try:
            value = float(row[heading])
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            problems.append(
                InputProblem(
                    register.name,
                    "",
                    number,
                    heading,
                    repr(row[heading]),
                    f"a number from {low:g} to {high:g}",
                    "Correct the cell, or leave it blank to pass over the school.",
                )
            )
        return value

    before = len(problems)
    latitude, longitude = numeric("Latitude", -90, 90), numeric("Longitude", -180, 180)
    meals, decile = numeric("PercentageFSM", 0, 100), numeric("IMD2019Decile", 1, 10)
    if len(problems) > before:
        return None
    pupils = row.get("NumberOfPupils", "")
    return RegisteredSchool(
        urn=row["URN"],
        name=row["EstablishmentName"],
        ward=row.get("AdministrativeWard (name)", ""),
        town=row.get("Town", ""),
        postcode=row.get("Postcode", ""),
        latitude=latitude,
        longitude=longitude,
        pupils=int(pupils) if pupils.isdigit() else None,
        free_meals_percent=meals,
        decile=int(decile),
    )
