"""The best plan of a solve that goes on: kept in its own place, until it is a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from store_scenarios import PLAN, large_scenario, save_run, scenario

from matcher.domain import Plan, Status
from matcher.store import Workspace, schema

pytest_plugins = ("store_fixtures",)
SETTINGS = {"time_limit": 60}
MORNING, NOON = datetime(2026, 9, 1, 9, tzinfo=UTC), datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def workspace(address: str) -> Workspace:
    workspace = Workspace.open(address, create=True)
    workspace.replace_tables(scenario(), "derby.xlsx")
    return workspace


def test_what_is_kept_comes_back(workspace: Workspace) -> None:
    number = workspace.keep_unfinished(scenario(), PLAN, 12.5, SETTINGS, MORNING)
    (kept,) = workspace.unfinished()
    assert (kept.number, kept.plan, kept.seconds, kept.settings) == (number, PLAN, 12.5, SETTINGS)
    assert kept.started == MORNING < kept.kept
    assert kept.is_current


def test_a_better_plan_takes_the_place_of_the_one_before(workspace: Workspace) -> None:
    number = workspace.keep_unfinished(scenario(), Plan({}), 1, SETTINGS, MORNING)
    assert workspace.keep_unfinished(scenario(), PLAN, 21, SETTINGS, MORNING, number) == number
    (kept,) = workspace.unfinished()
    assert (kept.plan, kept.seconds) == (PLAN, 21)


def test_each_solve_has_a_place_of_its_own_also_when_its_first_was_tidied_away(workspace: Workspace) -> None:
    first = workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, MORNING)
    workspace.save_run(scenario(), PLAN, (), 1, Status.FEASIBLE, {}, SETTINGS, instead_of=[first])
    other = workspace.keep_unfinished(scenario(), Plan({}), 1, SETTINGS, NOON)
    assert other == first
    again = workspace.keep_unfinished(scenario(), PLAN, 21, SETTINGS, MORNING, first)
    assert {(each.number, each.started) for each in workspace.unfinished()} == {(other, NOON), (again, MORNING)}


def test_once_it_is_a_run_it_is_gone(workspace: Workspace) -> None:
    number = workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, MORNING)
    other = workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, NOON)
    workspace.save_run(scenario(), PLAN, (), 1, Status.FEASIBLE, {}, SETTINGS, instead_of=[number])
    assert [each.number for each in workspace.unfinished()] == [other]


def test_its_scenario_stays_although_another_is_imported(workspace: Workspace) -> None:
    workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, MORNING)
    workspace.replace_tables(large_scenario(3), "large.xlsx")
    (kept,) = workspace.unfinished()
    assert not kept.is_current
    workspace.replace_tables(scenario(), "derby.xlsx")
    (kept,) = workspace.unfinished()
    assert kept.is_current


def test_it_holds_ids_and_times_only(workspace: Workspace) -> None:
    workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, MORNING)
    with workspace.engine.connect() as connection:
        (visits,) = connection.execute(sa.select(schema.unfinished_runs.c.visits)).one()
    ids = {*PLAN.visits, *(person for visit in PLAN.visits.values() for person in visit.team)}
    times = {moment.isoformat() for visit in PLAN.visits.values() for moment in (visit.slot.start, visit.slot.end)}
    words = [
        word
        for session_id, start, end, team in json.loads(json.dumps(visits))
        for word in (session_id, start, end, *team)
    ]
    assert set(words) == ids | times


def test_runs_are_numbered_as_without_it(workspace: Workspace) -> None:
    workspace.keep_unfinished(scenario(), PLAN, 1, SETTINGS, MORNING)
    assert save_run(workspace, scenario()) == 1
