"""The plan for other programs: plan.csv, overrides.csv, sessions.csv and scores.json, as in the contract.

Ids stand in them as they are, but for those that a spreadsheet program would take for a formula (`formulas.py`).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import datetime

from matcher.domain import Problem, Result
from matcher.formulas import as_text
from matcher.wording import one_line

PLAN_COLUMNS = ("session_id", "start", "end", "volunteer_id")
OVERRIDE_COLUMNS = ("session_id", "volunteer_id", "rule", "reason")
SESSION_COLUMNS = ("session_id", "status", "start", "end", "reason")


def plan_csv(problem: Problem, result: Result) -> bytes:
    """A row for each assignment, in the order of the problem's sessions."""
    visits = result.plan.visits
    return _csv(
        PLAN_COLUMNS,
        (
            (session_id, _local(visits[session_id].slot.start), _local(visits[session_id].slot.end), volunteer_id)
            for session_id in problem.sessions
            if session_id in visits
            for volunteer_id in sorted(visits[session_id].team)
        ),
    )


def sessions_csv(problem: Problem, result: Result) -> bytes:
    """A row for each session, delivered or not."""
    rows: list[tuple[str, ...]] = []
    for session_id in problem.sessions:
        visit = result.plan.visits.get(session_id)
        if visit is None:
            rows.append((session_id, "not_delivered", "", "", one_line(result.reasons.get(session_id, ""))))
        else:
            rows.append((session_id, "delivered", _local(visit.slot.start), _local(visit.slot.end), ""))
    return _csv(SESSION_COLUMNS, rows)


def overrides_csv(problem: Problem) -> bytes:
    """A row for each must-rule that was set aside for an assignment, in the order of the problem's sessions."""
    place = {session_id: number for number, session_id in enumerate(problem.sessions)}
    rows = sorted(
        problem.overrides, key=lambda each: (place[each.session_id], each.volunteer_id, each.rule, each.reason)
    )
    return _csv(
        OVERRIDE_COLUMNS, ((each.session_id, each.volunteer_id, each.rule, one_line(each.reason)) for each in rows)
    )


def scores_json(result: Result) -> bytes:
    """The five tiers, how long it took, and whether all of them are proven."""
    scores = {
        "tiers": [
            {"tier": score.tier.value, "value": score.value, "bound": score.bound, "proven": score.proven}
            for score in result.tiers
        ],
        "seconds": round(result.seconds, 3),
        "status": result.status.value,
    }
    return (json.dumps(scores, indent=2) + "\n").encode()


def _csv(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(as_text, row) for row in rows)
    return text.getvalue().encode()


def _local(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"
