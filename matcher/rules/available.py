from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from matcher.domain import Finding, Mode, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import EVER, Bools, Ints, Model, Seats
from matcher.rules.tiny import free, plan, problem, session, slot, volunteer
from matcher.times import day_text

MORNING = free("09:00", "12:00")


class Available(MustRule):
    """A volunteer is free from when they are due at a session to its end."""

    name, place = "available", 3
    overridable = False
    barrier = "not free then"
    examples = (
        Example(
            "free all morning",
            problem([session("S1")], [volunteer("V1", availability=(MORNING,))]),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "not free for the last half-hour",
            problem([session("S1", slot("11:30", "12:30"))], [volunteer("V1", availability=(MORNING,))]),
            plan(S1=(slot("11:30", "12:30"), "V1")),
            amount=30,
        ),
        Example(
            "free, but for a meeting of ten minutes",
            problem(
                [session("S1")],
                [volunteer("V1", availability=(MORNING, free("09:20", "09:30", available=False)))],
            ),
            plan(S1="V1"),
            amount=10,
        ),
        Example(
            "free twice, the second time from where the first ends",
            problem([session("S1")], [volunteer("V1", availability=(free("09:00", "09:30"), free("09:30", "10:00")))]),
            plan(S1="V1"),
            amount=0,
        ),
    )

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools:
        """Whoever is free in one interval from when they are due: in the last of theirs that begins by then."""
        starts, ends = seats.free
        early = seats.problem.programme.limits.arrival_minutes * seats.visit_in_person
        interval = np.searchsorted(starts, volunteer * EVER + (seats.visit_start - early)[visit], side="right") - 1
        if not len(starts):
            return np.zeros(len(volunteer), dtype=bool)
        return np.asarray(
            (interval >= 0) & (starts[interval] // EVER == volunteer) & (ends[interval] >= seats.visit_end[visit])
        )

    def post(self, model: Model) -> None:
        """Nothing to add: whoever is not free has no seat."""

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return "they are not free then any more"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        """Minute by minute, row by row."""
        for volunteer_id, session_id, when in plan.assignments():
            volunteer, in_person = problem.volunteers[volunteer_id], problem.sessions[session_id].mode is Mode.IN_PERSON
            due = when.start - timedelta(minutes=problem.programme.limits.arrival_minutes if in_person else 0)
            near = [
                (row.available, span)
                for row in volunteer.availability
                for span in row.spans
                if span.start < when.end and due < span.end
            ]
            lacking = 0
            for n in range(int((when.end - due).total_seconds() // 60)):
                covering = [yes for yes, span in near if span.start <= due + timedelta(minutes=n) < span.end]
                lacking += not covering or not all(covering)
            if lacking:
                yield Finding(
                    self.name,
                    (volunteer_id, session_id),
                    lacking,
                    f"{volunteer_id} is not free for {session_id} on {day_text(when.start)}, "
                    f"{when.start:%H:%M} to {when.end:%H:%M}.",
                    people=(volunteer_id,),
                    sessions=(session_id,),
                )
