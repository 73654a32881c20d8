"""What in the input stands in the way of any plan: worth a look before the plan is made."""

from __future__ import annotations

import numpy as np

from matcher.advice.undelivered import why_never
from matcher.domain import Problem
from matcher.errors import InputProblem
from matcher.rules import MUST_RULES, Draft
from matcher.solving.greedy import greedy


def warnings(problem: Problem, source: str = "") -> list[InputProblem]:
    """A volunteer who can reach no session, and a session that no plan can deliver, each with its reason."""
    draft = Draft(problem, MUST_RULES)
    found: list[InputProblem] = []
    busy = np.bincount(draft.seat_volunteer, minlength=len(draft.volunteer_ids))
    for person, seats in zip(draft.volunteer_ids, busy.tolist(), strict=True):
        if not seats:
            found.append(
                InputProblem(
                    source,
                    "volunteers",
                    None,
                    "",
                    f"{person}, who can be at no session at all",
                    "somebody free at some session that is near enough",
                    "Look at their availability, distance and modes.",
                )
            )
    delivered = set(draft.plan_of(greedy(draft)).visits)
    for session_id in problem.sessions:
        reason = why_never(problem, session_id) if session_id not in delivered else None
        if reason is not None:
            found.append(
                InputProblem(
                    source,
                    "sessions",
                    None,
                    "",
                    f"{session_id}, which no plan can deliver",
                    "a session with a time and a team",
                    reason,
                )
            )
    return found
