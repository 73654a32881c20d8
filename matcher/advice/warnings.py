"""What in the input stands in the way of any plan: worth a look before the plan is made."""

from __future__ import annotations

import numpy as np

from matcher.advice.undelivered import why_never
from matcher.domain import Problem
from matcher.errors import InputProblem
from matcher.rules import MUST_RULES, Draft


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
    teams = np.bincount(draft.seat_visit, minlength=len(draft.visits))
    best = np.zeros(len(draft.session_ids), dtype=np.int64)
    np.maximum.at(best, draft.visit_session, teams)
    for session, most in zip(problem.sessions.values(), best.tolist(), strict=True):
        # only where it is tight is it worth asking in earnest
        if most < 2 * session.min_volunteers or session.required_sectors:
            reason = why_never(problem, session.session_id)
            if reason is not None:
                found.append(
                    InputProblem(
                        source,
                        "sessions",
                        None,
                        "",
                        f"{session.session_id}, which no plan can deliver",
                        "a session with a time and a team",
                        reason,
                    )
                )
    return found
