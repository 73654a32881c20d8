"""Gender and ethnicity steer the plan and then are gone: no output, message, file name or log tells a person's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from matcher.authoring.generate import generate
from matcher.authoring.write import write_folder
from matcher.domain import EthnicGroup, Gender, Problem, Volunteer
from matcher.intake import read_scenario
from matcher.publishing.calendars import calendar_files
from matcher.publishing.plan_files import plan_csv, sessions_csv
from matcher.publishing.report import report_and_figures
from matcher.usecases.planning import make_plan
from tests.cli.program import contents, here, matcher, rows
from tests.planning.random_terms import REPEATABLE, problems

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
WORDS = ("woman", "man", "women", "men", "female", "male", "gender", "asian", "black", "mixed", "white", "ethnic")
PERSONAL = re.compile(rf"\b({'|'.join(WORDS)}|ethnicity)\b", re.IGNORECASE)


def with_people(problem: Problem, people: dict[str, Volunteer]) -> Problem:
    return replace(problem, volunteers={**problem.volunteers, **people})


def files(problem: Problem, result_of: Problem) -> dict[str, bytes]:
    """What is published for people, of the plan that was made for `result_of`."""
    result = make_plan(result_of, REPEATABLE, lambda progress: None).result
    return {
        "plan.csv": plan_csv(problem, result),
        "sessions.csv": sessions_csv(problem, result),
        **calendar_files(problem, result.plan, NOW),
    }


@given(problem=problems(), seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_tables_and_calendars_are_the_same_whoever_people_are(problem: Problem, seed: int) -> None:
    dice = Random(seed)
    others = {
        name: replace(
            each,
            gender=dice.choice([None, *Gender]),
            ethnic_group=dice.choice([None, *EthnicGroup]),
        )
        for name, each in problem.volunteers.items()
    }
    assert files(problem, problem) == files(with_people(problem, others), problem)


@given(problem=problems(), seed=st.integers(0, 2**32))
@settings(max_examples=5)
def test_the_report_is_the_same_whoever_of_a_team_is_who(problem: Problem, seed: int) -> None:
    """Two people who are always seen together change places: every count stays, and so must every word."""
    result = make_plan(problem, REPEATABLE, lambda progress: None).result
    teams: dict[str, frozenset[str]] = {}
    for session_id, visit in result.plan.visits.items():
        for person in visit.team:
            teams[person] = teams.get(person, frozenset()) | {session_id}
    pairs = [
        (a, b)
        for a in teams
        for b in teams
        if a < b
        and teams[a] == teams[b]
        and problem.volunteers[a].share_women == problem.volunteers[b].share_women
        and demographics(problem.volunteers[a]) != demographics(problem.volunteers[b])
    ]
    if not pairs:  # rarely alike by chance: make the first two of a team alike
        both = [visit.team[:2] for visit in result.plan.visits.values() if len(visit.team) > 1]
        both = [pair for pair in both if teams[pair[0]] == teams[pair[1]]]
        assume(both)
        a, b = both[0]
        share = problem.volunteers[a].share_women
        problem = with_people(problem, {b: replace(problem.volunteers[b], share_women=share)})
        pairs = [(a, b)]
        result = make_plan(problem, REPEATABLE, lambda progress: None).result
        assume({a, b} <= {person for visit in result.plan.visits.values() for person in visit.team})
        assume(all((a in visit.team) == (b in visit.team) for visit in result.plan.visits.values()))
    a, b = Random(seed).choice(pairs)
    one, other = problem.volunteers[a], problem.volunteers[b]
    swapped = with_people(
        problem,
        {
            a: replace(one, gender=other.gender, ethnic_group=other.ethnic_group),
            b: replace(other, gender=one.gender, ethnic_group=one.ethnic_group),
        },
    )
    assert report_and_figures(problem, result, NOW) == report_and_figures(swapped, result, NOW)


def demographics(person: Volunteer) -> tuple[Gender | None, EthnicGroup | None]:
    return person.gender, person.ethnic_group


def test_nothing_that_is_said_or_written_for_people_names_a_gender_or_an_ethnicity(tmp_path: Path) -> None:
    scenario, out = tmp_path / "scenario", tmp_path / "plan"
    write_folder(generate(4, seed=2), scenario)
    people = rows(scenario / "volunteers.csv")
    assert {row["gender"] for row in people} & {"woman", "man"}
    said = matcher("run", scenario, "--out", out, "--time-limit", 1, "--json")
    assert said.code == 0
    assert not PERSONAL.search(said.err)
    assert not [event for event in said.events if event["event"] == "warning" and PERSONAL.search(event["text"])]
    for name, content in contents(out).items():
        assert not PERSONAL.search(name)
        if name.endswith((".ics", ".csv", ".json")):
            text = content.decode().replace("\r\n ", "").replace("role_models", "")
            assert not PERSONAL.search(text), name
    assert read_scenario(scenario).problem.volunteers


def test_what_was_given_without_consent_is_not_kept(tmp_path: Path) -> None:
    scenario, db = tmp_path / "scenario", tmp_path / "matcher.db"
    write_folder(generate(2, seed=2), scenario)
    text = (scenario / "volunteers.csv").read_text(encoding="utf-8").splitlines()
    headings = text[0].split(",")
    person = dict.fromkeys(headings, "")
    person |= {
        "volunteer_id": "QUIET",
        "name": "Quiet",
        "sector": "Rail",
        "gender": "qqgender",
        "ethnicity": "Caribbean",
    }
    (scenario / "volunteers.csv").write_text("\n".join([*text, ",".join(person.values())]) + "\n", encoding="utf-8")
    said = here("import", scenario, "--db", db)
    assert said.code == 0
    assert "qqgender" not in said.out + said.err
    kept = db.read_bytes()
    assert b"QUIET" in kept
    assert b"qqgender" not in kept
    assert b"Caribbean" not in kept
