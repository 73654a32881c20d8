"""Whatever stands in a cell comes out as text in every output, and as nothing but text."""

from __future__ import annotations

import csv
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

from matcher.authoring.write import write_workbook
from matcher.intake import read_scenario
from tests.cli.program import FIRST_STEPS, assert_complete, well, well_here

ODD = {
    "DEE": '=HYPERLINK("http://example.org","Dee")',
    "NICK": "محمد عبد الله",
    "FRED": "Fred\nEND:VEVENT\nBEGIN:VEVENT",
    "LENA": "Zoë :heart: [bold]Lena[/bold]",
    "RAFI": "<script>alert('Rafi')</script> & sons",
    "ADA": 'Ada "A, B; C\\n" 小学校 👩🏽‍🔧',
}
ODD_SCHOOL = "St Zoë's; <b>Oak</b>,\nEND:VCALENDAR"
ODD_TITLE = "@SUM(1)\r\nATTACH:http://example.org/x"
ODD_PERSON = "+44\tJoyce"


def lines(text: str) -> str:
    """On one line, as outputs show it."""
    return " ".join(text.split())


def rewrite(file: Path, changes: dict[str, dict[str, str]]) -> None:
    """Columns of some rows, by the row's first cell."""
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        found = [{**row, **changes.get(next(iter(row.values())), {})} for row in reader]
        headings = reader.fieldnames
    assert headings is not None
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, headings)
        writer.writeheader()
        writer.writerows(found)


@pytest.fixture(scope="module", params=["folder", "workbook"])
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "odd"
    shutil.copytree(FIRST_STEPS, folder)
    rewrite(folder / "volunteers.csv", {person: {"name": name} for person, name in ODD.items()})
    rewrite(folder / "schools.csv", {"OAK": {"name": ODD_SCHOOL, "contact_name": ODD_PERSON}})
    rewrite(folder / "sessions.csv", {"OAK-1": {"title": ODD_TITLE}, "OAK-2": {"title": ODD_TITLE}})
    if request.param == "folder":
        return folder
    workbook = folder.with_suffix(".xlsx")
    write_workbook(read_scenario(folder).tables, workbook)
    return workbook


@pytest.fixture(scope="module")
def out(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "plan"
    well_here("run", scenario, "--out", out, "--quiet")
    return out


def test_names_are_read_as_they_were_typed(scenario: Path) -> None:
    problem = read_scenario(scenario).problem
    assert {person: lines(each.name) for person, each in problem.volunteers.items()} == {
        person: lines(name) for person, name in ODD.items()
    }


def test_the_tables_are_whole(scenario: Path, out: Path) -> None:
    assert_complete(out, read_scenario(scenario).problem)
    for name in ("plan.csv", "sessions.csv"):
        assert len((out / name).read_text(encoding="utf-8").splitlines()) == {"plan.csv": 8, "sessions.csv": 5}[name]


def events(file: Path) -> list[Any]:
    calendar = icalendar.Calendar.from_ical(file.read_bytes())
    assert isinstance(calendar, icalendar.Calendar)
    assert {each.name for each in calendar.subcomponents} == {"VTIMEZONE", "VEVENT"}
    return list(calendar.walk("VEVENT"))


def test_calendars_hold_their_events_and_the_names_as_text(out: Path) -> None:
    count = {file.stem: len(events(file)) for file in out.rglob("*.ics")}
    assert count == {"OAK": 2, "ELM": 1, "DEE": 2, "NICK": 1, "FRED": 1, "LENA": 1, "RAFI": 1, "ADA": 1}
    for file in out.rglob("*.ics"):
        assert len(vobject.readOne(file.read_text(encoding="utf-8")).vevent_list) == count[file.stem]
        assert all("ATTACH" not in event for event in events(file))
    oak = out / "calendars" / "schools" / "OAK.ics"
    told = "\n".join(str(event["DESCRIPTION"]) for event in events(oak))
    for person in ("DEE", "FRED", "RAFI", "ADA"):
        assert lines(ODD[person]) in told
    (rafi,) = events(out / "calendars" / "volunteers" / "RAFI.ics")
    assert lines(ODD_SCHOOL) in rafi["SUMMARY"]
    assert lines(ODD_TITLE) in rafi["SUMMARY"]
    assert lines(ODD_PERSON) in rafi["DESCRIPTION"]


class Text(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_report_shows_them_as_text(out: Path) -> None:
    page = Text((out / "report.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    words = lines(page.words)
    for name in (*ODD.values(), ODD_SCHOOL, ODD_TITLE):
        assert lines(name) in words


def test_the_command_shows_them_whole(scenario: Path, tmp_path: Path) -> None:
    db = tmp_path / "matcher.db"
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--db", db, "--quiet")
    shown = lines(well_here("show", "--db", db).out)
    for name in (*ODD.values(), ODD_SCHOOL, ODD_TITLE):
        assert lines(name) in shown
    poor = well("show", "--db", db, PYTHONIOENCODING="ascii").out
    assert "OAK-1" in poor, "an output without their letters is no reason to fail"
