"""Consent withdrawn, people erased and old things tidied away, from the command line, scanned for byte by byte."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.domain import TierName
from matcher.publishing.published import LetterState
from matcher.store import Workspace
from matcher.usecases import planning, told
from tests.cli.program import Said, here, matcher, on_terminal, well_here
from tests.cli.traces import traces

pytest_plugins = ("tests.store.store_fixtures",)

HEAD = (
    "volunteer_id,name,email,employer,role,sector,gender,ethnicity,matching_consent,postcode,checked_until,"
    "excluded_schools"
)
ADA = "V101,Ada Quillfeather,ada.quill@example.org,Zyx Rail,Bogie fitter,Rail,womanish,Arab,yes,DE9 9ZZ,2048-01-01,"
BEN = "V102,Ben Other,ben@example.org,Hub & Co,Nurse,Health,man,white,yes,DE1 1AA,2048-01-01,"
FILES = {
    "programme.toml": 'name = "T"\nfirst_day = 2046-09-03\nlast_day = 2046-12-14\norganiser_email = "v@example.org"\n'
    "letters_kept_days = 30\n[limits]\nsame_employer = 5\n",
    "schools.csv": "school_id,name,latitude,longitude,contact_name,contact_email\n"
    "A,Ash School,52.9,-1.4,Joyce Kaur,office@ash.example\n",
    "cohorts.csv": "cohort_id,school_id\nA5,A\nA6,A\n",
    "sessions.csv": "session_id,cohort_ids,min_volunteers,max_volunteers,what_to_bring\n"
    "A1,A5,2,2,Ask Ada Quillfeather\nA2,A6,1,1,\n",
    "slots.csv": "session_id,start,end\nA1,2046-10-01T09:00,2046-10-01T10:00\nA2,2046-10-08T09:00,2046-10-08T10:00\n",
    "volunteers.csv": f"{HEAD}\n{ADA}\n{BEN}\n",
    "availability.csv": "volunteer_id,weekday,available\nV101,mon,yes\nV102,mon,yes\n",
    "encounters.csv": "cohort_id,date,volunteer_id,sector,gender,ethnicity\nA6,2046-01-05,V101,Rail,womanish,Arab\n",
    "preferences.csv": "volunteer_id,session_id,score\nV101,A1,3\nV102,A1,1\n",
}
DEMOGRAPHICS = ("womanish", "Arab")
WHO = ("Ada Quillfeather", "Quillfeather", "ada.quill@example.org", "DE9 9ZZ", "Bogie fitter", *DEMOGRAPHICS)


def term(folder: Path, **changed: str) -> Path:
    """The files above, those in `changed` (without their endings) instead."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], text), encoding="utf-8")
    return folder


def refused(volunteers: str = f"{HEAD}\n{ADA}\n{BEN}\n") -> str:
    """The same volunteers, Ada without her consent."""
    return volunteers.replace("womanish,Arab,yes", "womanish,Arab,no")


def bring(address: str, scenario: Path, *more: str) -> Said:
    return well_here("import", scenario, "--db", address, "--yes", "--quiet", *more)


def plan_and_publish(address: str, letters: bool = True) -> None:
    well_here("solve", "--afresh", "--db", address, "--deterministic", "--quiet", "--time-limit", "1")
    well_here("publish", "--db", address, "--yes", *([] if letters else ["--no-letters"]))


@pytest.fixture
def published(address: str, tmp_path: Path) -> str:
    """A workspace in which Ada stands in two snapshots, a run, an exported page, a version and its letters."""
    bring(address, term(tmp_path / "term"))
    plan_and_publish(address)
    well_here("export", "--db", address, "--out", tmp_path / "plan")
    assert traces(address, WHO)
    return address


def run_of(address: str) -> tuple[str, dict[TierName, int]]:
    with Workspace.open(address) as workspace:
        saved, problem, _ = planning.load_run(workspace, 1)
        names = " ".join(sorted(problem.volunteers[who].name for who, _, _ in saved.plan.assignments()))
        return names, {score.tier: score.value for score in saved.tiers}


