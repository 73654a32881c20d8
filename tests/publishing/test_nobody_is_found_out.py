"""On small terms nobody is found out for certain, by anybody who has the pages, the screens and one other's answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from random import Random

import pytest
from rich.console import Console

from matcher.audit import audit
from matcher.cli.console import comparison_table, score_table
from matcher.domain import (
    Cohort,
    Encounter,
    EthnicGroup,
    Gender,
    GoalName,
    Plan,
    Problem,
    Programme,
    Result,
    School,
    Session,
    Slot,
    Status,
    TierName,
    TierScore,
    Visit,
    Volunteer,
)
from matcher.intake import read_scenario
from matcher.publishing.disclosure import Told
from matcher.publishing.report import _Report, report_and_figures
from matcher.store import SavedRun
from matcher.usecases.planning import compared_tiers
from tests.cli.program import FIRST_STEPS
from tests.publishing.attack import Attack, Seen, seen

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = date(2026, 10, 1)
SLOTS = tuple(Slot(datetime(2026, 10, 1, hour), datetime(2026, 10, 1, hour + 1)) for hour in (9, 10, 11, 13, 14))


def term(dice: Random, volunteers: int) -> Problem:
    """A few classes that meet nearly everybody, in work that is mostly men's or women's."""
    schools = {f"A{n}": School(f"A{n}", f"School {n}", pupil_premium_percent=dice.choice([0, 20, 41])) for n in (0, 1)}
    cohorts = {f"C{n}": Cohort(f"C{n}", f"A{n % 2}", f"C{n}") for n in range(dice.randint(1, 4))}
    sessions = {}
    for n in range(dice.randint(1, 5)):
        school = cohorts[dice.choice(list(cohorts))].school_id
        own = [each.cohort_id for each in cohorts.values() if each.school_id == school]
        team = dice.randint(1, max(2, volunteers))
        chosen = tuple(sorted(dice.sample(own, dice.randint(1, len(own)))))
        sessions[f"S{n}"] = Session(f"S{n}", school, chosen, 1, team, (SLOTS[n],))
    consenting = dice.choice([0.6, 0.9, 1.0])
    people = {}
    for n in range(volunteers):
        agrees = dice.random() < consenting
        people[f"V{n:02}"] = Volunteer(
            f"V{n:02}",
            f"Person {n}",
            dice.choice(["Rail", "Health", "Digital"]),
            9,
            9,
            gender=dice.choice([*Gender, Gender.WOMAN, Gender.MAN]) if agrees else None,
            ethnic_group=dice.choice([*EthnicGroup, EthnicGroup.WHITE]) if agrees else None,
            share_women=dice.choice([0.1, 0.1, 0.5, 0.9]),
        )
    earlier = tuple(
        Encounter(dice.choice(list(cohorts)), gender=Gender.WOMAN, ethnic_group=EthnicGroup.BLACK, share_women=0.1)
        for _ in range(dice.choice([0, 0, 1]))
    )
    return Problem(Programme("P", DAY, DAY), schools, cohorts, sessions, people, earlier)


def random_plan(dice: Random, problem: Problem) -> Plan:
    """Anybody anywhere, but no class meets somebody twice."""
    met: dict[str, set[str]] = {each: set() for each in problem.cohorts}
    visits = {}
    for session in problem.sessions.values():
        new = [who for who in problem.volunteers if not any(who in met[each] for each in session.cohort_ids)]
        team = tuple(sorted(dice.sample(new, min(len(new), dice.randint(1, session.max_volunteers)))))
        if team and dice.random() < 0.9:
            visits[session.session_id] = Visit(session.slots[0], team)
            for each in session.cohort_ids:
                met[each].update(team)
    return Plan(visits)


def nearly_the_same(dice: Random, problem: Problem, plan: Plan) -> Plan:
    """With one person of one team changed for another, which is what tells most about the two."""
    visits = dict(plan.visits)
    for session_id in dice.sample(sorted(visits), len(visits)):
        visit, cohorts = visits[session_id], set(problem.sessions[session_id].cohort_ids)
        known = {
            who
            for each, other in visits.items()
            if cohorts.intersection(problem.sessions[each].cohort_ids)
            for who in other.team
        }
        fresh = sorted(problem.volunteers.keys() - known)
        if fresh:
            team = {*visit.team} - {dice.choice(visit.team)} | {dice.choice(fresh)}
            return Plan({**visits, session_id: replace(visit, team=tuple(sorted(team)))})
    return plan


def attack_on(dice: Random, problem: Problem) -> Attack:
    """Two pages of a workspace and the comparison of their runs, as an onlooker has them."""
    first = random_plan(dice, problem)
    second = nearly_the_same(dice, problem, first) if dice.random() < 0.5 else random_plan(dice, problem)
    audits = [audit(problem, plan) for plan in (first, second)]
    values = [each.values[TierName.ROLE_MODELS] for each in audits]
    best = max(values) + dice.choice([0, 0, max(values) // 30])
    told: list[Told] = []
    pages, runs = [], []
    for number, (plan, found) in enumerate(zip((first, second), audits, strict=True), start=1):
        tiers = tuple(
            TierScore(tier, value, best if tier is TierName.ROLE_MODELS else value)
            for tier, value in found.values.items()
        )
        html, figures = report_and_figures(problem, Result(plan, tiers, 1, {}, found.ledger), NOW, told)
        told += figures
        pages.append(seen(html.decode(), plan))
        assert not re.search(r"\d{3}", line_of(score_table(problem, plan, tiers)))
        runs.append(
            SavedRun(
                number,
                NOW,
                "",
                True,
                Status.FEASIBLE,
                1,
                tiers,
                0,
                0,
                None,
                None,
                plan,
                {},
                {},
                found.ledger,
                True,
                None,
            )
        )
    line = line_of(comparison_table(runs[0], runs[1], compared_tiers(runs[0], runs[1]))[0])
    assert not re.search(r"\d{3}", line)
    better = re.search(r"run (\d)", line)
    return Attack(problem, pages, None if better is None else better[1] == "1")


def line_of(table: object) -> str:
    """What a table says of role_models, without commas."""
    console = Console(file=StringIO(), width=200)
    console.print(table)
    assert isinstance(console.file, StringIO)
    (line,) = (line for line in console.file.getvalue().splitlines() if "role_models" in line)
    return line.replace(",", "")


@pytest.fixture(autouse=True)
def _no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take nine tenths of a page's time, and draw sessions, schools and load alone."""
    monkeypatch.setattr(_Report, "charts", lambda self: {})


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_nobody_is_found_out_on_small_terms(first: int) -> None:
    for seed in range(first, first + 50):
        dice = Random(seed)
        volunteers = dice.randint(12, 20) if seed % 2 else dice.randint(1, 8)
        attack = attack_on(dice, term(dice, volunteers))
        assert list(attack.found()) == [], seed


