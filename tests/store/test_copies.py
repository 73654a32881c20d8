"""Whole copies of a workspace: made while others write, put in its place, and kept before its tables change."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_scenarios import PLAN, contents, large_scenario, save_run, scenario

from matcher.errors import DamagedError, Refused, StoreError
from matcher.store import Workspace, connection, versions
from matcher.store.schema import SCHEMA_VERSION

pytest_plugins = ("store_fixtures",)

HERE = Path(__file__).parent
WRITER = """
import sys
from store_scenarios import save_run, scenario
from matcher.store import Workspace
with Workspace.open(sys.argv[1], patience_seconds=60) as workspace:
    while True:
        print(save_run(workspace, scenario()), flush=True)
"""
RESTORER = """
import sys
from pathlib import Path
from matcher.store import Workspace
print("ready", flush=True)
Workspace.restore(sys.argv[1], Path(sys.argv[2]), "before", 60)
"""
OPENER = """
import sys
from matcher.store import Workspace
print("ready", flush=True)
Workspace.open(sys.argv[1]).close()
"""


@pytest.fixture(autouse=True)
def _wide_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mask that closes nothing; and copies of a server's database go to the current folder."""
    monkeypatch.chdir(tmp_path)
    before = os.umask(0)
    yield
    os.umask(before)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def held(address: str) -> dict[str, list[tuple[object, ...]]]:
    with Workspace.open(address) as workspace:
        return contents(workspace)


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    env = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def make(address: str, runs: int = 1) -> None:
    with Workspace.open(address, create=True) as workspace:
        workspace.replace_tables(scenario(), "derby.xlsx")
        for _ in range(runs):
            save_run(workspace, scenario())


def older(address: str) -> dict[str, list[tuple[object, ...]]]:
    """Make a workspace as version 0002 of the tables had it, with a run that was published; what it holds."""
    url = connection.database_url(address)
    file = connection.sqlite_file(url)
    if file is not None:
        connection.check_file(file, create=True)
    engine = connection.make_engine(url, 5)
    with connection.writing(engine, 5) as rows:
        versions.upgrade(rows, "0002")
        for statement in (
            "INSERT INTO scenarios (scenario_id, fingerprint) VALUES (1, 'f')",
            "INSERT INTO imports VALUES (1, 1, 'old.xlsx', '2026-09-01 08:00:00')",
            "INSERT INTO programme VALUES (1, 0, 'name', 'text', 'Autumn')",
            "INSERT INTO runs VALUES (1, 1, '2026-09-01 08:00:00', 1.5, 'feasible', '{}')",
            "INSERT INTO run_tiers VALUES (1, 0, 'reach', 5, 5)",
            """INSERT INTO run_visits (run_number, session_id, position, start, "end")
               VALUES (1, 'S1', 0, '2026-10-14 09:00:00', '2026-10-14 10:00:00')""",
            "INSERT INTO versions VALUES (1, 1, '2026-09-02 08:00:00')",
            "INSERT INTO feeds VALUES ('school', 'S1', 'abc')",
        ):
            rows.exec_driver_sql(statement)
    engine.dispose()
    return raw(address)


def raw(address: str) -> dict[str, list[tuple[object, ...]]]:
    engine = connection.make_engine(connection.database_url(address), 5)
    found = sa.MetaData()
    with engine.connect() as rows:
        found.reflect(rows)
        kept = {each.name: sorted(map(tuple, rows.execute(sa.select(each))), key=repr) for each in found.sorted_tables}
    engine.dispose()
    return kept


def test_a_backup_is_a_workspace_with_the_same_contents(address: str, tmp_path: Path) -> None:
    make(address)
    backup = tmp_path / "spare.db"
    with Workspace.open(address) as workspace:
        workspace.back_up(backup)
        assert held(str(backup)) == contents(workspace)
    assert mode(backup) == 0o600
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_a_backup_replaces_nothing_unasked(address: str, tmp_path: Path) -> None:
    make(address)
    there = tmp_path / "spare.db"
    there.write_text("somebody's letter")
    with Workspace.open(address) as workspace:
        with pytest.raises(Refused, match="is there already"):
            workspace.back_up(there)
        assert there.read_text() == "somebody's letter"
        workspace.back_up(there, replace=True)
    assert held(str(there))["runs"]
    with Workspace.open(address) as workspace, pytest.raises(StoreError, match="cannot be written"):
        workspace.back_up(tmp_path / "nowhere" / "spare.db")


