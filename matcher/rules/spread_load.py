from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.domain import Plan, Problem, TierName
from matcher.rules.base import Example, Goal
from matcher.rules.model import Model, Terms, ints, numbered
from matcher.rules.tiny import plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")


class SpreadLoad(Goal):
    """The work is spread: the second session of one person costs more than the first of another."""

    name, tier = "spread load", TierName.LOAD
    examples = (
        Example(
            "two for one person: 1 + 2",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=3,
        ),
        Example(
            "one each: 1 + 1",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1", S2=(TEN, "V2")),
            amount=2,
        ),
    )

    def post(self, model: Model) -> None:
        people = len(model.volunteer_ids)
        pairs, _ = numbered(model.seat_volunteer * len(model.session_ids) + model.seat_session)
        most = np.bincount(pairs // max(1, len(model.session_ids)), minlength=people)
        limit = ints(person.max_sessions for person in model.problem.volunteers.values())
        has_more = model.problem.past or model.problem.overrides  # some may have more than they are to have
        levels = most if has_more else np.minimum(most, limit)
        level = [(person, n) for person in range(people) for n in range(1, int(levels[person]) + 1)]
        model.levels(
            Terms.of(model.seat_volunteer, model.seats),
            constant=np.zeros(people, dtype=np.int64),
            row_group=np.arange(people),
            level_group=ints(person for person, _ in level),
            ceiling=False,
            tier=self.tier,
            gains=ints(n for _, n in level),
        )

    def score(self, problem: Problem, plan: Plan) -> int:
        counts = Counter(volunteer_id for volunteer_id, _, _ in plan.assignments())
        return sum(n * (n + 1) // 2 for n in counts.values())
