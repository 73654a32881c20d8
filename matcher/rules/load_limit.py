from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Model
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import dated, day_text

TEN, NOON = slot("10:00", "11:00"), slot("12:00", "13:00")


class LoadLimit(MustRule):
    """Nobody is asked for more sessions in the term, or on one day, than they offered."""

    name, place = "load", 6
    barrier = "already asked as often as they offered"
    examples = (
        Example(
            "two on a day where two are fine",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=0,
        ),
        Example(
            "two in the term where one is the most",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1", max_sessions=1)]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=1,
        ),
        Example(
            "three on a day where two are the most",
            problem([session("S1"), session("S2", TEN), session("S3", NOON)], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1"), S3=(NOON, "V1")),
            amount=1,
        ),
        Example(
            "one where none is offered",
            problem([session("S1")], [volunteer("V1", max_sessions=0)]),
            plan(S1="V1"),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        people = list(model.problem.volunteers.values())
        model.at_most(model.seat_volunteer, model.seats, lambda volunteer: people[volunteer].max_sessions)
        first_day = int(model.visit_day.min(initial=10**6))
        span = int(model.visit_day.max(initial=first_day)) - first_day + 1
        model.at_most(
            model.seat_volunteer * span + model.visit_day[model.seat_visit] - first_day,
            model.seats,
            lambda key: people[key // span].max_sessions_per_day,
            lazy=True,
        )

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return f"they have {len(finding.sessions)} sessions, {finding.amount} more than they are to have" + (
            f" on {dated(plan.visits[session_id].slot.day)}" if len(finding.about) > 1 else " in the term"
        )

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        diaries: dict[str, list[str]] = {}
        days: dict[tuple[str, date], list[str]] = {}
        for volunteer_id, session_id, when in plan.assignments():
            diaries.setdefault(volunteer_id, []).append(session_id)
            days.setdefault((volunteer_id, when.day), []).append(session_id)
        for volunteer_id, sessions in diaries.items():
            count, most = len(sessions), problem.volunteers[volunteer_id].max_sessions
            if count > most:
                yield Finding(
                    self.name,
                    (volunteer_id,),
                    count - most,
                    f"{volunteer_id} has {count} sessions in the plan; the most is {most}.",
                    people=(volunteer_id,),
                    sessions=tuple(sessions),
                )
        for (volunteer_id, day), sessions in days.items():
            count, most = len(sessions), problem.volunteers[volunteer_id].max_sessions_per_day
            if count > most:
                yield Finding(
                    self.name,
                    (volunteer_id, f"{day}"),
                    count - most,
                    f"{volunteer_id} has {count} sessions on {day_text(day)}; the most on a day is {most}.",
                    people=(volunteer_id,),
                    sessions=tuple(sessions),
                )
