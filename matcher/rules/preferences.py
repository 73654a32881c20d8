from __future__ import annotations

from matcher.domain import Plan, Problem, TierName
from matcher.rules.base import Example, Goal
from matcher.rules.draft import Draft, ints
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

    def post(self, draft: Draft) -> None:
        people, sessions = draft.volunteer_ids, draft.session_ids
        wishes = draft.problem.preferences
        if wishes:
            scores = ints(
                wishes.get((people[person], sessions[session]), 0)
                for person, session in zip(draft.seat_volunteer.tolist(), draft.seat_session.tolist(), strict=True)
            )
            draft.gain(self.tier, draft.seats, scores)

    def score(self, problem: Problem, plan: Plan) -> int:
        return sum(
            score
            for (volunteer_id, session_id), score in problem.preferences.items()
            if session_id in plan.visits and volunteer_id in plan.visits[session_id].team
        )
