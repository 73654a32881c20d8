"""Who could step in: exactly those with whom the plan keeps every rule, those asked least first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from matcher.advice.stand_in import StandIns, Substitutes, as_it_stands
from matcher.audit import audit
from matcher.domain import EthnicGroup, Gender, Plan, Problem, Visit
from matcher.rules import MUST_RULES
from matcher.solving.search import solve
from tests.counting import calls_made
from tests.planning.random_terms import REPEATABLE, SMALL, random_term, under_way

TERMS = 50
OF_TEAMS = {rule.name for rule in MUST_RULES if rule.of_teams}


def terms() -> Iterator[tuple[Problem, Plan]]:
    """Terms under way, with what stands of the plan that was told."""
    for seed in range(TERMS):
        dice = Random(seed)
        before = random_term(dice, SMALL, pins=0)
        term = under_way(before, solve(before, REPEATABLE).plan, dice)
        yield term, as_it_stands(term)


def broken(problem: Problem, plan: Plan) -> set[tuple[str, tuple[str, ...]]]:
    """What is broken, but for teams as a whole."""
    return {(each.rule, each.about) for each in audit(problem, plan).findings if each.rule not in OF_TEAMS}


def joined(plan: Plan, session_id: str, volunteer_id: str) -> Plan:
    visit = plan.visits[session_id]
    return Plan({**plan.visits, session_id: Visit(visit.slot, (*visit.team, volunteer_id))})


def coming(problem: Problem, plan: Plan) -> list[str]:
    return [session_id for session_id in plan.visits if session_id not in problem.past]


def test_whoever_is_listed_could_come_and_whoever_is_not_breaks_a_rule() -> None:
    listed = left_out = 0
    for problem, plan in terms():
        substitutes, before = Substitutes(problem, plan), broken(problem, plan)
        for session_id in coming(problem, plan):
            answer = substitutes.of(session_id)
            found = [each.volunteer_id for each in answer.found]
            for volunteer_id in problem.volunteers.keys() - set(answer.team):
                breaks = broken(problem, joined(plan, session_id, volunteer_id)) - before
                assert (volunteer_id in found) is (not breaks), (session_id, volunteer_id, breaks)
                listed, left_out = listed + (not breaks), left_out + bool(breaks)
    assert listed > 50 and left_out > 50


def test_those_asked_least_come_first_with_what_they_have() -> None:
    for problem, plan in terms():
        for session_id in coming(problem, plan):
            found = Substitutes(problem, plan).of(session_id).found
            counts = [sum(each.volunteer_id in visit.team for visit in plan.visits.values()) for each in found]
            assert [each.sessions for each in found] == counts == sorted(counts)


def test_a_swap_that_is_proposed_keeps_every_rule() -> None:
    seen = 0
    for problem, plan in terms():
        substitutes, before = Substitutes(problem, plan), broken(problem, plan)
        for session_id in coming(problem, plan):
            for swap in substitutes.of(session_id).swaps:
                other = plan.visits[swap.other_session_id]
                team = (*(each for each in other.team if each != swap.volunteer_id), swap.instead_id)
                after = Plan({**plan.visits, swap.other_session_id: Visit(other.slot, team)})
                assert not broken(problem, joined(after, session_id, swap.volunteer_id)) - before
                seen += 1
    assert seen


def test_why_somebody_nearly_could_is_said_of_those_whom_one_rule_keeps_away() -> None:
    seen = 0
    for problem, plan in terms():
        for session_id in coming(problem, plan):
            answer = Substitutes(problem, plan).of(session_id)
            assert not answer.nearly or not answer.found
            for each in answer.nearly:
                names = {rule for rule, _ in broken(problem, joined(plan, session_id, each.volunteer_id))}
                assert each.rule in names and each.words
                seen += 1
    assert seen


def test_nothing_that_is_said_depends_on_what_people_said_about_themselves() -> None:
    def answers(problem: Problem, plan: Plan) -> list[StandIns]:
        return [Substitutes(problem, plan).of(each) for each in coming(problem, plan)]

    for problem, plan in terms():
        others = {
            key: replace(person, gender=Gender.WOMAN, ethnic_group=EthnicGroup.ASIAN)
            for key, person in problem.volunteers.items()
        }
        assert answers(problem, plan) == answers(replace(problem, volunteers=others), plan)


def test_the_rows_are_built_once_for_all_sessions() -> None:
    problem, plan = next((problem, plan) for problem, plan in terms() if len(coming(problem, plan)) > 2)
    substitutes = Substitutes(problem, plan)
    first, second, *_ = coming(problem, plan)
    at_first = calls_made(lambda: substitutes.of(first))
    assert calls_made(lambda: substitutes.of(second)) < at_first / 2
