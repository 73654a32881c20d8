"""A plan that was published meets reality: what is noted changes the term, is in the journal, and is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.domain import Decision, Problem
from matcher.errors import BadInput, ChangedMeanwhile, InputProblems, MatcherError, NotThere, Refused, Remedy
from matcher.publishing.published import Answer
from matcher.soundness import kept_problem
from matcher.store import Workspace, diff
from matcher.tables import Tables
from matcher.usecases import living, safekeeping
from matcher.usecases.today import moment, today
from tests.publication import terms

pytest_plugins = ["tests.store.store_fixtures"]

NOW = "2026-10-01T08:00"  # a month after it was published, before every visit
TUESDAY = "2026-10-06T12:00"  # OAK-1 and ELM-1 are over, OAK-2 is to come


@pytest.fixture
def workspace(sqlite_address: str) -> Iterator[Workspace]:
    with Workspace.open(sqlite_address, create=True) as opened:
        terms.publish(opened)
        yield opened


@pytest.fixture
def on_either(address: str) -> Iterator[Workspace]:
    with Workspace.open(address, create=True) as opened:
        terms.publish(opened)
        yield opened


def problem_of(workspace: Workspace) -> Problem:
    return kept_problem(workspace)[1]


def tables_of(workspace: Workspace) -> Tables:
    return kept_problem(workspace)[0]


def pins(workspace: Workspace) -> set[tuple[str, str, object]]:
    return {
        (each.session_id, each.decision.value, each.volunteer_id or each.start) for each in problem_of(workspace).pins
    }


def starts(workspace: Workspace, session_id: str) -> list[str]:
    return [f"{slot.start:%d %H:%M}-{slot.end:%H:%M}" for slot in problem_of(workspace).sessions[session_id].slots]


def refused(what: type[MatcherError], *words: str) -> Any:
    """The message has all of these in it."""
    return pytest.raises(what, match="(?s)" + "".join(f"(?=.*{word})" for word in words))


# What each edit does


def test_an_edit_is_one_row_changes_the_term_of_today_and_makes_older_runs_old(on_either: Workspace) -> None:
    workspace, before = on_either, tables_of(on_either)
    rows = sum(len(found) for found in before.rows.values())
    noted = living.drop(workspace, "fred", "computers", now=NOW, actor="Kim", why="has flu")
    assert pins(workspace) == {("OAK-1", "never", "FRED")}
    assert not workspace.run(1).is_current and workspace.load_tables(run=1) == before
    with workspace.engine.connect() as connection:
        counts = [connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in ("scenarios", "edits", "pins")]
    assert counts == [1, 1, 0] and rows > 30
    assert "Fred Ward" in noted.text and "Oak Primary School" in noted.text and noted.is_told
    (line,) = living.journal(workspace)
    assert (line.number, line.actor, line.why, line.text) == (1, "Kim", "has flu", noted.text)
    living.undo(workspace)
    assert not diff(before, tables_of(workspace))
    assert workspace.run(1).is_current
    assert [each.undone_by for each in living.journal(workspace)] == [2, None]


def test_somebody_dropped_from_day_to_day_is_free_on_none_of_them(workspace: Workspace) -> None:
    living.drop(workspace, "Dee", now=NOW)
    (row,) = [each for each in tables_of(workspace).rows["availability"] if each["available"] == "no"]
    assert (row["first_day"], row["last_day"]) == (date(2026, 10, 1), date(2026, 12, 18))
    assert row["weekday"] is row["date"] is None
    living.undo(workspace)
    living.drop(workspace, "Dee", first="2026-10-05", last="2026-10-05")
    (row,) = [each for each in tables_of(workspace).rows["availability"] if each["available"] == "no"]
    assert row["first_day"] == row["last_day"] == date(2026, 10, 5)


def test_a_cancelled_visit_keeps_its_row_and_gets_its_times_and_pins_back(workspace: Workspace) -> None:
    living.assign(workspace, "Dee", "OAK-1", now=NOW)
    before = tables_of(workspace)
    living.cancel(workspace, "OAK-1", now=NOW)
    assert starts(workspace, "OAK-1") == [] and pins(workspace) == set()
    with refused(Refused, "no time"):
        living.cancel(workspace, "OAK-1", now=NOW)
    living.undo(workspace)
    assert not diff(before, tables_of(workspace))


def test_a_moved_visit_is_at_that_time_alone_and_lasts_as_long_as_was_told(workspace: Workspace) -> None:
    living.move(workspace, "networking", "2026-10-12T10:30", now=NOW)
    assert starts(workspace, "ELM-1") == ["12 10:30-11:30"]
    living.cancel(workspace, "ELM-1", now=NOW)
    living.move(workspace, "ELM-1", "2026-10-13T10:30", now=NOW)
    assert starts(workspace, "ELM-1") == ["13 10:30-11:30"]


def test_more_times_are_offered_and_one_of_them_pinned(workspace: Workspace) -> None:
    living.offer(workspace, "OAK-1", ["2026-10-12T09:30", "2026-10-13T09:30"], now=NOW)
    assert starts(workspace, "OAK-1") == ["05 09:30-10:30", "12 09:30-10:30", "13 09:30-10:30"]
    living.pin(workspace, "OAK-1", "2026-10-12T09:30", now=NOW)
    assert pins(workspace) == {("OAK-1", "keep", datetime(2026, 10, 12, 9, 30))}
    with refused(Refused, "12 Oct", "unpin"):
        living.pin(workspace, "OAK-1", "2026-10-13T09:30", now=NOW)
    with refused(NotThere, "no pin"):
        living.unpin(workspace, "OAK-1", "2026-10-13T09:30", now=NOW)
    living.unpin(workspace, "OAK-1", "2026-10-12T09:30", now=NOW)
    assert pins(workspace) == set()


def test_a_later_decision_about_the_same_two_takes_the_place_of_the_earlier_one(workspace: Workspace) -> None:
    living.assign(workspace, "Dee", "OAK-1", now=NOW)
    living.unassign(workspace, "Dee", "OAK-1", now=NOW)
    assert pins(workspace) == {("OAK-1", "never", "DEE")}
    with refused(Refused, "already", "Dee"):
        living.drop(workspace, "Dee", "OAK-1", now=NOW)
    living.assign(workspace, "Dee", "OAK-1", now=NOW)
    assert pins(workspace) == {("OAK-1", "keep", "DEE")}


def test_cells_are_set_rows_added_and_removed_as_a_spreadsheets_are_read(workspace: Workspace) -> None:
    living.set_cells(workspace, "Volunteers", "Dee", [("Max Sessions", "2"), ("employer", "Toyota")])
    person = problem_of(workspace).volunteers["DEE"]
    assert (person.max_sessions, person.employer) == (2, "Toyota")
    living.add_row(workspace, "volunteers", [("volunteer_id", "KIM"), ("name", "Kim Li"), ("sector", "Rail")])
    living.add_row(workspace, "availability", [("volunteer_id", "KIM"), ("weekday", "monday")])
    assert problem_of(workspace).volunteers["KIM"].availability
    living.remove_row(workspace, "volunteers", "kim li")
    assert "KIM" not in problem_of(workspace).volunteers
    assert not [row for row in tables_of(workspace).rows["availability"] if row["volunteer_id"] == "KIM"]
    living.undo(workspace)
    assert problem_of(workspace).volunteers["KIM"].availability


def test_with_a_session_its_times_pins_and_preferences_go(workspace: Workspace) -> None:
    living.assign(workspace, "Rafi", "OAK-2", now=NOW)
    before = tables_of(workspace)
    living.remove_row(workspace, "sessions", "OAK-2")
    after = tables_of(workspace)
    for table in ("sessions", "slots", "pins", "preferences"):
        assert not [row for row in after.rows[table] if row["session_id"] == "OAK-2"], table
    living.undo(workspace)
    assert not diff(before, tables_of(workspace))


def test_of_rows_without_a_name_the_one_with_these_cells_is_removed(workspace: Workspace) -> None:
    with refused(BadInput, "2 rows", "2026-10-05T10:00", "2026-10-06T10:00"):
        living.remove_row(workspace, "slots", [("session_id", "ELM-1")])
    living.remove_row(workspace, "slots", [("session_id", "ELM-1"), ("start", "2026-10-05T10:00")])
    assert starts(workspace, "ELM-1") == ["06 10:00-11:00"]


# What took place, and answers


def test_what_took_place_is_written_out_person_by_person(workspace: Workspace) -> None:
    with refused(Refused, "still to come", "7 Oct"):
        living.attended(workspace, "OAK-2", now=TUESDAY)
    with refused(NotThere, "Lena"):
        living.attended(workspace, "OAK-1", absent=["Lena"], now=TUESDAY)
    noted = living.attended(workspace, "OAK-1", absent=["Fred"], instead=["Lena"], pupils=27, now=TUESDAY)
    (row,) = tables_of(workspace).rows["visits"]
    assert (row["happened"], row["came"], row["pupils_present"]) == ("yes", ("DEE", "LENA"), 27)
    assert "Dee Zając" in noted.text and "Lena Shah" in noted.text and "27 pupils" in noted.text
    stood = today(workspace, moment(workspace, TUESDAY)).problem.past["OAK-1"]
    assert stood is not None and stood.team == ("DEE", "LENA")
    living.attended(workspace, "OAK-1", now=TUESDAY)
    (row,) = tables_of(workspace).rows["visits"]
    assert row["came"] == ("DEE", "FRED")
    living.attended(workspace, "OAK-1", absent=["Dee", "Fred"], now=TUESDAY)
    (row,) = tables_of(workspace).rows["visits"]
    assert (row["happened"], row["came"]) == ("no", None)


def test_nothing_changes_a_visit_that_is_over(workspace: Workspace) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: living.drop(workspace, "Dee", "OAK-1", now=TUESDAY),
        lambda: living.cancel(workspace, "OAK-1", now=TUESDAY),
        lambda: living.move(workspace, "OAK-1", "2026-10-12T09:30", now=TUESDAY),
        lambda: living.assign(workspace, "Ada", "OAK-1", now=TUESDAY),
    )
    for do in attempts:
        with refused(Refused, "Oak Primary School", "is over", "Nothing was done"):
            do()
    assert not workspace.edits()


def test_by_the_machine_s_clock_alone_nothing_is_refused_but_said(workspace: Workspace) -> None:
    def fits(noted: living.Noted) -> bool:
        return any("By this machine's clock" in each for each in noted.warnings)

    assert fits(living.drop(workspace, "Dee", "OAK-1"))  # in October 2026: every clock is past that
    assert fits(living.move(workspace, "ELM-1", "2026-10-12T09:30"))
    assert not fits(living.attended(workspace, "OAK-2", absent=["Ada"]))
    assert len(workspace.edits()) == 3


def test_an_answer_is_in_the_journal_makes_no_pin_and_is_taken_back(workspace: Workspace) -> None:
    now = datetime.fromisoformat("2026-10-01T08:00+00:00")
    living.answer(workspace, "Dee", "computers", Answer.ACCEPTED, now=now)
    living.answer(workspace, "Dee", "OAK-1", Answer.DECLINED, "rang", now=now, actor="Kim")
    assert terms.told(workspace, "DEE", "OAK-1").answer is Answer.DECLINED
    assert pins(workspace) == set() and workspace.run(1).is_current
    with refused(Refused, "Number 1", "Number 2", "Dee Zając", "Kim"):
        living.undo(workspace, 1)
    living.undo(workspace)
    assert terms.told(workspace, "DEE", "OAK-1").answer is Answer.ACCEPTED
    living.undo(workspace)
    assert terms.told(workspace, "DEE", "OAK-1").answer is Answer.NEEDS_ACTION
    assert "said no to" in living.journal(workspace)[1].text


# What a hand decides, with a net


def test_whom_a_rule_forbids_by_itself_is_not_assigned(workspace: Workspace) -> None:
    with refused(Refused, "Ada", "not free") as said:
        living.assign(workspace, "Ada", "OAK-1", override="she will manage", now=NOW)
    assert Remedy.OVERRIDE not in said.value.remedies
    assert not workspace.edits()


def test_a_rule_that_may_be_is_set_aside_with_a_reason_and_comes_back_with_undo(workspace: Workspace) -> None:
    with refused(Refused, "Rafi", "km") as said:
        living.assign(workspace, "Rafi", "ELM-1", now=NOW)
    assert said.value.remedies == (Remedy.OVERRIDE,)
    noted = living.assign(workspace, "Rafi", "ELM-1", override="lives there in October", now=NOW)
    (override,) = problem_of(workspace).overrides
    assert (override.volunteer_id, override.session_id) == ("RAFI", "ELM-1")
    assert (override.rule, override.reason) == ("mode and distance", "lives there in October")
    assert "lives there in October" in noted.text
    assert any("room for 3" in each for each in noted.warnings)  # with the team that was told
    living.unassign(workspace, "Rafi", "ELM-1", now=NOW)
    assert not problem_of(workspace).overrides
    living.undo(workspace)
    living.undo(workspace)
    assert not problem_of(workspace).overrides and pins(workspace) == set()


def test_whom_a_class_met_at_a_past_visit_is_no_new_face_there(workspace: Workspace) -> None:
    with refused(Refused, "Fred", "meet the class"):
        living.assign(workspace, "Fred", "OAK-2", now=TUESDAY)
    living.attended(workspace, "OAK-1", absent=["Fred"], now=TUESDAY)
    living.assign(workspace, "Fred", "OAK-2", now=TUESDAY)


def test_who_declined_is_not_assigned_until_they_say_yes(workspace: Workspace) -> None:
    now = datetime.fromisoformat("2026-10-01T08:00+00:00")
    living.answer(workspace, "Dee", "OAK-1", Answer.DECLINED, now=now)
    with refused(Refused, "Dee"):
        living.assign(workspace, "Dee", "OAK-1", override="please", now=NOW)
    living.answer(workspace, "Dee", "OAK-1", Answer.ACCEPTED, now=now)
    living.assign(workspace, "Dee", "OAK-1", now=NOW)
    assert (problem_of(workspace).pins[0].decision, problem_of(workspace).pins[0].volunteer_id) == (
        Decision.KEEP,
        "DEE",
    )


# Undo


def test_an_edit_on_which_later_ones_rest_is_not_undone_and_they_are_named(workspace: Workspace) -> None:
    living.add_row(workspace, "volunteers", [("volunteer_id", "KIM"), ("name", "Kim Li"), ("sector", "Law")])
    living.add_row(workspace, "availability", [("volunteer_id", "KIM"), ("weekday", "mon")])
    living.set_cells(workspace, "volunteers", "KIM", [("employer", "X")])
    living.set_cells(workspace, "volunteers", "DEE", [("employer", "X")])
    with refused(Refused, "Number 1", "Number 2 ", "weekday", "Number 3 ", "employer") as said:
        living.undo(workspace, 1)
    assert "Number 4" not in str(said.value)
    for number in (3, 2, 1):
        living.undo(workspace, number)
    assert "KIM" not in problem_of(workspace).volunteers
    assert problem_of(workspace).volunteers["DEE"].employer == "X"


def test_what_is_no_edit_that_stands_is_not_undone(workspace: Workspace) -> None:
    with refused(NotThere, "Nothing stands"):
        living.undo(workspace)
    living.drop(workspace, "Dee", "OAK-1", now=NOW)
    living.undo(workspace)
    with refused(Refused, "already"):
        living.undo(workspace, 1)
    with refused(Refused, "took back"):
        living.undo(workspace, 2)
    with refused(NotThere, "no number 7", "up to 2"):
        living.undo(workspace, 7)


# Two at a time


def test_who_saw_an_older_state_is_told_what_was_changed_meanwhile_and_by_whom(workspace: Workspace) -> None:
    seen = workspace.state()
    living.set_cells(workspace, "volunteers", "Dee", [("employer", "X")], actor="Kim")
    living.set_cells(workspace, "volunteers", "Dee", [("role", "Y")], seen=seen)  # another cell
    with refused(ChangedMeanwhile, "Kim", "Dee Zając", "employer", "Nothing was done"):
        living.set_cells(workspace, "volunteers", "Dee", [("employer", "Z")], seen=seen)
    assert problem_of(workspace).volunteers["DEE"].employer == "X"


# What cannot be


@pytest.mark.parametrize(
    ("words", "expected"),
    [("nobody at all", ["no volunteer", "nobody at all"]), ("n", ["fits", "Nick Osei", "Lena Shah"])],
)
def test_names_that_fit_nobody_or_several_are_refused_with_candidates(
    words: str, expected: list[str], workspace: Workspace
) -> None:
    with refused(NotThere, *expected):
        living.drop(workspace, words, now=NOW)
    assert not workspace.edits()


def test_what_would_make_no_term_is_refused_and_nothing_is_kept(workspace: Workspace) -> None:
    state = workspace.state()
    with refused(InputProblems, "sessions", "max_volunteers", "decimals"):
        living.set_cells(workspace, "sessions", "OAK-1", [("max_volunteers", "2.5")])
    with refused(InputProblems, "sessions"):
        living.set_cells(workspace, "sessions", "OAK-1", [("max_volunteers", "0")])
    with refused(InputProblems, "cohorts"):
        living.remove_row(workspace, "schools", "OAK")
    with refused(InputProblems, "slots", "end"):
        living.add_row(workspace, "slots", [("session_id", "OAK-1"), ("start", "2026-10-12T09:30")])
    with refused(InputProblems, "pins", "no slot"):
        living.pin(workspace, "OAK-1", "2026-10-12T09:30", now=NOW)
    for shut in ("2026-10-27T09:30", "2027-10-12T09:30"):
        with refused(Refused, "cannot be", "closed"):
            living.move(workspace, "OAK-1", shut, now=NOW)
    with refused(Refused, "not after now"):
        living.move(workspace, "OAK-1", "2026-09-30T09:30", now=NOW)
    with refused(BadInput, "midnight"):
        living.move(workspace, "OAK-1", "2026-10-12T23:30", now=NOW)
    with refused(BadInput, "soon"):
        living.move(workspace, "OAK-1", "soon", now=NOW)
    with refused(BadInput, "no time"):
        living.drop(workspace, "Dee", first="2026-10-05", last="2026-10-04", now=NOW)
    with refused(BadInput, "no table"):
        living.set_cells(workspace, "volunters", "DEE", [("employer", "X")])
    with refused(Refused, "there already"):
        living.add_row(workspace, "volunteers", [("volunteer_id", "DEE"), ("name", "D"), ("sector", "Law")])
    assert workspace.state() == state


# Consent


def test_gender_and_ethnicity_without_consent_are_refused_and_with_it_never_shown(workspace: Workspace) -> None:
    with refused(Refused, "only with consent") as said:
        living.set_cells(workspace, "volunteers", "DEE", [("gender", "womanish")])
    assert "womanish" not in str(said.value)
    noted = living.set_cells(workspace, "volunteers", "NICK", [("gender", "womanish"), ("ethnicity", "Arab")])
    assert any("cannot be undone" in each for each in noted.warnings)
    lines = [noted.text, *(each.text for each in living.journal(workspace))]
    assert all("changed" in each and "womanish" not in each and "Arab" not in each for each in lines)
    with refused(Refused, "cannot be undone", "gender"):
        living.undo(workspace)


def test_consent_that_is_withdrawn_takes_gender_and_ethnicity_along_for_good(workspace: Workspace) -> None:
    living.drop(workspace, "Dee", "OAK-1", now=NOW)
    living.set_cells(workspace, "volunteers", "NICK", [("matching_consent", "no")])
    for run in (None, 1):
        tables = workspace.load_tables(run)
        assert tables is not None
        (nick,) = [row for row in tables.rows["volunteers"] if row["volunteer_id"] == "NICK"]
        assert (nick["gender"], nick["ethnicity"], nick["matching_consent"]) == (None, None, "no")
    with refused(Refused, "Nick", "withdrew"):
        living.set_cells(workspace, "volunteers", "NICK", [("matching_consent", "yes")])
    living.undo(workspace, 1)  # what others edited before is still taken back
    assert pins(workspace) == set()


# Safekeeping


def test_a_backup_has_the_edits_and_damage_to_them_is_found(on_either: Workspace, tmp_path: Path) -> None:
    living.drop(on_either, "Dee", "OAK-1", now=NOW, actor="Kim")
    living.set_cells(on_either, "volunteers", "Dee", [("employer", "X")])
    safekeeping.back_up(on_either, tmp_path / "backup.db")
    assert safekeeping.verify(str(tmp_path / "backup.db")).is_well
    with Workspace.open(str(tmp_path / "backup.db")) as copy:
        assert living.journal(copy) == living.journal(on_either)
        assert not diff(tables_of(on_either), tables_of(copy))
        with copy.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE edits SET operations = replace(operations, '\"X\"', '\"Y\"')")
    assert any("last import" in each for each in safekeeping.verify(str(tmp_path / "backup.db")).damage)
    with Workspace.open(str(tmp_path / "backup.db")) as copy, copy.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM edits WHERE number = 1")
    assert any("Edit 1 is gone" in each for each in safekeeping.verify(str(tmp_path / "backup.db")).damage)


def test_a_run_goes_on_with_the_data_it_was_made_for_whatever_is_edited(on_either: Workspace) -> None:
    living.set_cells(on_either, "volunteers", "Dee", [("employer", "X")])
    number = on_either.save_run(
        tables_of(on_either), terms.USUAL, on_either.run(1).tiers, 1.0, on_either.run(1).status, {}, {}
    )
    living.set_cells(on_either, "volunteers", "Dee", [("employer", "Z")])
    assert not on_either.run(number).is_current
    assert kept_problem(on_either, number)[1].volunteers["DEE"].employer == "X"
    living.undo(on_either)
    assert on_either.run(number).is_current
