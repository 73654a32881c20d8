from __future__ import annotations

from collections.abc import Iterator

from matcher.domain import Finding, Plan, Problem, School
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Model
from matcher.rules.tiny import DAY, plan, problem, session, slot, volunteer
from matcher.times import dated, day_text


class OneOfItsSlots(MustRule):
    """A delivered session runs in exactly one of its slots, inside the term, on a day that is not closed.

    Neither for all schools nor for its own.
    """

    name, place = "slot", 1
    overridable = False
    examples = (
        Example(
            "in its only slot",
            problem([session("S1")], [volunteer("V1")]),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "at a time that was not offered",
            problem([session("S1")], [volunteer("V1")]),
            plan(S1=(slot("14:00", "15:00"), "V1")),
            amount=1,
        ),
        Example(
            "in its slot, but on a day on which its school takes nobody",
            problem([session("S1")], [volunteer("V1")], schools=[School("A", "Ash", closed=frozenset({DAY}))]),
            plan(S1="V1"),
            amount=1,
        ),
        Example(
            "in its slot, on a day on which another school takes nobody",
            problem([session("S1")], [volunteer("V1")], schools=[School("B", "Elm", closed=frozenset({DAY}))]),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "in its slot, but on a closed day",
            problem([session("S1")], [volunteer("V1")], closed=[DAY]),
            plan(S1="V1"),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        """Nothing to add: the model has a column for each open slot, and at most one of a session's is 1."""

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        slot, session = plan.visits[session_id].slot, problem.sessions[session_id]
        when = f"{slot.start:%H:%M} to {slot.end:%H:%M} on {dated(slot.day)}"
        if not any((each.start, each.end) == (slot.start, slot.end) for each in session.slots):
            return f"{when} is none of the session's times any more"
        if slot.day in problem.programme.closed:
            return f"{dated(slot.day)} is a closed day now"
        school = problem.schools[session.school_id]
        if slot.day in school.closed:
            return f"{school.name} takes nobody on {dated(slot.day)}"
        return f"{dated(slot.day)} is not in the term any more"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        programme = problem.programme
        for session_id, visit in plan.visits.items():
            session = problem.sessions[session_id]
            when = f"{day_text(visit.slot.start)} {visit.slot.start:%Y %H:%M}"
            text = ""
            if not any(slot.start == visit.slot.start and slot.end == visit.slot.end for slot in session.slots):
                text = f"{session_id} is planned for {when}, not one of its slots."
            elif not programme.first_day <= visit.slot.start.date() <= programme.last_day:
                text = f"{session_id} is planned for {when}, outside the term."
            elif visit.slot.start.date() in programme.closed:
                text = f"{session_id} is planned for {when}, a closed day."
            elif visit.slot.start.date() in problem.schools[session.school_id].closed:
                text = f"{session_id} is planned for {when}, when its school takes nobody."
            if text:
                yield Finding(self.name, (session_id,), 1, text, sessions=(session_id,))