# Consent


def test_withdrawn_consent_leaves_no_gender_or_ethnicity_anywhere(published: str, tmp_path: Path) -> None:
    before = run_of(published)
    bring(published, term(tmp_path / "term", volunteers=refused()))
    assert traces(published, DEMOGRAPHICS) == []
    assert traces(published, ["Ada Quillfeather"])
    assert run_of(published) == before
    assert "Ada Quillfeather" in well_here("show", "--run", "1", "--db", published).out
    assert "personal data was erased" in well_here("show", "--run", "1", "--db", published).out
    well_here("export", "--run", "1", "--db", published, "--out", tmp_path / "again")
    well_here("publish", "1", "--db", published, "--yes")
    assert "All is well" in here("verify", "--db", published).out


def test_an_older_spreadsheet_never_turns_consent_on_by_itself(published: str, tmp_path: Path) -> None:
    bring(published, term(tmp_path / "term", volunteers=refused()))
    said = bring(published, term(tmp_path / "term", volunteers=FILES["volunteers.csv"].replace("Bogie", "Chief")))
    assert "V101 withdrew consent" in said.err and "--consent V101" in said.err
    assert "Ada" not in said.err
    assert traces(published, DEMOGRAPHICS) == []
    assert traces(published, ["Chief fitter"])
    bring(published, tmp_path / "term")
    assert traces(published, DEMOGRAPHICS) == []
    said = bring(published, tmp_path / "term", "--consent", "V101")
    assert "withdrew" not in said.err
    assert traces(published, ["womanish"])
    said = bring(published, tmp_path / "term")
    assert "withdrew" not in said.err
    with Workspace.open(published) as workspace:
        tables = workspace.load_tables()
        assert tables is not None
        assert tables.rows["volunteers"][0]["matching_consent"] == "yes"


def test_consent_that_a_spreadsheet_does_not_give_cannot_be_turned_on(published: str, tmp_path: Path) -> None:
    scenario = term(tmp_path / "term", volunteers=refused())
    said = here("import", scenario, "--db", published, "--yes", "--consent", "V101")
    assert said.code == 1
    assert "V101" in said.err and "matching_consent" in said.err and "Nothing was imported" in said.err
    assert traces(published, DEMOGRAPHICS)


def test_what_an_earlier_version_kept_without_consent_goes_with_the_next_import(
    sqlite_address: str, tmp_path: Path
) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    plan_and_publish(sqlite_address)
    with closing(sqlite3.connect(sqlite_address)) as connection, connection:
        connection.execute(
            "UPDATE volunteers SET ethnicity = 'zebra', matching_consent = 'no' WHERE volunteer_id = 'V102'"
        )
    bring(sqlite_address, tmp_path / "term")
    assert traces(sqlite_address, ["zebra"]) == []


