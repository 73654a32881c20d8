from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from matcher.domain import Finding, Plan, Problem, School
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Model
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import dated, day_text

TEN = slot("10:00", "11:00")
SESSIONS = (session("S1"), session("S2", TEN, cohort_ids=("A2",)))
PEOPLE = (volunteer("V1"), volunteer("V2"))


class SchoolDay(MustRule):
    """A school has no more sessions on one day than it can host."""

    name, place = "school day", 16
    examples = (
        Example("two, and no limit", problem(SESSIONS, PEOPLE), plan(S1="V1", S2=(TEN, "V2")), amount=0),
        Example(
            "two where one is the most",
            problem(SESSIONS, PEOPLE, schools=[School("A", "School A", max_sessions_per_day=1)]),
            plan(S1="V1", S2=(TEN, "V2")),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        limits = [school.max_sessions_per_day for school in model.problem.schools.values()]
        limited = np.array([limit is not None for limit in limits], dtype=bool)
        visits = np.flatnonzero(limited[model.visit_school]) if len(model.visits) else model.visit_school
        model.at_most(
            model.visit_school[visits] * 10**7 + model.visit_day[visits],  # day numbers have seven digits
            visits,
            lambda key: limits[key // 10**7] or 0,
        )

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        school, day = problem.schools[finding.about[0]], dated(plan.visits[session_id].slot.day)
        most = school.max_sessions_per_day
        return f"{school.name} would have {len(finding.sessions)} sessions on {day}, and the most is {most}"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        held: dict[tuple[str, date], list[str]] = {}
        for session_id, visit in plan.visits.items():
            held.setdefault((problem.sessions[session_id].school_id, visit.slot.start.date()), []).append(session_id)
        for (school_id, day), sessions in held.items():
            count, most = len(sessions), problem.schools[school_id].max_sessions_per_day
            if most is not None and count > most:
                yield Finding(
                    self.name,
                    (school_id,),
                    count - most,
                    f"{problem.schools[school_id].name} has {count} sessions on {day_text(day)}; the most is {most}.",
                    sessions=tuple(sessions),
                )
