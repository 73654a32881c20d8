"""The year goes on: what took place in a term is what the next one knows of whom classes met."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from matcher.audit import audit
from matcher.domain import GoalName, Plan, Problem, Slot, Status, TierScore, Visit
from matcher.errors import NotThere, OutputError, Refused
from matcher.intake import build_problem, read_scenario
from matcher.solving.progress import Settings
from matcher.store import Workspace
from matcher.tables import Row, Tables, Value
from matcher.usecases import planning, publishing
from matcher.usecases.publishing import Preview
from matcher.usecases.terms import LEFT_BEHIND, close_term, compare
from matcher.usecases.today import term_under_way, today
from tests.publication.terms import OAK_2, STAMP, USUAL, plan, publish, term, with_row, without_volunteer

pytest_plugins = ("tests.store.store_fixtures",)

AFTER = "2026-10-31T12:00"
LATER = datetime(2026, 10, 31, 12, tzinfo=UTC)
BETWEEN = "2026-10-06T12:00"  # OAK-1 and ELM-1 are over, OAK-2 is to come


def row(number: int, /, **values: Value) -> Row:
    return Row(number, values)


def with_visits(tables: Tables, *rows: dict[str, Value]) -> Tables:
    columns = ("session_id", "happened", "cohort_id", "pupils_present", "staff_present", "came")
    found = tuple(row(n, **(dict.fromkeys(columns) | values)) for n, values in enumerate(rows, start=2))
    return Tables(tables.programme, {**tables.rows, "visits": found})


def written(workspace: Workspace, out: Path, now: str = AFTER) -> Problem:
    """The next term's scenario, read again."""
    close_term(workspace, out, now)
    return read_scenario(out).problem


def met_by(problem: Problem, cohort_id: str) -> Counter[str]:
    return Counter(each.volunteer_id for each in problem.encounters if each.cohort_id == cohort_id)


@pytest.fixture
def published(sqlite_address: str) -> Workspace:
    workspace = Workspace.open(sqlite_address, create=True)
    publish(workspace)
    return workspace


@pytest.mark.parametrize("name", ["next", "next.xlsx"])
def test_the_ledger_of_an_empty_plan_in_the_next_term_is_that_of_the_plan_that_took_place(
    address: str, tmp_path: Path, name: str
) -> None:
    with Workspace.open(address, create=True) as workspace:
        publish(workspace)
        now_known = written(workspace, tmp_path / name)
    was, _ = build_problem(term())
    before, after = audit(was, USUAL), audit(now_known, Plan({}))
    counted = {(line.cohort_id, line.goal): line.met for line in before.ledger if line.goal != GoalName.MIXED_TEAM}
    assert {(line.cohort_id, line.goal): line.met for line in after.ledger} == counted
    assert any(
        met and goal in (GoalName.WOMEN_IN_MALE_DOMINATED, GoalName.ETHNIC_GROUPS) for (_, goal), met in counted.items()
    ), "or consent would not have been tried"


def test_what_belongs_to_one_term_alone_is_left_out_and_the_rest_is_as_it_is_today(
    published: Workspace, tmp_path: Path
) -> None:
    close_term(published, tmp_path / "next", AFTER)
    now, was = read_scenario(tmp_path / "next").tables, term()
    assert now.programme == was.programme
    for table, rows in was.rows.items():
        if table in LEFT_BEHIND:
            assert now.rows[table] == ()
        elif table not in ("encounters", "visits"):
            assert [each.values for each in now.rows[table]] == [each.values for each in rows]
    assert [(each["session_id"], each["happened"], each["came"]) for each in now.rows["visits"]] == [
        ("OAK-1", "yes", ("DEE", "FRED")),
        ("ELM-1", "yes", ("DEE", "LENA", "NICK")),
        ("OAK-2", "yes", ("ADA", "RAFI")),
    ]
    assert now.rows["encounters"][0].values == was.rows["encounters"][0].values, "earlier meetings go first"
    assert all(each["date"] for each in now.rows["encounters"])


def test_a_class_meets_nobody_twice_in_the_next_term(published: Workspace, tmp_path: Path) -> None:
    was, _ = build_problem(term())
    now = written(published, tmp_path / "next")
    again = replace(was, encounters=now.encounters)
    broken = {finding.rule for finding in audit(again, USUAL).findings}
    assert broken == {"new faces"}


