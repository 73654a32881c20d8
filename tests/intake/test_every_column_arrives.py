"""Nothing that is filled in is read and then forgotten: each column changes the term, or is kept elsewhere."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from intake_scenario import Scenario, problems_of, read

from matcher.domain import Cohort, School, Session, Volunteer
from matcher.store import Workspace
from matcher.tables import COHORTS, SCHOOLS, SESSIONS, TABLES, VOLUNTEERS, Kind, Table

# A value, other than the one that stands there, that makes another term of it: (row as a spreadsheet counts, value);
# of columns of these kinds that are not named, one that suits the kind.
SUITABLE = {Kind.TEXT: "another", Kind.WHOLE: "1", Kind.SIGNED: "-7", Kind.NUMBER: "7.5"}
OTHER: dict[tuple[str, str], tuple[int, object]] = {
    ("schools", "school_id"): (2, "S9"),
    ("schools", "name"): (2, "Elm Primary School"),
    ("schools", "postcode"): (2, "DE1 2AB"),
    ("schools", "address"): (2, "1 High Street"),
    ("schools", "latitude"): (2, "52.95"),
    ("schools", "longitude"): (2, "-1.5"),
    ("schools", "ward"): (2, "Arboretum"),
    ("schools", "urn"): (2, "112755"),
    ("schools", "pupil_premium_percent"): (2, "50"),
    ("schools", "max_sessions_per_day"): (2, "1"),
    ("schools", "contact_name"): (2, "Joyce Kaur"),
    ("schools", "contact_email"): (2, "office@ash.example"),
    ("schools", "closed"): (2, "2026-10-05;2026-11-02..2026-11-06"),
    ("cohorts", "cohort_id"): (3, "S1-Y7"),
    ("cohorts", "school_id"): (4, "S1"),
    ("cohorts", "name"): (2, "Kestrels"),
    ("cohorts", "year_group"): (2, "4"),
    ("cohorts", "pupils"): (2, "12"),
    ("sessions", "session_id"): (2, "C"),
    ("sessions", "cohort_ids"): (2, "S1-Y5"),
    ("sessions", "title"): (2, "Ask me anything"),
    ("sessions", "format"): (2, "carousel"),
    ("sessions", "mode"): (2, "virtual"),
    ("sessions", "min_volunteers"): (2, "2"),
    ("sessions", "max_volunteers"): (2, "2"),
    ("sessions", "required_sectors"): (2, "Health"),
    ("sessions", "supervised"): (2, "no"),
    ("sessions", "what_to_bring"): (2, "a hard hat"),
    ("slots", "session_id"): (2, "B"),
    ("slots", "start"): (2, "2026-10-14T09:45"),
    ("slots", "end"): (2, "2026-10-14T10:45"),
    ("volunteers", "volunteer_id"): (2, "V3"),
    ("volunteers", "name"): (2, "Zoë Shah"),
    ("volunteers", "email"): (2, "zoe@example.org"),
    ("volunteers", "employer"): (2, "Buses Ltd"),
    ("volunteers", "role"): (2, "foreman"),
    ("volunteers", "occupation"): (2, "driver"),
    ("volunteers", "sector"): (2, "Health"),
    ("volunteers", "gender"): (2, "man"),
    ("volunteers", "ethnicity"): (2, "Black"),
    ("volunteers", "matching_consent"): (2, "no"),
    ("volunteers", "postcode"): (2, "DE1 3AF"),
    ("volunteers", "latitude"): (2, "52.8"),
    ("volunteers", "longitude"): (2, "-1.3"),
    ("volunteers", "max_distance_km"): (2, "20"),
    ("volunteers", "modes"): (2, "virtual"),
    ("volunteers", "max_sessions"): (2, "1"),
    ("volunteers", "max_sessions_per_day"): (2, "2"),
    ("volunteers", "checked_until"): (2, "2027-01-01"),
    ("volunteers", "excluded_schools"): (2, "S2"),
    ("availability", "volunteer_id"): (2, "V2"),
    ("availability", "weekday"): (2, "thu"),
    ("availability", "date"): (3, "2026-10-22"),
    ("availability", "from"): (2, "10:00"),
    ("availability", "to"): (2, "12:00"),
    ("availability", "first_day"): (4, "2026-10-08"),
    ("availability", "last_day"): (4, "2026-10-20"),
    ("availability", "available"): (3, "yes"),
    ("sectors", "sector"): (3, "Buses"),
    ("sectors", "share_women"): (3, "0.7"),
    ("sectors", "source"): (2, "counted"),
    ("occupations", "occupation"): (2, "driver"),
    ("occupations", "share_women"): (2, "0.5"),
    ("occupations", "source"): (2, "counted"),
    ("encounters", "cohort_id"): (2, "S1-Y6"),
    ("encounters", "date"): (2, "2026-06-03"),
    ("encounters", "session_id"): (2, "B"),
    ("encounters", "volunteer_id"): (2, "V2"),
    ("encounters", "sector"): (2, "Rail"),
    ("encounters", "occupation"): (2, "Fitter"),
    ("encounters", "gender"): (2, "woman"),
    ("encounters", "ethnicity"): (2, "white"),
    ("encounters", "matching_consent"): (2, "no"),
    ("pins", "session_id"): (2, "B"),
    ("pins", "volunteer_id"): (2, "V2"),
    ("pins", "start"): (3, "2026-10-14T09:30"),
    ("pins", "decision"): (2, "never"),
    ("visits", "session_id"): (2, "B"),
    ("visits", "happened"): (3, "yes"),
    ("visits", "cohort_id"): (2, "S1-Y6"),
    ("visits", "pupils_present"): (2, "27"),
    ("visits", "staff_present"): (2, "3"),
    ("visits", "came"): (2, "V2"),
    ("preferences", "volunteer_id"): (2, "V2"),
    ("preferences", "session_id"): (3, "A"),
    ("preferences", "score"): (2, "4"),
    ("overrides", "session_id"): (2, "B"),
    ("overrides", "volunteer_id"): (2, "V2"),
    ("overrides", "rule"): (2, "same employer"),
    ("overrides", "reason"): (2, "another"),
}

# What no rule reads goes here, and why.
ELSEWHERE = {
    ("volunteers", "postcode"): "for whoever looks for a position; no distance is measured by it yet",
    ("sectors", "source"): "where a figure is from, for whoever looks at the spreadsheet",
    ("occupations", "source"): "the same",
    ("encounters", "date"): "earlier encounters count whenever they were",
}

COLUMNS = [(table.name, column.name) for table in TABLES for column in table.columns]


# What is made of several columns, or of one under another name.
MADE_OF_OTHERS: dict[type, set[str]] = {
    School: {"position"},
    Session: {"school_id", "slots"},
    Volunteer: {"ethnic_group", "share_women", "position", "availability"},
}


@pytest.mark.parametrize(
    ("kind", "table"), [(School, SCHOOLS), (Cohort, COHORTS), (Session, SESSIONS), (Volunteer, VOLUNTEERS)]
)
def test_every_fact_that_a_rule_may_read_can_be_filled_in(kind: type, table: Table) -> None:
    columns = {column.name for column in table.columns}
    assert {field.name for field in fields(kind)} - MADE_OF_OTHERS.get(kind, set()) <= columns


def before() -> Scenario:
    scenario = Scenario()
    scenario.put("encounters", 2, "matching_consent", "yes")  # or what it holds would be unknown anyway
    return scenario


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{table}.{column}" for table, column in COLUMNS])
def test_another_value_makes_another_term_or_is_kept_in_the_workspace(table: str, column: str, tmp_path: Path) -> None:
    kind = next(each for each in TABLES if each.name == table).column(column).kind
    assert (table, column) in OTHER or kind in SUITABLE, f"{table}.{column} is new: give it another value here"
    row, value = OTHER.get((table, column)) or (2, SUITABLE[kind])
    scenario = before()
    scenario.put(table, row, column, value)
    folder = scenario.to_folder(tmp_path / "other")
    if problems_of(folder):
        return  # an id that other tables name: its loss was noticed
    one, other = read(before().to_folder(tmp_path / "one")), read(folder)
    if (table, column) not in ELSEWHERE:
        assert one.problem != other.problem, f"{table}.{column} is read and then forgotten"
        return
    assert one.problem == other.problem, f"{table}.{column} is read after all: take it off the list"
    with Workspace.open(str(tmp_path / "matcher.db"), create=True) as workspace:
        workspace.replace_tables(one.tables, "one")
        assert workspace.replace_tables(other.tables, "other"), f"{table}.{column} is not kept"
