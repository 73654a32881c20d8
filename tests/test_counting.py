"""What counts work in tests counts it, and ends what is too much."""

from __future__ import annotations

import sys

import pytest

from tests.counting import TooMuchWork, calls_made


def work(times: int) -> None:
    for number in range(times):
        abs(number)


def test_twice_the_work_is_twice_the_calls() -> None:
    assert calls_made(lambda: work(2000)) - calls_made(lambda: work(1000)) == 1000


def test_too_much_work_is_ended_before_it_is_done() -> None:
    done: list[int] = []

    def much() -> None:
        for number in range(10_000):
            done.append(abs(number))

    with pytest.raises(TooMuchWork, match="more than 1,000 calls"):
        calls_made(much, at_most=1000)
    assert len(done) < 1000
    assert sys.getprofile() is None
