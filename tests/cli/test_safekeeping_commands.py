"""Backup, verify and restore from the command line; and whatever is damaged, every command ends in a line."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.cli.program import FIRST_STEPS, contents, here, on_terminal, well_here
from tests.cli.test_workspace_commands import kept

pytest_plugins = ("tests.store.store_fixtures",)

YEARS = timedelta(weeks=52 * 20)  # the same weekdays, and always to come


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two runs, two versions, their letters and feeds."""
    folder = tmp_path_factory.mktemp("safekeeping")
    scenario = folder / "scenario"
    shutil.copytree(FIRST_STEPS, scenario)
    for file in scenario.glob("*.*"):
        text = file.read_text(encoding="utf-8")
        if file.suffix in (".csv", ".toml"):
            text = re.sub(r"20\d\d-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + YEARS), text)
        if file.name == "programme.toml":
            text = f'organiser_name = "Ana Reyes"\norganiser_email = "visits@example.org"\n{text}'
        file.write_text(text, encoding="utf-8")
    db = folder / "matcher.db"
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    well_here("publish", "--db", db, "--yes")
    well_here("feed", "write", folder / "web", "--db", db, "--yes")
    file = scenario / "schools.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("Oak Primary", "Oak Tree Primary"), encoding="utf-8")
    well_here("import", scenario, "--db", db, "--quiet", "--yes")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    well_here("publish", "--db", db, "--yes")
    return db


@pytest.fixture
def db(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(made, tmp_path / "matcher.db"))


def edit(db: Path, sql: str) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.executescript(sql)


COMMANDS = (
    ("verify",),
    ("show",),
    ("runs",),
    ("export", "--out", "plan"),
    ("compare", "1", "2"),
    ("solve", "--afresh", "--time-limit", "0.1", "--quiet"),
    ("publish", "1", "--yes"),
    ("versions",),
    ("diff", "1", "2"),
    ("outbox",),
    ("send", "--smtp", "smtp://127.0.0.1:9", "--dry-run"),
    ("feed", "write", "web", "--yes"),
    ("push", "--caldav", "http://127.0.0.1:9/"),
    ("backup", "spare.db"),
)

RUNS = "show runs export compare publish verify"
PLANS = "show export compare publish feed diff verify"
TERM = "show export compare publish diff feed verify"
DAMAGE = {
    "a visit of no session": ("UPDATE run_visits SET session_id = 'NO' WHERE session_id = 'OAK-1'", PLANS),
    "a volunteer that there is not": ("UPDATE run_assignments SET volunteer_id = 'NOBODY' WHERE position = 0", PLANS),
    "a visit whose row is gone": ("DELETE FROM run_visits WHERE session_id = 'OAK-1'", PLANS),
    "a visit without its team": ("DELETE FROM run_assignments WHERE session_id = 'OAK-1'", PLANS),
    "a visit that ends before it starts": ("UPDATE run_visits SET start = '2999-01-01 00:00:00.000000'", PLANS),
    "a visit at no time": ("UPDATE run_visits SET start = 'half past nine'", PLANS),
    "a visit whose time is a number": ('UPDATE run_visits SET "end" = 12', PLANS),
    "a reason for no session": ("UPDATE run_reasons SET session_id = 'NO'", PLANS),
    "reasons that are gone": ("DELETE FROM run_reasons", PLANS),
    "scores that are gone": ("DELETE FROM run_tiers WHERE tier = 'load'", PLANS),
    "a score of another name": ("UPDATE run_tiers SET tier = 'luck' WHERE tier = 'load'", RUNS),
    "a score that is a word": ("UPDATE run_tiers SET value = 'much'", RUNS),
    "a score that is another": ("UPDATE run_tiers SET value = value + 1", PLANS),
    "a ledger that is another": ("UPDATE runs SET ledger = replace(ledger, '8', '7')", PLANS),
    "a ledger that is none": ("UPDATE runs SET ledger = '[[1, 2]]'", PLANS),
    "a ledger that is no JSON": ("UPDATE runs SET ledger = '{'", PLANS),
    "a status of no kind": ("UPDATE runs SET status = 'splendid'", RUNS),
    "settings that are no JSON": ("UPDATE runs SET settings = '{'", RUNS),
    "a run made at no time": ("UPDATE runs SET made_utc = 'yesterday'", RUNS),
    "a run of no scenario": ("UPDATE runs SET scenario_id = 99", RUNS),
    "a run that is gone": ("DELETE FROM runs WHERE number = 1", "compare versions diff verify"),
    "scenarios that are gone": ("DELETE FROM scenarios", TERM),
    "a volunteer whose row is gone": ("DELETE FROM volunteers WHERE volunteer_id = 'RAFI'", TERM),
    "a programme without its rows": ("DELETE FROM programme", TERM),
    "a day that is none": ("UPDATE programme SET value = 'soon' WHERE kind = 'day'", TERM),
    "a kind that is none": ("UPDATE programme SET kind = 'colour'", TERM),
    "sectors that are no JSON": ("UPDATE sessions SET cohort_ids = 'OAK-Y5'", TERM),
    "cohorts that are no list": ("UPDATE sessions SET cohort_ids = '{\"a\": 1}'", TERM),
    "a latitude in words": ("UPDATE schools SET latitude = 'north'", TERM),
    "a latitude beyond the pole": ("UPDATE schools SET latitude = 500", TERM),
    "an infinite latitude": ("UPDATE schools SET latitude = 9e999", TERM),
    "a name that is bytes": ("UPDATE volunteers SET name = x'ff00'", TERM),
    "a name in no alphabet": ("UPDATE volunteers SET name = CAST(x'ff' AS TEXT)", TERM),
    "a weekday that is none": ("UPDATE availability SET weekday = 'someday'", TERM),
    "another check": ("UPDATE volunteers SET checked_until = '2999-01-01'", TERM),
    "an event for nobody": ("UPDATE entries SET attendee_id = 'NOBODY' WHERE attendee = 'volunteer'", "feed verify"),
    "an event of no session": ("UPDATE entries SET session_id = 'NO'", "feed diff publish verify"),
    "an event of no school": ("UPDATE entries SET attendee_id = 'NO' WHERE attendee = 'school'", "feed verify"),
    "an answer of no kind": ("UPDATE entries SET answer = 'perhaps'", "show feed diff publish verify"),
    "a standing of no kind": ("UPDATE entries SET standing = 'upright'", "show feed diff publish verify"),
    "an event that is none": ("UPDATE entries SET body = 'BEGIN:VEVENT'", "feed publish verify"),
    "an event of another name": ("UPDATE entries SET body = replace(body, 'UID:', 'UID:x')", "feed publish verify"),
    "an event at no time": ("UPDATE entries SET start = 'noon'", "feed diff publish verify"),
    "a version that is gone": ("DELETE FROM versions WHERE number = 1", "versions feed diff publish verify"),
    "a version of no run": ("UPDATE versions SET run_number = 77", "versions feed diff publish verify"),
    "a letter of no state": ("UPDATE letters SET state = 'lost'", "outbox versions verify"),
    "a letter of another hand": ("UPDATE letters SET content = CAST('Dear you' AS BLOB)", "outbox send verify"),
    "a letter that is text": ("UPDATE letters SET content = 'Dear you'", "outbox send verify"),
    "attempts in words": ("UPDATE letters SET attempts = 'many'", "outbox send verify"),
    "a letter of no version": ("UPDATE letters SET version = 9", "versions feed verify"),
    "a feed of no kind": ("UPDATE feeds SET kind = 'cat'", "feed verify"),
    "a mark that is none": ("UPDATE feeds SET token_hash = 'x'", "verify"),
    "a table that is gone": ("DROP TABLE letters", "outbox send versions verify backup"),
    "a column that is gone": ("ALTER TABLE letters DROP COLUMN remark", "outbox send verify"),
    "no version of the tables": ("DELETE FROM matcher_schema", " ".join(each[0] for each in COMMANDS)),
    "a version of no tables": ("UPDATE matcher_schema SET version_num = 'new'", " ".join(each[0] for each in COMMANDS)),
    "no name of its own": ("DELETE FROM workspace", "verify"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_whatever_is_damaged_every_command_ends_in_a_line(db: Path, what: str) -> None:
    """`here` lets a traceback through, and so fails."""
    sql, concerned = DAMAGE[what]
    edit(db, f"PRAGMA foreign_keys = OFF; {sql}")
    for command in COMMANDS:
        said = here(*command, "--db", db)
        told = [line for line in said.err.splitlines() if not line.startswith("warning")]
        if command[0] in concerned.split():
            assert said.code == 1, (command, said)
        if said.code and command[0] != "push":
            assert len(told) == 1, (command, said.err)
            assert told[0].startswith("matcher: ")
            if command[0] != "verify":
                assert "matcher verify" in told[0] or "import" in told[0], (command, told)
        if command[0] == "verify":
            assert said.out.strip() or "damaged" in said.err
    assert not Path("plan").exists() or "export" not in concerned.split()


def test_the_line_tells_what_is_damaged_and_what_to_do(db: Path) -> None:
    edit(db, "UPDATE run_assignments SET volunteer_id = 'NOBODY' WHERE position = 0 AND run_number = 2")
    said = here("show", "--db", db)
    assert said.err == (
        f"matcher: {db} is damaged: run 2 names the volunteer NOBODY, of which its data knows nothing. See what else "
        "is wrong with `matcher verify`. Put a backup in its place with `matcher restore FILE`.\n"
    )
    said = here("verify", "--db", db)
    assert "Run 2 names the volunteer NOBODY" in said.out
    assert "matcher restore" in said.out


def test_a_new_import_replaces_data_that_somebody_edited(db: Path, made: Path) -> None:
    edit(db, "UPDATE volunteers SET name = 'Somebody Else'")
    assert "a new import would replace" in here("solve", "--afresh", "--db", db, "--quiet").err
    well_here("import", made.parent / "scenario", "--db", db, "--yes", "--quiet")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    well_here("show", "--db", db)


def test_verify_of_a_sound_workspace_says_what_it_looked_at_and_writes_nothing(db: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    said = well_here("verify", "--db", db)
    assert said.out.startswith("All is well: ")
    assert "2 runs" in said.out
    assert contents(tmp_path) == before


def test_verify_says_who_else_may_read_it(db: Path) -> None:
    db.chmod(0o640)
    said = here("verify", "--db", db)
    assert said.code == 1
    assert f"chmod 600 {db}" in said.out


def test_backup_and_restore(db: Path, tmp_path: Path) -> None:
    said = well_here("backup", tmp_path / "spare.db", "--db", db)
    assert "2 runs" in said.out
    before = kept(db)
    assert here("backup", tmp_path / "spare.db", "--db", db).code == 1
    well_here("backup", tmp_path / "spare.db", "--db", db, "--yes")
    well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
    after = kept(db)
    said = here("restore", tmp_path / "spare.db", "--db", db)
    assert said.code == 1
    assert "It would replace" in said.out
    assert "3 runs" in said.out
    assert kept(db) == after
    said = well_here("restore", tmp_path / "spare.db", "--db", db, "--yes")
    assert "--sequence-from" in said.out
    assert sorted(kept(db)) == sorted(before)
    (copy,) = tmp_path.glob("matcher.db.before-restore-*")
    assert sorted(kept(copy)) == sorted(after)
    well_here("verify", "--db", db)


@pytest.mark.parametrize(("answer", "done"), [("y", True), ("n", False)])
def test_on_a_terminal_restore_asks(db: Path, tmp_path: Path, answer: str, done: bool) -> None:
    well_here("backup", tmp_path / "spare.db", "--db", db)
    edit(db, "DELETE FROM feeds")
    said = on_terminal(("restore", tmp_path / "spare.db", "--db", db), {"Put the backup in its place?": answer})
    assert said.code == (0 if done else 1)
    with closing(sqlite3.connect(db)) as connection:
        assert (connection.execute("SELECT count(*) FROM feeds").fetchone()[0] > 0) is done


def test_restore_refuses_what_is_not_whole(db: Path, tmp_path: Path) -> None:
    before = kept(db)
    spare = tmp_path / "spare.db"
    assert "no backup" in here("restore", spare, "--db", db, "--yes").err
    assert "the workspace itself" in here("restore", db, "--db", db, "--yes").err
    assert "the workspace itself" in here("backup", db, "--db", db, "--yes").err
    spare.write_bytes(db.read_bytes()[:20000])
    assert here("restore", spare, "--db", db, "--yes").code == 1
    spare.write_bytes(db.read_bytes())
    edit(spare, "UPDATE run_assignments SET volunteer_id = 'NOBODY' WHERE position = 0")
    assert "names the volunteer NOBODY" in here("restore", spare, "--db", db, "--yes").err
    edit(spare, "UPDATE matcher_schema SET version_num = '0999'")
    assert "newer matcher" in here("restore", spare, "--db", db, "--yes").err
    assert kept(db) == before


FOLDER_DAMAGE: dict[str, Callable[[str], str | None]] = {
    "plan.csv": lambda text: text.replace("T09", "T08"),
    "sessions.csv": lambda text: text.replace("not_delivered", "delivered"),
    "scores.json": lambda text: text.replace('"value": 39600', '"value": 39601'),
    "report.html": lambda text: text[:1000],
    "calendars/schools/OAK.ics": lambda text: text[:300],
    "calendars/volunteers/RAFI.ics": lambda _: None,
}


@pytest.mark.parametrize("name", FOLDER_DAMAGE)
def test_verify_finds_what_is_wrong_in_a_folder(db: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "plan"
    well_here("export", "--out", out, "--db", db)
    assert "All is well" in well_here("verify", out).out
    file = out / name
    assert file.exists(), [str(each) for each in out.rglob("*")]
    damaged = FOLDER_DAMAGE[name](file.read_text(encoding="utf-8"))
    if damaged is None:
        file.unlink()
    else:
        file.write_text(damaged, encoding="utf-8")
    said = here("verify", out)
    assert said.code == 1
    assert "matcher export" in said.out


def test_a_server_s_database_goes_to_a_file_and_back_and_its_password_nowhere(
    db: Path, tmp_path: Path, postgresql_database: str
) -> None:
    said = [
        well_here("restore", db, "--db", postgresql_database, "--yes"),
        well_here("verify", "--db", postgresql_database),
        well_here("backup", tmp_path / "spare.db", "--db", postgresql_database),
        well_here("verify", tmp_path / "spare.db"),
        well_here("restore", tmp_path / "spare.db", "--db", postgresql_database, "--yes"),
    ]
    assert "secret" not in "".join(each.out + each.err for each in said)
    (copy,) = tmp_path.glob("*.before-restore-*.db")
    assert "2 runs" in well_here("verify", copy).out
    assert sorted(kept(copy)) == sorted(kept(tmp_path / "spare.db"))


def test_verify_of_a_folder_without_a_plan(tmp_path: Path) -> None:
    assert "holds no plan" in here("verify", tmp_path).err
