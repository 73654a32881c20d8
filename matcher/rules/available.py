from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from matcher.domain import Finding, Mode, Plan, Problem, Volunteer
from matcher.rules.base import Example, MustRule
from matcher.rules.draft import Bools, Draft, Ints, minutes
from matcher.rules.tiny import free, plan, problem, session, slot, volunteer
from matcher.times import day_text, without

MORNING = free("09:00", "12:00")


class Available(MustRule):
    """A volunteer is free from when they are due at a session to its end."""

    name = "available"
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
            "free in two spells that touch",
            problem([session("S1")], [volunteer("V1", availability=(free("09:00", "09:30"), free("09:30", "10:00")))]),
            plan(S1="V1"),
            amount=0,
        ),
    )

    def admits(self, draft: Draft, volunteer: Ints, visit: Ints) -> Bools:
        early = draft.problem.programme.limits.arrival_minutes * draft.visit_in_person
        due, end = draft.visit_start - early, draft.visit_end
        admitted = np.zeros(len(volunteer), dtype=bool)
        order = np.argsort(volunteer, kind="stable")
        bounds = np.searchsorted(volunteer[order], np.arange(len(draft.volunteer_ids) + 1))
        for index, person in enumerate(draft.problem.volunteers.values()):
            mine = order[bounds[index] : bounds[index + 1]]
            if not len(mine):
                continue
            starts, ends = self._free(person)
            spell = np.searchsorted(starts, due[visit[mine]], side="right") - 1
            admitted[mine] = (spell >= 0) & (ends[spell] >= end[visit[mine]]) if len(starts) else False
        return admitted

    @staticmethod
    def _free(person: Volunteer) -> tuple[Ints, Ints]:
        """When the person is free, as disjoint spells in order: their starts and ends in minutes."""
        spells = without(
            [span for row in person.availability if row.available for span in row.spans],
            [span for row in person.availability if not row.available for span in row.spans],
        )
        return (
            np.array([minutes(spell.start) for spell in spells], dtype=np.int64),
            np.array([minutes(spell.end) for spell in spells], dtype=np.int64),
        )

    def post(self, draft: Draft) -> None:
        """Nothing to add: whoever is not free has no seat."""

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
                )
