"""The template is what a coordinator needs: it reads as it stands, explains itself and checks what is typed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from matcher.authoring.template import EXAMPLE_IN_HELP, EXAMPLES, PROGRAMME, REFERENCES, table_help, write_template
from matcher.authoring.write import csv_text
from matcher.domain import Limits, Plan, Visit
from matcher.errors import OutputError
from matcher.intake import read_scenario
from matcher.intake.programme import SETTINGS
from matcher.tables import TABLES, Kind, Table
from tests.oracle import violations


@pytest.fixture
def workbook(tmp_path: Path) -> Workbook:
    write_template(tmp_path / "template.xlsx")
    return load_workbook(tmp_path / "template.xlsx")


def checks(sheet: Worksheet) -> dict[str, DataValidation]:
    """Column letter -> its check."""
    return {str(check.sqref).rstrip("0123456789:")[0]: check for check in sheet.data_validations.dataValidation}


@pytest.mark.parametrize("name", ["template.xlsx", "template"])
def test_the_template_is_a_scenario_without_problems(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / name)
    intake = read_scenario(tmp_path / name)
    assert list(intake.warnings) == []
    problem = intake.problem
    (session,) = problem.sessions.values()
    assert violations(problem, Plan({session.session_id: Visit(session.slots[0], ("V001",))})) == []
    assert problem.programme.limits == Limits()
    for table in TABLES:
        if table.name in EXAMPLE_IN_HELP:
            assert not intake.tables.rows[table.name]
            continue
        (row,) = intake.tables.rows[table.name]
        assert {key: value for key, value in row.values.items() if value is not None} == {
            key: value for key, value in EXAMPLES[table.name].items() if value is not None
        }


def test_nothing_that_steers_a_plan_is_left_behind_when_the_main_rows_are_overwritten(
    tmp_path: Path, workbook: Workbook
) -> None:
    write_template(tmp_path / "folder")
    problem = read_scenario(tmp_path / "folder").problem
    assert (problem.pins, problem.encounters, dict(problem.preferences)) == ((), (), {})
    readme = (tmp_path / "folder" / "README.txt").read_text(encoding="utf-8")
    helps = {row[0]: row[3] for row in workbook["help"].iter_rows(values_only=True) if row[1] is None}
    for name, example in (
        ("pins", "Example: session_id S01-1, volunteer_id V001, decision keep."),
        ("preferences", "Example: volunteer_id V001, session_id S01-1, score 3."),
        ("encounters", "Example: cohort_id S01-Y5, date 2026-06-17, session_id summer-4, sector Health, occupation"),
    ):
        assert [cell.value for cell in workbook[name][2]] == [None] * workbook[name].max_column
        comment = workbook[name]["A1"].comment
        assert example in readme and example in str(helps[name]) and comment is not None and example in comment.text


@pytest.mark.parametrize("table", [table for table in TABLES if table.name in EXAMPLE_IN_HELP], ids=lambda t: t.name)
def test_the_examples_in_the_help_fit_the_rows_beside_them(tmp_path: Path, table: Table) -> None:
    write_template(tmp_path / "folder")
    (tmp_path / "folder" / f"{table.name}.csv").write_text(csv_text(table, [EXAMPLES[table.name]]), encoding="utf-8")
    intake = read_scenario(tmp_path / "folder")
    assert list(intake.warnings) == []
    assert len(intake.tables.rows[table.name]) == 1
    assert table_help(table).startswith(table.help)


def test_both_forms_read_the_same(tmp_path: Path) -> None:
    write_template(tmp_path / "a.xlsx")
    write_template(tmp_path / "a")
    assert read_scenario(tmp_path / "a.xlsx").tables == read_scenario(tmp_path / "a").tables


def test_same_bytes_every_time(tmp_path: Path) -> None:
    write_template(tmp_path / "a.xlsx")
    write_template(tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_every_column_has_its_help_three_times(workbook: Workbook) -> None:
    helped = {(row[0], row[1]): row[3] for row in workbook["help"].iter_rows(values_only=True)}
    for table in TABLES:
        sheet = workbook[table.name]
        prompts = checks(sheet)
        for index, column in enumerate(table.columns, start=1):
            heading = sheet.cell(1, index)
            assert heading.value == column.name
            assert heading.comment is not None and column.help in heading.comment.text
            assert ("Required." in heading.comment.text) == column.required
            assert helped[table.name, column.name] == column.help
            prompt = prompts[get_column_letter(index)]
            assert prompt.showInputMessage and prompt.prompt and prompt.promptTitle
            assert prompt.prompt.startswith(column.help[:200])
            assert len(prompt.prompt) <= 255 and len(prompt.promptTitle) <= 32


def test_required_headings_look_different(workbook: Workbook) -> None:
    for table in TABLES:
        looks = {
            column.required: (cell.fill.fgColor.rgb, cell.border.bottom.style)
            for column, cell in zip(table.columns, workbook[table.name][1], strict=True)
        }
        assert len(set(looks.values())) == len(looks)
        assert workbook[table.name].freeze_panes == "A2"


def test_fixed_choices_and_ids_drop_down(workbook: Workbook) -> None:
    for table in TABLES:
        sheet = workbook[table.name]
        by_letter = checks(sheet)
        for index, column in enumerate(table.columns, start=1):
            check = by_letter[get_column_letter(index)]
            formula = check.formula1 or ""
            if column.kind is Kind.CHOICE:
                assert check.type == "list" and formula == f'"{",".join(column.choices)}"'
                assert check.errorStyle in (None, "stop") and check.showErrorMessage
            if (table.name, column.name) in REFERENCES:
                target = REFERENCES[table.name, column.name][0]
                assert check.type == "list" and formula.startswith(f"OFFSET({target}!$A$2")
            if check.type == "list" and formula.startswith('"'):
                assert len(formula) <= 257, "Excel takes no longer list"


def test_dates_are_dates_and_ids_are_text(workbook: Workbook) -> None:
    formats = {Kind.DATE: "yyyy-mm-dd", Kind.MOMENT: "yyyy-mm-dd hh:mm", Kind.ID: "@", Kind.CLOCK: "@"}
    for table in TABLES:
        sheet = workbook[table.name]
        by_letter = checks(sheet)
        for index, column in enumerate(table.columns, start=1):
            letter = get_column_letter(index)
            if column.kind in formats:
                assert sheet.column_dimensions[letter].number_format == formats[column.kind]
                if table.name not in EXAMPLE_IN_HELP:
                    assert sheet.cell(2, index).number_format == formats[column.kind]
            if column.kind in (Kind.DATE, Kind.MOMENT):
                assert by_letter[letter].type == "date"
    assert workbook["slots"]["B2"].value == datetime(2026, 10, 14, 9, 30)


def test_the_programme_has_every_key_with_its_help(workbook: Workbook) -> None:
    rows = list(workbook["programme"].iter_rows(min_row=2))
    assert [row[0].value for row in rows] == list(PROGRAMME)
    for row in rows:
        assert row[2].value == PROGRAMME[str(row[0].value)][1]


def test_a_filled_in_workbook_is_never_overwritten(tmp_path: Path) -> None:
    write_template(tmp_path / "mine.xlsx")
    with pytest.raises(OutputError, match="exists already"):
        write_template(tmp_path / "mine.xlsx")
    write_template(tmp_path / "mine")
    with pytest.raises(OutputError, match="not empty"):
        write_template(tmp_path / "mine")


def test_every_setting_of_the_programme_is_in_the_template(tmp_path: Path, workbook: Workbook) -> None:
    def keys(values: Mapping[str, object], before: str = "") -> set[str]:
        inside = ((f"{before}{key}", value) for key, value in values.items())
        return {
            each for key, value in inside for each in (keys(value, f"{key}.") if isinstance(value, dict) else {key})
        }

    write_template(tmp_path / "folder")
    in_folder = tomllib.loads((tmp_path / "folder" / "programme.toml").read_text(encoding="utf-8"))
    in_workbook = {row[0] for row in workbook["programme"].iter_rows(min_row=2, values_only=True)}
    assert set(SETTINGS) == keys(in_folder) == in_workbook
