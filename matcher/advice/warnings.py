"""What in the input is worth a look before the plan is made: above all, what stands in the way of any plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from matcher.advice.undelivered import Reasons, without_check
from matcher.domain import Problem
from matcher.errors import InputProblem
from matcher.formulas import as_text
from matcher.intake import Locate
from matcher.rules import MUST_RULES
from matcher.rules.model import Seats
from matcher.rules.safeguarding import Safeguarding

PAIRS_AT_A_TIME = 1_000_000


def warnings(problem: Problem, place: Locate) -> list[InputProblem]:
    """A volunteer who can reach no session, and a session that no plan can deliver, each with its place and reason;
    and ids that do not stand in CSV files as they are.

    Not those of whom reading has warned already: a volunteer who is never free, a session without a slot.
    """
    reasons = Reasons(problem)
    seats = reasons.seats
    found: list[InputProblem] = []

    def warn(table: str, key: str, what: str, expected: str, action: str) -> None:
        at = place(table, key)
        found.append(InputProblem(at.file, at.sheet, at.row, "", f"{key}, {what}", expected, action))

    offers = np.bincount(seats.seat_volunteer, minlength=len(seats.volunteer_ids)).tolist()
    idle = [
        index
        for index, person in enumerate(problem.volunteers.values())
        if not offers[index] and any(row.available for row in person.availability)
    ]
    if seats.visits:
        for index, against in zip(idle, _against(seats, idle), strict=True):
            warn(
                "volunteers",
                seats.volunteer_ids[index],
                f"who can be at no session: {against}",
                "somebody free for some session that is near enough",
                "Look at their availability, distance and modes.",
            )
    for session_id, session in problem.sessions.items():
        reason = reasons.never(session_id) if session.slots else None
        if reason is not None:
            warn(
                "sessions",
                session_id,
                f"which no plan can deliver: {reason.removesuffix('.')}",
                "a time at which a team can come",
                "Offer other times, or ask for less.",
            )
    for table, ids in (
        ("volunteers", problem.volunteers),
        ("sessions", problem.sessions),
        ("schools", problem.schools),
    ):
        for key in ids:
            if as_text(key) != key:
                warn(
                    table,
                    key,
                    f"which a spreadsheet takes for a formula: CSV files will say {as_text(key)}",
                    "an id that begins with a letter or a digit",
                    "Give it another id, or programs that read plan.csv have to take that apostrophe away.",
                )
    return found


def _against(seats: Seats, people: Sequence[int]) -> list[str]:
    """For each of these, how often which barrier stands in the way: "40 times not free then, 1 time too far away"."""
    visits = np.arange(len(seats.visits))
    together = max(1, PAIRS_AT_A_TIME // len(visits))
    proposer = next(rule for rule in MUST_RULES if rule.propose(seats) is not None)
    told: list[str] = []
    for first in range(0, len(people), together):
        some = np.array(people[first : first + together])
        person, visit = np.repeat(some, len(visits)), np.tile(visits, len(some))
        counts: dict[int, Counter[str]] = {index: Counter() for index in some.tolist()}
        for rule in sorted(MUST_RULES, key=lambda rule: rule is proposer):
            admitted = rule.admits(seats, person, visit)
            if admitted is not None:
                for index, times in zip(*np.unique(person[~admitted], return_counts=True), strict=True):
                    counts[int(index)][rule.barrier] += int(times)
                person, visit = person[admitted], visit[admitted]
        people_of = list(seats.problem.volunteers.values())
        for index, found in counts.items():
            unchecked = found.pop(Safeguarding.barrier, 0)
            words = [f"{times} time{'s' * (times > 1)} {barrier}" for barrier, times in found.most_common()]
            if unchecked:
                words.append(without_check([people_of[index].name], "the other days" if words else "any of the days"))
            told.append(", ".join(words))
    return told
