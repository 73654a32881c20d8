"""What was published is kept: versions, events, the outbox, answers, and the marks of feeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from store_scenarios import save_run, scenario

from matcher.appointments import Attendee, Facts, PupilGroup
from matcher.errors import ChangedMeanwhile, StoreError
from matcher.publishing.published import Answer, Entry, Letter, LetterState, Standing
from matcher.store import Heard, Workspace, schema, versions
from matcher.store.connection import database_url, make_engine, writing

pytest_plugins = ("store_fixtures",)

NOW = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)
ENTRY = Entry(
    "1@matcher.invalid",
    Attendee.VOLUNTEER,
    "V1",
    "S1-1",
    0,
    Standing.CONFIRMED,
    1,
    datetime(2026, 10, 14, 9),
    datetime(2026, 10, 14, 10),
    "BEGIN:VEVENT\r\nSUMMARY:Zoë's \\n محمد 小学校 🏫\r\nEND:VEVENT\r\n",
    Facts(datetime(2026, 10, 14, 9), datetime(2026, 10, 14, 10), title="Zoë's 小学校 🏫", pupils=(PupilGroup("محمد"),)),
)
OTHER = replace(ENTRY, uid="2@matcher.invalid", attendee=Attendee.SCHOOL, attendee_id="S1")
LETTER = Letter("<1@x>", 1, Attendee.VOLUNTEER, "V1", "v@x.invalid", "Zoë 🏫", b"From: a\r\n\x00\xff\r\n")


def letter(number: int, version: int = 1) -> Letter:
    return replace(LETTER, message_id=f"<{number}@x>", version=version)


@pytest.fixture
def workspace(address: str) -> Iterator[Workspace]:
    with Workspace.open(address, create=True) as opened:
        opened.replace_tables(scenario(), "derby.xlsx")
        save_run(opened, scenario())
        yield opened


@pytest.fixture
def published(workspace: Workspace) -> Workspace:
    assert workspace.publish(1, (), (OTHER, ENTRY), (letter(2), letter(1)), NOW) == 1
    return workspace


def test_what_was_published_comes_back_as_it_was(published: Workspace) -> None:
    assert published.published() == (OTHER, ENTRY)
    assert [entry.facts for entry in published.published()] == [OTHER.facts, ENTRY.facts]
    assert published.letters() == (letter(2), letter(1))
    (version,) = published.versions()
    assert (version.number, version.run_number, version.made, version.changed) == (1, 1, NOW, 2)
    assert version.letters == {LetterState.WAITING: 2}


def test_each_version_keeps_what_it_said(published: Workspace) -> None:
    moved = replace(ENTRY, sequence=1, since=2, start=ENTRY.start + timedelta(hours=1))
    moved = replace(moved, facts=replace(moved.facts, start=moved.start))
    assert published.publish(1, (OTHER, ENTRY), (OTHER, moved), (letter(3, 2),), NOW) == 2
    off = replace(OTHER, sequence=1, since=3, standing=Standing.CANCELLED)
    assert published.publish(1, (OTHER, moved), (off, moved), (), NOW) == 3
    assert [published.published(number) for number in (1, 2, 3)] == [(OTHER, ENTRY), (OTHER, moved), (off, moved)]
    assert published.published() == (off, moved)
    assert [letter.message_id for letter in published.letters()] == ["<2@x>", "<1@x>", "<3@x>"]
    assert [version.changed for version in published.versions()] == [1, 1, 2]


def test_who_worked_from_an_older_version_publishes_nothing(published: Workspace) -> None:
    for before in ((), (ENTRY,), (OTHER, replace(ENTRY, answer=Answer.ACCEPTED))):
        with pytest.raises(ChangedMeanwhile, match="changed by somebody else"):
            published.publish(1, before, (replace(ENTRY, since=2),), (letter(3, 2),), NOW)
    assert len(published.versions()) == 1
    assert len(published.letters()) == 2


def test_a_version_whose_letters_cannot_be_kept_is_not_kept_either(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="nothing was changed"):
        workspace.publish(1, (), (ENTRY,), (letter(1), letter(1)), NOW)
    assert (workspace.versions(), workspace.published(), workspace.letters()) == ((), (), ())


def test_a_letter_is_claimed_by_one_sender_only(published: Workspace) -> None:
    first, second = published.letters()
    assert published.claim_letter(first, published.state())
    assert not published.claim_letter(first, published.state())
    claimed = replace(first, state=LetterState.SENDING, attempts=1)
    assert published.letters(LetterState.SENDING) == (claimed,)
    published.mark_letter(first.message_id, LetterState.REFUSED, "550 no such user: Zoë")
    assert published.letters() == (replace(claimed, state=LetterState.REFUSED, remark="550 no such user: Zoë"), second)
    assert published.letters(LetterState.WAITING) == (second,)
    assert published.versions()[0].letters == {LetterState.REFUSED: 1, LetterState.WAITING: 1}


def heard(answer: Answer, minutes: int, sequence: int = 0, uid: str = ENTRY.uid) -> Heard:
    return Heard(uid, sequence, answer, NOW + timedelta(minutes=minutes))


def answer_of(workspace: Workspace) -> Answer:
    return workspace.published()[1].answer


def test_the_last_answer_given_counts_whenever_it_is_read(published: Workspace) -> None:
    assert published.record_answers([heard(Answer.DECLINED, 5)]) == (True,)
    assert published.record_answers([heard(Answer.ACCEPTED, 3)]) == (False,)
    assert answer_of(published) is Answer.DECLINED
    late = [heard(Answer.TENTATIVE, 9), heard(Answer.ACCEPTED, 8)]
    assert published.record_answers(late) == (True, False)
    assert answer_of(published) is Answer.TENTATIVE
    assert published.heard() == {ENTRY.uid: NOW + timedelta(minutes=9)}


def test_an_answer_read_twice_is_news_once(published: Workspace) -> None:
    assert published.record_answers([heard(Answer.ACCEPTED, 1), heard(Answer.ACCEPTED, 1)]) == (True, False)
    assert published.record_answers([heard(Answer.ACCEPTED, 1)]) == (False,)


def test_answers_to_another_invitation_are_not_taken(published: Workspace) -> None:
    replies = [heard(Answer.DECLINED, 1, sequence=1), heard(Answer.DECLINED, 1, uid="3@matcher.invalid")]
    assert published.record_answers(replies) == (False, False)
    assert answer_of(published) is Answer.NEEDS_ACTION
    assert published.heard() == {}


def test_an_answer_before_the_first_version_is_to_nothing(workspace: Workspace) -> None:
    assert workspace.record_answers([heard(Answer.ACCEPTED, 1)]) == (False,)


def test_an_answer_belongs_to_the_version_that_asked(published: Workspace) -> None:
    published.record_answers([heard(Answer.ACCEPTED, 1)])
    before = published.published()
    moved = replace(ENTRY, sequence=1, since=2)
    published.publish(1, before, (OTHER, moved), (), NOW)
    assert answer_of(published) is Answer.NEEDS_ACTION
    assert published.record_answers([heard(Answer.DECLINED, 2, sequence=1)]) == (True,)
    assert [published.published(number)[1].answer for number in (1, 2)] == [Answer.ACCEPTED, Answer.DECLINED]


def test_marks_of_feeds_are_kept_changed_and_forgotten(workspace: Workspace) -> None:
    workspace.set_feeds({("volunteer", "V1"): "a", ("school", "V1"): "b"})
    workspace.set_feeds({("volunteer", "V1"): "c", ("volunteer", "V2"): "d"})
    assert workspace.feed_hashes() == {("volunteer", "V1"): "c", ("school", "V1"): "b", ("volunteer", "V2"): "d"}
    workspace.set_feeds({("volunteer", "V1"): None, ("volunteer", "nobody"): None})
    assert workspace.feed_hashes() == {("school", "V1"): "b", ("volunteer", "V2"): "d"}
    workspace.set_feeds({})


def test_a_run_that_is_not_there_cannot_be_published(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="nothing was changed"):
        workspace.publish(2, (), (ENTRY,), (), NOW)
    assert workspace.versions() == ()


def test_a_workspace_from_before_publishing_is_brought_up_to_date_with_all_that_it_holds(address: str) -> None:
    engine = make_engine(database_url(address), 5)
    with writing(engine, 5) as connection:
        versions.upgrade(connection, "0001")
        for table, values in (
            ("scenarios", {"scenario_id": 1, "fingerprint": "f"}),
            ("imports", {"number": 1, "scenario_id": 1, "source": "old.xlsx", "made_utc": datetime(2026, 1, 1)}),
            ("sessions", {"scenario_id": 1, "position": 0, "row_number": 2, "session_id": "S1-1"}),
        ):
            more = {"cohort_ids": ["A"], "min_volunteers": 1, "max_volunteers": 2} if table == "sessions" else {}
            connection.execute(sa.insert(schema.metadata.tables[table]).values(**values, **more))
    engine.dispose()
    with Workspace.open(address) as workspace:
        tables = workspace.load_tables()
        assert tables is not None
        (row,) = tables.rows["sessions"]
        assert (row["session_id"], row["cohort_ids"], row["what_to_bring"]) == ("S1-1", ("A",), None)
        assert workspace.versions() == ()
        assert workspace.letters() == ()


def test_an_answer_on_record_from_a_clock_ahead_silences_no_later_one(published: Workspace) -> None:
    """As older versions of this program took them."""
    ahead = Heard(ENTRY.uid, 0, Answer.DECLINED, NOW + timedelta(days=365_000))
    assert published.record_answers([ahead], NOW) == (True,)
    assert published.heard()[ENTRY.uid] < NOW - timedelta(days=1000)
    assert published.record_answers([heard(Answer.ACCEPTED, 1)], NOW + timedelta(minutes=2)) == (True,)
    assert answer_of(published) is Answer.ACCEPTED
    assert published.heard() == {ENTRY.uid: NOW + timedelta(minutes=1)}


def test_the_coordinators_word_is_kept_with_its_note_and_overtaken_by_what_is_said_later(published: Workspace) -> None:
    assert published.record_answers([heard(Answer.ACCEPTED, 5)], NOW + timedelta(minutes=5)) == (True,)
    word = Heard(ENTRY.uid, 0, Answer.DECLINED, NOW + timedelta(minutes=5), "rang", "coordinator")
    assert published.record_answers([word], NOW + timedelta(minutes=6)) == (True,)
    assert answer_of(published) is Answer.DECLINED
    with published.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT note, taken_by FROM replies ORDER BY number").all()
    assert [tuple(row) for row in kept] == [(None, None), ("rang", "coordinator")]
    assert published.record_answers([heard(Answer.ACCEPTED, 4)]) == (False,)
    assert published.record_answers([heard(Answer.TENTATIVE, 9)]) == (True,)
    assert answer_of(published) is Answer.TENTATIVE
