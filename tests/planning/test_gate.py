"""A plan judged by a term that has moved on since: what the rules find in what is to come, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from matcher.audit import audit
from matcher.domain import Limits, Plan, Problem, School, Visit
from matcher.gate import Breach, breaches
from matcher.rules import MUST_RULES
from matcher.rules.base import Example
from matcher.rules.tiny import DAY, at, free, plan, problem, session, slot, volunteer
from matcher.solving.search import solve
from tests.planning.random_terms import REPEATABLE, SMALL, problems, random_term

BEFORE, AFTER = datetime(2026, 9, 1), datetime(2026, 12, 24)
TEN, NEXT_WEEK = slot("10:00", "11:00"), slot(day=date(2026, 10, 8))
EXAMPLES = [
    (rule.name, example) for rule in MUST_RULES for example in rule.examples if example.amount and not rule.holds_past
]


def judged(now: Problem, of: Plan, then: Problem | None = None, at: datetime = BEFORE) -> Sequence[Breach]:
    return breaches(now, of, at, then or now)


def whom(found: Sequence[Breach]) -> set[tuple[str, str]]:
    return {(each.volunteer_id, each.session_id) for each in found}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=[f"{rule}: {each.text}" for rule, each in EXAMPLES])
def test_whatever_a_rule_finds_is_a_breach_in_words(rule: str, example: Example) -> None:
    found = judged(example.problem, example.plan)
    findings = [each for each in audit(example.problem, example.plan).findings if each.rule == rule]
    assert findings and all(each.sessions for each in findings)
    taking_part = any(visit.team for visit in example.plan.visits.values())
    assert bool(found) or not taking_part
    assert all(each.reasons and all(each.reasons) for each in found)
    if rule != "pins":  # which are the coordinator's own, and told as they wrote them
        ids = re.compile(rf"\b({'|'.join(example.problem.volunteers)})\b")
        reasons = [each for breach in found for each in breach.reasons if "in the list more than once" not in each]
        assert not [each for each in reasons if ids.search(each)], "names, not ids"


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=[f"{rule}: {each.text}" for rule, each in EXAMPLES])
def test_what_is_over_is_no_breach(rule: str, example: Example) -> None:
    assert not [each for each in judged(example.problem, example.plan, at=AFTER) if each.slot is not None]


def test_only_the_sessions_of_the_day_take_part_in_one_too_many_on_a_day() -> None:
    now = problem(
        [session("S1"), session("S2", TEN, cohort_ids=("A2",)), session("S3", NEXT_WEEK, cohort_ids=("A3",))],
        [volunteer("V1", max_sessions_per_day=1)],
    )
    of = plan(S1="V1", S2=(TEN, "V1"), S3=(NEXT_WEEK, "V1"))
    assert whom(judged(now, of)) == {("V1", "S1"), ("V1", "S2")}


def test_what_is_over_counts_for_what_is_to_come() -> None:
    now = problem(
        [session("S1"), session("S2", NEXT_WEEK)], [volunteer("V1", max_sessions=1)], limits=Limits(same_employer=2)
    )
    (breach,) = judged(now, plan(S1="V1", S2=(NEXT_WEEK, "V1")), at=at("12:00"))
    assert (breach.volunteer_id, breach.session_id) == ("V1", "S2")
    assert any("2 sessions" in each for each in breach.reasons) and any("2 times" in each for each in breach.reasons)


def test_one_in_breach_leaves_the_others_of_a_team_alone() -> None:
    now = problem([session("S1", team=(1, 2))], [volunteer("V1"), volunteer("V2", excluded_schools=frozenset({"A"}))])
    assert whom(judged(now, plan(S1="V1 V2"))) == {("V2", "S1")}


def test_where_one_left_the_rest_is_judged_without_them() -> None:
    then = problem([session("S1", team=(2, 2))], [volunteer("V1"), volunteer("V2")])
    now = problem([session("S1", team=(2, 2))], [volunteer("V1")])
    found = judged(now, plan(S1="V1 V2"), then)
    assert {each.volunteer_id: each.reasons for each in found} == {
        "V1": ("only 1 of the 2 volunteers that the session needs can be counted on",),
        "V2": ("they are no longer among the volunteers",),
    }


def test_a_session_that_is_not_asked_for_any_more_is_a_breach_for_all_its_team() -> None:
    then = problem([session("S1", team=(1, 2)), session("S2", TEN)], [volunteer("V1"), volunteer("V2")])
    now = replace(then, sessions={"S2": then.sessions["S2"]})
    assert whom(judged(now, plan(S1="V1 V2"), then)) == {("V1", "S1"), ("V2", "S1")}


def test_reasons_name_the_day_and_the_school() -> None:
    now = problem(
        [session("S1", supervised=False)],
        [
            volunteer(
                "V1", checked_until=date(2026, 1, 1), excluded_schools=frozenset({"A"}), availability=(free("11:00"),)
            )
        ],
        schools=[School("A", "Ash Primary")],
    )
    (breach,) = judged(now, plan(S1="V1"))
    told = "; ".join(breach.reasons)
    assert "Thu 1 Jan 2026" in told and "Ash Primary is on their list of excluded schools" in told
    assert "not free then" in told
    assert breach.slot == slot(day=DAY)


def test_whoever_cannot_get_from_one_to_the_other_is_in_breach_at_both_and_nobody_else() -> None:
    """Of three, the last of the plan and the first have nothing to do with it."""
    now = problem(
        [session("S1"), session("S2", school="B", team=(1, 2)), session("S3", NEXT_WEEK, school="C")],
        [volunteer("V1"), volunteer("V2"), volunteer("V3")],
    )
    found = judged(now, plan(S1="V2", S2="V1 V2", S3=(NEXT_WEEK, "V3")))
    assert whom(found) == {("V2", "S1"), ("V2", "S2")}
    assert "at School B" in found[0].reasons[0] and "at School A" in found[1].reasons[0]


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({"volunteer_id": "v1", "name": "MIA UNCHECKED", "email": "Mia@Example.org"}, True),
        ({"volunteer_id": "V2", "name": "Mía  Unchecked", "email": "mia@example.org"}, True),
        ({"volunteer_id": "V2", "name": "Omar Unchecked", "email": "mia@example.org"}, False),
        ({"volunteer_id": "V2", "name": "Mia Unchecked", "email": "mia@elsewhere.org"}, False),
    ],
)
def test_one_person_under_two_ids_is_at_one_place_at_a_time(other: dict[str, str], is_same: bool) -> None:
    first = volunteer("V1", name="Mia Unchecked", email="mia@example.org")
    now = problem([session("S1"), session("S2", school="B")], [first, replace(first, **other)])  # type: ignore[arg-type]
    found = judged(now, plan(S1="V1", S2=other["volunteer_id"]))
    assert audit(now, plan(S1="V1", S2=other["volunteer_id"])).findings or not is_same
    assert whom(found) == ({("V1", "S1"), (other["volunteer_id"], "S2")} if is_same else set())
    assert all("as V1 and" in each.reasons[0] for each in found)


@settings(max_examples=60, deadline=None)
@given(term=problems(), seed=st.integers(0, 2**40), day=st.integers(-1, 30))
def test_there_is_no_breach_exactly_where_the_audit_finds_nothing_in_what_is_to_come(
    term: Problem, seed: int, day: int
) -> None:
    """Facts of another random term of the same size are put in the place of some of this one's."""
    dice = Random(seed)
    of = solve(term, REPEATABLE).plan
    now = _edited(term, dice)
    since = datetime(2026, 10, 1 + day % 3, 9 + day % 5) if day >= 0 else BEFORE
    found = judged(now, of, term, since)
    left = Plan(
        {
            name: Visit(visit.slot, tuple(each for each in visit.team if each in now.volunteers))
            for name, visit in of.visits.items()
            if name in now.sessions
        }
    )
    coming = {name for name, visit in of.visits.items() if visit.slot.start > since}
    gone = any(
        name not in now.sessions
        or any(each not in now.volunteers for each in of.visits[name].team)
        or now.sessions[name].school_id != term.sessions[name].school_id
        or now.sessions[name].mode is not term.sessions[name].mode
        for name in coming
    )
    broken = any(
        any(
            name in coming and (set(each.people or left.visits[name].team) & set(left.visits[name].team))
            for name in each.sessions
        )
        for each in audit(now, left).findings
    )
    event(f"{'gone' if gone else 'broken' if broken else 'fine'}")
    assert bool(found) == (gone or broken)
    assert all(each.slot is not None and each.slot.start > since for each in found)


