"""Pins are kept, or the fewest that clash are named: all plans of tiny terms are tried to see that it is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, event, given, settings

from matcher.domain import Decision, Pin, Problem, School
from matcher.errors import PinsImpossible
from matcher.rules.tiny import at, free, problem, session, slot, volunteer
from matcher.solving.cpsat import Effort
from matcher.solving.pins import plan_for_pins
from matcher.solving.search import solve
from tests import oracle
from tests.planning.random_terms import REPEATABLE, TINY, every_plan, problems


def exists(problem: Problem) -> bool:
    return bool(every_plan(problem))


@given(term=problems(TINY, pins=4))
@settings(max_examples=80)
def test_pins_are_refused_only_where_no_plan_keeps_them_and_the_fewest_are_named(term: Problem) -> None:
    assume(term.pins)
    plans = every_plan(term)
    assume(plans is not None)
    try:
        plan = plan_for_pins(term, Effort(10))
    except PinsImpossible as refused:
        assert not plans
        named = {str(pin): pin for pin in term.pins if str(pin) in refused.pins}
        assert sorted(named) == sorted(refused.pins)
        clash = list(named.values())
        event(f"{len(clash)} pins clash")
        assert not exists(replace(term, pins=tuple(clash)))
        for pin in clash:
            assert exists(replace(term, pins=tuple(other for other in clash if other is not pin)))
            assert str(pin) in str(refused)
    else:
        event("the pins can be kept")
        assert plans
        assert not oracle.violations(term, plan)


TWO_SLOTS = slot("09:00", "10:00"), slot("10:00", "11:00")
KEEP_A, KEEP_B = Pin("S1", Decision.KEEP, "V1"), Pin("S2", Decision.KEEP, "V1")


def clash(term: Problem) -> PinsImpossible:
    with pytest.raises(PinsImpossible) as refused:
        solve(term, REPEATABLE)
    return refused.value


def test_somebody_pinned_to_two_places_at_a_time() -> None:
    sessions = [session("S1"), session("S2", school="B"), session("S3", school="C")]
    spare = Pin("S3", Decision.KEEP, "V2")
    term = problem(sessions, [volunteer("V1"), volunteer("V2")], pins=(spare, KEEP_A, KEEP_B))
    refused = clash(term)
    assert refused.pins == ("keep V1 at S1", "keep V1 at S2")
    assert "any 1 of them can" in str(refused)
    assert "V2" not in str(refused)
    assert "\n  V1 cannot be at S1 until 10:00 on Thu 1 Oct and at S2 from 09:00" in str(refused)


def test_pins_are_found_in_the_input_by_their_places() -> None:
    pins = (replace(KEEP_A, place="pins.csv, row 3"), replace(KEEP_B, place="pins.csv, row 5"))
    assert pins[0] == KEEP_A, "where a pin stands makes it no other pin"
    refused = clash(problem([session("S1"), session("S2", school="B")], [volunteer("V1")], pins=pins))
    assert refused.pins == ("keep V1 at S1 (pins.csv, row 3)", "keep V1 at S2 (pins.csv, row 5)")
    assert "\n  keep V1 at S2 (pins.csv, row 5)\n" in str(refused)


def test_what_stands_between_two_pins_is_looked_for_at_every_time_that_suits_each() -> None:
    """At 09:00, which is first, V1 is not free: that is not what stands between the pins."""
    busy = volunteer("V1", availability=(free("10:00", "11:00"),))
    sessions = [session("S1", *TWO_SLOTS), session("S2", *TWO_SLOTS, school="B")]
    refused = clash(problem(sessions, [busy], pins=(KEEP_A, KEEP_B)))
    assert "V1 cannot be at S1 until 11:00 on Thu 1 Oct and at S2 from 10:00" in str(refused)
    assert "not free" not in str(refused)


def test_pins_that_leave_no_room_for_those_who_are_needed_too() -> None:
    """Each pin can be kept with V1 at its side, and V1 cannot be at both."""
    sessions = [session("S1", team=(2, 2)), session("S2", school="B", team=(2, 2))]
    pins = (Pin("S1", Decision.KEEP, "V2"), Pin("S2", Decision.KEEP, "V3"))
    refused = clash(problem(sessions, [volunteer(f"V{n}") for n in (1, 2, 3)], pins=pins))
    assert len(refused.pins) == 2
    assert "No teams can be made up around all of them that keep every rule." in str(refused)


def test_a_pin_that_is_impossible_by_itself_says_what_stands_against_it() -> None:
    term = problem(
        [session("S1"), session("S2")],
        [volunteer("V1", excluded_schools=frozenset({"A"}))],
        schools=[School("A", "Ash Primary School")],
        pins=(Pin("S1", Decision.KEEP, "V1"),),
    )
    refused = clash(term)
    assert refused.pins == ("keep V1 at S1",)
    assert "Ash Primary School" in str(refused) or "excluded" in str(refused)


def test_two_starts_of_one_session_cannot_both_be_kept() -> None:
    pins = (Pin("S1", Decision.KEEP, start=at("09:00")), Pin("S1", Decision.KEEP, start=at("10:00")))
    refused = clash(problem([session("S1", *TWO_SLOTS)], [volunteer("V1")], pins=pins))
    assert refused.pins == ("keep S1 at 2026-10-01T09:00", "keep S1 at 2026-10-01T10:00")
    assert "One says the opposite of another." in str(refused)


def test_keeping_a_start_on_a_closed_day_is_impossible() -> None:
    pins = (Pin("S1", Decision.KEEP, start=at("09:00")),)
    term = problem([session("S1")], [volunteer("V1")], pins=pins, closed=[date(2026, 10, 1)])
    assert clash(term).pins == ("keep S1 at 2026-10-01T09:00",)


def test_to_keep_and_to_forbid_the_same() -> None:
    pins = (KEEP_A, Pin("S1", Decision.NEVER, "V1"))
    assert set(clash(problem([session("S1")], [volunteer("V1")], pins=pins)).pins) == {
        "keep V1 at S1",
        "never V1 at S1",
    }


def test_a_pin_costs_reach_if_it_must() -> None:
    """V1 could give S1 and S2 both; kept for the long one, there is only one."""
    long = session("S3", slot("09:00", "12:00"), school="C")
    sessions = [session("S1"), session("S2", slot("11:00", "12:00"), school="B"), long]
    free = problem(sessions, [volunteer("V1")])
    pinned = replace(free, pins=(Pin("S3", Decision.KEEP, "V1"),))
    assert len(solve(free, REPEATABLE).plan.visits) == 2
    assert list(solve(pinned, REPEATABLE).plan.visits) == ["S3"]
