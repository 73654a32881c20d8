"""Who could step in: exactly those with whom the plan keeps every rule, those asked least first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from matcher.advice.stand_in import StandIns, Substitutes
from matcher.advice.standing import still_told
from matcher.audit import audit
from matcher.domain import EthnicGroup, Gender, Plan, Problem, Visit, folded
from matcher.rules import tiny
from matcher.solving.search import solve
from tests.counting import calls_made
from tests.planning.random_terms import REPEATABLE, SMALL, random_term, under_way

TERMS = 50


def terms() -> Iterator[tuple[Problem, Plan]]:
    """Terms under way, with what stands of the plan that was told."""
    for seed in range(TERMS):
        dice = Random(seed)
        before = random_term(dice, SMALL, pins=0)
        term = under_way(before, solve(before, REPEATABLE).plan, dice)
        yield term, still_told(term)


def broken(problem: Problem, plan: Plan) -> set[tuple[str, tuple[str, ...]]]:
    """What is broken, but for how many are in a team: of a visit that is fully staffed it is a reserve."""
    return {(each.rule, each.about) for each in audit(problem, plan).findings if each.rule != "team size"}


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
                sector = folded(problem.volunteers[volunteer_id].sector)
                is_no_use = answer.missing == len(answer.lacks) > 0 and sector not in answer.lacks
                could = not breaks and not is_no_use
                assert (volunteer_id in found) is could, (session_id, volunteer_id, breaks)
                listed, left_out = listed + could, left_out + (not could)
    assert listed > 50 and left_out > 50


def test_a_visit_that_lost_the_only_one_of_a_sector_it_asks_for_wants_somebody_from_it() -> None:
    people = [
        tiny.volunteer("V1", sector="Digital"),
        tiny.volunteer("V2"),
        tiny.volunteer("V3"),
        tiny.volunteer("V4", sector="Digital"),
    ]
    term = tiny.problem([tiny.session("S1", team=(2, 3), required_sectors=frozenset({"digital"}))], people)
    answer = Substitutes(term, tiny.plan(S1="V2 V3")).of("S1")
    assert (answer.lacks, answer.missing) == (("digital",), 1)
    assert {each.volunteer_id for each in answer.found} == {"V1", "V4"}


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
