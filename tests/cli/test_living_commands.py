"""Living with a published plan from the command line: a Tuesday morning, the journal, and what is refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from matcher.soundness import kept_problem
from matcher.store import Workspace
from tests.cli.program import Said, here, matcher, well_here
from tests.cli.publishing_workspaces import publish_later
from tests.cli.test_privacy_commands import bring, plan_and_publish, term
from tests.cli.traces import traces

pytest_plugins = ("tests.store.store_fixtures",)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return publish_later(tmp_path)


def edits_in(db: Path) -> int:
    with closing(sqlite3.connect(db)) as connection:
        return int(connection.execute("SELECT count(*) FROM edits").fetchone()[0])


def team(db: Path, session_id: str) -> set[str]:
    with Workspace.open(str(db)) as workspace:
        return set(workspace.run().plan.visits[session_id].team)


def test_a_tuesday_morning_is_three_commands(db: Path) -> None:
    before = team(db, "ELM-1")
    who = min(before - {"DEE"})  # without whom there would be nobody from digital
    said = well_here("drop", who, "ELM-1", "--db", db, "--why", "has flu", "--by", "Kim")
    assert "Next: matcher repair" in said.out and "Speed networking at Elm Primary School" in said.out
    well_here("repair", "--db", db, "--yes", "--quiet", "--time-limit", "1")
    published = well_here("publish", "--db", db, "--yes", "--no-letters").out
    assert "Version 2 is published." in published
    assert who not in team(db, "ELM-1") and before - {who} <= team(db, "ELM-1")
    journal = well_here("journal", "--db", db, COLUMNS="300").out
    assert "Kim" in journal and "has flu" in journal and "cannot come to Speed networking" in journal


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["drop", "fred"], "Fred Ward (FRED) cannot come from"),
        (["drop", "fred", "--from", "2046-10-05", "--to", "2046-10-09"], "to Tue 9 Oct 2046"),
        (["cancel", "railway"], "A day on the railway at Elm Primary School (ELM-2) is cancelled"),
        (["move", "OAK-2", "2046-10-10T13:30"], "is moved to Wed 10 Oct, 13:30"),
        (["offer", "OAK-2", "2046-10-10T13:30", "2046-10-11T13:30"], "Thu 11 Oct, 13:30"),
        (["unassign", "dee", "OAK-1"], "Dee Zając (DEE) is not to be at Classroom chat"),
        (["assign", "nick", "ELM-1"], "Nick Osei (NICK) is to be at Speed networking"),
        (["assign", "rafi", "ELM-1", "--override", "he knows the way"], "is set aside (he knows the way)"),
        (["pin", "ELM-1", "2046-10-02T10:00"], "is to be on Tue 2 Oct, 10:00"),
        (["set", "volunteers", "dee", "employer=Toyota", "max_sessions="], 'employer from "Silk Mill Software" to'),
        (["add", "volunteers", "volunteer_id=K", "name=Kim Li", "sector=Law"], "Kim Li (K) is added"),
        (["remove", "volunteers", "dee"], "(DEE) is removed, and 3 rows with it"),
        (["remove", "slots", "session_id=ELM-1", "start=2046-10-02T10:00"], "is removed"),
        (["answer", "dee", "computers", "no", "--note", "rang"], "declined: Dee Zając"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_every_edit_says_what_was_noted_and_is_taken_back(command: list[str], expected: str, db: Path) -> None:
    with Workspace.open(str(db)) as workspace:
        before = workspace.fingerprint()
    slots = ("pin", "remove slots")
    if " ".join(command).startswith(slots):
        well_here("offer", "ELM-1", "2046-10-03T10:00", "--db", db)  # so that there is more than one
        with closing(sqlite3.connect(db)) as connection:
            (start,) = connection.execute("SELECT min(start) FROM slots WHERE session_id = 'ELM-1'").fetchone()
        command = [each.replace("2046-10-02T10:00", start[:16].replace(" ", "T")) for each in command]
        expected = "is to be on" if command[0] == "pin" else expected
    said = well_here(*command, "--db", db, "--by", "Kim", "--yes")
    assert expected in said.out
    number = edits_in(db)
    undone = well_here("undo", number, "--db", db).out
    assert f"number {number}" in undone
    if number == 2:
        well_here("undo", 1, "--db", db)
    with Workspace.open(str(db)) as workspace:
        assert workspace.fingerprint() == before
    assert "All is well" in well_here("verify", "--db", db).out


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["drop", "Frida Nobody"], ["no volunteer called", "Frida Nobody"]),
        (["drop", "e", "OAK-1"], ["fits", "Fred Ward", "Dee Zając", "Say which"]),
        (["cancel", "OAK"], ["fits 2 sessions", "What's My Line", "Classroom chat"]),
        (["drop", "fred", "OAK-1", "--from", "2046-10-01"], ["one of the two"]),
        (["assign", "ada", "OAK-1", "--override", "x"], ["Ada Zoë Wilson", "not free"]),
        (["assign", "rafi", "ELM-1"], ["Rafi Jones", "km", "--override"]),
        (["set", "volunteers", "dee", "employer"], ["employer", "COLUMN=VALUE"]),
        (["set", "volunteers", "dee", "max_sessions=many"], ["volunteers, row 2, column max_sessions", "many"]),
        (["set", "volunteers", "dee", "checked_untill=2046-01-01"], ["Did you mean checked_until?"]),
        (["set", "volunteers", "dee", "volunteer_id=D"], ["volunteer_id", "stays"]),
        (["set", "slots", "OAK-1", "start=2046-10-10T13:30"], ["Rows of slots have no name"]),
        (["add", "volunteers", "volunteer_id=K"], ["column name", "column sector"]),
        (["remove", "cohorts", "OAK-Y5"], ["sessions", "OAK-Y5"]),
        (["move", "OAK-2", "2046-10-10"], ["2046-10-10", "2026-10-14T09:30"]),
        (["attended", "OAK-2", "--now", "2046-01-01T09:00"], ["What's My Line at Oak Primary School", "still to come"]),
        (["undo"], ["Nothing stands in the journal"]),
        (["undo", "5"], ["no number 5"]),
        (["drop", "fred", "--now", "2026-01-01T09:00"], ["before version 1 was published"]),
    ],
    ids=lambda value: " ".join(value[:3]) if value[0] in ("drop", "set", "assign") else value[0],
)
def test_what_cannot_be_is_said_with_names_and_nothing_is_done(
    command: list[str], expected: list[str], db: Path
) -> None:
    before = db.read_bytes()
    said = here(*command, "--db", db)
    assert said.code == 1 and not said.out
    for words in expected:
        assert words in said.err
    assert db.read_bytes() == before


def test_an_undo_that_is_refused_names_the_later_edits(db: Path) -> None:
    well_here("add", "volunteers", "volunteer_id=K", "name=Kim Li", "sector=Law", "--db", db, "--by", "Ana")
    well_here("add", "availability", "volunteer_id=K", "weekday=mon", "--db", db, "--by", "Bo")
    said = here("undo", "1", "--db", db)
    assert said.code == 1 and "Number 2 (Bo" in said.err and "Kim Li" in said.err
    well_here("undo", "--db", db)
    well_here("undo", "--db", db)
    assert here("undo", "--db", db).code == 1


def test_gender_and_ethnicity_typed_here_are_repeated_nowhere(db: Path) -> None:
    said = [
        well_here("set", "volunteers", "nick", "gender=womanish", "ethnicity=Arab", "--db", db),
        here("set", "volunteers", "dee", "gender=womanish", "--db", db),
        here("undo", "--db", db),
        well_here("journal", "--db", db, COLUMNS="300"),
        here("set", "volunteers", "nick", "ethnicity=" + "x" * 40_000, "--db", db),
    ]
    for each in said:
        for word in ("womanish", "Arab", "woman", "xxxx"):
            assert word not in each.out + each.err
    assert "gender changed" in said[0].out and "gender changed" in said[3].out


ID = "V101"
NAMED = ("Ada Quillfeather", "Quillfeather", "ada.quill@example.org", "Bogie fitter", "New Employer of hers", "Annex")


def noted(address: str) -> list[Said]:
    """Edits by and about Ada, and one about Ben."""
    edits = (
        ["set", "volunteers", ID, "employer=New Employer of hers"],
        ["drop", ID, "A2", "--why", "Ada Quillfeather rang"],
        ["unassign", "Ben", "A2", "--why", "so says ada.quill@example.org", "--by", "Ada Quillfeather"],
        ["set", "sessions", "A2", "what_to_bring=Ask Ada Quillfeather"],
        ["add", "volunteers", "volunteer_id=V103", "name=Zoe Annex", "sector=Law"],
        ["add", "preferences", "volunteer_id=V103", "session_id=A2", "score=2"],
    )
    return [well_here(*each, "--db", address) for each in edits]


def test_somebody_who_is_erased_is_in_no_edit_any_more_and_the_others_stand(address: str, tmp_path: Path) -> None:
    bring(address, term(tmp_path / "term"))
    plan_and_publish(address, letters=False)
    noted(address)
    if "://" not in address:
        shutil.copy(address, f"{address}.before-restore-20460101-000000")
    well_here("forget", "Ada Quillfeather", "--db", address, "--yes")
    well_here("forget", "Zoe Annex", "--db", address, "--yes")  # whom no spreadsheet ever had
    assert traces(address, NAMED) == []
    journal = well_here("journal", "--db", address, COLUMNS="300").out
    assert len([line for line in journal.splitlines() if "2026" in line or "20" in line]) >= 6
    assert "V101" not in journal and "V103" not in journal and "Ben Other" in journal
    with Workspace.open(address) as workspace:
        (pin,) = kept_problem(workspace)[1].pins
        assert (pin.volunteer_id, pin.decision.value) == ("V102", "never")
    refused = here("undo", "2", "--db", address)
    assert refused.code == 1 and "erased" in refused.err
    well_here("undo", "3", "--db", address)
    assert "All is well" in well_here("verify", "--db", address).out
    if "://" not in address:
        with Workspace.open(f"{address}.before-restore-20460101-000000") as copy:
            assert "V102" in {each.volunteer_id for each in kept_problem(copy)[1].pins}


def test_consent_withdrawn_leaves_nothing_in_a_copy_with_edits_which_still_opens(
    sqlite_address: str, tmp_path: Path
) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    well_here("set", "volunteers", ID, "employer=New", "--db", sqlite_address)
    copy = f"{sqlite_address}.before-restore-20460101-000000"
    shutil.copy(sqlite_address, copy)
    well_here("set", "volunteers", ID, "matching_consent=no", "--db", sqlite_address)
    assert traces(sqlite_address, ("womanish", "Arab")) == []
    for each in (sqlite_address, copy):
        assert "All is well" in well_here("verify", "--db", each).out
        with Workspace.open(each) as workspace:
            assert kept_problem(workspace)[1].volunteers[ID].employer == "New"


def test_two_at_once_note_both_or_one_of_them_says_why(db: Path) -> None:
    """Each reads, judges and writes: who writes second finds what the first did."""
    first = matcher("drop", "fred", "OAK-1", "--db", db)
    second = matcher("drop", "fred", "OAK-1", "--db", db)
    assert (first.code, second.code) == (0, 1)
    assert "already" in second.err and edits_in(db) == 1


def test_a_time_of_day_is_said_as_it_was_typed(db: Path) -> None:
    said = well_here("add", "availability", "volunteer_id=ADA", "weekday=mon", "from=09:00", "to=12:30", "--db", db)
    assert "from 09:00" in said.out and "to 12:30" in said.out
