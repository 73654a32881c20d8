from __future__ import annotations

import numpy as np

from matcher.domain import Plan, Problem, TierName
from matcher.rules.base import Example, Goal
from matcher.rules.model import Model
from matcher.rules.tiny import plan, problem, session, volunteer

TRIO = (volunteer("V1"), volunteer("V2"), volunteer("V3"))
WISHES = {("V1", "S1"): 5, ("V2", "S1"): -2}


class Preferences(Goal):
    """Who is a good fit goes where they fit."""

    name, tier = "preferences", TierName.PREFERENCES
    examples = (
        Example(
            "one liked, one disliked, one without a wish",
            problem(
                [session("S1", team=(1, 3))], [volunteer("V1"), volunteer("V2"), volunteer("V3")], preferences=WISHES
            ),
            plan(S1="V1 V2 V3"),
            amount=3,
        ),
    )

    def post(self, model: Model) -> None:
        sessions, pairs = len(model.session_ids), []
        for (volunteer_id, session_id), score in model.problem.preferences.items():
            if session_id in model.session_index:
                person, session = model.volunteer_index[volunteer_id], model.session_index[session_id]
                pairs.append((person * sessions + session, score))
        if pairs:
            wished, scores = np.array(sorted(pairs), dtype=np.int64).T
            key = model.seat_volunteer * sessions + model.seat_session
            place = np.minimum(np.searchsorted(wished, key), len(wished) - 1)
            mine = np.flatnonzero(wished[place] == key)
            model.gain(self.tier, model.seats[mine], scores[place[mine]])

    def score(self, problem: Problem, plan: Plan) -> int:
        return sum(
            score
            for (volunteer_id, session_id), score in problem.preferences.items()
            if session_id in plan.visits and volunteer_id in plan.visits[session_id].team
        )