def test_what_is_still_to_come_is_left_out_and_said(published: Workspace, tmp_path: Path) -> None:
    closed = close_term(published, tmp_path / "next", BETWEEN)
    assert closed.took_place == 2
    assert closed.notes == ("1 visit that people were told of is still to come, and left out.",)
    now = read_scenario(tmp_path / "next")
    assert {record.session_id for record in now.problem.records} == {"OAK-1", "ELM-1"}


def test_what_was_recorded_goes_before_what_was_told(published: Workspace, tmp_path: Path) -> None:
    recorded = with_visits(
        term(),
        {"session_id": "OAK-1", "happened": "no"},
        {"session_id": "ELM-1", "happened": "yes", "came": ("DEE", "ADA"), "pupils_present": 28},
        {"session_id": "OAK-2", "happened": "yes", "staff_present": 2},
    )
    published.replace_tables(recorded, "after.xlsx")
    now = written(published, tmp_path / "next")
    assert "FRED" not in met_by(now, "OAK-Y5")
    assert met_by(now, "ELM-Y5")["ADA"] == met_by(now, "ELM-Y5")["DEE"] == 1
    assert "LENA" not in met_by(now, "ELM-Y5")
    told = [
        (each.session_id, each.happened, each.pupils_present, each.staff_present, each.came) for each in now.records
    ]
    assert told == [
        ("OAK-1", False, None, None, None),
        ("ELM-1", True, 28, None, ("DEE", "ADA")),
        ("OAK-2", True, None, 2, ("ADA", "RAFI")),
    ]


def test_who_withdrew_consent_was_met_and_nothing_more_is_known_of_them(published: Workspace, tmp_path: Path) -> None:
    tables = term()
    no = tuple(
        Row(each.number, {**each.values, "matching_consent": "no", "gender": None, "ethnicity": None})
        if each["volunteer_id"] == "LENA"
        else each
        for each in tables.rows["volunteers"]
    )
    published.replace_tables(Tables(tables.programme, {**tables.rows, "volunteers": no}), "withdrawn.xlsx")
    now = written(published, tmp_path / "next")
    of_her = [each for each in now.encounters if each.volunteer_id == "LENA"]
    assert len(of_her) >= 2
    assert all(each.gender is None and each.ethnic_group is None and each.sector for each in of_her)


def test_consent_that_is_withdrawn_in_the_next_term_takes_what_was_met_along(
    published: Workspace, tmp_path: Path
) -> None:
    close_term(published, tmp_path / "next", AFTER)
    text = (tmp_path / "next" / "volunteers.csv").read_text(encoding="utf-8")
    lines = [line.replace(",yes", ",no") if line.startswith("LENA,") else line for line in text.splitlines()]
    (tmp_path / "next" / "volunteers.csv").write_text("\n".join(lines), encoding="utf-8")
    now = read_scenario(tmp_path / "next").problem
    assert all(each.gender is None for each in now.encounters if each.volunteer_id == "LENA")
    assert any(each.gender is not None for each in now.encounters), "the others' stays"


def test_somebody_who_has_left_stays_known_to_the_classes_that_met_them(published: Workspace, tmp_path: Path) -> None:
    was = term_under_way(published, LATER)
    published.replace_tables(without_volunteer(term(), "RAFI"), "left.xlsx")
    now = written(published, tmp_path / "next")
    (of_him,) = (each for each in now.encounters if each.volunteer_id == "RAFI")
    person = was.volunteers["RAFI"]
    assert (of_him.sector, of_him.gender, of_him.ethnic_group) == (person.sector, person.gender, person.ethnic_group)


def test_somebody_erased_was_met_and_has_no_name_or_id_any_more(published: Workspace, tmp_path: Path) -> None:
    published.forget("FRED", STAMP)
    out = tmp_path / "next"
    now = written(published, out)
    everything = "".join(file.read_text(encoding="utf-8") for file in out.iterdir())
    assert "FRED" not in everything and "Fred" not in everything
    nobody = [each for each in now.encounters if each.volunteer_id.startswith("former-")]
    assert len(nobody) == 1
    assert (nobody[0].sector, nobody[0].gender, nobody[0].ethnic_group) == ("", None, None)
    assert not [key for key in now.volunteers if key.startswith("former-")]


