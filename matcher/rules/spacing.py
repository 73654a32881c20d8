from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Model
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import dated, day_text

MONDAY, SUNDAY, MONDAY_AFTER = (slot(day=date(2026, 10, day)) for day in (5, 11, 12))
THREE = (session("S1", MONDAY), session("S2", SUNDAY), session("S3", MONDAY_AFTER))
ONE_A_WEEK, NONE = volunteer("V1", max_sessions_per_week=1), volunteer("V1", max_sessions_per_week=0)


class Spacing(MustRule):
    """Nobody is asked for more sessions in one week, Monday to Sunday, than they offered."""

    name, place = "spacing", 9
    barrier = "already asked that week as often as they offered"
    examples = (
        Example(
            "two a week apart where one a week is the most",
            problem(THREE, [ONE_A_WEEK]),
            plan(S1=(MONDAY, "V1"), S3=(MONDAY_AFTER, "V1")),
            amount=0,
        ),
        Example(
            "Sunday and the Monday after",
            problem(THREE, [ONE_A_WEEK]),
            plan(S2=(SUNDAY, "V1"), S3=(MONDAY_AFTER, "V1")),
            amount=0,
        ),
        Example(
            "Monday and the Sunday after where one a week is the most",
            problem(THREE, [ONE_A_WEEK]),
            plan(S1=(MONDAY, "V1"), S2=(SUNDAY, "V1")),
            amount=1,
        ),
        Example("one where none is offered", problem(THREE[:1], [NONE]), plan(S1=(MONDAY, "V1")), amount=1),
        Example(
            "three in two weeks, and no limit of the week",
            problem(THREE, [volunteer("V1")]),
            plan(S1=(MONDAY, "V1"), S2=(SUNDAY, "V1"), S3=(MONDAY_AFTER, "V1")),
            amount=0,
        ),
    )

    def post(self, model: Model) -> None:
        limits = [person.max_sessions_per_week for person in model.problem.volunteers.values()]
        limited = np.array([limit is not None for limit in limits], dtype=bool)
        seats = np.flatnonzero(limited[model.seat_volunteer]) if len(model.seats) else model.seats
        week = (model.visit_day[model.seat_visit[seats]] - 1) // 7  # day 1 was a Monday
        model.at_most(
            model.seat_volunteer[seats] * 10**6 + week,  # week numbers have six digits
            model.seats[seats],
            lambda key: limits[key // 10**6] or 0,
            lazy=True,
        )

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        weeks: dict[tuple[str, date], list[str]] = defaultdict(list)
        for volunteer_id, session_id, when in plan.assignments():
            weeks[volunteer_id, when.day - timedelta(days=when.day.weekday())].append(session_id)
        for (volunteer_id, monday), sessions in weeks.items():
            count, most = len(sessions), problem.volunteers[volunteer_id].max_sessions_per_week
            if most is not None and count > most:
                yield Finding(
                    self.name,
                    (volunteer_id, f"{monday}"),
                    count - most,
                    f"{volunteer_id} has {count} session{'s' * (count != 1)} in the week from {day_text(monday)}; "
                    f"the most in a week is {most}.",
                    people=(volunteer_id,),
                    sessions=tuple(sessions),
                )

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        monday = dated(date.fromisoformat(finding.about[1]))
        count = f"{len(finding.sessions)} session{'s' * (len(finding.sessions) != 1)}"
        return f"they have {count} in the week from {monday}, {finding.amount} more than they are to have"