def test_a_write_ahead_log_and_copies_are_walked_too(sqlite_address: str, tmp_path: Path) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    plan_and_publish(sqlite_address)
    with closing(sqlite3.connect(sqlite_address)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    shutil.copy(sqlite_address, f"{sqlite_address}.before-0006-20260101")
    bring(sqlite_address, term(tmp_path / "term", volunteers=refused()))
    assert traces(sqlite_address, DEMOGRAPHICS) == []
    said = well_here("forget", "V101", "--db", sqlite_address, "--yes")
    assert "1 copy that matcher made" in said.out
    assert traces(sqlite_address, WHO) == []


# Erasure


def test_a_person_who_is_forgotten_is_nowhere(published: str, tmp_path: Path) -> None:
    bring(published, term(tmp_path / "term", volunteers=FILES["volunteers.csv"].replace("Bogie", "Chief")))
    _, scores = run_of(published)
    said = well_here("forget", "Ada Quillfeather", "--db", published, "--yes")
    assert traces(published, [*WHO, "Chief fitter"]) == []
    names, scores_after = run_of(published)
    assert "a former volunteer" in names and "Ben Other" in names
    assert scores_after == scores
    first, *_ = said.out.splitlines()
    assert first.startswith("To come: Thu 1 Oct") or "1 Oct" in first
    assert "Ada Quillfeather (ada.quill@example.org)" in first
    assert "Ash School (Joyce Kaur, office@ash.example)" in first
    assert "2 snapshots of the term" in said.out and "1 run" in said.out
    assert "log of a PostgreSQL server" in said.out
    shown = well_here("show", "--run", "1", "--db", published).out
    assert "a former volunteer" in shown and "erased" in shown
    well_here("export", "--run", "1", "--db", published, "--out", tmp_path / "again")
    assert "erased" in well_here("versions", "--db", published).out
    assert "All is well" in here("verify", "--db", published).out
    with Workspace.open(published) as workspace:
        assert "a former volunteer" in "".join(entry.body for entry in told.published(workspace).entries)


def test_the_ids_of_the_forgotten_are_passed_over_until_somebody_says_so(published: str, tmp_path: Path) -> None:
    well_here("forget", "V101", "--db", published, "--yes")
    said = bring(published, term(tmp_path / "term"))
    assert "V101 was erased, and is passed over" in said.err and "--again V101" in said.err
    assert traces(published, ("ada.quill@example.org", "Bogie fitter", *DEMOGRAPHICS)) == []
    said = bring(published, tmp_path / "term", "--again", "V101")
    assert "erased" not in said.err
    assert traces(published, ["Bogie fitter"])
    assert "erased" not in bring(published, tmp_path / "term").err


def test_nobody_is_forgotten_without_being_asked_about(published: str) -> None:
    said = matcher("forget", "V101", "--db", published)
    assert said.code == 1
    assert "nobody is there to be asked" in said.err and "--yes" in said.err
    assert traces(published, ["Ada Quillfeather"])


@pytest.mark.parametrize(("answer", "left"), [("n", True), ("y", False)])
def test_who_sits_at_a_terminal_is_asked(sqlite_address: str, tmp_path: Path, answer: str, left: bool) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    on_terminal(["forget", "V101", "--db", sqlite_address], {"Erase Ada Quillfeather": answer})
    with Workspace.open(sqlite_address) as workspace:
        assert bool(workspace.find_person("V101")) is left


def test_a_name_that_two_have_or_nobody_is_refused(sqlite_address: str, tmp_path: Path) -> None:
    both = FILES["volunteers.csv"].replace("Ben Other", "Ada Quillfeather")
    bring(sqlite_address, term(tmp_path / "term", volunteers=both))
    said = here("forget", "ada quillfeather", "--db", sqlite_address, "--yes")
    assert said.code == 1 and "V101" in said.err and "V102" in said.err
    said = here("forget", "Nobody", "--db", sqlite_address, "--yes")
    assert said.code == 1 and "no volunteer with the id or name Nobody" in said.err


def test_a_backup_is_told_whom_to_forget_by_a_list_without_names(published: str, tmp_path: Path) -> None:
    spare, forgotten = tmp_path / "spare.db", tmp_path / "forgotten.txt"
    well_here("backup", spare, "--db", published)
    well_here("forget", "V101", "--db", published, "--yes")
    well_here("forget", "--list", forgotten, "--db", published)
    assert "V101" in forgotten.read_text() and "Quillfeather" not in forgotten.read_text()
    assert forgotten.stat().st_mode & 0o077 == 0
    assert traces(str(spare), WHO)
    said = well_here("forget", "--from", forgotten, "--db", spare, "--yes")
    assert "Erased: V101" in said.out
    assert traces(str(spare), WHO) == []
    assert "Nobody on that list" in well_here("forget", "--from", forgotten, "--db", spare, "--yes").out


def test_an_id_that_says_who_it_is_is_kept_as_a_digest_only(sqlite_address: str, tmp_path: Path) -> None:
    files = {name.partition(".")[0]: text.replace("V101", "ada-quillfeather") for name, text in FILES.items()}
    bring(sqlite_address, term(tmp_path / "term", **files))
    plan_and_publish(sqlite_address)
    well_here("forget", "ada-quillfeather", "--db", sqlite_address, "--yes")
    assert traces(sqlite_address, [*WHO, "ada-quillfeather"]) == []
    well_here("forget", "--list", tmp_path / "list", "--db", sqlite_address)
    assert "quillfeather" not in (tmp_path / "list").read_text()
    assert "ada-quillfeather was erased" in bring(sqlite_address, tmp_path / "term").err
    assert traces(sqlite_address, ("ada.quill@example.org", "Bogie fitter", *DEMOGRAPHICS)) == []


def test_the_next_plan_does_without_the_forgotten(sqlite_address: str, tmp_path: Path) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    plan_and_publish(sqlite_address)
    well_here("forget", "V102", "--db", sqlite_address, "--yes")
    said = here("publish", "1", "--db", sqlite_address, "--yes")
    assert said.code == 1 and "a former volunteer" in said.err
    plan_and_publish(sqlite_address)
    with Workspace.open(sqlite_address) as workspace:
        assert "former" not in " ".join(who for who, _, _ in told.published(workspace).plan.assignments())
        assert "All is well" in here("verify", "--db", sqlite_address).out


def test_a_letter_that_waits_for_a_school_goes_without_the_name(sqlite_address: str, tmp_path: Path) -> None:
    bring(sqlite_address, term(tmp_path / "term"))
    plan_and_publish(sqlite_address)
    well_here("forget", "V101", "--db", sqlite_address, "--yes")
    with Workspace.open(sqlite_address) as workspace:
        letters = workspace.letters()
    assert {letter.recipient for letter in letters} == {"office@ash.example", "ben@example.org"}
    shown = well_here("outbox", "1", "--db", sqlite_address).out + well_here("outbox", "2", "--db", sqlite_address).out
    assert "a former volunteer" in shown and "Ben Other" in shown


# Tidying


def test_tidy_deletes_old_runs_that_were_never_published_and_what_old_letters_said(
    address: str, tmp_path: Path
) -> None:
    bring(address, term(tmp_path / "term"))
    plan_and_publish(address)
    for _ in range(3):
        well_here("solve", "--afresh", "--db", address, "--deterministic", "--quiet", "--time-limit", "0.3")
    long_ago = datetime.now(UTC) - timedelta(days=100)
    with Workspace.open(address) as workspace:
        for letter in workspace.letters()[:1]:
            workspace.mark_letter(letter.message_id, LetterState.SENT)
        _set_back(workspace, long_ago)
    assert matcher("tidy", "--db", address).code == 1
    said = well_here("tidy", "--db", address, "--yes")
    assert said.out == "Deleted: 2 runs (2, 3) and what 1 letter said.\n"
    with Workspace.open(address) as workspace:
        assert [run.number for run in workspace.runs()] == [4, 1]
        assert [bool(letter.content) for letter in workspace.letters()].count(False) == 1
    said = here("show", "--run", "2", "--db", address)
    assert said.code == 1 and "tidied away" in said.err
    assert "deleted after its time" in well_here("outbox", "1", "--db", address).out
    assert "All is well" in here("verify", "--db", address).out
    assert "nothing to tidy" in well_here("tidy", "--db", address, "--yes").out
    well_here("solve", "--afresh", "--db", address, "--quiet", "--time-limit", "0.3")
    with Workspace.open(address) as workspace:
        assert workspace.runs()[0].number == 5


def _set_back(workspace: Workspace, moment: datetime) -> None:
    with workspace.engine.begin() as connection:
        for table in ("runs", "versions"):
            when = moment.replace(tzinfo=None).isoformat(" ", "microseconds")
            connection.exec_driver_sql(f"UPDATE {table} SET made_utc = '{when}'")
