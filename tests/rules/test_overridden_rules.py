"""A rule that was set aside for one assignment holds for all others."""

from __future__ import annotations

from matcher.audit import audit
from matcher.domain import Decision, Override, Pin, Problem
from matcher.rules.tiny import problem, session, slot, volunteer
from matcher.solving.search import solve
from tests.planning.random_terms import REPEATABLE

TEN = slot("10:00", "11:00")
SESSIONS = (session("S1"), session("S2", TEN, school="B"))
FULL = (volunteer("V1", max_sessions=0), volunteer("V2", max_sessions=1))


def term(*pins: Pin) -> Problem:
    asides = frozenset({Override("S1", "V1", "load", "They asked for it.")})
    return problem(SESSIONS, FULL, pins=pins, overrides=asides)


def test_somebody_may_be_where_it_was_set_aside_and_nowhere_else() -> None:
    there = term(Pin("S1", Decision.KEEP, "V1"))
    plan = solve(there, REPEATABLE).plan
    assert plan.visits["S1"].team == ("V1",)
    assert plan.visits["S2"].team == ("V2",), "V1 is to have no sessions but that one"
    assert not audit(there, plan).findings


def test_a_pin_of_another_visit_is_kept_beside_it() -> None:
    plan = solve(term(Pin("S2", Decision.KEEP, "V2")), REPEATABLE).plan
    assert plan.visits["S2"].team == ("V2",)
    assert plan.visits["S1"].team == ("V1",)