def test_some_of_these_terms_have_figures_to_go_by() -> None:
    told = 0
    for seed in range(1, 60, 2):
        dice = Random(seed)
        told += attack_on(dice, term(dice, dice.randint(12, 20))).has_something_to_go_by
    assert told > 10


def test_the_attacker_finds_people_where_the_exact_total_is_let_out() -> None:
    problem = read_scenario(FIRST_STEPS).problem
    slots = {each.session_id: each.slots for each in problem.sessions.values()}
    plan = Plan(
        {
            "OAK-1": Visit(slots["OAK-1"][0], ("DEE", "FRED")),
            "OAK-2": Visit(slots["OAK-2"][0], ("ADA", "RAFI")),
            "ELM-1": Visit(slots["ELM-1"][1], ("DEE", "LENA", "NICK")),
        }
    )
    total = audit(problem, plan).values[TierName.ROLE_MODELS]
    found = {(who, what) for _, who, what in Attack(problem, [Seen(plan, {}, {}, total=total)]).found()}
    assert ("NICK", "man") in found
    assert len({who for who, _ in found}) >= 3
    assert not list(Attack(problem, [Seen(plan, {}, {})]).found())


def test_the_attacker_finds_people_where_few_are_counted() -> None:
    """As pages did that asked for three people in such work: one of them knows too much."""
    dice = Random(1)
    problem = term(dice, 4)
    people = {
        who: replace(each, share_women=0.1, gender=Gender.WOMAN if who == "V00" else Gender.MAN)
        for who, each in problem.volunteers.items()
    }
    (cohort_id, *_), (session, *_) = problem.cohorts, problem.sessions.values()
    session = replace(session, cohort_ids=(cohort_id,))
    problem = replace(problem, volunteers=people, sessions={session.session_id: session}, encounters=())
    plan = Plan({session.session_id: Visit(session.slots[0], ("V00", "V01", "V02"))})
    page = Seen(plan, {(cohort_id, GoalName.WOMEN_IN_MALE_DOMINATED): 1}, {})
    assert ("V00", "V01", "not woman") in set(Attack(problem, [page]).found())
