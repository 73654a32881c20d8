from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Ints, Model
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import dated, day_text

TEN = slot("10:00", "11:00")


class CohortDay(MustRule):
    """A cohort has at most one session a day."""

    name, place = "cohort day", 15
    examples = (
        Example(
            "two classes, a session each",
            problem([session("S1"), session("S2", TEN, cohort_ids=("A2",))], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1", S2=(TEN, "V2")),
            amount=0,
        ),
        Example(
            "one class, two sessions",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1"), volunteer("V2")]),
            plan(S1="V1", S2=(TEN, "V2")),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        keys: list[Ints] = []
        columns: list[Ints] = []
        for cohort, session_ids in enumerate(model.problem.cohort_sessions.values()):
            if len(session_ids) > 1:
                mine = np.flatnonzero(np.isin(model.visit_session, [model.session_index[name] for name in session_ids]))
                keys.append(cohort * 10**7 + model.visit_day[mine])  # day numbers have seven digits
                columns.append(mine)
        if keys:
            model.at_most(np.concatenate(keys), np.concatenate(columns), 1)

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        cohort = problem.cohorts[finding.about[0]]
        day = dated(plan.visits[session_id].slot.day)
        return f"the class {cohort.name or cohort.cohort_id} would have {len(finding.sessions)} sessions on {day}"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        held: dict[tuple[str, date], list[str]] = {}
        for session_id, visit in plan.visits.items():
            for cohort_id in problem.sessions[session_id].cohort_ids:
                held.setdefault((cohort_id, visit.slot.start.date()), []).append(session_id)
        for (cohort_id, day), sessions in held.items():
            count = len(sessions)
            if count > 1:
                text = f"{cohort_id} has {count} sessions on {day_text(day)}."
                yield Finding(self.name, (cohort_id,), count - 1, text, sessions=tuple(sessions))
