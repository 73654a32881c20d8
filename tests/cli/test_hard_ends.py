"""Where there is nothing to plan, too little time, too little memory or nobody listening, the end is a clear one."""

from __future__ import annotations

import csv
import errno
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from matcher.intake import read_scenario
from tests.cli.program import (
    FIRST_STEPS,
    PATIENCE,
    Said,
    assert_complete,
    command,
    environment,
    here,
    matcher,
    well,
    well_here,
)

PEOPLE = ("volunteers", "availability", "pins", "encounters", "preferences")
EMPTIED = {
    "nothing at all": ("schools", "cohorts", "sessions", "slots", *PEOPLE),
    "a term with no slot": ("slots", "pins"),
    "nobody to send": PEOPLE,
    "nobody is ever free": ("availability", "pins"),
}


def emptied(tables: tuple[str, ...], folder: Path) -> Path:
    """First steps with only the headings of some tables."""
    shutil.copytree(FIRST_STEPS, folder)
    for table in tables:
        file = folder / f"{table}.csv"
        if file.exists():
            with file.open(encoding="utf-8", newline="") as stream:
                headings = next(csv.reader(stream))
            file.write_text(",".join(headings) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("tables", EMPTIED.values(), ids=EMPTIED)
def test_where_nothing_can_be_planned_the_empty_plan_is_proven_and_written(
    tables: tuple[str, ...], tmp_path: Path
) -> None:
    scenario = emptied(tables, tmp_path / "scenario")
    said = well_here("run", scenario, "--out", tmp_path / "plan", "--time-limit", 20, "--json")
    assert said.events[-1]["delivered"] == 0
    assert said.events[-1]["status"] == "optimal"
    assert not assert_complete(tmp_path / "plan", read_scenario(scenario).problem).visits


def test_many_pairs_and_hardly_any_time_end_with_an_audited_plan(tmp_path: Path) -> None:
    size = ("--schools", 60, "--sessions", 150, "--volunteers", 500)
    well_here("scenario", tmp_path / "term", *size)
    well_here("run", tmp_path / "term", "--out", tmp_path / "plan", "--time-limit", 0.1, "--quiet")
    assert assert_complete(tmp_path / "plan", read_scenario(tmp_path / "term").problem).visits


# Memory


def no_array() -> None:
    np.empty(2**58, dtype=np.int8)


def no_memory() -> None:
    raise MemoryError


def no_pages() -> None:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


def no_thread() -> None:
    raise RuntimeError("can't start new thread")


def no_library() -> None:
    raise ImportError("libsomething.so: failed to map segment from shared object")


def assert_memory_is_blamed(said: Said, out: Path) -> None:
    assert said.code == 1
    told = [line for line in said.err.splitlines() if not line.startswith("warning:")]
    assert len(told) == 1, said.err
    assert told[0].startswith("matcher: There is not enough memory for this term, so no plan was written. Plan fewer")
    assert not out.exists()


@pytest.mark.parametrize("shortage", [no_array, no_memory, no_pages, no_thread, no_library])
@pytest.mark.parametrize(
    "step",
    [
        "matcher.intake.read_scenario",
        "matcher.advice.warnings.warnings",
        "matcher.solving.search.solve",
        "matcher.audit.insist",
        "matcher.publishing.write_outputs",
    ],
)
def test_too_little_memory_is_said_in_one_line_and_nothing_is_written(
    shortage: object, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking(*_: object, **__: object) -> None:
        assert callable(shortage)
        shortage()

    monkeypatch.setattr(step, lacking)
    assert_memory_is_blamed(here("run", FIRST_STEPS, "--out", tmp_path / "plan", "--quiet"), tmp_path / "plan")


def test_what_has_nothing_to_do_with_memory_is_not_blamed_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("matcher.solving.search.solve", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        here("run", FIRST_STEPS, "--out", tmp_path / "plan", "--quiet")


CRAMPED = """
import resource, sys
from matcher import cli, intake

room, reading = int(sys.argv.pop(1)), intake.read_scenario

def cramped(scenario):
    with open("/proc/self/statm") as pages:
        size = int(pages.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + room, size + room))
    return reading(scenario)

intake.read_scenario = cramped
cli.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how large a process is, and keeps it that small")
def test_a_process_that_may_not_grow_says_so(tmp_path: Path) -> None:
    size = ("--schools", 40, "--sessions", 160, "--volunteers", 900)
    well_here("scenario", tmp_path / "term", *size)
    run = ("run", tmp_path / "term", "--out", tmp_path / "plan", "--quiet")
    done = subprocess.run(
        [sys.executable, "-c", CRAMPED, str(4 * 2**20), *map(str, run)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert_memory_is_blamed(Said(done.returncode, done.stdout, done.stderr), tmp_path / "plan")


# Nobody listening


@pytest.mark.parametrize("voice", [("--json",), ()])
def test_a_listener_who_goes_away_ends_it_without_a_traceback(voice: tuple[str, ...], tmp_path: Path) -> None:
    run = ("run", FIRST_STEPS, "--out", tmp_path / "plan", *voice)
    with subprocess.Popen(
        command(run), env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        said = child.stderr.read().decode()
        assert child.wait(PATIENCE) == 1
    assert "Traceback" not in said and "Exception" not in said, said


def test_an_error_that_nobody_reads_is_still_an_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(("run", tmp_path / "nowhere", "--out", tmp_path / "plan")),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stderr is not None
        child.stderr.close()
        assert child.wait(PATIENCE) == 1


def test_where_there_is_no_scenario_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = matcher("run", tmp_path / "empty", "--out", tmp_path / "plan")
    assert said.code == 1
    assert "programme.toml: found nothing; expected a file programme.toml" in said.err
    assert not (tmp_path / "plan").exists()


# Compiled code


def test_a_plan_is_made_although_all_that_was_compiled_before_is_damaged(tmp_path: Path) -> None:
    run = ("run", FIRST_STEPS, "--quiet", "--time-limit", 5)
    kept = tmp_path / "kept"
    for out in ("first", "second"):
        well(*run, "--out", tmp_path / out, NUMBA_CACHE_DIR=str(kept))
        files = [file for file in kept.rglob("*") if file.is_file()]
        assert files and all(file.stat().st_size for file in files)
        for file in files:
            file.write_bytes(b"")
        assert_complete(tmp_path / out, read_scenario(FIRST_STEPS).problem)
