"""What every peer is given and gives back, and what the two exact ones share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from matcher.domain import TIERS, Plan, Problem, TierName
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.model import Ints
from matcher.solving.reduced import Hold, Reduced, Scope

Seen = Callable[[Mapping[TierName, int]], None]
"""Told the tiers' values, as far as they are known, of each better plan at the moment when it is found."""


@dataclass(frozen=True)
class Answer:
    """A peer's best plan, and what it proved that no plan can beat with the earlier tiers at the plan's values."""

    plan: Plan
    bounds: Mapping[TierName, int] = field(default_factory=dict)


Peer = Callable[[Problem, float, int, Seen], Answer]
"""The best plan in so many seconds with so many workers."""
Found = Callable[[Ints], None]
Solver = Callable[[Reduced, Ints, Ints, float, int, Found], Ints | None]
"""Rows, gain, values to begin from, seconds and workers -> the best values; tells of each better one that it finds."""


def tier_by_tier(solver: Solver) -> Peer:
    """One model for each tier in order, on everything at once, with the earlier tiers held.

    Each tier but the last has half of the time that is left, and begins from the plan of the tier before.
    """

    def peer(problem: Problem, seconds: float, workers: int, seen: Seen) -> Answer:
        end = time.monotonic() + seconds
        model = Model(problem, [*MUST_RULES, *GOALS])
        columns = np.zeros(model.columns, dtype=np.int64)
        holds: list[Hold] = []
        for place, tier in enumerate(TIERS):
            gain = model.objective[tier] * (1 if tier.maximised else -1)
            rows = Scope(model, list(TIERS)[: place + 1]).everything(holds)

            def whole(values: Ints, free: Ints = rows.free) -> Ints:
                found = np.zeros(model.columns, dtype=np.int64)
                found[free] = values
                return model.completed(found)

            def tell(values: Ints, whole: Callable[[Ints], Ints] = whole) -> None:
                found = whole(values)
                seen({tier: model.value(tier, found) for tier in TIERS})

            left = end - time.monotonic()
            share = max(0.5, left if tier is TierName.TRAVEL else left / 2)
            values = solver(rows, gain[rows.free], columns[rows.free], share, workers, tell)
            if values is None and tier is TierName.REACH:  # without a plan there is nothing else to improve
                values = solver(rows, gain[rows.free], columns[rows.free], left - share, workers, tell)
            if values is not None:
                columns = whole(values)
            holds.append(Hold(gain, int(gain @ columns)))
        return Answer(model.plan_of(columns))

    return peer