def test_meetings_that_are_recorded_of_this_terms_sessions_count_once(published: Workspace, tmp_path: Path) -> None:
    tables = term()
    first = tables.rows["encounters"][0]
    again = Row(99, {**first.values, "cohort_id": "OAK-Y5", "session_id": "OAK-1", "volunteer_id": "DEE"})
    met = Tables(tables.programme, {**tables.rows, "encounters": (*tables.rows["encounters"], again)})
    published.replace_tables(met, "met.xlsx")
    assert met_by(written(published, tmp_path / "next"), "OAK-Y5")["DEE"] == 1


def test_without_anything_published_nothing_is_known_to_have_taken_place(sqlite_address: str, tmp_path: Path) -> None:
    with Workspace.open(sqlite_address, create=True) as workspace:
        workspace.replace_tables(term(), "term.xlsx")
        with pytest.raises(NotThere, match="nothing is known to have taken place"):
            close_term(workspace, tmp_path / "next", AFTER)
    assert not (tmp_path / "next").exists()


def test_nobodys_file_is_overwritten(published: Workspace, tmp_path: Path) -> None:
    (tmp_path / "next.xlsx").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        close_term(published, tmp_path / "next.xlsx", AFTER)
    assert (tmp_path / "next.xlsx").read_text() == "mine"


# --------------------------------------------------------------------------------- the next term, in the same workspace


SPRING = datetime(2027, 1, 4, 9, tzinfo=UTC)
HALF_A_YEAR = timedelta(weeks=26)


def next_term_of(workspace: Workspace, folder: Path, renamed: bool = True) -> Tables:
    """The next term's spreadsheet, filled in: the same sessions half a year on, with ids of their own if `renamed`."""
    close_term(workspace, folder, AFTER)
    begun, old = read_scenario(folder).tables, term()

    def later(each: Row) -> Row:
        values = dict(each.values)
        if renamed and "session_id" in values:
            values["session_id"] = f"{values['session_id']}-spring"
        for key, value in values.items():
            if isinstance(value, datetime):
                values[key] = value + HALF_A_YEAR
        return Row(each.number, values)

    rows = {name: tuple(map(later, old.rows[name])) for name in ("sessions", "slots", "availability")}
    days = {"first_day": date(2027, 1, 4), "last_day": date(2027, 7, 16)}
    filled = Tables({**begun.programme, **days}, {**begun.rows, **rows})
    return with_row(filled, "volunteers", "LENA", max_distance_km=None)


def in_spring(which: Plan, suffix: str = "-spring") -> Plan:
    def later(slot: Slot) -> Slot:
        return Slot(slot.start + HALF_A_YEAR, slot.end + HALF_A_YEAR)

    return Plan({f"{key}{suffix}": Visit(later(each.slot), each.team) for key, each in which.visits.items()})


def test_before_the_next_term_is_published_what_was_met_counts_once(published: Workspace, tmp_path: Path) -> None:
    published.replace_tables(next_term_of(published, tmp_path / "next"), "next.xlsx")
    problem = term_under_way(published, SPRING)
    assert not problem.past, "visits of an earlier term are encounters of this one"
    was = {(line.cohort_id, line.goal): line.met for line in audit(build_problem(term())[0], USUAL).ledger}
    for line in audit(problem, Plan({})).ledger:
        assert line.met == was[line.cohort_id, line.goal]
    assert {finding.rule for finding in audit(problem, in_spring(USUAL)).findings} == {"new faces"}


def test_visits_of_the_earlier_term_count_even_where_its_records_were_not_taken_along(
    published: Workspace, tmp_path: Path
) -> None:
    tables = next_term_of(published, tmp_path / "next")
    bare = Tables(tables.programme, {**tables.rows, "encounters": (), "visits": ()})
    published.replace_tables(bare, "next.xlsx")
    problem = term_under_way(published, SPRING)
    assert met_by(problem, "OAK-Y5") == Counter({"DEE": 1, "FRED": 1, "ADA": 1, "RAFI": 1})
    assert {finding.rule for finding in audit(problem, in_spring(USUAL)).findings} == {"new faces"}


