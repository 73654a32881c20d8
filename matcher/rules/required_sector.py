from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher.domain import Finding, Plan, Problem, folded
from matcher.rules.base import Example, MustRule
from matcher.rules.model import UNBOUNDED, Model, Terms
from matcher.rules.tiny import plan, problem, session, volunteer

WANTED = session("S1", team=(1, 2), required_sectors=frozenset({"rail"}))


class RequiredSector(MustRule):
    """Each sector that a session asks for has a volunteer in the team."""

    name, place = "required sector", 7
    of_teams = True
    examples = (
        Example(
            "rail is asked for and there",
            problem([WANTED], [volunteer("V1", sector="RAIL"), volunteer("V2", sector="Health")]),
            plan(S1="V1 V2"),
            amount=0,
        ),
        Example(
            "rail is asked for and missing",
            problem([WANTED], [volunteer("V1"), volunteer("V2", sector="Health")]),
            plan(S1="V2"),
            amount=1,
        ),
        Example(
            "Public Health is asked for, and Public  Health, which is another sector, is there",
            problem(
                [session("S1", required_sectors=frozenset({"public health"}))],
                [volunteer("V1", sector="Public  Health"), volunteer("V2", sector=" PUBLIC HEALTH ")],
            ),
            plan(S1="V1"),
            amount=1,
        ),
    )

    def post(self, model: Model) -> None:
        sector = np.array([folded(person.sector) for person in model.problem.volunteers.values()], dtype=object)
        parts: list[Terms] = []
        for visit, (session_id, _) in enumerate(model.visits):
            required = sorted(model.problem.sessions[session_id].required_sectors)
            if not required:
                continue
            first, last = np.searchsorted(model.seat_visit, [visit, visit + 1])
            for wanted in required:
                seats = np.arange(first, last)[sector[model.seat_volunteer[first:last]] == wanted]
                row = np.full(len(seats), len(parts))
                parts.append(Terms.joined([Terms.of(row, model.seats[seats]), Terms.of([len(parts)], [visit], -1)]))
        model.add_rows(Terms.joined(parts), low=np.zeros(len(parts)), high=np.full(len(parts), UNBOUNDED))

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        present = {folded(problem.volunteers[each].sector) for each in plan.visits[session_id].team}
        lacking = [
            problem.sector_name(each) for each in sorted(problem.sessions[session_id].required_sectors - present)
        ]
        return f"the session asks for somebody from {' and from '.join(lacking)}, and nobody in the team is"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for session_id, visit in plan.visits.items():
            present = {folded(problem.volunteers[volunteer_id].sector) for volunteer_id in visit.team}
            for wanted in sorted(problem.sessions[session_id].required_sectors - present):
                text = f"{session_id} asks for somebody from {problem.sector_name(wanted)}; nobody in the team is."
                yield Finding(self.name, (session_id,), 1, text, sessions=(session_id,))
