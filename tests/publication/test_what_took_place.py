"""A term is planned on around what took place, however odd: too few came, strangers, people who are gone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from matcher.solving.progress import Settings
from matcher.store import Workspace
from matcher.tables import Row, Tables, Value
from matcher.usecases import planning
from tests.publication.terms import publish, term, with_row

pytest_plugins = ("tests.store.store_fixtures",)

BETWEEN = datetime(2026, 10, 6, 12, tzinfo=UTC)  # OAK-1 and ELM-1 are over, OAK-2 is to come
QUICK = Settings(time_limit=3, workers=1, deterministic=True)


def recorded(**visit: Value) -> Tables:
    columns = ("session_id", "happened", "cohort_id", "pupils_present", "staff_present", "came")
    tables = term()
    row = Row(2, dict.fromkeys(columns) | {"session_id": "ELM-1", "happened": "yes"} | visit)
    return Tables(tables.programme, {**tables.rows, "visits": (row,)})


EVERYBODY = ("ADA", "DEE", "FRED", "LENA", "NICK")

CASES: dict[str, tuple[Tables, tuple[str, ...] | None]] = {
    "fewer came than it needs": (recorded(came=("DEE",)), ("DEE",)),
    "nobody of the sector that it asks for came": (recorded(came=("LENA", "NICK")), ("LENA", "NICK")),
    "more came than it has room for": (
        recorded(came=EVERYBODY),
        EVERYBODY,
    ),
    "somebody came whom no spreadsheet ever had": (recorded(came=("DEE", "STRANGER")), ("DEE", "STRANGER")),
    "it did not happen": (recorded(happened="no"), None),
    "nobody wrote who came": (recorded(), ("DEE", "LENA", "NICK")),
    "who came is to come no more often": (
        with_row(recorded(), "volunteers", "DEE", max_sessions=0),
        ("DEE", "LENA", "NICK"),
    ),
    "the school was closed then, as is known by now": (
        with_row(recorded(), "schools", "ELM", closed=("2026-10-05..2026-10-07",)),
        ("DEE", "LENA", "NICK"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_visit_that_is_over_stands_as_recorded_and_the_rest_is_planned_around_it(
    case: str, sqlite_address: str
) -> None:
    tables, came = CASES[case]
    with Workspace.open(sqlite_address, create=True) as workspace:
        publish(workspace)
        workspace.replace_tables(tables, "after.xlsx")
        number, made = planning.solve_workspace(
            workspace, QUICK, lambda *_: None, lambda *_: None, now=BETWEEN, afresh=True
        )
        visits = planning.load_run(workspace, number)[0].plan.visits
        assert (visits["ELM-1"].team if "ELM-1" in visits else None) == came
        assert "OAK-2" in visits
        assert all(tier.bound is not None and tier.proven for tier in made.result.tiers[:1])
