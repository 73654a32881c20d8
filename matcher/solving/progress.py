"""What a search tells while it runs, and how hard it is asked to try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matcher.domain import Plan, TierName


@dataclass(frozen=True)
class Settings:
    """`time_limit` in seconds, of the wall clock or, with `deterministic`, of the solvers' own repeatable clocks."""

    time_limit: float = 60
    workers: int = 2
    seed: int = 0
    deterministic: bool = False


@dataclass(frozen=True)
class Progress:
    """A better plan or a tighter bound: where the tier that is being worked on stands after `seconds`."""

    tier: TierName
    value: int
    bound: int | None
    seconds: float


OnProgress = Callable[[Progress], None]
AskedToStop = Callable[[], bool]
OnFirstPlan = Callable[[Callable[[], Plan]], None]
"""Called once a first plan stands, with what gives the best plan so far, whenever and from whichever thread."""


def never() -> bool:
    """Nobody asks it to stop."""
    return False
