"""Whatever becomes of a plan, events keep their names and count as calendars expect: random histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import icalendar
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Slot, Visit
from matcher.intake import build_problem
from matcher.publishing.events import News, changes, entries_after
from matcher.publishing.published import Answer, Entry, Standing
from tests.publication.terms import ELM_1, OAK_1, OAK_2, STAMP, USUAL, term

PEOPLE = ("DEE", "NICK", "FRED", "LENA", "RAFI", "ADA")
TIMES = (OAK_1, ELM_1, OAK_2, Slot(OAK_2.start, OAK_2.end + timedelta(minutes=20)))


@cache
def first_steps() -> Problem:
    return build_problem(term())[0]


@dataclass(frozen=True)
class Step:
    """A plan to publish, what the term says by then, and who answers what afterwards."""

    plan: Plan
    programme: str
    address: str
    contact: str
    title: str
    answers: tuple[Answer, ...]

    @property
    def problem(self) -> Problem:
        whole = first_steps()
        return replace(
            whole,
            programme=replace(whole.programme, name=self.programme),
            schools={
                school_id: replace(school, address=self.address, contact_name=self.contact)
                for school_id, school in whole.schools.items()
            },
            sessions={key: replace(session, title=self.title) for key, session in whole.sessions.items()},
        )


teams = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True).map(sorted).map(tuple)
plans = st.dictionaries(
    st.sampled_from(("OAK-1", "OAK-2", "ELM-1")), st.builds(Visit, st.sampled_from(TIMES), teams), max_size=3
).map(Plan)
steps = st.builds(
    Step,
    plan=plans,
    programme=st.sampled_from(("First steps", "First, steps; renamed")),
    address=st.sampled_from(("", "1 High Street,\nDerby; by the river " + "ü" * 60)),
    contact=st.sampled_from(("Zoë", "محمد")),
    title=st.sampled_from(("Talk", "A talk with a name so long that its line has to be folded, 学校 🏫 " * 3)),
    answers=st.lists(st.sampled_from(list(Answer)), min_size=4, max_size=4).map(tuple),
)


def event(entry: Entry) -> Any:
    return icalendar.Event.from_ical(entry.body)


def lives(histories: Sequence[Step]) -> list[tuple[Entry, ...]]:
    """What people were told by each version, with what they had answered by then."""
    told: tuple[Entry, ...] = ()
    found = [told]
    for version, step in enumerate(histories, start=1):
        told = entries_after(told, step.problem, step.plan, version, STAMP + timedelta(hours=version))
        found.append(told)
        told = tuple(
            replace(entry, answer=step.answers[place % 4])
            if entry.attendee is Attendee.VOLUNTEER and entry.standing is Standing.CONFIRMED
            else entry
            for place, entry in enumerate(told)
        )
        found.append(told)
    return found


def facts(entry: Entry) -> tuple[object, ...]:
    """Time, place and status, as a calendar program reads them."""
    read = event(entry)
    return read["DTSTART"].dt, read["DTEND"].dt, str(read["LOCATION"]), str(read["STATUS"])


@settings(max_examples=150)
@given(st.lists(steps, min_size=1, max_size=6))
def test_an_event_keeps_its_uid_and_its_sequence_counts_changes_of_time_place_and_status(histories: list[Step]) -> None:
    told = lives(histories)
    for version, (before, after) in enumerate(zip(told[::2], told[1::2], strict=False), start=1):
        old = {(entry.attendee, entry.attendee_id, entry.session_id): entry for entry in before}
        new = {(entry.attendee, entry.attendee_id, entry.session_id): entry for entry in after}
        assert len(new) == len(after) == len({entry.uid for entry in after})
        assert old.keys() <= new.keys()  # nothing that anybody was ever told is forgotten
        for who, entry in new.items():
            earlier = old.get(who)
            if earlier is None:
                assert (entry.sequence, entry.since, entry.answer) == (0, version, Answer.NEEDS_ACTION)
                continue
            assert entry.uid == earlier.uid
            changed = facts(entry) != facts(earlier)
            assert entry.sequence == earlier.sequence + changed
            if entry.since != version:
                assert entry == earlier
            elif changed and entry.standing is Standing.CONFIRMED:
                assert entry.answer is Answer.NEEDS_ACTION
            else:
                assert entry.answer is earlier.answer


@settings(max_examples=100)
@given(st.lists(steps, min_size=1, max_size=5))
def test_what_is_confirmed_is_the_plan_and_the_bodies_say_so(histories: list[Step]) -> None:
    after = lives(histories)[-2]
    last = histories[-1]
    confirmed = {
        (entry.attendee_id, entry.session_id, entry.start, entry.end)
        for entry in after
        if entry.standing is Standing.CONFIRMED
    }
    visits = last.plan.visits.items()
    assert confirmed == {
        *((who, key, visit.slot.start, visit.slot.end) for key, visit in visits for who in visit.team),
        *((key.split("-")[0], key, visit.slot.start, visit.slot.end) for key, visit in visits),
    }
    for entry in after:
        read = event(entry)
        assert (str(read["UID"]), read["SEQUENCE"], str(read["STATUS"])) == (
            entry.uid,
            entry.sequence,
            entry.standing.value.upper(),
        )
        assert read["DTSTART"].dt.replace(tzinfo=None) == entry.start
        assert read["DTSTAMP"].dt == STAMP + timedelta(hours=entry.since)
        assert not {"METHOD", "ORGANIZER", "ATTENDEE"} & set(read)
        assert bool(read.walk("VALARM")) <= (entry.standing is Standing.CONFIRMED)
        assert all(len(line.encode()) <= 75 for line in entry.body.split("\r\n"))


@settings(max_examples=50)
@given(st.lists(steps, max_size=3), steps)
def test_publishing_the_same_again_changes_nothing(histories: list[Step], last: Step) -> None:
    told = lives([*histories, last])[-1]
    again = entries_after(told, last.problem, last.plan, len(histories) + 2, STAMP + timedelta(days=2))
    assert again == told
    assert changes(told, again) == ()


@settings(max_examples=50)
@given(st.lists(steps, min_size=1, max_size=4))
def test_news_are_of_those_events_that_changed_and_name_what_happened(histories: list[Step]) -> None:
    told = lives(histories)
    before, after = told[-3], told[-2]
    found = {change.after.uid: change for change in changes(before, after)}
    assert set(found) == {entry.uid for entry in after if entry.since == len(histories)}
    old = {entry.uid: entry for entry in before}
    for uid, change in found.items():
        assert change.before == old.get(uid)
        match change.news:
            case News.INVITED:
                assert change.before is None
            case News.CANCELLED:
                assert change.after.standing is Standing.CANCELLED
            case News.INVITED_AGAIN:
                assert old[uid].standing is Standing.CANCELLED
            case News.MOVED:
                assert facts(change.after)[:3] != facts(old[uid])[:3]
            case News.CHANGED:
                assert facts(change.after) == facts(old[uid])
            case News.NEW_ADDRESS:
                raise AssertionError("nobody has a new address")


def test_a_visit_is_under_way_by_the_programmes_clock_not_by_the_servers() -> None:
    """9:30 on 5 October is half past eight in UTC."""
    told = entries_after((), first_steps(), USUAL, 1, STAMP)
    nothing = Plan({})

    def still_on(moment: datetime) -> set[str]:
        after = entries_after(told, first_steps(), nothing, 2, moment)
        return {entry.session_id for entry in after if entry.standing is Standing.CONFIRMED}

    assert still_on(datetime(2026, 10, 5, 8, 29, tzinfo=UTC)) == set()
    assert still_on(datetime(2026, 10, 5, 8, 30, tzinfo=UTC)) == {"OAK-1"}
