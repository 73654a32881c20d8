"""Every session that is not delivered says why, in a sentence a coordinator can act on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings

from matcher.advice.undelivered import Reasons
from matcher.advice.warnings import warnings
from matcher.domain import Decision, EthnicGroup, Gender, Mode, Pin, Plan, Problem, School
from matcher.errors import PinsImpossible
from matcher.intake import Place
from matcher.rules.tiny import at, free, plan, problem, session, slot, volunteer
from matcher.usecases.planning import make_plan
from tests.planning.random_terms import REPEATABLE, TINY, every_plan, problems

OCTOBER_2 = date(2026, 10, 2)
TWO_TIMES = slot("09:00", "10:00"), slot("11:00", "12:00")
RAIL, HEALTH = volunteer("V1"), volunteer("V2", sector="Health")
BUSY = free("12:00", "13:00")
NEEDY = School("B", "B", pupil_premium_percent=50)
OWN_SECTOR = frozenset({"digital arts"})

NEVER = {
    "no slot was offered": (
        problem([replace(session("S1"), slots=())], [RAIL]),
        "No slot was offered for it.",
    ),
    "a closed day": (
        problem([session("S1")], [RAIL], closed=[date(2026, 10, 1)]),
        "None of its slots lies on an open day of the term.",
    ),
    "a day on which the school takes nobody": (
        problem([session("S1")], [RAIL], schools=[School("A", "Ash Primary", closed=frozenset({date(2026, 10, 1)}))]),
        "Ash Primary takes nobody on Thu 1 Oct.",
    ),
    "a closed day for the school, and one for all": (
        problem(
            [session("S1", slot(day=OCTOBER_2), slot())],
            [RAIL],
            schools=[School("A", "Ash Primary", closed=frozenset({OCTOBER_2}))],
            closed=[date(2026, 10, 1)],
        ),
        "Ash Primary takes nobody on Fri 2 Oct.",
    ),
    "after the term": (
        problem([session("S1", slot(day=date(2027, 2, 1)))], [RAIL]),
        "None of its slots lies on an open day of the term.",
    ),
    "pins at every start": (
        problem(
            [session("S1", *TWO_TIMES)],
            [RAIL],
            pins=(Pin("S1", Decision.NEVER, start=at("09:00")), Pin("S1", Decision.NEVER, start=at("11:00"))),
        ),
        "Pins rule out every one of its slots.",
    ),
    "a sector nobody works in": (
        problem(
            [session("S1", required_sectors=OWN_SECTOR)],
            [RAIL, HEALTH],
            sector_names={"digital arts": "Digital Arts"},
        ),
        "It asks for somebody from Digital Arts, and no volunteer works there.",
    ),
    "a sector whose people are busy": (
        problem(
            [session("S1", *TWO_TIMES, required_sectors=frozenset({"health"}))],
            [RAIL, volunteer("V2", sector="Health", availability=(BUSY,))],
        ),
        "No Health volunteer can come at either of its times: 1 is not free then.",
    ),
    "a person is counted once, by the time at which least stands against them": (
        problem(
            [session("S1", slot("09:00", "10:00"), slot("12:00", "13:00"), required_sectors=frozenset({"health"}))],
            [RAIL, volunteer("V2", sector="Health", availability=(BUSY,), excluded_schools=frozenset({"A"}))],
        ),
        "No Health volunteer can come at either of its times: 1 is not to be sent to this school.",
    ),
    "nobody can come at any time": (
        problem(
            [session("S1", slot("09:00", "10:00"), slot("12:00", "13:00"))],
            [
                volunteer("V1", availability=(BUSY,), excluded_schools=frozenset({"A"})),
                volunteer("V2", availability=(free("09:00", "10:00"),), excluded_schools=frozenset({"A"})),
            ],
        ),
        "Nobody can come at either of its times: 2 are not to be sent to this school.",
    ),
    "nobody is free": (
        problem([session("S1")], [volunteer("V1", availability=(BUSY,)), volunteer("V2", availability=())]),
        "Nobody can come on Thu 1 Oct, 09:00: 2 are not free then.",
    ),
    "too few, each for a reason of their own": (
        problem(
            [session("S1", team=(2, 3), supervised=False)],
            [
                volunteer("V1", availability=(BUSY,), checked_until=date(2027, 7, 31)),
                volunteer("V2", checked_until=date(2026, 9, 30)),
                volunteer("V3", checked_until=date(2027, 7, 31)),
                volunteer("V4", checked_until=date(2027, 7, 31), modes=frozenset({Mode.VIRTUAL})),
            ],
        ),
        "Only 1 of the 2 volunteers it needs can come on Thu 1 Oct, 09:00: 1 is ",
    ),
    "a missing check is said by name": (
        problem(
            [session("S1", supervised=False)],
            [
                volunteer("V1", name="Rafi Jones"),
                volunteer("V2", name="Ada  Wilson", checked_until=date(2026, 9, 30)),
                volunteer("V3", name="Zoe Shah", availability=(BUSY,)),
                volunteer("V4", name="Lee Kim", availability=(BUSY,), checked_until=date(2027, 7, 31)),
            ],
        ),
        (
            "Nobody can come on Thu 1 Oct, 09:00: 2 are not free then, "
            "Ada Wilson and Rafi Jones have no safeguarding check that covers that day."
        ),
    ),
    "of nine without a check all are named": (
        problem([session("S1", supervised=False)], [volunteer(f"V{n}", name=f"Person {n}") for n in range(9)]),
        (
            "Nobody can come on Thu 1 Oct, 09:00: Person 0, Person 1, Person 2, Person 3, Person 4, Person 5, "
            "Person 6, Person 7 and Person 8 have no safeguarding check that covers that day."
        ),
    ),
    "of ten without a check the others are too many to be meant": (
        problem([session("S1", supervised=False)], [volunteer(f"V{n}", name=f"Person {n}") for n in range(10)]),
        (
            "Nobody can come on Thu 1 Oct, 09:00: Person 0, Person 1, Person 2, Person 3, Person 4 and 5 others "
            "have no safeguarding check that covers that day."
        ),
    ),
    "all of one employer": (
        problem([session("S1", team=(3, 3))], [volunteer(f"V{n}", employer="Trains Ltd") for n in range(4)]),
        "No team of 3 can be made up on Thu 1 Oct, 09:00 from those who could come.",
    ),
}


def somewhere(table: str, key: str) -> Place:
    return Place(table)


@pytest.mark.parametrize(("term", "sentence"), NEVER.values(), ids=NEVER.keys())
def test_what_no_plan_can_deliver_says_why(term: Problem, sentence: str) -> None:
    made = make_plan(term, REPEATABLE, lambda progress: None)
    reason = made.result.reasons["S1"]
    assert reason.startswith(sentence)
    assert reason.endswith(".")
    said = [warning.found for warning in warnings(term, somewhere)]
    if term.sessions["S1"].slots:  # else reading has said so already
        assert f"S1, which no plan can deliver: {reason[:-1]}" in said, "and it is said before anything is planned"


def test_volunteers_who_are_needed_elsewhere() -> None:
    term = problem([session("S1"), session("S2", school="B")], [RAIL], schools=[NEEDY])
    made = make_plan(term, REPEATABLE, lambda progress: None)
    assert list(made.result.plan.visits) == ["S2"]
    assert made.result.reasons["S1"] == (
        "Its volunteers are needed elsewhere: on Thu 1 Oct, 09:00 nobody is left of the 1 it needs; "
        "1 is somewhere else at about that time."
    )


def test_beside_a_plan_only_those_are_named_who_lack_nothing_but_a_check() -> None:
    people = [
        volunteer("V1", name="Rafi Jones"),
        volunteer("V2", name="Ada Wilson", excluded_schools=frozenset({"A"})),
        volunteer("V3", name="Lee Kim", checked_until=date(2027, 7, 31)),
    ]
    term = problem([session("S1", supervised=False), session("S2", school="B")], people, schools=[NEEDY])
    reason = Reasons(term).not_delivered(plan(S2="V3"), "S1")
    assert "Rafi Jones has no safeguarding check that covers that day" in reason
    assert "Ada" not in reason and "1 is not to be sent to this school" in reason


def test_a_volunteer_who_is_nowhere_wanted_for_want_of_a_check_is_named_without_a_count() -> None:
    times = slot("09:00", "10:00"), slot("12:00", "13:00")
    people = [
        volunteer("V1", name="Rafi Jones", availability=(free("09:00", "10:00"),)),
        volunteer("V2", name="Ada Wilson"),
        volunteer("V3", checked_until=date(2027, 7, 31)),
    ]
    found = [each.found for each in warnings(problem([session("S1", *times, supervised=False)], people), somewhere)]
    assert found == [
        (
            "V1, who can be at no session: 1 time not free then, "
            "Rafi Jones has no safeguarding check that covers the other days"
        ),
        "V2, who can be at no session: Ada Wilson has no safeguarding check that covers any of the days",
    ]


def test_a_day_that_is_full() -> None:
    term = problem(
        [session("S1"), session("S2", slot("11:00", "12:00"))],
        [RAIL, HEALTH],
        schools=[School("A", "Ash Primary School", max_sessions_per_day=1)],
    )
    reason = Reasons(term).not_delivered(plan(S1="V1"), "S2")
    assert reason.startswith("Others go first: on Thu 1 Oct it would be one session too many there: ")


def test_a_pin_against_the_only_one() -> None:
    term = problem([session("S1")], [RAIL], pins=(Pin("S1", Decision.NEVER, "V1"),))
    reason = Reasons(term).not_delivered(Plan({}), "S1")
    assert reason == "Nobody can come on Thu 1 Oct, 09:00: 1 is ruled out by a pin."


def test_people_who_could_come_where_a_plan_without_the_session_was_all_that_was_found() -> None:
    reason = Reasons(problem([session("S1")], [RAIL, HEALTH])).not_delivered(Plan({}), "S1")
    assert reason.startswith("Leaving it out was best, as far as the search went: 2 volunteers could come on Thu 1 ")
    reason = Reasons(problem([session("S1")], [RAIL])).not_delivered(Plan({}), "S1")
    assert reason.startswith("Leaving it out was best, as far as the search went: 1 volunteer could come on Thu 1 ")


@given(term=problems(TINY))
@settings(max_examples=60)
def test_why_never_speaks_where_no_plan_delivers_a_session_and_only_there(term: Problem) -> None:
    plans = every_plan(term)
    assume(plans is not None)
    assert plans is not None
    deliverable = {session_id for each in plans for session_id in each.visits}
    for session_id in term.sessions:
        assert (Reasons(term).never(session_id) is None) == (session_id in deliverable)


PERSONAL = re.compile(
    r"\b(gender|ethnic\w*|wom[ae]n|female|male|m[ae]n|sex|"
    + "|".join([*(each for each in EthnicGroup if each != "other"), *(each for each in Gender if each != "other")])
    + r")\b",
    re.IGNORECASE,
)


@given(term=problems(pins=2))
@settings(max_examples=40)
def test_every_missing_session_is_explained_and_no_sentence_is_about_gender_or_ethnicity(term: Problem) -> None:
    try:
        result = make_plan(term, REPEATABLE, lambda progress: None).result
    except PinsImpossible:
        assume(False)
    assert result.reasons.keys() == term.sessions.keys() - result.plan.visits.keys()
    for reason in [*result.reasons.values(), *map(str, warnings(term, somewhere))]:
        assert reason.endswith(".")
        assert "\n" not in reason
        assert not PERSONAL.search(reason)


def test_one_person_under_two_ids_cannot_be_at_two_places_and_that_is_why() -> None:
    twins = [volunteer("V1", name="Zoë", email="zoe@example.org"), volunteer("V2", name="ZOE", email="Zoe@example.org")]
    term = problem([session("S1"), session("S2", school="B")], twins)
    result = make_plan(term, REPEATABLE, lambda progress: None).result
    ((_, reason),) = result.reasons.items()
    assert "2 are somewhere else at about that time" in reason
    assert result.tiers[0].proven
