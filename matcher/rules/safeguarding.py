from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from matcher.domain import Finding, Plan, Problem
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Bools, Ints, Model, Seats
from matcher.rules.tiny import DAY, plan, problem, session, volunteer
from matcher.times import dated, day_text

ALONE = session("S1", supervised=False)


class Safeguarding(MustRule):
    """A session that no teacher attends takes only volunteers whose check is still valid on its day."""

    name, place = "safeguarding", 12
    overridable = False
    barrier = "without a valid safeguarding check"
    examples = (
        Example(
            "checked until that very day", problem([ALONE], [volunteer("V1", checked_until=DAY)]), plan(S1="V1"), 0
        ),
        Example("never checked", problem([ALONE], [volunteer("V1")]), plan(S1="V1"), 1),
        Example(
            "the check has run out",
            problem([ALONE], [volunteer("V1", checked_until=date(2026, 9, 30))]),
            plan(S1="V1"),
            1,
        ),
        Example("never checked, but a teacher is there", problem([session("S1")], [volunteer("V1")]), plan(S1="V1"), 0),
    )

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools:
        until = np.array(
            [
                person.checked_until.toordinal() if person.checked_until else 0
                for person in seats.problem.volunteers.values()
            ]
        )
        supervised = np.array(
            [seats.problem.sessions[session_id].supervised for session_id, _ in seats.visits], dtype=bool
        )
        admitted: Bools = supervised[visit] | (until[volunteer] >= seats.visit_day[visit])
        return admitted

    def post(self, model: Model) -> None:
        """Nothing to add: whoever is not checked has no seat."""

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        until = problem.volunteers[volunteer_id].checked_until
        check = f"their safeguarding check ends on {dated(until)}" if until else "they have no safeguarding check"
        return f"{check}, and this session is not supervised"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for volunteer_id, session_id, slot in plan.assignments():
            if not problem.sessions[session_id].supervised:
                until = problem.volunteers[volunteer_id].checked_until
                if until is None or until < slot.start.date():
                    yield Finding(
                        self.name,
                        (volunteer_id, session_id),
                        1,
                        f"{volunteer_id} has no safeguarding check that is valid on {day_text(slot.start)}, "
                        f"and {session_id} is not supervised.",
                        people=(volunteer_id,),
                        sessions=(session_id,),
                    )
