"""A scenario in which nothing is wrong comes out as the contract says, from a folder and from a workbook alike."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from intake_scenario import Scenario, read, tables_of, warnings_of

from matcher.domain import (
    Decision,
    EthnicGroup,
    Gender,
    GoalName,
    GoalSetting,
    Mode,
    Override,
    Pin,
    Problem,
    Slot,
    VisitRecord,
)
from matcher.geography import Position
from matcher.intake import build_problem
from matcher.rules import MUST_RULES
from matcher.tables import OVERRIDABLE
from matcher.times import Span

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])


@pytest.fixture(params=["folder", "workbook"])
def problem(request: pytest.FixtureRequest, tmp_path: Path) -> Problem:
    return read(Scenario().write(request.param, tmp_path)).problem


def test_the_programme_has_its_own_values_and_defaults_for_the_rest(problem: Problem) -> None:
    programme = problem.programme
    assert (programme.name, programme.timezone) == ("Tiny, autumn 2026", "Europe/London")
    assert (programme.first_day, programme.last_day) == (date(2026, 9, 7), date(2026, 12, 18))
    assert programme.closed == {date(2026, 10, 26), date(2026, 10, 27)}
    assert (programme.limits.same_employer, programme.limits.max_sessions) == (1, 3)
    assert programme.goals[GoalName.SECTORS] == GoalSetting(4, 3)  # the target given, the weight by default
    assert programme.goals[GoalName.PEOPLE] == GoalSetting(8, 1)


def test_schools_and_cohorts_keep_the_order_of_their_rows(problem: Problem) -> None:
    assert list(problem.schools) == ["S1", "S2"]
    assert list(problem.cohorts) == ["S1-Y5", "S1-Y6", "S2-Y5"]
    ash, beech = problem.schools.values()
    assert (ash.position, ash.pupil_premium_percent, ash.max_sessions_per_day) == (Position(52.92, -1.47), 35.5, 2)
    assert (beech.pupil_premium_percent, beech.max_sessions_per_day) == (0, None)
    assert problem.cohorts["S1-Y6"].pupils == 28


def test_a_session_has_the_school_of_its_cohorts_and_its_slots_in_order(problem: Problem) -> None:
    session = problem.sessions["A"]
    assert (session.school_id, session.cohort_ids) == ("S1", ("S1-Y5", "S1-Y6"))
    assert (session.min_volunteers, session.max_volunteers, session.required_sectors) == (1, 3, frozenset({"rail"}))
    assert session.slots == (
        Slot(datetime(2026, 10, 13, 9, 30), datetime(2026, 10, 13, 10, 30)),
        Slot(datetime(2026, 10, 14, 9, 30), datetime(2026, 10, 14, 10, 30)),
    )
    assert (problem.sessions["B"].mode, problem.sessions["B"].supervised) == (Mode.VIRTUAL, False)


def test_a_volunteer_has_limits_of_their_own_or_the_programmes(problem: Problem) -> None:
    first, second = problem.volunteers.values()
    assert (first.max_sessions, first.max_sessions_per_day, first.modes) == (2, 1, frozenset(Mode))
    assert (second.max_sessions, second.max_sessions_per_day, second.modes) == (3, 2, frozenset({Mode.VIRTUAL}))
    assert (second.checked_until, second.excluded_schools) == (date(2027, 7, 31), frozenset({"S1"}))
    assert (first.name, second.name) == ("Zoë Ali", "محمد")


def test_demographics_are_known_only_with_consent(problem: Problem) -> None:
    first, second = problem.volunteers.values()
    assert (first.gender, first.ethnic_group) == (Gender.WOMAN, EthnicGroup.ASIAN)
    assert (second.gender, second.ethnic_group) == (None, None)


def test_womens_share_is_the_occupations_else_the_sectors(problem: Problem) -> None:
    first, second = problem.volunteers.values()
    assert (first.share_women, second.share_women) == (0.02, 0.77)


def test_availability_is_spans_of_the_wall_clock(problem: Problem) -> None:
    weekly, holiday = problem.volunteers["V1"].availability
    assert weekly.available and not holiday.available
    assert weekly.spans[0] == Span(datetime(2026, 9, 9, 9), datetime(2026, 9, 9, 12, 30))
    assert weekly.spans[-1] == Span(datetime(2026, 12, 16, 9), datetime(2026, 12, 16, 12, 30))
    assert len(weekly.spans) == 15
    assert holiday.spans == (Span(datetime(2026, 10, 21), datetime(2026, 10, 22)),)
    (some_weeks,) = problem.volunteers["V2"].availability
    assert [span.start.day for span in some_weeks.spans] == [1, 8, 15, 22, 29]


def test_an_encounter_at_a_session_of_this_scenario_is_passed_over(problem: Problem) -> None:
    (earlier,) = problem.encounters
    assert (earlier.cohort_id, earlier.volunteer_id, earlier.sector) == ("S1-Y5", "V9", "Health")
    assert (earlier.gender, earlier.ethnic_group, earlier.share_women) == (Gender.MAN, EthnicGroup.BLACK, 0.77)


def test_pins_and_preferences_are_read(problem: Problem) -> None:
    assert problem.pins == (
        Pin("A", Decision.KEEP, volunteer_id="V1"),
        Pin("A", Decision.NEVER, start=datetime(2026, 10, 13, 9, 30)),
    )
    assert problem.preferences == {("V1", "A"): 3, ("V2", "B"): -1}


@FORMS
def test_nothing_is_warned_of(form: str, tmp_path: Path) -> None:
    assert warnings_of(Scenario().write(form, tmp_path)) == []


def test_folder_and_workbook_give_the_same_tables_and_the_same_term(tmp_path: Path) -> None:
    folder = read(Scenario().to_folder(tmp_path / "s"))
    workbook = read(Scenario().to_workbook(tmp_path / "s.xlsx"))
    assert folder.problem == workbook.problem
    assert folder.tables == workbook.tables


@FORMS
def test_the_two_stages_one_after_the_other_give_the_same_as_both_at_once(form: str, tmp_path: Path) -> None:
    path = Scenario().write(form, tmp_path)
    tables = tables_of(path)
    problem, warnings = build_problem(tables)
    assert (problem, warnings) == (read(path).problem, [])


@FORMS
def test_without_consent_demographics_do_not_even_enter_the_tables(form: str, tmp_path: Path) -> None:
    tables = tables_of(Scenario().write(form, tmp_path))
    first, second = tables.rows["volunteers"]
    assert (first["gender"], first["ethnicity"]) == ("woman", "Indian")
    assert (second["gender"], second["ethnicity"], second["matching_consent"]) == (None, None, "no")


@FORMS
def test_blank_cells_stay_blank_in_the_tables(form: str, tmp_path: Path) -> None:
    tables = tables_of(Scenario().write(form, tmp_path))
    assert tables.rows["schools"][1]["pupil_premium_percent"] is None
    assert tables.rows["schools"][1]["ward"] is None  # a column that is not there at all
    assert tables.programme["goals.sectors.target"] == 4
    assert "goals.sectors.weight" not in tables.programme


@FORMS
def test_optional_tables_may_be_absent_or_empty(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    for name in ("sectors", "occupations", "encounters", "pins"):
        del scenario.tables[name]
    scenario.tables["preferences"] = []
    problem = read(scenario.write(form, tmp_path)).problem
    assert (problem.encounters, problem.pins, problem.preferences) == ((), (), {})


@FORMS
def test_headings_and_fixed_words_are_matched_without_case_spaces_hyphens_and_underscores(
    form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.tables["sessions"][0] = [
        str(heading).replace("_", " ").upper() for heading in scenario.tables["sessions"][0]
    ]
    scenario.tables["pins"][0][0] = " Session-ID "
    scenario.put("pins", 2, "decision", "KEEP")
    scenario.put("availability", 2, "weekday", "WEDNESDAY")
    scenario.put("sessions", 3, "SUPERVISED", "No")
    assert read(scenario.write(form, tmp_path)).problem == read(Scenario().to_folder(tmp_path / "good")).problem


@FORMS
def test_blank_rows_and_spaces_around_cells_do_not_matter(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables["cohorts"].insert(2, ["", " ", "", "", ""])
    scenario.put("schools", 2, "school_id", "  S1 ")
    intake = read(scenario.write(form, tmp_path))
    assert intake.problem == read(Scenario().to_folder(tmp_path / "good")).problem
    assert [row.number for row in intake.tables.rows["cohorts"]] == [2, 4, 5]


@FORMS
def test_text_that_looks_like_a_formula_a_list_or_a_calendar_stays_text(form: str, tmp_path: Path) -> None:
    names = ['=HYPERLINK("x")', "a\nEND:VEVENT", 'Quote " and, comma', "1;2"]
    for name in names:
        scenario = Scenario()
        scenario.put("volunteers", 2, "name", name)
        if form == "workbook":
            book = scenario.workbook()
            cell = book["volunteers"]["B2"]
            cell.value, cell.data_type = name, "s"
            book.save(tmp_path / "scenario.xlsx")
            path = tmp_path / "scenario.xlsx"
        else:
            path = scenario.write(form, tmp_path)
        assert read(path).problem.volunteers["V1"].name == name


# --------------------------------------------------------------------------------- what only a workbook's cells can be


@pytest.mark.parametrize(
    "start",
    [
        "2026-10-14T09:30",
        "2026-10-14 09:30",
        "2026-10-14T09:30:00",
        "14/10/2026 09:30",
        datetime(2026, 10, 14, 9, 30),
        datetime(2026, 10, 14, 9, 29, 59, 999000),  # as spreadsheets compute
    ],
)
def test_a_start_may_be_text_or_a_date_time_cell(start: object, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("slots", 2, "start", start)
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.sessions["A"].slots[1].start == datetime(
        2026, 10, 14, 9, 30
    )


@pytest.mark.parametrize("day", ["2027-07-31", "31/07/2027", "31/7/2027", date(2027, 7, 31), datetime(2027, 7, 31)])
def test_a_day_may_be_text_or_a_date_cell(day: object, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 3, "checked_until", day)
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.volunteers["V2"].checked_until == date(2027, 7, 31)


@pytest.mark.parametrize(
    ("until", "number_format", "minutes"),
    [
        ("12:30", "", 750),
        ("9:05", "", 545),
        ("24:00", "", 1440),
        (time(12, 30), "", 750),
        (timedelta(hours=24), "[h]:mm", 1440),
        (timedelta(hours=12, minutes=30), "[h]:mm", 750),
        (1, "hh:mm", 1440),  # what 24:00 becomes in a column of times
    ],
)
def test_a_time_of_day_may_be_text_a_time_or_a_length_of_time(
    until: object, number_format: str, minutes: int, tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.put("availability", 2, "from", "")
    scenario.put("availability", 2, "to", until, number_format)
    tables = tables_of(scenario.to_workbook(tmp_path / "s.xlsx"))
    assert tables.rows["availability"][0]["to"] == minutes


@pytest.mark.parametrize(
    ("cell", "number_format", "percent"),
    [
        (0.35, "0%", 35),
        (0.355, "0.0 %", 35.5),
        (0.29, "0%", 29),
        (35, "0", 35),
        ("35 %", "", 35),
        (0.35, "General", 0.35),
    ],
)
def test_a_per_cent_cell_means_what_it_shows(cell: object, number_format: str, percent: float, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("schools", 2, "pupil_premium_percent", cell, number_format)
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.schools["S1"].pupil_premium_percent == percent


@pytest.mark.parametrize(("cell", "number_format"), [(0.29, "0%"), (0.29, "General"), ("29%", ""), ("0.29", "")])
def test_a_share_may_be_shown_as_a_per_cent(cell: object, number_format: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("occupations", 2, "share_women", cell, number_format)
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.volunteers["V1"].share_women == 0.29


def test_a_number_as_an_id_is_its_digits(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("preferences", 2, "session_id", 7.0)
    for table, row in (("sessions", 2), ("slots", 2), ("slots", 3), ("pins", 2), ("pins", 3), ("encounters", 3)):
        scenario.put(table, row, "session_id", 7)
    scenario.put("overrides", 2, "session_id", 7)
    problem = read(scenario.to_workbook(tmp_path / "s.xlsx")).problem
    assert list(problem.sessions) == ["7", "B"]
    assert problem.preferences["V1", "7"] == 3


def test_days_are_right_in_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 3, "checked_until", date(2027, 7, 31))
    book = scenario.workbook()
    book.epoch = datetime(1904, 1, 1)
    book.save(tmp_path / "s.xlsx")
    assert read(tmp_path / "s.xlsx").problem.volunteers["V2"].checked_until == date(2027, 7, 31)


def test_merged_cells_hidden_sheets_help_and_formats_below_the_data_do_no_harm(tmp_path: Path) -> None:
    book = Scenario().workbook()
    book.create_sheet("Help").append(["anything", "at all"])
    book["cohorts"].sheet_state = "hidden"
    book["schools"].merge_cells("A9:C9")
    for row in range(10, 400):
        book["schools"].cell(row, 3).number_format = "0.00"
    book.save(tmp_path / "s.xlsx")
    intake = read(tmp_path / "s.xlsx")
    assert intake.problem == read(Scenario().to_folder(tmp_path / "good")).problem
    assert intake.warnings == ()


def test_several_closed_days_stand_in_one_cell_of_a_workbook(tmp_path: Path) -> None:
    scenario = Scenario(programme=dict(Scenario().programme, closed="26/10/2026; 2026-10-27;"))
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.programme.closed == {
        date(2026, 10, 26),
        date(2026, 10, 27),
    }


# ------------------------------------------------------------------------------------------------ CSV and its encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_may_be_utf_8_with_or_without_its_mark_or_utf_16_with_it(encoding: str, tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    for name in ("volunteers.csv", "programme.toml"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_bytes(text.encode(encoding))
    assert [volunteer.name for volunteer in read(folder).problem.volunteers.values()] == ["Zoë Ali", "محمد"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_of_the_three_ways(line_end: str, tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    text = (folder / "cohorts.csv").read_bytes().decode()
    (folder / "cohorts.csv").write_bytes(text.replace("\r\n", line_end).encode())
    assert len(read(folder).problem.cohorts) == 3


def test_files_may_be_named_in_any_case_and_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "volunteers.csv").rename(folder / "Volunteers.CSV")
    (folder / "README.md").write_text("notes")
    (folder / ".volunteers.csv").write_text("hidden")
    (folder / "~$cohorts.csv").write_text("a spreadsheet's lock")
    assert read(folder).warnings == ()


def test_the_programme_may_use_tables_and_either_key_of_a_goal(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "programme.toml").write_text(
        'name = "T"\nfirst_day = "07/09/2026"\nlast_day = 2026-12-18\ntimezone = "Europe/Dublin"\n'
        "closed = [2026-10-26, '2026-10-27']\n"
        "[limits]\ntravel_kmh = 22.5\n[goals]\nsectors = {target = 4}\n[goals.mixed_team]\nweight = 0\n"
    )
    programme = read(folder).problem.programme
    assert (programme.timezone, programme.limits.travel_kmh) == ("Europe/Dublin", 22.5)
    assert (programme.goals[GoalName.SECTORS], programme.goals[GoalName.MIXED_TEAM]) == (
        GoalSetting(4, 3),
        GoalSetting(1, 0),
    )
    assert programme.closed == {date(2026, 10, 26), date(2026, 10, 27)}


@pytest.mark.parametrize("form", ["folder", "workbook"])
def test_who_organises_and_what_to_bring_may_be_said(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme |= {
        "organiser_name": "Zoë, for the Hub",
        "organiser_email": " visits@bücher.example ",
        "reply_to": "",
        "what_to_bring": "photo ID",
    }
    scenario.put("sessions", 2, "what_to_bring", "a tool, or two")
    problem = read(scenario.write(form, tmp_path)).problem
    programme, (first, *others) = problem.programme, problem.sessions.values()
    assert (programme.organiser_name, programme.reply_to) == ("Zoë, for the Hub", "")
    assert (programme.organiser_email, programme.what_to_bring) == ("visits@xn--bcher-kva.example", "photo ID")
    assert first.what_to_bring == "a tool, or two"
    assert {each.what_to_bring for each in others} == {""}


@pytest.mark.parametrize("form", ["folder", "workbook"])
def test_days_and_spans_of_days_close_a_school_both_ends_included(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("schools", 2, "closed", " 2026-10-30 ; 05/10/2026 ; 2026-10-28..29/10/2026;2026-10-29 .. 2026-10-29")
    intake = read(scenario.write(form, tmp_path))
    assert intake.problem.schools["S1"].closed == {date(2026, 10, 5), *(date(2026, 10, day) for day in (28, 29, 30))}
    assert intake.problem.schools["S2"].closed == frozenset()
    assert intake.tables.rows["schools"][0]["closed"] == ("2026-10-05", "2026-10-28..2026-10-30")


def test_a_date_cell_closes_a_school_for_that_day(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("schools", 2, "closed", date(2026, 10, 5))
    assert read(scenario.to_workbook(tmp_path / "s.xlsx")).problem.schools["S1"].closed == {date(2026, 10, 5)}


@pytest.mark.parametrize(
    "closed",
    [
        [date(2026, 10, 26), "2026-10-29..2026-10-30"],
        "2026-10-26; 29/10/2026 .. 30/10/2026",
        ["2026-10-26;2026-10-29..2026-10-30", "2026-10-30"],
    ],
    ids=repr,
)
def test_spans_of_days_close_all_schools_and_are_kept_as_days(closed: object, tmp_path: Path) -> None:
    scenario = Scenario(programme=dict(Scenario().programme, closed=closed))
    intake = read(scenario.to_folder(tmp_path / "s"))
    days = tuple(date(2026, 10, day) for day in (26, 29, 30))
    assert intake.problem.programme.closed == set(days)
    assert intake.tables.programme["closed"] == days, "as a database of any version keeps them"


def test_a_row_with_neither_weekday_nor_date_holds_every_day_from_one_to_the_other(tmp_path: Path) -> None:
    def spans(**cells: str) -> list[tuple[datetime, datetime]]:
        scenario = Scenario()
        for heading in ("weekday", "first_day", "last_day", "from", "to"):
            scenario.put("availability", 4, heading, cells.get(heading.rstrip("_"), ""))
        person = read(scenario.to_folder(tmp_path / repr(sorted(cells)))).problem.volunteers["V2"]
        (row,) = person.availability
        return [(span.start, span.end) for span in row.spans]

    both = spans(first_day="2026-10-01", last_day="2026-10-03", to="12:00")
    assert both == [(datetime(2026, 10, day), datetime(2026, 10, day, 12)) for day in (1, 2, 3)]
    to_the_end = spans(first_day="2026-12-16")
    assert to_the_end[0][0] == datetime(2026, 12, 16) and to_the_end[-1][1] >= datetime(2026, 12, 19)
    from_the_start = spans(last_day="2026-09-08")
    assert from_the_start[0][0] <= datetime(2026, 9, 7) and from_the_start[-1][1] == datetime(2026, 9, 9)


def test_what_took_place_is_kept_as_it_comes(problem: Problem) -> None:
    assert problem.records == (
        VisitRecord("A", True, "S1-Y5", 26, 2, ("V1",)),
        VisitRecord("B", False),
    )


def test_of_one_session_several_rows_may_say_what_took_place(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.add("visits", session_id="A", happened="YES", cohort_id="S1-Y6", pupils_present="0", came=" V1 ; V1;")
    records = read(scenario.to_folder(tmp_path / "s")).problem.records
    assert [record.session_id for record in records] == ["A", "B", "A"]
    assert records[-1] == VisitRecord("A", True, "S1-Y6", 0, None, ("V1",))


def test_a_rule_set_aside_is_read_with_its_reason(problem: Problem) -> None:
    assert problem.overrides == {Override("A", "V1", "load", "She offered another visit.")}


def test_exactly_the_rules_that_may_be_overridden_can_be_named() -> None:
    assert tuple(rule.name for rule in MUST_RULES if rule.overridable) == OVERRIDABLE
