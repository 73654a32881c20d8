from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from matcher.domain import Plan, Problem, School, TierName, steps
from matcher.rules.base import Example, Goal
from matcher.rules.model import Ints, Model, Terms, ints
from matcher.rules.tiny import plan, problem, session, slot, volunteer

TEN = slot("10:00", "11:00")
SESSIONS = (session("S1"), session("S2", TEN, cohort_ids=("A2",)), session("S3", TEN, school="B"))
PEOPLE = (volunteer("V1"), volunteer("V2"))


class Reach(Goal):
    """Every school is reached: its first session counts most, and more where more pupils are on pupil premium."""

    name, tier = "reach", TierName.REACH
    examples = (
        Example("two at one: 100 x (120 + 60)", problem(SESSIONS, PEOPLE), plan(S1="V1", S2=(TEN, "V2")), 18_000),
        Example("one at each of two: 2 x 100 x 120", problem(SESSIONS, PEOPLE), plan(S1="V1", S3=(TEN, "V2")), 24_000),
        Example(
            "half of the pupils are on pupil premium: 150 x 120 (50.5 rounds to the even 50)",
            problem(SESSIONS, PEOPLE, schools=[School("A", "School A", pupil_premium_percent=50.5)]),
            plan(S1="V1"),
            amount=18_000,
        ),
    )

    def post(self, model: Model) -> None:
        sessions = model.problem.sessions
        post_reach(
            model, self.tier, np.arange(len(model.visits)), Counter(each.school_id for each in sessions.values())
        )

    def score(self, problem: Problem, plan: Plan) -> int:
        return reach_of(problem, plan.visits)


def post_reach(model: Model, tier: TierName, visits: Ints, asked: Mapping[str, int]) -> None:
    """What these visits are worth, shape (visits,): of each school, as many as of its sessions are `asked` about."""
    schools = list(model.problem.schools.values())
    level = [(index, n) for index, each in enumerate(schools) for n in range(1, asked.get(each.school_id, 0) + 1)]
    model.levels(
        Terms.of(model.visit_school[visits], visits),
        constant=np.zeros(len(schools), dtype=np.int64),
        row_group=np.arange(len(schools)),
        level_group=ints(index for index, _ in level),
        tier=tier,
        gains=ints(schools[index].need * (120 // n) for index, n in level),
    )


def reach_of(problem: Problem, session_ids: Iterable[str]) -> int:
    """What it is worth that these sessions are delivered."""
    delivered = Counter(problem.sessions[session_id].school_id for session_id in session_ids)
    return sum(problem.schools[school_id].need * steps(count) for school_id, count in delivered.items())