def test_a_backup_is_one_moment_while_somebody_writes_all_the_time(address: str, tmp_path: Path) -> None:
    make(address)
    with child(WRITER, address) as writer, Workspace.open(address, patience_seconds=60) as workspace:
        assert writer.stdout is not None
        writer.stdout.readline()
        counts = []
        for number in range(5):
            workspace.back_up(tmp_path / f"{number}.db")
            writer.stdout.readline()
        writer.kill()
    for number in range(5):
        with Workspace.look_at(str(tmp_path / f"{number}.db")) as copy:
            runs = copy.runs()
            assert [run.number for run in runs] == list(range(len(runs), 0, -1))
            assert all(copy.run(run.number).plan == PLAN for run in runs)
            assert copy.faults() == []
            counts.append(len(runs))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize("there", ["nothing", "another", "older"])
def test_a_backup_is_restored_into_either_database(address: str, tmp_path: Path, there: str) -> None:
    backup = tmp_path / "spare.db"
    make(str(backup), runs=3)
    wanted = held(str(backup))
    if there == "another":
        make(address)
        before = held(address)
    elif there == "older":
        older(address)
    kept = Workspace.restore(address, backup, "before")
    assert held(address) == wanted
    if there == "nothing":
        assert kept is None
    else:
        assert kept is not None
        assert mode(kept) == 0o600
        if there == "another":
            assert held(str(kept)) == before
        else:
            assert held(str(kept))["imports"]
    if "://" not in address:
        assert mode(Path(address)) == 0o600
    with Workspace.open(address) as workspace:
        assert save_run(workspace, scenario()) == 4
        assert workspace.replace_tables(scenario(volunteers=()), "next.xlsx")  # its rows get numbers of their own


