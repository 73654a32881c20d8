"""The folder that a run leaves behind: whole, or as it was."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from matcher.domain import Override, Problem, Result
from matcher.errors import OutputError
from matcher.publishing import ensure_writable, write_outputs
from matcher.publishing.folder_check import folder_faults
from tests.counting import calls_made


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_contracts_files(problem: Problem, result: Result, stamp: datetime, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    write_outputs(problem, result, out, stamp)
    assert sorted(path.name for path in out.iterdir()) == [
        *("calendars", "plan.csv", "report.html", "scores.json", "sessions.csv")
    ]
    plan = rows(out / "plan.csv")
    assert list(plan[0]) == ["session_id", "start", "end", "volunteer_id"]
    assert [(row["session_id"], row["volunteer_id"]) for row in plan] == [
        *(("S2", "V 3"), ("S2", "V1"), ("S2", "v1"), ("S1", "v1"), ("S3", "V 3"), ("S3", "v1"))
    ]
    assert plan[3] == {
        "session_id": "S1",
        "start": "2026-10-26T09:30",
        "end": "2026-10-26T10:30",
        "volunteer_id": "v1",
    }
    sessions = rows(out / "sessions.csv")
    assert list(sessions[0]) == ["session_id", "status", "start", "end", "reason"]
    assert [(row["session_id"], row["status"]) for row in sessions] == [
        *(("S2", "delivered"), ("S1", "delivered"), ("S3", "delivered"), ("S4", "not_delivered"))
    ]
    assert sessions[3]["reason"] == "No digital volunteer is free on either date, not even Zoë."
    assert sessions[3]["start"] == sessions[3]["end"] == sessions[0]["reason"] == ""
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert scores == {
        "tiers": [
            {"tier": "reach", "value": 38880, "bound": 38880, "proven": True},
            {"tier": "role_models", "value": 95000, "bound": 100000, "proven": False},
            {"tier": "preferences", "value": -3, "bound": None, "proven": False},
            {"tier": "load", "value": 8, "bound": 0, "proven": False},
            {"tier": "travel", "value": 300, "bound": 290, "proven": False},
        ],
        "seconds": 12.346,
        "status": "feasible",
    }


def test_rules_that_were_set_aside_stand_beside_the_plan_and_go_with_them(
    problem: Problem, result: Result, stamp: datetime, tmp_path: Path
) -> None:
    overridden = replace(
        problem,
        overrides=frozenset(
            {
                Override("S1", "v1", "load", "He offered\nit, =himself"),
                Override("S2", "V1", "new faces", "They asked for her again."),
            }
        ),
    )
    write_outputs(overridden, result, tmp_path, stamp)
    assert rows(tmp_path / "overrides.csv") == [
        {"session_id": "S2", "volunteer_id": "V1", "rule": "new faces", "reason": "They asked for her again."},
        {"session_id": "S1", "volunteer_id": "v1", "rule": "load", "reason": "He offered it, =himself"},
    ]
    assert folder_faults(tmp_path) == []
    csv_file = tmp_path / "overrides.csv"
    csv_file.write_text(csv_file.read_text().replace("load", "safeguarding"))
    assert folder_faults(tmp_path) == ["overrides.csv: safeguarding is no rule that can be set aside."]
    write_outputs(problem, result, tmp_path, stamp)
    assert not csv_file.exists(), "it would excuse breaches of another plan"
    assert folder_faults(tmp_path) == []


def test_a_plan_without_a_visit_has_headings_and_empty_folders(
    problem: Problem, nothing_delivered: Result, stamp: datetime, tmp_path: Path
) -> None:
    write_outputs(problem, nothing_delivered, tmp_path, stamp)
    assert (tmp_path / "plan.csv").read_text() == "session_id,start,end,volunteer_id\n"
    assert list((tmp_path / "calendars" / "volunteers").iterdir()) == []
    assert list((tmp_path / "calendars" / "schools").iterdir()) == []


def test_the_same_input_and_stamp_give_the_same_bytes(
    problem: Problem, result: Result, stamp: datetime, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_outputs(problem, result, tmp_path / name, stamp)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_what_else_is_in_the_folder_stays_and_old_calendars_go(
    problem: Problem, result: Result, stamp: datetime, tmp_path: Path
) -> None:
    (tmp_path / "calendars" / "volunteers").mkdir(parents=True)
    (tmp_path / "calendars" / "volunteers" / "GONE.ics").write_text("old")
    (tmp_path / "my notes.txt").write_text("mine")
    (tmp_path / "plan.csv").write_text("old")
    leftover = tmp_path / ".matcher-writing-killed" / "new"
    leftover.mkdir(parents=True)
    (leftover / "plan.csv").write_text("half")
    write_outputs(problem, result, tmp_path, stamp)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("calendars", "my notes.txt", "plan.csv", "report.html", "scores.json", "sessions.csv")
    ]
    assert not (tmp_path / "calendars" / "volunteers" / "GONE.ics").exists()
    assert (tmp_path / "my notes.txt").read_text() == "mine"


def test_a_file_where_the_folder_should_be(problem: Problem, result: Result, stamp: datetime, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(OutputError, match="there is a file where a folder is needed"):
            write_outputs(problem, result, out, stamp)
        with pytest.raises(OutputError, match="there is a file where a folder is needed"):
            ensure_writable(out)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_where_a_file_should_be_leaves_everything_as_it_was(
    problem: Problem, result: Result, nothing_delivered: Result, stamp: datetime, tmp_path: Path
) -> None:
    write_outputs(problem, result, tmp_path, stamp)
    (tmp_path / "scores.json").unlink()
    (tmp_path / "scores.json").mkdir()
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=r"scores\.json is a folder"):
        write_outputs(problem, nothing_delivered, tmp_path, stamp)
    assert snapshot(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("calendars", "plan.csv", "report.html", "scores.json", "sessions.csv")
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "may not be written"), (errno.EIO, "refused")],
)
@pytest.mark.parametrize("fails_at", range(7))
def test_a_failure_at_any_move_puts_back_what_was_there(
    problem: Problem,
    result: Result,
    nothing_delivered: Result,
    stamp: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    words: str,
    fails_at: int,
) -> None:
    out = tmp_path / "out"
    write_outputs(problem, result, out, stamp)
    before, move, calls = snapshot(out), Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == fails_at + 1:
            raise OSError(code, "refused", str(self))
        return move(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    if fails_at == 6:  # there are six moves
        write_outputs(problem, nothing_delivered, out, stamp)
        assert snapshot(out) != before
        return
    with pytest.raises(OutputError, match=words):
        write_outputs(problem, nothing_delivered, out, stamp)
    assert snapshot(out) == before
    assert not list(out.glob(".*"))


def test_a_failure_in_a_new_folder_leaves_no_folder(
    problem: Problem, result: Result, stamp: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matcher.publishing.files.write_new", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write_outputs(problem, result, tmp_path / "a" / "b", stamp)
    assert list(tmp_path.iterdir()) == []


def test_ensure_writable_leaves_no_trace(tmp_path: Path) -> None:
    ensure_writable(tmp_path / "a" / "b")
    ensure_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_size_term_is_written_with_little_work(
    full_size: tuple[Problem, Result], stamp: datetime, tmp_path: Path
) -> None:
    calls_made(lambda: write_outputs(*full_size, tmp_path, stamp), at_most=25_000_000)  # 8 today
    assert len(list((tmp_path / "calendars" / "volunteers").iterdir())) == 262
    shutil.rmtree(tmp_path)
