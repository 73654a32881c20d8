"""A lost workspace, a wrong clock, and letters that are written after their version was published."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import icalendar
import pytest

from matcher.domain import Plan, Visit
from matcher.errors import ChangedMeanwhile, LetterError, NotThere
from matcher.intake import build_problem
from matcher.publishing.published import Answer, Letter, LetterState
from matcher.store import Heard, Workspace
from matcher.usecases import publishing
from tests.publication.terms import HOUR, OAK_2, STAMP, USUAL, keep, moved, publish, term, told

pytest_plugins = ["tests.store.store_fixtures"]

LATER = STAMP + timedelta(days=1)
PROBLEM, _ = build_problem(term())
OAK_2_LATER = replace(OAK_2, start=OAK_2.start + HOUR / 2, end=OAK_2.end + HOUR / 2)
WITH_OAK_2_LATER = Plan({**USUAL.visits, "OAK-2": Visit(OAK_2_LATER, ("ADA", "RAFI"))})
OAK = "office@oak.example"
ELM_S = {"lena@example.org", "nick@example.org", "office@elm.example"}


@pytest.fixture
def workspace(address: str) -> Workspace:
    return Workspace.open(address, create=True)


def silently(workspace: Workspace, stamp: datetime = STAMP) -> None:
    """Publishes the newest run and writes to nobody."""
    publishing.publish(workspace, publishing.preview(workspace, stamp=stamp, with_letters=False))


def write(workspace: Workspace, version: int, stamp: datetime = LATER) -> set[str]:
    """To whom letters of the version are written."""
    seen = publishing.late_letters(workspace, version, stamp)
    publishing.write_late_letters(workspace, seen)
    return {letter.recipient for letter in seen.letters}


def event_in(letter: Letter) -> Any:
    message = message_from_bytes(letter.content, policy=policy.default)
    part = next(each for each in message.walk() if each.get_content_type() == "text/calendar")
    return next(iter(icalendar.Calendar.from_ical(part.get_content()).walk("VEVENT")))


def test_another_workspace_has_other_message_ids_for_the_same_events(tmp_path: Path) -> None:
    found = []
    for name in ("lost.db", "new.db"):
        with Workspace.open(str(tmp_path / name), create=True) as workspace:
            seen = publish(workspace)
            found.append(({entry.uid for entry in seen.after}, {letter.message_id for letter in seen.letters}))
    (uids, ids), (same, others) = found
    assert uids == same and not ids & others


def test_a_version_published_again_from_a_backup_has_other_message_ids(tmp_path: Path) -> None:
    with Workspace.open(str(tmp_path / "matcher.db"), create=True) as workspace:
        publish(workspace)
        workspace.back_up(tmp_path / "backup.db")
        lost = publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    sooner = replace(OAK_2, start=OAK_2.start - HOUR / 2, end=OAK_2.end - HOUR / 2)
    with Workspace.open(str(tmp_path / "backup.db")) as workspace:
        other = Plan({**USUAL.visits, "OAK-2": Visit(sooner, ("ADA", "RAFI"))})
        seen = publish(workspace, moved(term(), "OAK-2", sooner), other, LATER + HOUR)
    assert seen.version == lost.version == 2
    assert not {each.message_id for each in seen.letters} & {each.message_id for each in lost.letters}


def test_events_are_numbered_from_where_it_is_asked(workspace: Workspace) -> None:
    keep(workspace, term())
    publishing.publish(workspace, publishing.preview(workspace, stamp=STAMP, sequence_from=100))
    assert {entry.sequence for entry in workspace.published()} == {100}
    assert all("SEQUENCE:100\r\n" in entry.body for entry in workspace.published())
    publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    assert told(workspace, "ADA", "OAK-2").sequence == 101
    assert told(workspace, "DEE", "OAK-1").sequence == 100


# The clock


@pytest.mark.parametrize(
    ("stamp", "doubt"),
    [
        (datetime(2006, 1, 1, tzinfo=UTC), ""),  # a term years ahead
        (datetime(2026, 12, 18, tzinfo=UTC), ""),
        (datetime(2027, 6, 1, tzinfo=UTC), ""),
        (datetime(2027, 6, 30, tzinfo=UTC), "says 2027-06-30, more than half a year after the term's last day"),
        (datetime(2029, 1, 1, tzinfo=UTC), "more than half a year after"),
    ],
)
def test_a_clock_long_after_the_term_is_doubted_and_a_term_years_ahead_is_not(stamp: datetime, doubt: str) -> None:
    found = publishing.long_over(PROBLEM, stamp)
    assert doubt in found and bool(found) == bool(doubt)


def test_a_clock_before_what_was_done_last_is_doubted(workspace: Workspace) -> None:
    workspace.replace_tables(term(), "term.xlsx", STAMP)
    for made in (STAMP, STAMP + HOUR):
        assert publishing.clock_doubt(workspace, PROBLEM, made) == ""
    assert publishing.clock_doubt(workspace, PROBLEM, STAMP - timedelta(minutes=2)) == ""  # two machines' clocks
    assert "before import 1 was made" in publishing.clock_doubt(workspace, PROBLEM, STAMP - HOUR)
    made = datetime.now(UTC)
    keep(workspace, term())  # makes a run, by the clock
    assert "before run 1 was made" in publishing.clock_doubt(workspace, PROBLEM, made - HOUR)
    silently(workspace, made + timedelta(days=9))
    assert "before version 1 was made" in publishing.clock_doubt(workspace, PROBLEM, made + HOUR)


# Letters written later


def test_a_version_published_by_a_clock_that_was_ahead_gets_its_letters_later(workspace: Workspace) -> None:
    keep(workspace, term())
    publishing.publish(workspace, publishing.preview(workspace, stamp=datetime(2029, 1, 1, tzinfo=UTC)))
    assert workspace.letters() == ()
    assert len(write(workspace, 1)) == 8
    letters = workspace.letters(LetterState.WAITING)
    assert len(letters) == 9
    assert {letter.version for letter in letters} == {1}
    stamps = {event_in(each)["DTSTAMP"].dt for each in letters if each.uid}
    assert stamps == {LATER}  # what is told later would be older than a stamp of 2029


def test_nobody_is_written_to_twice(workspace: Workspace) -> None:
    keep(workspace, term())
    silently(workspace)
    assert write(workspace, 1) and not write(workspace, 1)
    publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    assert not write(workspace, 2)


def test_what_a_later_version_changed_is_not_written_about(workspace: Workspace) -> None:
    keep(workspace, term())
    silently(workspace)
    publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    assert {letter.recipient for letter in workspace.letters()} == {"ada@example.org", "rafi@example.org", OAK}
    assert write(workspace, 1, LATER + HOUR) == {"dee@example.org", "fred@example.org", *ELM_S}


def test_only_visits_to_come_are_written_about(workspace: Workspace) -> None:
    keep(workspace, term())
    silently(workspace)
    begun = datetime(2026, 10, 6, 9, 30, tzinfo=UTC)  # ELM-1 began at 10 in London; OAK-2 is tomorrow
    assert write(workspace, 1, begun) == {"ada@example.org", "rafi@example.org", OAK}
    assert not write(workspace, 1, begun + timedelta(days=100))


def test_a_message_says_what_holds_now(workspace: Workspace) -> None:
    keep(workspace, term())
    silently(workspace)
    workspace.record_answers([Heard(told(workspace, "ADA", "OAK-2").uid, 0, Answer.ACCEPTED, STAMP)])
    write(workspace, 1)
    (ada,) = (letter for letter in workspace.letters() if letter.recipient == "ada@example.org")
    assert event_in(ada)["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"


def test_what_changed_meanwhile_stops_it(workspace: Workspace) -> None:
    keep(workspace, term())
    silently(workspace)
    seen = publishing.late_letters(workspace, 1, LATER)
    write(workspace, 1)
    with pytest.raises(ChangedMeanwhile, match="No letter was written"):
        publishing.write_late_letters(workspace, seen)
    assert len(workspace.letters()) == 9
    with pytest.raises(NotThere, match="no version 2"):
        publishing.late_letters(workspace, 2)


# Letters that never went


WITHOUT_OAK_2 = Plan({name: visit for name, visit in USUAL.visits.items() if name != "OAK-2"})


def subjects_to(workspace: Workspace, recipient: str) -> list[str]:
    return [
        each.subject.partition(":")[0] for each in workspace.letters(LetterState.WAITING) if each.recipient == recipient
    ]


def test_a_cancellation_is_not_written_later_to_whom_the_invitation_never_went(workspace: Workspace) -> None:
    publish(workspace)
    publish(workspace, term(), WITHOUT_OAK_2, LATER)
    assert not subjects_to(workspace, "ada@example.org")
    assert not write(workspace, 2, LATER + HOUR) & {"ada@example.org", "rafi@example.org"}


def test_what_moved_before_its_invitation_went_is_written_of_later_as_an_invitation(workspace: Workspace) -> None:
    publish(workspace)
    keep(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER)
    silently(workspace, LATER)
    assert write(workspace, 2, LATER + HOUR) == {"ada@example.org", "rafi@example.org", OAK}
    assert subjects_to(workspace, "ada@example.org") == ["Invitation"]


def test_whoever_was_told_without_a_letter_hears_of_a_cancellation_even_if_a_letter_in_between_never_went(
    workspace: Workspace,
) -> None:
    keep(workspace, term())
    silently(workspace)
    publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    assert subjects_to(workspace, "ada@example.org") == ["Moved"]
    publish(workspace, term(), WITHOUT_OAK_2, LATER + HOUR)
    assert subjects_to(workspace, "ada@example.org") == ["Cancelled"]


def test_whoever_was_invited_by_no_letter_that_went_hears_of_no_cancellation_however_often_it_moved(
    workspace: Workspace,
) -> None:
    publish(workspace)
    publish(workspace, moved(term(), "OAK-2", OAK_2_LATER), WITH_OAK_2_LATER, LATER)
    assert subjects_to(workspace, "ada@example.org") == ["Invitation"]
    publish(workspace, term(), WITHOUT_OAK_2, LATER + HOUR)
    assert not subjects_to(workspace, "ada@example.org")


# Who writes


def test_the_sender_is_whom_the_newest_import_names(workspace: Workspace) -> None:
    keep(workspace, term({"organiser_email": ""}))
    with pytest.raises(LetterError, match="organiser_email"):
        publishing.preview(workspace, stamp=STAMP)
    workspace.replace_tables(term(), "mended.xlsx")
    assert publishing.preview(workspace, stamp=STAMP).letters
    silently(workspace)
    assert len(write(workspace, 1)) == 8