def plan_and_publish(workspace: Workspace, tables: Tables, which: Plan, stamp: datetime) -> Preview:
    """Keeps a plan of the term under way as `solve` does, and publishes it."""
    workspace.replace_tables(tables, "next.xlsx")
    term = today(workspace, stamp)
    found = audit(term.problem, which)
    assert not found.findings
    tiers = [TierScore(tier, value) for tier, value in found.values.items()]
    reasons = {each: "Nobody can." for each in term.problem.sessions if each not in which.visits}
    workspace.save_run(
        tables, which, tiers, 1.0, Status.FEASIBLE, reasons, {}, made=stamp, ledger=found.ledger, begun=term.begun
    )
    seen = publishing.preview(workspace, stamp=stamp)
    publishing.publish(workspace, seen)
    return seen


SWAPPED = plan(OAK_2=(OAK_2, "LENA NICK"))
"""Whom that class did not meet in autumn."""


def test_a_plan_of_the_next_term_goes_out_on_top_of_the_last_one(published: Workspace, tmp_path: Path) -> None:
    autumn = published.published()
    tables = next_term_of(published, tmp_path / "next")
    seen = plan_and_publish(published, tables, in_spring(SWAPPED), SPRING)
    assert {(change.news.value, change.after.session_id) for change in seen.changes} == {("invited", "OAK-2-spring")}
    assert [each for each in published.published() if each in autumn] == list(autumn), "the autumn's stay as they were"
    ledger = {(line.cohort_id, line.goal): line.met for line in published.run().ledger or ()}
    assert ledger["OAK-Y5", GoalName.PEOPLE] == 5 + 2
    assert ledger["ELM-Y5", GoalName.PEOPLE] == 3
    problem = term_under_way(published, SPRING + timedelta(days=1))
    assert set(problem.under_way.told.visits if problem.under_way else ()) == {"OAK-2-spring"}
    assert met_by(problem, "OAK-Y5")["RAFI"] == 1


@pytest.mark.parametrize("programme", ["First steps", "First steps, spring"])
def test_events_of_a_session_whose_id_was_told_before_are_numbered_above_what_was_sent(
    published: Workspace, tmp_path: Path, programme: str
) -> None:
    def numbered() -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for each in published.published():
            key = each.attendee_id, each.session_id
            found[key] = max(each.sequence, found.get(key, -1))
        return found

    autumn = numbered()
    tables = next_term_of(published, tmp_path / "next", renamed=False)
    tables = Tables({**tables.programme, "name": programme}, tables.rows)
    assert compare(published, Path("next.xlsx"), tables).used_before == ("OAK-1", "OAK-2", "ELM-1")
    plan_and_publish(published, tables, in_spring(SWAPPED, ""), SPRING)
    spring = numbered()
    assert spring["OAK", "OAK-2"] > autumn["OAK", "OAK-2"]
    assert {key for key in spring if key[1] == "OAK-2"} > {key for key in autumn if key[1] == "OAK-2"}


def test_an_id_is_used_again_in_the_same_term_without_a_word(published: Workspace) -> None:
    assert compare(published, Path("term.xlsx"), term()).used_before == ()
    on = with_row(term({"first_day": date(2026, 10, 6)}), "slots", "OAK-2", end=OAK_2.end + timedelta(minutes=5))
    assert compare(published, Path("term.xlsx"), on).used_before == (), "a visit that has begun keeps its slot"


def test_the_next_term_is_solved_as_a_term_that_nobody_was_told_of(published: Workspace, tmp_path: Path) -> None:
    published.replace_tables(next_term_of(published, tmp_path / "next"), "next.xlsx")
    quick = Settings(time_limit=3, workers=1, deterministic=True)
    number, made = planning.solve_workspace(published, quick, lambda *_: None, lambda *_: None, now=SPRING)
    assert "OAK-2-spring" in made.result.plan.visits
    autumn = {(cohort, who) for cohort in ("OAK-Y5", "ELM-Y5", "ELM-Y6") for who in met_by(made.problem, cohort)}
    for session_id, visit in made.result.plan.visits.items():
        for cohort_id in made.problem.sessions[session_id].cohort_ids:
            assert autumn.isdisjoint((cohort_id, who) for who in visit.team)
    publishing.publish(published, publishing.preview(published, number, stamp=SPRING))
    with pytest.raises(Refused):
        planning.solve_workspace(published, quick, lambda *_: None, lambda *_: None, now=SPRING + timedelta(days=1))
