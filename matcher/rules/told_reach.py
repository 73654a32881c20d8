from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.domain import Plan, Problem, TierName, UnderWay
from matcher.rules.base import Example, Goal
from matcher.rules.model import Model
from matcher.rules.reach import post_reach, reach_of
from matcher.rules.tiny import at, plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")
SESSIONS = (session("S1"), session("S2", TEN, cohort_ids=("A2",)), session("S3", TEN, school="B"))
PEOPLE = (volunteer("V1"), volunteer("V2"))
TOLD = UnderWay(at("08:00"), plan(S1="V1", S2=(TEN, "V2")), {})


class ToldReach(Goal):
    """Of a term under way: every school that was told of visits gets them, counted as the goal reach counts all."""

    name, tier = "told reach", TierName.TOLD_REACH
    examples = (
        Example(
            "both that were told: 100 x (120 + 60)",
            problem(SESSIONS, PEOPLE, under_way=TOLD),
            plan(S1="V1", S2=(TEN, "V2")),
            18_000,
        ),
        Example(
            "one that was told, and one that was not: 100 x 120",
            problem(SESSIONS, PEOPLE, under_way=TOLD),
            plan(S1="V1", S3=(TEN, "V2")),
            12_000,
        ),
        Example("nobody was told of anything", problem(SESSIONS, PEOPLE), plan(S1="V1"), 0),
    )

    def post(self, model: Model) -> None:
        if model.problem.under_way is None:
            return
        told = model.problem.under_way.told.visits
        visits = np.flatnonzero(np.array([session_id in told for session_id, _ in model.visits], dtype=bool))
        sessions = {model.visits[visit][0] for visit in visits.tolist()}
        post_reach(model, self.tier, visits, Counter(model.problem.sessions[each].school_id for each in sessions))

    def score(self, problem: Problem, plan: Plan) -> int:
        told = problem.under_way.told.visits if problem.under_way else {}
        return reach_of(problem, (each for each in plan.visits if each in told))
