"""Why: what is proposed, made and solved, does what it says; sets of pins that clash are smallest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from matcher.advice.rearranging import KINDS, impartial, made
from matcher.advice.why import clash_of, why_not_delivered, why_not_there
from matcher.audit import audit
from matcher.domain import Decision, EthnicGroup, Gender, Pin, Plan, Problem, TierName
from matcher.errors import PinsImpossible
from matcher.solving.cpsat import Effort
from matcher.solving.pins import plan_for_pins
from matcher.solving.search import solve
from tests.planning.random_terms import REPEATABLE, SMALL, random_term

EFFORT = Effort(10, deterministic=True)


def terms(count: int) -> Iterator[tuple[Problem, Plan]]:
    for seed in range(count):
        problem = impartial(random_term(Random(seed), SMALL, pins=0))
        yield problem, solve(problem, REPEATABLE).plan


def can_be_kept(problem: Problem) -> bool:
    try:
        plan_for_pins(problem, EFFORT)
    except PinsImpossible:
        return False
    return True


def test_what_is_proposed_brings_the_session_when_it_is_made_and_solved() -> None:
    proposed = 0
    kinds: set[type] = set()
    for problem, plan in terms(30):
        for session_id in problem.sessions.keys() - plan.visits.keys():
            answer = why_not_delivered(problem, plan, session_id)
            assert answer.reason
            for each in answer.ways:
                proposed += 1
                kinds.update(type(change) for change in each.way.changes)
                then = made(problem, each.way.changes)
                found = audit(then, each.way.plan)
                assert not found.findings and session_id in each.way.plan.visits
                assert plan.visits.keys() <= each.way.plan.visits.keys()
                assert found.values[TierName.REACH] >= audit(problem, plan).values[TierName.REACH]
                best = solve(then, REPEATABLE).tiers[0]
                assert best.value >= found.values[TierName.REACH] > audit(problem, plan).values[TierName.REACH]
    assert proposed > 30 and kinds >= set(KINDS) - {KINDS[1]}


def test_somebody_who_is_forbidden_to_come_can_be_pinned_there_in_no_plan_and_others_in_the_one_that_is_shown() -> None:
    forbidden = shown = 0
    for problem, plan in terms(12):
        for session_id in problem.sessions:
            for volunteer_id in problem.volunteers:
                if session_id in plan.visits and volunteer_id in plan.visits[session_id].team:
                    continue
                answer = why_not_there(problem, plan, volunteer_id, session_id)
                pinned = replace(problem, pins=(Pin(session_id, Decision.KEEP, volunteer_id),))
                if answer.forbidden:
                    forbidden += 1
                    assert answer.against
                    assert not can_be_kept(pinned)
                elif answer.way is not None:
                    shown += 1
                    assert volunteer_id in answer.way.plan.visits[session_id].team
                    assert not audit(pinned, answer.way.plan).findings
    assert forbidden > 10 and shown > 10


def test_the_pins_that_clash_are_no_clash_any_more_without_any_one_of_them() -> None:
    clashes = 0
    for seed in range(120):
        problem = random_term(Random(seed), SMALL, pins=6)
        clash = clash_of(problem)
        assert (clash is None) is can_be_kept(problem)
        if clash is not None:
            clashes += 1
            members = clash.members
            assert not can_be_kept(replace(problem, pins=members))
            for n in range(len(members)):
                assert can_be_kept(replace(problem, pins=members[:n] + members[n + 1 :]))
    assert clashes > 10


def test_nothing_changes_with_peoples_gender_and_ethnicity() -> None:
    for seed in range(6):
        problem = random_term(Random(seed), SMALL, pins=0)
        plan = solve(problem, REPEATABLE).plan
        others = {
            key: replace(each, gender=Gender.WOMAN, ethnic_group=EthnicGroup.BLACK)
            for key, each in problem.volunteers.items()
        }
        other = replace(problem, volunteers=others)
        for session_id in problem.sessions:
            if session_id not in plan.visits:
                a, b = (why_not_delivered(each, plan, session_id) for each in (problem, other))
                assert (a.reason, a.as_it_is) == (b.reason, b.as_it_is)
                assert [each.needed for each in a.ways] == [each.needed for each in b.ways]
            else:
                person = next(each for each in problem.volunteers if each not in plan.visits[session_id].team)
                c, d = (why_not_there(each, plan, person, session_id) for each in (problem, other))
                assert (c.against, c.swap, c.costs) == (d.against, d.swap, d.costs)


def test_a_visit_without_any_time_is_explained_and_somebody_is_not_sent_there() -> None:
    cancelled = 0
    for problem, plan in terms(6):
        for session_id in plan.visits:
            without = replace(problem.sessions[session_id], slots=())
            then = replace(problem, sessions={**problem.sessions, session_id: without})
            left = Plan({key: visit for key, visit in plan.visits.items() if key != session_id})
            answer = why_not_delivered(then, left, session_id)
            assert answer.reason and not answer.ways and answer.as_it_is is None
            assert why_not_there(then, left, next(iter(then.volunteers)), session_id).forbidden
            cancelled += 1
    assert cancelled
