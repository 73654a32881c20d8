"""Each way to spoil a good scenario is refused once, at its place, in words that help; from a folder and a workbook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import pytest
from intake_scenario import Scenario, problems_of, tables_of

from matcher.errors import InputProblems, Remedy
from matcher.intake import build_problem, read_scenario
from matcher.tables import TABLES

FORMS = pytest.mark.parametrize("form", ["folder", "workbook"])


@dataclass(frozen=True)
class Bad:
    """What is done to the scenario, and where and in which words it is refused."""

    name: str
    spoil: Callable[[Scenario], object]
    table: str
    row: int | None
    column: str
    words: tuple[str, ...]


def cell(table: str, row: int, column: str, value: str, *words: str, name: str = "") -> Bad:
    """One cell that is wrong by itself or among the others."""
    what = name or f"{column} {value!r}"
    return Bad(f"{table}: {what}", lambda s: s.put(table, row, column, value), table, row, column, words)


def setting(key: str, value: object, *words: str) -> Bad:
    def spoil(scenario: Scenario) -> None:
        scenario.programme[key] = value

    return Bad(f"programme: {key} {value!r}", spoil, "programme", None, key, words)


def put_all(*cells: tuple[str, int, str, str]) -> Callable[[Scenario], None]:
    def spoil(scenario: Scenario) -> None:
        for one in cells:
            scenario.put(*one)

    return spoil


def pins(*rows: tuple[str, str, str, str]) -> Callable[[Scenario], None]:
    def spoil(scenario: Scenario) -> None:
        scenario.tables["pins"][1:] = [list(row) for row in rows]

    return spoil


BAD = [
    # numbers
    cell("schools", 2, "pupil_premium_percent", "lots", "number in figures"),
    cell("schools", 2, "pupil_premium_percent", "101", "0 to 100"),
    cell("schools", 2, "pupil_premium_percent", "-1", "0 to 100"),
    cell("schools", 2, "pupil_premium_percent", "12,5", "Write a point"),
    cell("schools", 2, "max_sessions_per_day", "1.5", "without decimals"),
    cell("schools", 2, "latitude", "95", "-90 to 90"),
    cell("schools", 2, "longitude", "NaN", '"NaN"'),
    cell("schools", 2, "longitude", "181", "-180 to 180"),
    cell("cohorts", 2, "pupils", "-3", "0 or more"),
    cell("cohorts", 2, "pupils", "１２", "whole number"),
    cell("cohorts", 2, "pupils", "1e400", "whole number"),
    cell("cohorts", 2, "pupils", "9999999", "1,000,000"),
    cell("cohorts", 2, "pupils", "5%", "not a per cent"),
    cell("cohorts", 2, "pupils", "1 200", "whole number"),
    cell("cohorts", 2, "pupils", "0x10", "whole number"),
    cell("cohorts", 2, "pupils", "TRUE", "whole number"),
    cell("volunteers", 2, "max_distance_km", "-5", "0 or more"),
    cell("volunteers", 2, "max_distance_km", "inf", "number, 0 or more"),
    cell("occupations", 2, "share_women", "35", "Write 35 per cent as 0.35 or 35%"),
    cell("occupations", 2, "share_women", "120%", "0 to 1"),
    cell("preferences", 2, "score", "0.5", "without decimals"),
    cell("preferences", 2, "score", "1000001", "no further from 0 than 1,000,000"),
    cell("preferences", 2, "score", "-1000001", "no further from 0 than 1,000,000"),
    # words
    cell("sessions", 2, "mode", "by phone", "in_person or virtual"),
    cell("sessions", 2, "supervised", "TRUE", "Write yes or no"),
    cell("volunteers", 2, "matching_consent", "maybe", "Write yes or no"),
    cell("volunteers", 2, "modes", "virtual;carrier pigeon", "carrier pigeon", "in_person or virtual"),
    cell("availability", 2, "weekday", "wednsday", "mon, tue, wed"),
    cell("pins", 2, "decision", "keap", "Did you mean keep?"),
    # days and times
    cell("volunteers", 3, "checked_until", "31.07.2027", "2026-10-14", "14/10/2026 is 14 October"),
    cell("volunteers", 3, "checked_until", "2027-02-29", "no day 29 in that month"),
    cell("volunteers", 3, "checked_until", "07/31/2027", "no month 31", "day comes first"),
    cell("volunteers", 3, "checked_until", "2027-13-01", "no month 13"),
    cell("volunteers", 3, "checked_until", "31/04/2027", "no day 31 in that month"),
    cell("volunteers", 3, "checked_until", "31/07/27", "like this"),
    cell("volunteers", 3, "checked_until", "1066-10-14", "1900 to 2200"),
    cell("volunteers", 3, "checked_until", "46000", "like this"),
    cell("slots", 2, "start", "2026-10-14T09:30Z", "Leave out the time zone"),
    cell("slots", 2, "start", "2026-10-14T09:30+01:00", "Leave out the time zone"),
    cell("slots", 2, "start", "2026-10-14", "like this: 2026-10-14T09:30"),
    cell("slots", 2, "start", "2026-10-14T09:30:30", "seconds"),
    cell("slots", 2, "start", "2026-10-14T24:00", "00 to 23"),
    cell("slots", 2, "start", "10/25/2026 09:30", "There is no month 25", "the day comes first"),
    cell("slots", 2, "start", "9.30", "like this"),
    cell("availability", 2, "from", "9", "like this: 09:30"),
    cell("availability", 2, "from", "25:00", "like this: 09:30"),
    cell("availability", 2, "to", "24:01", "24:00 for midnight"),
    cell("availability", 2, "to", "09:00", "not after 09:00"),
    cell("availability", 2, "to", "00:00", "write 24:00"),
    cell("availability", 4, "last_day", "2026-09-30", "before 2026-10-01"),
    cell("slots", 2, "end", "2026-10-14T09:30", "found 2026-10-14 09:30, the same as the start;"),
    cell("slots", 2, "end", "2026-10-14T08:30", "found 2026-10-14 08:30, before the start at 2026-10-14 09:30;"),
    cell("slots", 2, "end", "2026-10-15T08:30", "found 2026-10-15 08:30, on another day than the start at 2026-10-14"),
    cell(
        "schools", 2, "closed", "2026-10-30..2026-10-26", "whose last day is not before its first", "Swap its two days"
    ),
    cell("schools", 2, "closed", "2026-10-05;half-term", '"half-term"', "spans such as 2026-10-26..2026-10-30"),
    cell("schools", 2, "closed", "2026-10-05..", '""', "days such as 2026-10-14"),
    cell("schools", 2, "closed", "2026-10-26..2062-10-30", "at most 1,100 days", "Check the years"),
    Bad(
        "a time that happens twice",
        put_all(("slots", 2, "start", "2026-10-25T01:30"), ("slots", 2, "end", "2026-10-25T03:30")),
        "slots",
        2,
        "start",
        ("happens twice", "Europe/London"),
    ),
    Bad(
        "a time that does not happen",
        put_all(("slots", 4, "start", "2027-03-28T00:30"), ("slots", 4, "end", "2027-03-28T01:30")),
        "slots",
        4,
        "end",
        ("does not happen", "before or after the change"),
    ),
    # ids
    *(
        cell(table.name, 2, column.name, "", "found nothing", "Fill it in", name=f"{column.name} blank")
        for table in TABLES
        for column in table.columns
        if column.required
    ),
    cell("cohorts", 2, "school_id", "S9", '"S9"', "table schools"),
    cell("cohorts", 2, "school_id", "s1", "Did you mean S1? Capital letters count"),
    cell("sessions", 3, "cohort_ids", "S2-Y7", "table cohorts"),
    cell("sessions", 3, "cohort_ids", ";", "found nothing"),
    cell("sessions", 3, "cohort_ids", "S2-Y5;S2-Y5", "more than once"),
    cell("sessions", 3, "cohort_ids", "S2-Y5;S1-Y5", "different schools", '"S2-Y5" of "S2"', '"S1-Y5" of "S1"'),
    cell("slots", 4, "session_id", "C", "table sessions"),
    cell("availability", 3, "volunteer_id", "V7", "table volunteers"),
    cell("volunteers", 3, "excluded_schools", "S1;S7", '"S7"', "table schools"),
    cell("encounters", 2, "cohort_id", "S7-Y5", "table cohorts"),
    cell("pins", 2, "session_id", "C", "table sessions"),
    cell("pins", 2, "volunteer_id", "V7", "table volunteers"),
    cell("preferences", 2, "volunteer_id", "V7", "table volunteers"),
    cell("preferences", 2, "session_id", "C", "table sessions"),
    Bad(
        "an id twice",
        lambda s: s.add("schools", school_id="S1", name="Another"),
        "schools",
        4,
        "school_id",
        ('"S1" a second time', "first in row 2"),
    ),
    Bad(
        "a sector twice, in other letters",
        lambda s: s.add("sectors", sector="RAIL", share_women="0.2"),
        "sectors",
        4,
        "sector",
        ("second time", "first in row 2"),
    ),
    Bad(
        "a preference twice",
        lambda s: s.add("preferences", volunteer_id="V1", session_id="A", score="3"),
        "preferences",
        4,
        "session_id",
        ('"V1" with "A" a second time', "row 2"),
    ),
    Bad(
        "an id that would break a list",
        lambda s: s.add("schools", school_id="S3;S4", name="Two"),
        "schools",
        4,
        "school_id",
        ("without ;",),
    ),
    # rows that do not hang together
    cell("sessions", 2, "min_volunteers", "0", "1 or more"),
    cell("sessions", 2, "max_volunteers", "0", "1 or more"),
    cell("sessions", 2, "min_volunteers", "-1", "0 or more"),
    Bad(
        "min above max",
        put_all(("sessions", 2, "min_volunteers", "4")),
        "sessions",
        2,
        "max_volunteers",
        ("less than min_volunteers, which is 4",),
    ),
    cell("schools", 3, "longitude", "", "latitude without a longitude"),
    cell("volunteers", 2, "latitude", "", "longitude without a latitude"),
    Bad(
        "a weekday and a date",
        put_all(("availability", 3, "weekday", "mon")),
        "availability",
        3,
        "weekday",
        ("one of the two",),
    ),
    Bad(
        "neither weekday nor date",
        put_all(("availability", 2, "weekday", "")),
        "availability",
        2,
        "weekday",
        ("neither a weekday nor a date", "first_day or last_day"),
    ),
    cell("visits", 2, "happened", "maybe", "Write yes or no"),
    cell("visits", 3, "came", "V1", "did not take place", "clear came"),
    cell("visits", 2, "pupils_present", "-1", "0 or more"),
    cell("overrides", 2, "session_id", "C", "table sessions"),
    cell("overrides", 2, "volunteer_id", "V7", "table volunteers"),
    *(
        cell("overrides", 2, "rule", rule, "mode and distance", "Write one of these words")
        for rule in ("safeguarding", "excluded school", "available", "one place at a time", "slot", "pins")
    ),
    Bad(
        "a rule overridden twice for one assignment",
        lambda s: s.add("overrides", session_id="A", volunteer_id="V1", rule="Load", reason="Again."),
        "overrides",
        3,
        "rule",
        ('"A" with "V1" with "load" a second time', "first in row 2"),
    ),
    # pins
    Bad("a pin of both", pins(("A", "V1", "2026-10-13T09:30", "keep")), "pins", 2, "volunteer_id", ("one of the two",)),
    Bad("a pin of neither", pins(("A", "", "", "keep")), "pins", 2, "volunteer_id", ("neither",)),
    Bad(
        "a pin at no slot",
        pins(("A", "", "2026-10-13T09:45", "keep")),
        "pins",
        2,
        "start",
        ("no slot of", "2026-10-13T09:30 and 2026-10-14T09:30"),
    ),
    Bad(
        "a pin on a closed day",
        lambda s: (
            put_all(("slots", 3, "start", "2026-10-26T09:30"), ("slots", 3, "end", "2026-10-26T10:30"))(s),
            pins(("A", "", "2026-10-26T09:30", "keep"))(s),
        ),
        "pins",
        2,
        "start",
        ("closed",),
    ),
    Bad(
        "a pin on a day on which the school is closed",
        lambda s: (
            put_all(("schools", 2, "closed", "2026-10-12..2026-10-14"))(s),
            pins(("A", "", "2026-10-13T09:30", "keep"))(s),
        ),
        "pins",
        2,
        "start",
        ('2026-10-13, a day on which "Ash Primary School" is closed',),
    ),
    Bad(
        "a pin outside the term",
        lambda s: (
            put_all(("slots", 3, "start", "2027-01-12T09:30"), ("slots", 3, "end", "2027-01-12T10:30"))(s),
            pins(("A", "", "2027-01-12T09:30", "keep"))(s),
        ),
        "pins",
        2,
        "start",
        ("outside the term, 2026-09-07 to 2026-12-18",),
    ),
    Bad(
        "a start ruled out at which no slot starts",
        pins(("A", "", "2026-10-13T09:45", "never")),
        "pins",
        2,
        "start",
        ("no slot of",),
    ),
    Bad(
        "keep and never of a person",
        pins(("A", "V1", "", "keep"), ("B", "V2", "", "keep"), ("A", "V1", "", "never")),
        "pins",
        4,
        "decision",
        ("never V1 at A", "contradicts", "keep V1 at A", "row 2 or row 4"),
    ),
    Bad(
        "keep and never of a start",
        pins(("A", "", "2026-10-13T09:30", "never"), ("A", "", "2026-10-13T09:30", "keep")),
        "pins",
        3,
        "decision",
        ("contradicts", "row 2 or row 3"),
    ),
    Bad(
        "kept at two starts",
        pins(("A", "", "2026-10-13T09:30", "keep"), ("A", "", "2026-10-14T09:30", "keep")),
        "pins",
        3,
        "start",
        ("keep A at 2026-10-14T09:30", "contradicts", "keep A at 2026-10-13T09:30", "row 2 or row 3"),
    ),
    # headings
    *(
        Bad(
            f"{table.name}: no column {column.name}",
            lambda s, table=table, column=column: s.drop_column(table.name, column.name),  # type: ignore[misc]
            table.name,
            1,
            column.name,
            ("no such heading", "Add the column"),
        )
        for table in TABLES
        for column in table.columns
        if column.required
    ),
    Bad(
        "the same heading twice",
        lambda s: s.put("cohorts", 1, "School ID", "School ID"),
        "cohorts",
        1,
        "school_id",
        ("columns B and F", "Rename or delete"),
    ),
    Bad(
        "a cell under no heading",
        lambda s: s.tables["schools"][1].append("stray"),
        "schools",
        2,
        "G",
        ("stray", "no heading"),
    ),
    # the programme
    setting("limits.same_employer", -1, "0 or more"),
    setting("limits.max_sessions", -1, "0 or more"),
    setting("limits.max_sessions", 2.5, "without decimals"),
    setting("limits.max_sessions", True, "whole number"),
    setting("limits.travel_kmh", 0, "above 0"),
    setting("limits.unknown_km", -1, "0 or more"),
    setting("limits.unknown_km", 20_041, "0 to 20040"),
    setting("limits.unknown_km", "far", "figures"),
    setting("limits.arrival_minutes", 100_000, "a week"),
    setting("goals.sectors.weight", -3, "0 or more"),
    setting("goals.sectors.weight", 1001, '"1001"', "0 to 1000"),
    setting("goals.people.target", 1001, '"1001"', "0 to 1000"),
    setting("goals.sectors.target", "six", "figures"),
    setting("timezone", "Derby", "Europe/London"),
    setting("timezone", "europe/lodnon", "Did you mean Europe/London?"),
    setting("timezone", "../../etc/passwd", "time zone"),
    setting("organiser_email", "visits at hub", "an e-mail address", "not a single plain address"),
    setting("reply_to", "a@x.org, b@x.org", "an e-mail address", "not a single plain address"),
    setting("closed", ["2026-10-26", "half-term"], "half-term"),
    setting("closed", ["2026-10-30..2026-10-26"], "not before its first", "Swap"),
    setting("closed", "2026-12-21;2026-10-26..2036-10-30", "1,100 days"),
    setting("closed", "2026-10-26 to 2026-10-30", "spans such as 2026-10-26..2026-10-30"),
    setting("closed", "2026-10-26, 2026-10-27", "separated by ;"),
    setting("first_day", "14.9.2026", "like this"),
    setting("last_day", "2026-09-01", "before the first day"),
    setting("last_day", "2062-12-18", "1,100 days"),
]


@FORMS
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_what_is_spoilt_is_refused_once_and_where_it_stands(bad: Bad, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    bad.spoil(scenario)
    found = problems_of(scenario.write(form, tmp_path))
    assert len(found) == 1, [str(problem) for problem in found]
    (problem,) = found
    if form == "folder":
        assert (problem.file, problem.sheet) == (f"{bad.table}.{'toml' if bad.table == 'programme' else 'csv'}", "")
    else:
        assert (problem.file, problem.sheet) == ("scenario.xlsx", bad.table)
    assert problem.column == bad.column
    if bad.table != "programme":
        assert problem.row == bad.row
    for words in bad.words:
        assert words in str(problem)


@FORMS
@pytest.mark.parametrize("table", ["programme", *(table.name for table in TABLES if not table.optional)])
def test_a_table_that_is_missing_is_one_problem_however_many_rows_refer_to_it(
    table: str, form: str, tmp_path: Path
) -> None:
    scenario = Scenario()
    if table == "programme":
        scenario.programme = {}
    else:
        del scenario.tables[table]
    with pytest.raises(InputProblems) as refused:
        read_scenario(scenario.write(form, tmp_path))
    (problem,) = refused.value.problems
    assert problem.found == "nothing"
    assert table in problem.where
    assert refused.value.remedies == (Remedy.TEMPLATE,)


@FORMS
@pytest.mark.parametrize("table", [table.name for table in TABLES if not table.optional])
def test_a_table_without_even_headings_is_one_problem(table: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.tables[table] = []
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert "row of headings" in problem.expected


@FORMS
@pytest.mark.parametrize("key", ["name", "first_day", "last_day"])
def test_the_programme_needs_a_name_and_two_days(key: str, form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    del scenario.programme[key]
    (problem,) = problems_of(scenario.write(form, tmp_path))
    assert (problem.column, problem.found) == (key, "nothing")


@FORMS
def test_all_problems_of_all_tables_are_told_at_once_in_the_order_of_the_tables(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["limits.max_sessions"] = "many"
    scenario.put("preferences", 3, "volunteer_id", "V8")
    scenario.put("preferences", 2, "score", "good")
    scenario.put("volunteers", 3, "latitude", "north")
    scenario.put("cohorts", 4, "school_id", "S3")
    scenario.put("schools", 2, "name", "")
    found = problems_of(scenario.write(form, tmp_path))
    assert [(problem.row, problem.column) for problem in found[1:]] == [
        (2, "name"),
        (4, "school_id"),
        (3, "latitude"),
        (2, "score"),
        (3, "volunteer_id"),
    ]
    assert found[0].column == "limits.max_sessions"


@FORMS
def test_one_unreadable_cell_makes_no_noise_elsewhere(form: str, tmp_path: Path) -> None:
    """Everything that refers to the school, cohort, session and volunteer of these rows is silent."""
    scenario = Scenario()
    for table, key in (("schools", "school_id"), ("cohorts", "cohort_id"), ("sessions", "session_id")):
        scenario.put(table, 2, key, "")
    scenario.put("slots", 3, "start", "tomorrow")
    scenario.put("volunteers", 2, "volunteer_id", "")
    found = problems_of(scenario.write(form, tmp_path))
    assert [problem.row for problem in found] == [2, 2, 2, 3, 2]


@FORMS
def test_more_unknown_ids_than_rows_without_one_are_told_of(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 2, "volunteer_id", "")
    scenario.put("preferences", 3, "volunteer_id", "V8")
    found = problems_of(scenario.write(form, tmp_path))
    assert {problem.found for problem in found} == {"nothing", '"V1"', '"V8"'}


@FORMS
def test_demographics_are_never_repeated_in_a_message(form: str, tmp_path: Path) -> None:
    scenario = Scenario()
    secret = "Secret-Word"
    for table, row in (("volunteers", 2), ("encounters", 2)):
        scenario.put(table, row, "gender", secret)
        scenario.put(table, row, "ethnicity", secret)
    scenario.tables["volunteers"][1].append(secret)  # slipped to the right, under no heading
    scenario.put("schools", 2, "name", "")
    path = scenario.write(form, tmp_path)
    assert not any(secret in str(problem) for problem in problems_of(path))
    scenario.tables["volunteers"][1].pop()
    scenario.put("schools", 2, "name", "Ash")
    warnings = read_scenario(scenario.write(form, tmp_path / "mended")).warnings
    assert len(warnings) == 4  # an ethnicity in each table, and the column of genders in each
    assert not any(secret in str(warning) for warning in warnings)


def test_a_thousand_problems_of_a_column_are_told_one_by_one_and_the_rest_counted(tmp_path: Path) -> None:
    scenario = Scenario()
    for number in range(1500):
        scenario.add("preferences", volunteer_id="V1", session_id=f"X{number}", score="1")
    found = problems_of(scenario.to_folder(tmp_path / "s"))
    assert len(found) == 1001
    assert found[-1].found == "500 more rows like these"


def test_the_second_stage_alone_says_table_and_row(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("cohorts", 4, "school_id", "S3")
    tables = tables_of(scenario.to_folder(tmp_path / "s"))
    with pytest.raises(InputProblems) as refused:
        build_problem(tables)
    assert refused.value.problems[0].where == "cohorts, row 4, column school_id"


def test_the_same_pin_twice_is_one_pin(tmp_path: Path) -> None:
    scenario = Scenario()
    pins(("A", "V1", "", "keep"), ("A", "V1", "", "Keep"))(scenario)
    intake = read_scenario(scenario.to_folder(tmp_path / "s"))
    assert (len(intake.problem.pins), intake.warnings) == (1, ())


def test_one_of_an_employer_may_be_one_too_many(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["limits.same_employer"] = 0
    assert read_scenario(scenario.to_folder(tmp_path / "s")).problem.programme.limits.same_employer == 0


@pytest.mark.parametrize("written", ["europe/london", "EUROPE/LONDON", "Europe/London"])
def test_a_time_zone_may_be_written_in_any_case(written: str, tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.programme["timezone"] = written
    assert read_scenario(scenario.to_folder(tmp_path / "s")).problem.programme.timezone == "Europe/London"


def test_sectors_and_occupations_are_compared_space_by_space_and_without_case(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("volunteers", 2, "sector", "Public  Health")
    scenario.put("volunteers", 2, "occupation", "track  fitter")
    scenario.put("sessions", 2, "required_sectors", "PUBLIC  HEALTH;Public Health")
    scenario.add("sectors", sector="Public Health", share_women="0.5")
    scenario.add("sectors", sector="public  health", share_women="0.6")
    scenario.add("occupations", occupation="Track Fitter", share_women="0.1")
    problem = read_scenario(scenario.to_folder(tmp_path / "s")).problem
    assert problem.volunteers["V1"].share_women == 0.6
    assert problem.sessions["A"].required_sectors == {"public  health", "public health"}


@FORMS
def test_pins_know_where_they_stand(form: str, tmp_path: Path) -> None:
    kept, never = read_scenario(Scenario().write(form, tmp_path)).problem.pins
    at = "pins.csv, row" if form == "folder" else "scenario.xlsx, sheet pins, row"
    assert str(kept) == f"keep V1 at A ({at} 2)"
    assert str(never) == f"never A at 2026-10-13T09:30 ({at} 3)"


def test_a_pin_at_a_slot_that_cannot_be_read_is_not_a_second_problem(tmp_path: Path) -> None:
    scenario = Scenario()
    scenario.put("slots", 3, "end", "later")
    (problem,) = problems_of(scenario.to_folder(tmp_path / "s"))
    assert problem.where == "slots.csv, row 3, column end"


# ------------------------------------------------------------------------------------------------- only in a folder


def spoilt_file(tmp_path: Path, name: str, content: bytes) -> Path:
    folder = Scenario().to_folder(tmp_path / "scenario")
    (folder / name).write_bytes(content)
    return folder


COHORTS = b"cohort_id,school_id,name\r\nS1-Y5,S1,a\r\nS1-Y6,S1,b\r\nS2-Y5,S2,"


@pytest.mark.parametrize(
    ("name", "content", "row", "words"),
    [
        ("cohorts.csv", COHORTS + "Élan".encode("cp1252"), 4, ("C9", "Windows-1252", "CSV UTF-8")),
        ("cohorts.csv", COHORTS + b'"two\r\nlines"\r\nS2-Y6,S2,\x92', 5, ("92", "CSV UTF-8")),
        ("cohorts.csv", "cohort_id,school_id".encode("utf-16-le"), 1, ("NUL", "CSV UTF-8")),
        ("cohorts.csv", "cohort_id".encode("utf-32"), None, ("UTF-32",)),
        ("cohorts.csv", b"\xff\xfe\x00", None, ("UTF-16",)),
        ("cohorts.csv", COHORTS + b"a\x00b", 4, ("NUL",)),
        ("cohorts.csv", b"PK\x03\x04" + bytes(40), None, ("zip archive or a workbook",)),
        ("cohorts.csv", b"%PDF-1.7", None, ("PDF",)),
        ("cohorts.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, ("old-style",)),
        ("cohorts.csv", COHORTS + b'"never closed\r\nmore', 4, ("quotation marks",)),
        ("cohorts.csv", COHORTS + b'"a"b\r\n', 4, ("quotation marks",)),
        ("cohorts.csv", COHORTS + b"x" * 200_000, 4, ("131,072",)),
        ("cohorts.csv", COHORTS.replace(b",", b";"), 1, ("semicolons", "comma")),
        ("cohorts.csv", COHORTS.replace(b",", b"\t"), 1, ("tabs", "comma")),
        ("cohorts.csv", b"", None, ("row of headings",)),
        ("programme.toml", b"name = 'x'\nfirst_day = 2026-09-07\nlast_day = \n", 3, ("not TOML",)),
        ("programme.toml", b"name = 'x'\nfirst_day = 2026-02-31\n", 2, ("not TOML",)),
        ("programme.toml", b"a = " + b"[" * 100_000, None, ("lists within lists",)),
        ("programme.toml", b"a = " + b"9" * 10_000, 1, ("not TOML",)),
        ("programme.toml", "name = 'é'".encode("cp1252"), 1, ("UTF-8",)),
        ("programme.toml", bytes([0]), 1, ("NUL",)),
    ],
)
def test_a_file_that_cannot_be_read_is_one_problem(
    name: str, content: bytes, row: int | None, words: tuple[str, ...], tmp_path: Path
) -> None:
    found = problems_of(spoilt_file(tmp_path, name, content))
    assert len(found) == 1, [str(problem) for problem in found]
    assert found[0].file == name
    assert row is None or found[0].row == row
    assert (
        any(word in str(found[0]) for word in words)
        if name.endswith("toml")
        else all(w in str(found[0]) for w in words)
    )


def test_problems_of_the_programme_are_located_by_their_line(tmp_path: Path) -> None:
    text = "name = 'x'\nfirst_day = 2026-09-07\nlast_day = 2026-12-18\n# limits\n[limits]\n\nmax_sessions = 'x'\n"
    text += "[goals]\nsectors = {target = -1}\npeople = 3\n[goals.mixed_team]\nweight = 1.5\n"
    found = problems_of(spoilt_file(tmp_path, "programme.toml", text.encode()))
    assert {problem.column: problem.row for problem in found} == {
        "limits.max_sessions": 7,
        "goals.sectors.target": 9,
        "goals.people": 10,
        "goals.mixed_team.weight": 12,
    }


def test_two_files_for_one_table_are_not_chosen_between(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "Co-Horts.csv").write_text("cohort_id,school_id")
    (problem,) = problems_of(folder)
    assert '"Co-Horts.csv" and "cohorts.csv"' in problem.found


def test_a_folder_in_the_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "cohorts.csv").unlink()
    (folder / "cohorts.csv").mkdir()
    (problem,) = problems_of(folder)
    assert (problem.file, problem.found) == ("cohorts.csv", "something that is not a file")


def test_a_table_saved_in_another_format_is_pointed_out(tmp_path: Path) -> None:
    folder = Scenario().to_folder(tmp_path / "s")
    (folder / "cohorts.csv").rename(folder / "cohorts.xls")
    (problem,) = problems_of(folder)
    assert 'There is "cohorts.xls": save it as cohorts.csv' in problem.action


@pytest.mark.parametrize(
    "name", ["nowhere", "nowhere.xlsx", "s.xlsm", "s.ods", "s.xls", "s.csv", "s.toml", "a\0b", "x" * 5000]
)
def test_a_path_that_is_neither_folder_nor_workbook_is_refused(name: str, tmp_path: Path) -> None:
    if name.startswith("s."):
        (tmp_path / name).write_bytes(b"x")
    (problem,) = problems_of(tmp_path / name)
    assert "folder" in problem.expected


# ----------------------------------------------------------------------------------------------- only in a workbook


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "number_format", "words"),
    [
        ("slots", 2, "start", date(2026, 10, 14), "yyyy-mm-dd", ("the date 2026-10-14", "Add the time")),
        ("slots", 2, "start", time(9, 30), "", ("the time 09:30", "Date and time")),
        ("slots", 2, "start", datetime(2026, 10, 14, 9, 30, 20), "", ("whole minutes",)),
        ("slots", 2, "start", 46309.4, "General", ("46309.4", "Date and time")),
        ("volunteers", 3, "checked_until", datetime(2026, 10, 14, 9, 30), "", ("without a time",)),
        ("volunteers", 3, "checked_until", 46309, "General", ("46309", "Format the column as Date")),
        ("volunteers", 3, "checked_until", 1e12, "yyyy-mm-dd", ("no calendar",)),
        ("cohorts", 2, "cohort_id", date(2026, 5, 6), "", ("the date 2026-05-06", "format the column as Text")),
        ("cohorts", 2, "pupils", date(2026, 5, 6), "", ("Format the column as Number",)),
        ("cohorts", 2, "pupils", 0.3, "0%", ("30 %", "not a per cent")),
        ("cohorts", 2, "pupils", True, "", ("TRUE",)),
        ("sessions", 2, "supervised", True, "", ("TRUE", "Write yes or no")),
        ("schools", 2, "pupil_premium_percent", 1.2, "0%", ("120 %", "0 to 100")),
        ("schools", 2, "latitude", "#N/A", "", ("the error #N/A", "Type the value itself")),
        ("schools", 2, "latitude", "=1+1", "", ("a formula whose result has not been saved",)),
        ("volunteers", 2, "gender", "#REF!", "", ("the error #REF!",)),
        ("availability", 2, "from", 0.375, "General", ("like this: 09:30",)),
    ],
)
def test_a_cell_of_another_type_is_refused_with_what_to_do(
    table: str, row: int, column: str, value: object, number_format: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    scenario = Scenario()
    scenario.put(table, row, column, value, number_format)
    if column == "cohort_id":
        scenario.put("sessions", 2, "cohort_ids", "S1-Y6")
        scenario.tables["encounters"] = []
    (problem,) = problems_of(scenario.to_workbook(tmp_path / "s.xlsx"))
    assert problem.where == f"s.xlsx, sheet {table}, row {row}, column {column}"
    for word in words:
        assert word in str(problem)


def test_two_sheets_for_one_table_are_not_chosen_between(tmp_path: Path) -> None:
    book = Scenario().workbook()
    book.create_sheet("Co horts")
    book.save(tmp_path / "s.xlsx")
    (problem,) = problems_of(tmp_path / "s.xlsx")
    assert '"cohorts" and "Co horts"' in problem.found


def test_the_programme_sheet_refuses_a_third_column_and_a_key_twice(tmp_path: Path) -> None:
    book = Scenario().workbook()
    book["programme"]["C5"] = date(2026, 10, 28)
    book["programme"].append(["First Day", date(2026, 9, 8)])
    book["programme"].append([None, "no key"])
    book.save(tmp_path / "s.xlsx")
    found = problems_of(tmp_path / "s.xlsx")
    assert [(problem.row, problem.column) for problem in found] == [(5, "C"), (8, "first_day"), (9, "key")]
    assert "separated by ;" in found[0].action
    assert "first in row 3" in found[1].found


def test_closed_days_in_two_rows_are_told_where_they_belong(tmp_path: Path) -> None:
    book = Scenario().workbook()
    book["programme"].append(["closed", "2026-11-02"])
    book.save(tmp_path / "s.xlsx")
    (problem,) = problems_of(tmp_path / "s.xlsx")
    assert problem.column == "closed" and "a second time" in problem.found
    assert problem.action == "Write all days into the first, with ; between."
