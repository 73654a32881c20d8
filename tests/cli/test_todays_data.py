"""What people are told is judged by the data of today: nobody is sent who may not come any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.program import here, well

FILES = {
    "programme.toml": 'name = "T"\nfirst_day = 2027-09-06\nlast_day = 2027-12-17\norganiser_email = "v@example.org"\n',
    "schools.csv": "school_id,name,latitude,longitude,contact_name,contact_email\n"
    "A,Ash School,52.9,-1.4,Joyce Kaur,office@ash.example\n",
    "cohorts.csv": "cohort_id,school_id\nA5,A\n",
    "sessions.csv": "session_id,cohort_ids,min_volunteers,max_volunteers,supervised\nA1,A5,1,1,no\n",
    "slots.csv": "session_id,start,end\nA1,2027-10-04T09:00,2027-10-04T10:00\n",
    "volunteers.csv": "volunteer_id,name,email,sector,latitude,longitude,checked_until,excluded_schools,"
    "max_distance_km\n"
    "V1,Mo Unchecked,v1@example.org,Rail,52.9,-1.4,2028-01-01,,\n"
    "V2,Nia Never,v2@example.org,Rail,52.9,-1.4,,,\n",
    "availability.csv": "volunteer_id,weekday,available\nV1,mon,yes\nV2,fri,yes\n",
}

Edit = Callable[[Path], None]


def instead(file: str, old: str, new: str) -> Edit:
    def edit(term: Path) -> None:
        text = (term / file).read_text(encoding="utf-8")
        assert old in text
        (term / file).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def pinned_never(term: Path) -> None:
    (term / "pins.csv").write_text("session_id,volunteer_id,decision\nA1,V1,never\n", encoding="utf-8")


def gone(term: Path) -> None:
    instead("volunteers.csv", "V1,Mo Unchecked,v1@example.org,Rail,52.9,-1.4,2028-01-01,,\n", "")(term)
    instead("availability.csv", "V1,mon,yes\n", "")(term)


EDITS: dict[str, Edit] = {
    "the check ran out": instead("volunteers.csv", "2028-01-01", "2026-01-01"),
    "the check was withdrawn": instead("volunteers.csv", "2028-01-01", ""),
    "the school is excluded now": instead("volunteers.csv", "2028-01-01,,", "2028-01-01,A,"),
    "the volunteer left": gone,
    "the day was taken back": instead("availability.csv", "V1,mon,yes", "V1,mon,yes\nV1,mon,no"),
    "they are free on another day": instead("availability.csv", "V1,mon", "V1,tue"),
    "they come less far": instead("volunteers.csv", "52.9,-1.4,2028-01-01,,", "53.9,-1.4,2028-01-01,,5"),
    "the visit moved": instead("slots.csv", "2027-10-04T09:00,2027-10-04T10:00", "2027-10-11T09:00,2027-10-11T10:00"),
    "the day is closed": instead(
        "programme.toml", "last_day = 2027-12-17", "last_day = 2027-12-17\nclosed = [2027-10-04]"
    ),
    "two have to come": instead("sessions.csv", "A1,A5,1,1,no", "A1,A5,2,2,no"),
    "they are pinned away": pinned_never,
}


@pytest.fixture
def term(tmp_path: Path) -> Path:
    folder = tmp_path / "term"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def solved(term: Path, tmp_path: Path) -> str:
    """A workspace with a plan of the term as it was."""
    db = str(tmp_path / "matcher.db")
    well("import", term, "--db", db, "--quiet")
    well("solve", "--db", db, "--time-limit", 1, "--quiet")
    return db


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_plan_that_cannot_be_any_more_is_not_published(edit: Edit, term: Path, solved: str) -> None:
    edit(term)
    here("import", term, "--db", solved, "--yes", "--quiet")
    for more in ([], ["--no-letters"]):
        said = here("publish", "--db", solved, "--yes", *more)
        assert said.code == 1, said.out
        assert "Mo Unchecked" in said.err and "A1" in said.err and "Ash School" in said.err
        assert "matcher solve" in said.err
    assert "Nothing is published yet" in here("versions", "--db", solved).out


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_was_told_is_held_and_named_until_the_data_is_mended(
    edit: Edit, term: Path, solved: str, tmp_path: Path
) -> None:
    well("publish", "--db", solved, "--yes")
    web, fresh = tmp_path / "web", tmp_path / "fresh"
    well("feed", "write", web, "--db", solved, "--yes")
    before = {name: (term / name).read_bytes() for name in FILES}
    edit(term)
    imported = here("import", term, "--db", solved, "--yes", "--quiet")
    assert imported.code == 0 and "Mo Unchecked" in imported.err

    rehearsed = here("send", "--db", solved, "--smtp", "smtp://127.0.0.1:9", "--dry-run")
    assert "v1@example.org" not in rehearsed.out and "office@ash.example" not in rehearsed.out
    assert "Mo Unchecked" in rehearsed.err and "held" in rehearsed.err

    written = here("feed", "write", web, "--db", solved, "--yes")
    assert written.code == 0
    assert "ring today" in written.err and "Mo Unchecked" in written.err and "office@ash.example" in written.err
    events = [file.read_text(encoding="utf-8") for file in web.glob("*.ics") if "BEGIN:VEVENT" in file.read_text()]
    assert len(events) == 3
    for event in events:
        assert "STATUS:TENTATIVE" in event and "To be confirmed" in event
        assert "Unchecked" not in event.partition("BEGIN:VEVENT")[2] and "check" not in event.casefold().replace(
            "unchecked", ""
        )

    here("feed", "write", fresh, "--db", solved, "--yes")
    assert not any("BEGIN:VEVENT" in file.read_text(encoding="utf-8") for file in fresh.glob("*.ics"))

    (term / "pins.csv").unlink(missing_ok=True)
    for name, content in before.items():
        (term / name).write_bytes(content)
    well("import", term, "--db", solved, "--yes", "--quiet")
    mended = here("send", "--db", solved, "--smtp", "smtp://127.0.0.1:9", "--dry-run")
    assert mended.code == 0 and "v1@example.org" in mended.out and "office@ash.example" in mended.out and not mended.err
    well("feed", "write", fresh, "--db", solved, "--yes")
    assert sum("STATUS:CONFIRMED" in file.read_text(encoding="utf-8") for file in fresh.glob("*.ics")) == 3


def test_without_a_change_nothing_is_held(term: Path, solved: str) -> None:
    assert not well("publish", "--db", solved, "--yes").err
    assert not well("send", "--db", solved, "--smtp", "smtp://127.0.0.1:9", "--dry-run").err
