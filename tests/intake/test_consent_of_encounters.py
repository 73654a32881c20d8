"""Gender and ethnicity of earlier encounters follow consent: the row's own, else the volunteer's."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_scenario import Scenario, read, tables_of

from matcher.domain import Gender
from matcher.intake import build_problem
from matcher.store import Workspace
from matcher.tables import Row, Tables

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])
MARKS = ("Secret-Gender", "Secret-Ethnicity")

# In the table volunteers, V1 has consented, V2 has not and V9 is not there.
CASES = [
    ("V1", "", True),
    ("V1", "yes", True),
    ("V1", "no", False),
    ("V2", "", False),
    ("V2", "yes", True),
    ("V2", "no", False),
    ("V9", "", False),
    ("V9", "yes", True),
    ("V9", "no", False),
    ("v1", "", False),
    ("", "", True),
    ("", "yes", True),
    ("", "no", False),
]


def met(volunteer_id: str, consent: str) -> Scenario:
    scenario = Scenario()
    row: list[object] = ["S1-Y5", "2026-06-02", "last-year-1", volunteer_id, "Health", "", "woman", "asian", consent]
    scenario.tables["encounters"][1:] = [row]
    return scenario


@FORMS
@pytest.mark.parametrize(("volunteer_id", "consent", "known"), CASES)
def test_an_encounter_counts_with_gender_and_ethnicity_only_with_consent(
    volunteer_id: str, consent: str, known: bool, form: str, tmp_path: Path
) -> None:
    intake = read(met(volunteer_id, consent).write(form, tmp_path))
    (encounter,) = intake.problem.encounters
    assert (encounter.volunteer_id, encounter.sector, encounter.share_women) == (volunteer_id, "Health", 0.77)
    assert (encounter.gender is Gender.WOMAN, encounter.ethnic_group is not None) == (known, known)
    (row,) = intake.tables.rows["encounters"]
    assert (row["gender"], row["ethnicity"]) == (("woman", "asian") if known else (None, None))
    assert len(intake.warnings) == (not known)
    for warning in intake.warnings:
        assert (warning.row, warning.column) == (2, "matching_consent")
        assert "woman" not in str(warning)
        assert "asian" not in str(warning)
    assert build_problem(intake.tables) == (intake.problem, [])


def test_each_kind_is_said_once_however_many_rows_there_are(tmp_path: Path) -> None:
    scenario = met("V2", "")
    for volunteer_id, consent in (("V9", ""), ("V2", ""), ("V8", ""), ("V1", "no")):
        scenario.tables["encounters"].append(["S1-Y5", "", "", volunteer_id, "", "", "man", "white", consent])
    refused, unknown = read(scenario.to_folder(tmp_path / "s")).warnings
    assert "who have not consented to matching, in rows 2, 4 and 6" in refused.found
    assert "does not know, without a yes of their own, in rows 3 and 5" in unknown.found


def test_who_gave_neither_is_not_warned_of(tmp_path: Path) -> None:
    scenario = met("V2", "")
    scenario.tables["encounters"][1][6:8] = ["", ""]
    assert read(scenario.to_folder(tmp_path / "s")).warnings == ()


def test_rows_that_an_older_version_kept_are_read_without_what_was_not_consented_to(tmp_path: Path) -> None:
    tables = tables_of(met("V2", "yes").to_folder(tmp_path / "s"))
    (row,) = tables.rows["encounters"]
    kept = Row(row.number, {**row.values, "matching_consent": None})
    problem, warnings = build_problem(Tables(tables.programme, {**tables.rows, "encounters": (kept,)}))
    assert problem.encounters[0].gender is None
    assert len(warnings) == 1


def test_without_consent_nothing_of_it_reaches_the_database(tmp_path: Path) -> None:
    scenario = met("V2", "")
    scenario.tables["encounters"][1][6:8] = MARKS
    tables = tables_of(scenario.to_folder(tmp_path / "s"))
    database = tmp_path / "matcher.db"
    with Workspace.open(str(database), create=True) as workspace:
        workspace.replace_tables(tables, "s")
        kept = workspace.load_tables()
    assert kept is not None
    assert build_problem(kept) == build_problem(tables)
    for mark in MARKS:
        assert mark.encode() not in database.read_bytes()
