from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.domain import Plan, Problem, TierName, UnderWay, steps
from matcher.rules.base import Example, Goal
from matcher.rules.model import Model, Terms, ints
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
        told = np.array([session_id in model.problem.under_way.told.visits for session_id, _ in model.visits], bool)
        visits = np.flatnonzero(told)
        schools = list(model.problem.schools.values())
        sessions = np.unique(model.visit_session[visits]).tolist()
        asked = Counter(model.school_index[model.problem.sessions[model.session_ids[n]].school_id] for n in sessions)
        level = [(index, n) for index in range(len(schools)) for n in range(1, asked[index] + 1)]
        model.levels(
            Terms.of(model.visit_school[visits], visits),
            constant=np.zeros(len(schools), dtype=np.int64),
            row_group=np.arange(len(schools)),
            level_group=ints(index for index, _ in level),
            tier=self.tier,
            gains=ints(schools[index].need * (120 // n) for index, n in level),
        )

    def score(self, problem: Problem, plan: Plan) -> int:
        told = problem.under_way.told.visits if problem.under_way else {}
        delivered = Counter(problem.sessions[each].school_id for each in plan.visits if each in told)
        return sum(problem.schools[school_id].need * steps(count) for school_id, count in delivered.items())
