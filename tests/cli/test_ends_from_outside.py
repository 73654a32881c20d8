"""Signals, closed terminals, readers who go away and kills: none costs a plan, none leaves half of anything."""

from __future__ import annotations

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matcher.audit import audit
from matcher.authoring.generate import generate
from matcher.authoring.write import write_folder
from matcher.domain import TIERS
from matcher.intake import read_scenario
from matcher.solving.progress import Settings
from matcher.store import Workspace
from matcher.usecases import planning
from tests.cli.program import (
    FIRST_STEPS,
    PATIENCE,
    assert_complete,
    command,
    environment,
    here,
    interrupted,
    matcher,
    well_here,
)

LONG = ("--time-limit", 600)
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Too large to be proven in the moments that these tests give it."""
    folder = tmp_path_factory.mktemp("town") / "town"
    write_folder(generate(6, seed=5), folder)
    return folder


@pytest.fixture
def db(town: Path, tmp_path: Path) -> Path:
    well_here("import", town, "--db", tmp_path / "a.db", "--quiet")
    return tmp_path / "a.db"


@contextmanager
def started(*arguments: object, **where: Any) -> Iterator[subprocess.Popen[bytes]]:
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **where}
    with subprocess.Popen(command(arguments), env=environment(), **options) as child:
        try:
            yield child
        finally:
            child.kill()


def soon(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def unfinished_in(db: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db, timeout=30)) as connection:
        return connection.execute("SELECT number, kept_utc, visits FROM unfinished_runs").fetchall()


def runs_in(db: Path) -> int:
    with closing(sqlite3.connect(db, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])


# Signals


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
def test_a_signal_ends_a_run_with_the_best_plan_so_far(how: signal.Signals, town: Path, tmp_path: Path) -> None:
    said = interrupted(("run", town, "--out", tmp_path / "plan", *LONG), how, "reach")
    assert said.code == 0
    assert assert_complete(tmp_path / "plan", read_scenario(town).problem).visits


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
def test_a_signal_ends_a_solve_and_its_plan_is_kept_as_a_run(how: signal.Signals, db: Path) -> None:
    said = interrupted(("solve", "--db", db, *LONG), how, "reach")
    assert said.code == 0
    assert "Kept as run 1." in said.out
    assert runs_in(db) == 1 and not unfinished_in(db)


def test_the_same_signal_twice_at_once_is_one_wish(town: Path, tmp_path: Path) -> None:
    """As `timeout` sends it, once to the process and once to its group."""
    with started("run", town, "--out", tmp_path / "plan", *LONG, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and b"reach" in child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=PATIENCE)
    assert child.returncode == 0
    assert assert_complete(tmp_path / "plan", read_scenario(town).problem).visits


BUSY_WITH_THE_LAST_STEPS = """
import sys, time
from matcher import cli, publishing

def endless(*_, **__):
    print("writing", flush=True)
    while True:
        time.sleep(0.05)

publishing.write_outputs = endless
cli.main()
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_second_signal_ends_at_once(how: signal.Signals, tmp_path: Path) -> None:
    run = ("run", FIRST_STEPS, "--out", tmp_path / "plan", "--quiet", "--time-limit", 1)
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_WITH_THE_LAST_STEPS, *map(str, run)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        assert child.stdout.readline() == b"writing\n"

        def ended() -> bool:
            child.send_signal(how)
            return child.poll() is not None

        soon(ended)
        assert child.returncode == 128 + how
        said = child.stderr.read().decode()
    assert said.splitlines()[-1].startswith("matcher: Ended at once by")
    assert "Traceback" not in said
    assert not (tmp_path / "plan").exists()


BUSY_READING = """
import time
from matcher import cli, intake

def endless(*_):
    print("reading", flush=True)
    while True:
        time.sleep(0.05)

intake.read_scenario = endless
cli.main()
"""


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
def test_before_a_first_plan_stands_a_signal_ends_it_with_one_line(how: signal.Signals, tmp_path: Path) -> None:
    run = ("run", FIRST_STEPS, "--out", tmp_path / "plan")
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_READING, *map(str, run)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "reading\n"
        child.send_signal(how)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 128 + how
    assert err.startswith("matcher: Ended by") and err.count("\n") == 1
    assert not (tmp_path / "plan").exists()


