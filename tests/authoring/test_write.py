"""What is written comes out as it was, whatever text it holds; nothing that exists is overwritten."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from matcher.authoring.generate import generate
from matcher.authoring.write import programme_toml, write_folder, write_workbook
from matcher.errors import OutputError
from matcher.intake.notes import Notes
from matcher.intake.sheets import read_sheets
from matcher.tables import TABLES, Row, Tables

NASTY = (
    '=HYPERLINK("http://x")',
    "#N/A",
    "+44 1332",
    "'quoted",
    "Zoë",
    "محمد",
    'two\nlines, a comma and "quotes"',
    "END:VEVENT",
    "_x0041_",
    "001",
    "1-2",
    "TRUE",
)


def with_names(names: tuple[str, ...]) -> Tables:
    tables = generate(2, 5)
    rows = dict(tables.rows)
    rows["schools"] = tuple(
        Row(number, {**tables.rows["schools"][0].values, "school_id": f"N{number}", "name": name})
        for number, name in enumerate(names, start=2)
    )
    return Tables(tables.programme, rows)


def test_any_programme_text_survives_toml() -> None:
    every = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA1), 0x2028, 0x1F600])) + '"\\\'"""'
    programme = {"name": every, "first_day": date(2026, 9, 7), "goals.sectors.target": 4, "limits.travel_kmh": 25.5}
    read = tomllib.loads(programme_toml({**programme, "closed": (date(2026, 10, 26),), "odd key.a b": every}))
    assert read["name"] == every
    assert read["first_day"] == date(2026, 9, 7)
    assert read["closed"] == [date(2026, 10, 26)]
    assert read["goals"] == {"sectors": {"target": 4}}
    assert read["limits"] == {"travel_kmh": 25.5}
    assert read["odd key"] == {"a b": every}


def test_any_text_survives_csv(tmp_path: Path) -> None:
    names = (*NASTY, "bell \x07", "cr \r here")
    write_folder(with_names(names), tmp_path / "out")
    text = (tmp_path / "out" / "schools.csv").read_bytes().decode("utf-8")
    shown = tuple(f"'{name}" if name[0] in "=+'" and "quoted" not in name else name for name in names)
    assert tuple(row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))) == shown


def test_any_text_comes_back_through_both_forms(tmp_path: Path) -> None:
    tables = with_names((*NASTY, "bell \x07", "cr \r here", "cr lf \r\n here", "tab\there", "\ufffe end"))
    write_folder(tables, tmp_path / "out")
    write_workbook(tables, tmp_path / "out.xlsx")
    for name in ("out", "out.xlsx"):
        notes = Notes({})
        assert read_sheets(tmp_path / name, notes).tables() == tables
        assert notes.problems == []


def test_text_in_a_workbook_is_text(tmp_path: Path) -> None:
    write_workbook(with_names(NASTY), tmp_path / "out.xlsx")
    sheet = load_workbook(tmp_path / "out.xlsx")["schools"]
    cells = [sheet.cell(row, 2) for row in range(2, 2 + len(NASTY))]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    expected = tuple(name.replace("_x0041_", "_x005F_x0041_") for name in NASTY)  # as the format writes it
    assert tuple(cell.value for cell in cells) == expected
    assert cells[0].quotePrefix


def test_dates_are_dates(tmp_path: Path) -> None:
    tables = generate(4, 1)
    write_workbook(tables, tmp_path / "out.xlsx")
    workbook = load_workbook(tmp_path / "out.xlsx")
    start = workbook["slots"]["B2"]
    assert start.value == tables.rows["slots"][0]["start"] and start.number_format == "yyyy-mm-dd hh:mm"
    keys = {row[0].value: row[1] for row in workbook["programme"].iter_rows(min_row=2)}
    assert keys["first_day"].value == datetime(2026, 9, 7) and keys["first_day"].number_format == "yyyy-mm-dd"
    assert keys["closed"].value == "2026-10-26;2026-10-27;2026-10-28;2026-10-29;2026-10-30"


def test_same_tables_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_folder(generate(3, 9), tmp_path / name)
        write_workbook(generate(3, 9), tmp_path / f"{name}.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
        assert b"2026-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_required_tables_are_always_written(tmp_path: Path) -> None:
    write_folder(Tables({"name": "Empty"}, {}), tmp_path / "out")
    written = {path.stem for path in (tmp_path / "out").glob("*.csv")}
    assert written == {table.name for table in TABLES if not table.optional}


@pytest.mark.parametrize("write", [write_folder, write_workbook])
def test_what_exists_is_left_alone(tmp_path: Path, write: object) -> None:
    assert callable(write)
    out = tmp_path / "out"
    out.write_text("precious", encoding="utf-8")
    with pytest.raises(OutputError, match="Name a new"):
        write(generate(1, 1), out)
    assert out.read_text(encoding="utf-8") == "precious"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_with_something_in_it_is_refused_and_an_empty_one_taken(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_folder(generate(1, 1), out)
    assert (out / "programme.toml").exists()
    with pytest.raises(OutputError, match="not empty"):
        write_folder(generate(1, 1), out)
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_folder(generate(1, 1), tmp_path / "file" / "out")
