"""The real program in a process of its own, on a terminal or not, and what it leaves behind read back."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from matcher import cli
from matcher.domain import Plan, Problem, Slot, Visit
from tests import oracle

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FIRST_STEPS, DERBY = SCENARIOS / "first-steps", SCENARIOS / "derby"
PROGRAM = (sys.executable, "-m", "matcher")
PATIENCE = 240  # seconds until a process is taken to hang; nothing is measured here
Arguments = Sequence[object]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of --json."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**changed: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("MATCHER_DB", "COLUMNS", "FORCE_COLOR")}
    return {**kept, "PYTHONUNBUFFERED": "1", **changed}


def command(arguments: Arguments) -> list[str]:
    return [*PROGRAM, *map(str, arguments)]


def matcher(*arguments: object, cwd: Path | None = None, **env: str) -> Said:
    """Runs it with nobody at the keyboard and no terminal."""
    done = subprocess.run(
        command(arguments),
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def well(*arguments: object, cwd: Path | None = None, **env: str) -> Said:
    """The same, where nothing may go wrong."""
    said = matcher(*arguments, cwd=cwd, **env)
    assert said.code == 0, said.err
    return said


def here(*arguments: object, **env: str) -> Said:
    """The same in this process, which saves a second: for what other tests do with the real program."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["matcher", *map(str, arguments)]),
        mock.patch.dict(os.environ, environment(**env), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
            code: object = 0
        except SystemExit as exit_:
            code = exit_.code or 0
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


def well_here(*arguments: object, **env: str) -> Said:
    said = here(*arguments, **env)
    assert said.code == 0, said.err
    return said


def interrupted(arguments: Arguments, how: signal.Signals, when: str) -> Said:
    """Sends a signal as soon as a line with `when` in it is printed."""
    with subprocess.Popen(
        command(arguments),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        seen = ""
        for line in child.stdout:
            seen += line
            if when in line:
                child.send_signal(how)
                break
        else:
            raise AssertionError(f"{when!r} never came: {seen}")
        out, err = child.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    return Said(child.returncode, seen + out, err)


def on_terminal(arguments: Arguments, answers: Mapping[str, str] | None = None, columns: int = 100) -> Said:
    """Runs it on a terminal of its own; `answers` says what is typed after which words."""
    import fcntl
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        command(arguments), env=environment(TERM="xterm"), stdin=slave, stdout=slave, stderr=slave, close_fds=True
    )
    os.close(slave)
    waiting = dict(answers or {})
    seen = b""
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux says so when the last one closes its end
                part = b""
            if not part:
                break
            seen += part
            for words in [words for words in waiting if words.encode() in seen]:
                os.write(master, waiting.pop(words).encode() + b"\n")
        return Said(child.wait(PATIENCE), seen.decode(errors="replace"))
    finally:
        os.close(master)
        child.kill()
        child.wait()


# What a run leaves behind


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def plan_in(out: Path) -> Plan:
    """plan.csv and sessions.csv, which have to agree."""
    visits: dict[str, Visit] = {}
    for row in rows(out / "plan.csv"):
        assert list(row) == ["session_id", "start", "end", "volunteer_id"]
        slot = Slot(datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]))
        team = visits[row["session_id"]].team if row["session_id"] in visits else ()
        visits[row["session_id"]] = Visit(slot, (*team, row["volunteer_id"]))
    for row in rows(out / "sessions.csv"):
        assert list(row) == ["session_id", "status", "start", "end", "reason"]
        visit = visits.get(row["session_id"])
        if visit is None:
            assert row["status"] == "not_delivered" and not row["start"] and not row["end"] and row["reason"]
        else:
            assert row["status"] == "delivered" and not row["reason"]
            assert (row["start"], row["end"]) == (written(visit.slot.start), written(visit.slot.end))
    return Plan(visits)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M")


def assert_complete(out: Path, problem: Problem) -> Plan:
    """Every file of the contract's section 5 is there, and says what the oracle says."""
    assert sorted(each.name for each in out.iterdir()) == [
        "calendars",
        "plan.csv",
        "report.html",
        "scores.json",
        "sessions.csv",
    ]
    plan = plan_in(out)
    assert [row["session_id"] for row in rows(out / "sessions.csv")] == list(problem.sessions)
    assert not oracle.violations(problem, plan)
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert {tier["tier"]: tier["value"] for tier in scores["tiers"]} == oracle.score(problem, plan)
    assert list(scores) == ["tiers", "seconds", "status"]
    for tier in scores["tiers"]:
        assert list(tier) == ["tier", "value", "bound", "proven"]
        assert tier["proven"] == (tier["value"] == tier["bound"])
        if tier["bound"] is not None:
            sign = -1 if tier["tier"] in ("load", "travel") else 1
            assert sign * tier["value"] <= sign * tier["bound"]
    assert scores["status"] == ("optimal" if all(tier["proven"] for tier in scores["tiers"]) else "feasible")
    people = {volunteer_id for visit in plan.visits.values() for volunteer_id in visit.team}
    schools = {problem.sessions[session_id].school_id for session_id in plan.visits}
    assert len(list((out / "calendars" / "volunteers").glob("*.ics"))) == len(people)
    assert len(list((out / "calendars" / "schools").glob("*.ics"))) == len(schools)
    assert (out / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    return plan


def contents(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}
