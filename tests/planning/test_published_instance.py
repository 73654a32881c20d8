"""MIDL, a published assignment instance (Kobren, Saha, McCallum, KDD 2019), as sessions and volunteers.

A paper is a virtual session of exactly three with a slot of its own, a reviewer a volunteer with at most four, and an
affinity x 10,000 a preference. The best total is known: 2,018,848.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from matcher.audit import insist
from matcher.domain import Availability, GoalName, GoalSetting, Limits, Mode, Problem, TierName
from matcher.rules.tiny import at, problem, session, slot, volunteer
from matcher.solving.progress import Settings
from matcher.solving.search import solve
from matcher.times import Span

MIDL = Path(__file__).parents[3] / "shared" / "data" / "midl" / "scores.npy"
FIRST_DAY = date(2026, 1, 1)
BEST = 2_018_848


def midl() -> Problem:
    affinity = np.load(MIDL)
    reviewers, papers = affinity.shape
    days = [FIRST_DAY + timedelta(days=n) for n in range(papers)]
    always = (Availability((Span(at("00:00", days[0]), at("23:59", days[-1])),)),)
    plain = problem(
        [session(f"S{n}", slot(day=day), school=f"P{n}", team=(3, 3), mode=Mode.VIRTUAL) for n, day in enumerate(days)],
        [volunteer(f"V{n}", max_sessions=4, max_sessions_per_day=4, availability=always) for n in range(reviewers)],
        limits=Limits(same_employer=100),
        goals=dict.fromkeys(GoalName, GoalSetting(0, 0)),
        preferences={
            (f"V{reviewer}", f"S{paper}"): round(float(affinity[reviewer, paper]) * 10_000)
            for reviewer in range(reviewers)
            for paper in range(papers)
        },
    )
    return replace(plain, programme=replace(plain.programme, first_day=days[0], last_day=days[-1]))


@pytest.mark.skipif(not MIDL.exists(), reason="the shared data with the published instance is not beside this project")
def test_the_best_total_of_a_published_instance_is_found_and_proven() -> None:
    term = midl()
    found = solve(term, Settings(time_limit=300, workers=1))
    insist(term, found.plan, found.tiers)
    scores = {score.tier: score for score in found.tiers}
    assert scores[TierName.PREFERENCES].value == BEST
    assert scores[TierName.PREFERENCES].proven