def test_what_is_to_outlive_its_terminal_does(town: Path, tmp_path: Path) -> None:
    """As with nohup: a SIGHUP that is ignored from the beginning ends nothing."""
    run = ("run", town, "--out", tmp_path / "plan", *LONG)
    ignoring = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    with started(*run, stdout=subprocess.PIPE, preexec_fn=ignoring) as child:
        assert child.stdout is not None and b"reach" in child.stdout.readline()
        child.send_signal(signal.SIGHUP)
        while b"role_models" not in child.stdout.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE)
    assert child.returncode == 0


# Nobody reads what is said


def test_a_reader_who_has_seen_enough_does_not_cost_the_plan(town: Path, tmp_path: Path) -> None:
    with started("run", town, "--out", tmp_path / "plan", *LONG, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        assert child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read().decode()
        assert child.wait(PATIENCE) == 1
    told = [line for line in said.splitlines() if not line.startswith("warning:")]
    assert len(told) == 1 and "with the best plan that stood by then" in told[0]
    assert assert_complete(tmp_path / "plan", read_scenario(town).problem).visits


def test_a_terminal_that_is_closed_does_not_cost_the_plan(db: Path) -> None:
    """The session's first process, to which the terminal sends SIGHUP, and whose every word fails from then on."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, command(("solve", "--db", db, *LONG)), environment(TERM="xterm"))
    seen = b""
    while b"reach" not in seen:
        seen += os.read(terminal, 65536)
    os.close(terminal)
    os.waitpid(child, 0)
    assert runs_in(db) == 1 and not unfinished_in(db)


EVERYWHERE: list[tuple[object, ...]] = [
    ("--help",),
    ("rules",),
    ("run", FIRST_STEPS, "--out", "out", "--time-limit", 1),
    ("run", FIRST_STEPS, "--out", "out", "--time-limit", 1, "--json"),
    ("template", "new"),
    ("scenario", "new", "--schools", 1),
    ("import", FIRST_STEPS, "--dry-run"),
    ("solve", "--time-limit", 1),
    ("solve", "--time-limit", 1, "--json"),
    ("show",),
    ("runs",),
    ("export", "--out", "out"),
    ("compare", 1, 1),
    ("publish", "--yes", "--no-letters"),
    ("versions",),
    ("outbox",),
    ("feed", "write", "web", "--yes"),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    well_here("import", FIRST_STEPS, "--db", folder / "matcher.db", "--quiet")
    well_here("solve", "--db", folder / "matcher.db", "--quiet", "--time-limit", 1)
    return folder


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", EVERYWHERE, ids=lambda each: " ".join(Path(str(word)).name for word in each))
def test_a_standard_output_that_takes_nothing_ends_in_a_line(arguments: tuple[object, ...], workspace: Path) -> None:
    how = EVERYWHERE.index(arguments) % 3
    redirection = (">&-", ">/dev/full", "| true")[how]
    shell = f'set -o pipefail; exec 2>said; "$@" {redirection}'
    env = {name: value for name, value in environment().items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["bash", "-c", shell, "bash", *command(arguments)],
        cwd=workspace,
        env=env,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )
    said = (workspace / "said").read_text(encoding="utf-8")
    told = [line for line in said.splitlines() if not line.startswith("warning:")]
    assert done.returncode == 1, said
    assert len(told) == 1 and told[0].startswith("matcher: "), said
    for name in ("new", "out", "web"):
        subprocess.run(["rm", "-rf", workspace / name], check=True)


# Kills


@pytest.fixture
def killed(db: Path) -> Path:
    """A workspace whose solve was killed after a plan of it was kept."""
    with started("solve", "--db", db, *LONG) as child:
        soon(lambda: bool(unfinished_in(db)))
        child.kill()
        child.wait()
    assert runs_in(db) == 0
    return db


def test_a_killed_solve_is_gone_on_from(killed: Path, town: Path) -> None:
    with Workspace.open(str(killed)) as workspace:
        (kept,) = workspace.unfinished()
    assert "is kept, too. To go on from the last one: matcher solve --resume" in here("runs", "--db", killed).out
    said = well_here("solve", "--db", killed, "--resume", "--time-limit", 0.5)
    assert "Kept as run 1." in said.out
    assert runs_in(killed) == 1 and not unfinished_in(killed)
    problem = read_scenario(town).problem
    with Workspace.open(str(killed)) as workspace:
        run = workspace.run()
    before = audit(problem, kept.plan)
    assert not before.findings
    sign = {tier: 1 if tier.maximised else -1 for tier in TIERS}
    assert [sign[tier] * before.values[tier] for tier in TIERS] <= [sign[each.tier] * each.value for each in run.tiers]
    assert run.seconds > kept.seconds


def test_nobody_is_told_to_go_on_from_a_plan_for_other_data(killed: Path) -> None:
    well_here("import", FIRST_STEPS, "--db", killed, "--yes", "--quiet")
    said = well_here("runs", "--db", killed).out
    assert "is kept, too. It is for other data." in said and "--resume" not in said
    assert "for other data" in here("solve", "--db", killed, "--resume").err


def test_a_new_solve_says_that_an_unfinished_plan_is_kept(killed: Path) -> None:
    said = well_here("solve", "--db", killed, "--time-limit", 0.5)
    assert said.out.startswith("An unfinished plan, kept at ")
    assert "is kept. Go on from it with `matcher solve --resume`." in said.out.splitlines()[0]
    assert here("solve", "--db", killed, "--time-limit", 0.5, "--quiet").out == ""


def test_for_other_data_nothing_is_gone_on_from_and_nothing_is_lost(killed: Path, town: Path) -> None:
    well_here("import", FIRST_STEPS, "--db", killed, "--yes", "--quiet")
    said = here("solve", "--db", killed, "--resume")
    assert said.code == 1
    assert "the scenario has changed since. Import that data again to go on from it" in said.err
    assert "It is for other data." in here("runs", "--db", killed).out
    well_here("import", town, "--db", killed, "--yes", "--quiet")
    well_here("solve", "--db", killed, "--resume", "--time-limit", 0.5, "--quiet")
    assert runs_in(killed) == 1


def test_where_nothing_was_broken_off_there_is_nothing_to_go_on_from(db: Path) -> None:
    said = matcher("solve", "--db", db, "--resume")
    assert said.code == 1
    assert said.err.startswith(f"matcher: {db} keeps no unfinished plan to go on from.")


def test_two_solves_at_once_keep_a_plan_each(db: Path) -> None:
    with started("solve", "--db", db, *LONG) as first, started("solve", "--db", db, *LONG) as second:
        soon(lambda: len(unfinished_in(db)) == 2)
        for child in (first, second):
            child.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE) == second.wait(PATIENCE) == 0
    assert runs_in(db) == 2 and not unfinished_in(db)


def test_a_plan_that_breaks_a_rule_is_not_gone_on_from(killed: Path) -> None:
    with closing(sqlite3.connect(killed)) as connection, connection:
        connection.execute("UPDATE unfinished_runs SET visits = replace(visits, 'V1', 'NOBODY')")
    said = here("solve", "--db", killed, "--resume")
    assert said.code == 1
    assert "breaks a rule, so nothing can go on from it" in said.err
    assert len(unfinished_in(killed)) == 1


def test_an_older_unfinished_plan_goes_when_a_run_as_good_is_saved(killed: Path) -> None:
    with closing(sqlite3.connect(killed)) as connection, connection:
        connection.execute("UPDATE unfinished_runs SET kept_utc = '2020-01-01 00:00:00', visits = '[]'")
    well_here("solve", "--db", killed, "--quiet", "--time-limit", 0.5)
    assert not unfinished_in(killed)


def test_an_older_unfinished_plan_that_is_better_than_a_new_run_stays(town: Path, db: Path) -> None:
    """The new run stands in for one that had no time: an empty plan."""
    problem = read_scenario(town).problem
    good = planning.make_plan(problem, Settings(1), lambda progress: None).result
    with Workspace.open(str(db)) as workspace:
        tables = workspace.load_tables()
        assert tables is not None
        number = workspace.keep_unfinished(tables, good.plan, 5, {}, datetime(2020, 1, 1, tzinfo=UTC))
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE unfinished_runs SET kept_utc = '2020-01-01 00:00:00'")

    def nothing(*_: object, **__: object) -> planning.Made:
        empty = type(good.plan)({})
        tiers = tuple(type(each)(each.tier, audit(problem, empty).values[each.tier], each.bound) for each in good.tiers)
        return planning.Made(problem, type(good)(empty, tiers, 1, {}, ()), False, 0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "make_plan", nothing)
        said = well_here("solve", "--db", db)
    assert "An unfinished plan that is better than this run is still kept." in said.out
    assert [row[0] for row in unfinished_in(db)] == [number]


def test_a_workspace_that_others_write_to_does_not_stop_a_solve(db: Path) -> None:
    with closing(sqlite3.connect(db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with started("solve", "--db", db, *LONG, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            while b"load" not in child.stdout.readline():
                assert child.poll() is None
            other.execute("ROLLBACK")
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=PATIENCE)
        assert child.returncode == 0
    assert runs_in(db) == 1
