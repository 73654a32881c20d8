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

from matcher.console import Reporter, Voice
from matcher.domain import TierName
from matcher.solving.progress import Progress


class Slow(io.StringIO):
    """Lets other threads in between any two writes."""

    def write(self, text: str) -> int:
        time.sleep(0.0002)
        return super().write(text)


def told_by_many(reporter: Reporter) -> None:
    def tell(number: int) -> None:
        for tier in TierName:
            reporter.progress(Progress(tier, number, None, seconds=number * 100.0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(24)))


def test_lines_of_json_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Slow()
    monkeypatch.setattr(sys, "stdout", out)
    told_by_many(Reporter(Voice.JSON))
    lines = out.getvalue().splitlines()
    assert len(lines) == 24 * len(TierName)
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
    assert set(reporter.latest) == set(TierName)
