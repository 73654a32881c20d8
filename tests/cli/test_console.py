"""Progress comes from several threads at a time: each line is whole, and the live table never breaks."""

from __future__ import annotations

import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console
from rich.live import Live

from matcher.cli.console import WARNINGS_SHOWN, Reporter, Voice, new_console, new_table, plan_tables
from matcher.cli.shared import in_words
from matcher.domain import TIERS, Result
from matcher.errors import InputProblem, NotThere, Refused, Remedy
from matcher.rules.tiny import plan, problem, session, volunteer
from matcher.solving.progress import Progress


class Slow(io.StringIO):
    """Lets other threads in between any two writes."""

    def write(self, text: str) -> int:
        time.sleep(0.0002)
        return super().write(text)


def told_by_many(reporter: Reporter) -> None:
    def tell(number: int) -> None:
        for tier in TIERS:
            reporter.progress(Progress(tier, number, None, seconds=number * 100.0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(24)))


def test_lines_of_json_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Slow()
    monkeypatch.setattr(sys, "stdout", out)
    told_by_many(Reporter(Voice.JSON))
    lines = out.getvalue().splitlines()
    assert len(lines) == 24 * len(TIERS)
    assert all(json.loads(line)["event"] == "progress" for line in lines)


def test_plain_lines_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Slow()
    monkeypatch.setattr(sys, "stdout", out)
    told_by_many(Reporter(Voice.PLAIN))
    lines = out.getvalue().splitlines()
    assert lines
    assert all(line.count(" s  ") == 1 for line in lines)


def test_the_live_table_is_drawn_by_one_at_a_time() -> None:
    reporter = Reporter(Voice.LIVE)
    reporter._live = Live(console=Console(file=Slow(), force_terminal=True), refresh_per_second=20)
    with reporter:
        told_by_many(reporter)
    assert set(reporter.latest) == set(TIERS)


def test_names_are_shown_as_they_are_and_a_terminal_obeys_none(capsys: pytest.CaptureFixture[str]) -> None:
    eve = volunteer("V1", name="Eve\x1b[2J\x07 :heart:\n[red]Zoë[/red] محمد")
    term = problem([session("S1", title="\x1b]0;owned\x07Talk"), session("S2")], [eve])
    result = Result(plan(S1="V1"), (), 0, {"S2": "Nobody can come\x1b[2J."}, ())
    console = new_console()
    for table in plan_tables(term, result, {}, None, None):
        console.print(table)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "Eve[2J :heart: [red]Zoë[/red] محمد" in shown
    assert "Nobody can come[2J." in shown


def test_nothing_is_cut_off_on_a_narrow_terminal() -> None:
    long = "S-" + "0123456789" * 7
    console = Console(file=io.StringIO(), width=40)
    table = new_table("session", "school")
    table.add_row(long, "Ash Primary School")
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "…" not in shown
    assert "".join(line.split("│")[1].strip() for line in shown.splitlines() if "│" in line) == long


def no_position(row: int, found: str = "no position", file: str = "volunteers.csv") -> InputProblem:
    return InputProblem(file, "", row, "latitude", found, "latitude and longitude", "Fill in both.")


def warned(capsys: pytest.CaptureFixture[str], *warnings: InputProblem, voice: Voice = Voice.PLAIN) -> list[str]:
    Reporter(voice).warn(warnings)
    out, err = capsys.readouterr()
    return (out if voice is Voice.JSON else err).splitlines()


def test_warnings_of_one_kind_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    many = [no_position(row) for row in (45, 118, 132, 140, 150, 160)]
    rest = "column latitude: found no position; expected latitude and longitude. Fill in both."
    assert warned(capsys, many[0], no_position(3, file="schools.csv"), *many[1:]) == [
        f"warning: volunteers.csv, rows 45, 118, 132 and 3 more, {rest}",
        f"warning: schools.csv, row 3, {rest}",
    ]
    assert "rows 45, 118 and 132, column" in warned(capsys, *many[:3])[0]
    assert "rows 45 and 118, column" in warned(capsys, *many[:2])[0]
    assert "row 45, column" in warned(capsys, many[0], many[0])[0]


def test_what_was_found_in_each_row_of_a_line_is_told_as_far_as_there_is_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (line,) = warned(capsys, *(no_position(row, f"{row} things") for row in (2, 3)))
    assert line.startswith(
        "warning: volunteers.csv, rows 2 and 3, column latitude: found 2 things; 3 things; expected "
    )
    (line,) = warned(capsys, *(no_position(row, f"{row} things") for row in range(2, 8)))
    assert "found 2 things; 3 things; 4 things; and 3 more; expected" in line


def test_json_has_every_warning_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    lines = warned(capsys, *(no_position(row) for row in (2, 3)), voice=Voice.JSON)
    assert [json.loads(line)["where"] for line in lines] == [
        "volunteers.csv, row 2, column latitude",
        "volunteers.csv, row 3, column latitude",
    ]


def test_many_kinds_of_warnings_are_cut_short_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [no_position(row, file=f"{number}.csv") for number in range(20) for row in (2, 3)]
    lines = warned(capsys, *kinds)
    assert len(lines) == WARNINGS_SHOWN + 1
    assert lines[-1] == f"warning: and {2 * (20 - WARNINGS_SHOWN)} more; --json shows them all"


def test_what_to_do_follows_a_sentence_and_begins_a_line_after_a_list() -> None:
    asked = in_words(NotThere("There is no run yet.", Remedy.SOLVE))
    assert asked == "There is no run yet. Make a new plan with `matcher solve`."
    assert in_words(Refused("These cannot be:\n  one\n", Remedy.SHOW)) == "These cannot be:\n  one\nSee `matcher show`."
    assert in_words(NotThere("There is none.")) == "There is none."
