from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Finding, Plan, Problem, UnderWay, Visit
from matcher.rules.base import Example, MustRule, called
from matcher.rules.model import Bools, Ints, Model, Seats, Terms
from matcher.rules.tiny import at, plan, problem, session, slot, volunteer
from matcher.times import time_text

TEN, ELEVEN = slot("10:00", "11:00"), slot("11:00", "12:00")
PEOPLE = (volunteer("V1"), volunteer("V2"))
STOOD = Visit(slot(), ("V1",))
HALF_PAST_TEN = UnderWay(at("10:30"), Plan({"S1": STOOD}), {"S1": STOOD}, frozenset({("V1", "S2")}))
SESSIONS = (session("S1"), session("S2", TEN, ELEVEN, school="B"))


class TermUnderWay(MustRule):
    """Of a term under way: past visits stand, nothing else starts by now, and nobody is where they said no to."""

    name, place = "under way", 18
    barrier = "not coming, as they said"
    overridable, holds_past = False, True
    examples = (
        Example(
            "what is past stands, and the other one is still to come",
            problem(SESSIONS, PEOPLE, under_way=HALF_PAST_TEN),
            plan(S1="V1", S2=(ELEVEN, "V2")),
            amount=0,
        ),
        Example(
            "a past visit with somebody else in it",
            problem(SESSIONS, PEOPLE, under_way=HALF_PAST_TEN),
            plan(S1="V2"),
            amount=1,
        ),
        Example(
            "a past visit left out", problem(SESSIONS, PEOPLE, under_way=HALF_PAST_TEN), plan(S2=(ELEVEN, "V2")), 1
        ),
        Example(
            "a new visit that would have begun",
            problem(SESSIONS, PEOPLE, under_way=HALF_PAST_TEN),
            plan(S1="V1", S2=(TEN, "V2")),
            amount=1,
        ),
        Example(
            "somebody who said no to it",
            problem(SESSIONS, PEOPLE, under_way=HALF_PAST_TEN),
            plan(S1="V1", S2=(ELEVEN, "V1")),
            amount=1,
        ),
    )

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools | None:
        """Not who declined."""
        under_way, sessions = seats.problem.under_way, len(seats.session_ids)
        if under_way is None or not under_way.declined:
            return None
        declined = [
            seats.volunteer_index[person] * sessions + seats.session_index[session_id]
            for person, session_id in under_way.declined
            if person in seats.volunteer_index and session_id in seats.session_index
        ]
        return ~np.isin(volunteer * sessions + seats.visit_session[visit], np.array(declined, dtype=np.int64))

    def post(self, model: Model) -> None:
        """The columns of past visits, each in the one slot and with the team that it had, are 1."""
        fixed = model.past_columns
        rows = np.arange(len(fixed))
        model.add_rows(Terms.of(rows, fixed), low=np.ones(len(fixed)), high=np.ones(len(fixed)))

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        return "they said no to it" if finding.people else "it is past"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        if problem.under_way is None:
            return
        for session_id, stands in problem.past.items():
            visit = plan.visits.get(session_id)
            if visit != stands:
                text = f"{called(problem, session_id)} is past, and the plan has it otherwise than it stands."
                yield Finding(self.name, (session_id,), 1, text, sessions=(session_id,))
        for session_id, visit in plan.visits.items():
            if session_id in problem.past:
                continue
            if visit.slot.start <= problem.under_way.now:
                text = f"{called(problem, session_id)} would begin on {time_text(visit.slot.start)}, which is over."
                yield Finding(self.name, (session_id,), 1, text, sessions=(session_id,))
            for person in visit.team:
                if (person, session_id) in problem.under_way.declined:
                    text = f"{problem.volunteers[person].name} said no to {called(problem, session_id)}."
                    yield Finding(self.name, (person, session_id), 1, text, people=(person,), sessions=(session_id,))
