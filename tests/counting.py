"""How much work something does, counted and not timed: the same on a fast machine and on a slow or busy one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


class TooMuchWork(AssertionError):
    """More calls were made than are allowed."""


def calls_made(work: Callable[[], object], at_most: float = float("inf")) -> int:
    """How many functions are called, in Python and in C. Ends it with TooMuchWork where they are more than allowed."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        if event in ("call", "c_call"):
            made += 1
            if made > at_most:
                sys.setprofile(None)
                raise TooMuchWork(f"more than {at_most:,} calls")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made