@pytest.mark.parametrize("damage", ["no database", "a broken page", "no tables", "a journal of the old"])
def test_a_backup_replaces_a_file_that_cannot_be_read(sqlite_address: str, tmp_path: Path, damage: str) -> None:
    backup, file = tmp_path / "spare.db", Path(sqlite_address)
    make(str(backup))
    make(sqlite_address, runs=2)
    if damage == "no tables":
        with closing(sqlite3.connect(file)) as opened:
            opened.executescript("DELETE FROM matcher_schema")
    else:
        content = bytearray(file.read_bytes())
        start, size = (0, 4000) if damage != "a broken page" else (4096 * 5, 4096 * 3)
        content[start : start + size] = b"\xfe" * size
        file.write_bytes(content)
    if damage == "a journal of the old":
        Path(f"{file}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 504)
    damaged = file.read_bytes()
    kept = Workspace.restore(sqlite_address, backup, "before")
    assert held(sqlite_address) == held(str(backup))
    assert kept is not None
    assert kept.read_bytes() == damaged
    assert mode(kept) == mode(file) == 0o600
    assert not Path(f"{file}-journal").exists()


def test_what_is_no_workspace_or_a_newer_ones_is_never_replaced(sqlite_address: str, tmp_path: Path) -> None:
    backup = tmp_path / "spare.db"
    make(str(backup))
    with closing(sqlite3.connect(sqlite_address)) as opened:
        opened.executescript("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')")
    before = Path(sqlite_address).read_bytes()
    with pytest.raises(StoreError, match="something else"):
        Workspace.restore(sqlite_address, backup, "before")
    assert Path(sqlite_address).read_bytes() == before


def test_a_restore_killed_at_any_moment_leaves_the_old_or_the_new(address: str, tmp_path: Path) -> None:
    backup = tmp_path / "spare.db"
    with Workspace.open(str(backup), create=True) as workspace:
        workspace.replace_tables(large_scenario(1500), "large.xlsx")
    make(address)
    old, new = held(address), held(str(backup))
    moments = random.Random(8)
    for _ in range(6):
        with child(RESTORER, address, backup) as restorer:
            assert restorer.stdout is not None
            restorer.stdout.readline()
            time.sleep(moments.uniform(0, 0.6))
            restorer.kill()
        now = held(address)
        assert now in (old, new)
        Workspace.restore(address, backup, "before")
        assert held(address) == new
        with Workspace.open(address) as workspace:
            workspace.replace_tables(scenario(), "derby.xlsx")
        old = held(address)


def test_an_older_workspace_loses_nothing_and_its_file_is_kept(
    address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = older(address)
    after = held(address)
    for name, rows in before.items():
        if name != "matcher_schema":
            assert [new[: len(old)] for new, old in zip(after[name], rows, strict=True)] == rows, name
    assert [row[:3] for row in after["feeds"]] == [("school", "S1", "abc")]
    copies = [each for each in tmp_path.iterdir() if f".before-{SCHEMA_VERSION}-" in each.name]
    if "://" in address:
        assert not copies
        return
    assert len(copies) == 1
    assert mode(copies[0]) == 0o600
    assert raw(str(copies[0])) == before
    assert str(copies[0]) in caplog.text
    caplog.clear()
    assert held(address) == after
    assert not caplog.text


def test_a_copy_before_the_migration_is_made_once_and_takes_no_others_place(
    sqlite_address: str, tmp_path: Path
) -> None:
    before = older(sqlite_address)
    content = Path(sqlite_address).read_bytes()
    held(sqlite_address)
    Path(sqlite_address).write_bytes(content)  # as if the migration had been broken off
    held(sqlite_address)
    copies = [each for each in tmp_path.iterdir() if f".before-{SCHEMA_VERSION}-" in each.name]
    assert len(copies) == 1
    Path(sqlite_address).write_bytes(content)
    copies[0].write_text("something else")
    held(sqlite_address)
    assert copies[0].read_text() == "something else"
    assert raw(str(copies[0]) + "-2") == before


def test_without_room_for_the_copy_nothing_is_migrated(sqlite_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = older(sqlite_address)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matcher.store.copies.to_disk", full)
    with pytest.raises(StoreError, match="no room on its disk"):
        Workspace.open(sqlite_address)
    assert raw(sqlite_address) == before


def test_a_migration_killed_at_any_moment_leaves_the_old_or_the_new(sqlite_address: str, tmp_path: Path) -> None:
    older(sqlite_address)
    content, before = Path(sqlite_address).read_bytes(), raw(sqlite_address)
    moments = random.Random(3)
    for _ in range(6):
        Path(sqlite_address).write_bytes(content)
        with child(OPENER, sqlite_address) as opener:
            assert opener.stdout is not None
            opener.stdout.readline()
            time.sleep(moments.uniform(0, 0.4))
            opener.kill()
        found = raw(sqlite_address)
        assert found == before or found["matcher_schema"] == [(SCHEMA_VERSION,)]
        assert [run[: len(old)] for run, old in zip(held(sqlite_address)["runs"], before["runs"], strict=True)] == (
            before["runs"]
        )


def test_what_a_killed_backup_left_goes_after_a_day(address: str, tmp_path: Path) -> None:
    make(address)
    old, young = tmp_path / ".matcher-copying-old.db", tmp_path / ".matcher-copying-young.db"
    for each in (old, young):
        each.write_text("names")
    os.utime(old, (1e9, 1e9))
    with Workspace.open(address) as workspace:
        workspace.back_up(tmp_path / "spare.db")
    assert not old.exists()
    assert young.exists()


def test_looking_at_a_workspace_writes_nothing(sqlite_address: str, tmp_path: Path) -> None:
    make(sqlite_address)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with Workspace.look_at(sqlite_address) as workspace:
        assert workspace.faults() == []
        with pytest.raises(StoreError, match="cannot be written to"):
            save_run(workspace, scenario())
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_value_of_another_kind_is_damage_and_never_quoted(sqlite_address: str) -> None:
    make(sqlite_address)
    with closing(sqlite3.connect(sqlite_address)) as opened:
        opened.executescript("UPDATE volunteers SET checked_until = 'Zoë is a woman'")
    with Workspace.open(sqlite_address) as workspace:
        with pytest.raises(
            DamagedError, match=r"a value in volunteers\.checked_until is something else than a date"
        ) as error:
            workspace.load_tables()
        assert "Zoë" not in str(error.value)
        assert workspace.faults() == ["A value in volunteers.checked_until is something else than a date."]