def _edited(term: Problem, dice: Random) -> Problem:
    size = replace(SMALL, schools=len(term.schools), sessions=len(term.sessions), volunteers=len(term.volunteers))
    other = random_term(dice, size, 0)
    volunteers = dict(term.volunteers)
    for name in list(volunteers):
        match dice.randint(0, 11):
            case 0:
                del volunteers[name]
            case 1:
                volunteers[name] = replace(volunteers[name], availability=other.volunteers[name].availability)
            case 2:
                volunteers[name] = replace(volunteers[name], checked_until=None)
            case 3:
                volunteers[name] = replace(
                    volunteers[name], excluded_schools=frozenset(dice.sample(list(term.schools), 1))
                )
            case 4:
                volunteers[name] = replace(volunteers[name], max_sessions=dice.randint(0, 1))
            case 5:
                volunteers[name] = replace(volunteers[name], max_distance_km=2.0)
    sessions = dict(term.sessions)
    for name in list(sessions):
        match dice.randint(0, 9):
            case 0:
                del sessions[name]
            case 1:
                sessions[name] = replace(sessions[name], slots=other.sessions[name].slots)
            case 2:
                sessions[name] = replace(sessions[name], supervised=False)
            case 3:
                sessions[name] = replace(sessions[name], mode=other.sessions[name].mode)
    return replace(term, volunteers=volunteers, sessions=sessions)
