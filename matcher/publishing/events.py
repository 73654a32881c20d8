"""From what people were told to what they are to be told: the events of the next version, and what is new in them.

An event is one attendee's part in a session and keeps its UID for life, whatever becomes of plan and programme. Its
SEQUENCE counts the changes of time, place and status and nothing else: it is what makes a calendar program take a
message for news. An event is never forgotten: taken away, it stays as cancelled; invited again, it goes on counting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from matcher.domain import Plan, Problem
from matcher.publishing import calendars
from matcher.publishing.calendars import Attendee
from matcher.publishing.published import Answer, Entry, Standing

_TIME_AND_PLACE = ("DTSTART", "DTEND", "LOCATION")
_Key = tuple[Attendee, str, str]


class News(StrEnum):
    """What a change is to the attendee."""

    INVITED = "invited"
    INVITED_AGAIN = "invited again"
    MOVED = "moved"
    CHANGED = "changed"
    NEW_ADDRESS = "at a new e-mail address"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One event that is not what its attendee was told."""

    news: News
    before: Entry | None
    after: Entry

    @property
    def moved_from(self) -> Entry | None:
        """What its attendee was told, where they hear that it is at another time or place now."""
        return self.before if self.news is News.MOVED else None


def entries_after(
    before: Sequence[Entry],
    problem: Problem,
    plan: Plan,
    version: int,
    stamp: datetime,
    new_addresses: Collection[tuple[Attendee, str]] = (),
    sequence_from: int = 0,
) -> tuple[Entry, ...]:
    """All events as of a version that publishes this plan at `stamp` (with a zone), in order of time.

    Those about which nothing changes are the very entries of `before`. A visit that has begun is not cancelled: out of
    the plan, it stays as it was. `new_addresses` are those whose e-mail address is another one than in the last
    version: nobody has written to it yet, so their events count as changed. What this version invites, moves or
    cancels gets a SEQUENCE of `sequence_from` at least: calendars may hold the event from a workspace that was lost.
    """
    now = stamp.astimezone(ZoneInfo(problem.programme.timezone)).replace(tzinfo=None)
    known = {entry.uid: entry for entry in before}
    to_come = {_key(entry): entry for entry in before if entry.start > now}
    planned: dict[str, Entry] = {}
    for appointment in calendars.appointments(problem, plan):
        attendee, attendee_id, session_id = (
            appointment.attendee,
            appointment.attendee_id,
            appointment.session.session_id,
        )
        uid = calendars.event_uid(problem.programme.name, session_id, attendee, attendee_id)
        if uid not in known and (attendee, attendee_id, session_id) in to_come:  # the programme has another name now
            uid = to_come[attendee, attendee_id, session_id].uid
        old = known.get(uid)
        entry = Entry(
            uid,
            attendee,
            attendee_id,
            session_id,
            old.sequence if old else sequence_from,
            Standing.CONFIRMED,
            version,
            appointment.visit.slot.start,
            appointment.visit.slot.end,
            _text(calendars.event(problem, appointment, stamp)),
            old.answer if old else Answer.NEEDS_ACTION,
        )
        entry = replace(entry, body=_with(entry.body, UID=uid, SEQUENCE=str(entry.sequence)))
        rewrite = (attendee, attendee_id) in new_addresses and entry.start > now
        planned[uid] = entry if old is None else _changed(old, entry, rewrite, sequence_from)
    rest = {
        uid: entry if entry.start <= now else _cancelled(entry, version, stamp, sequence_from)
        for uid, entry in known.items()
    }
    return tuple(sorted({**rest, **planned}.values(), key=in_order))


def in_order(entry: Entry) -> tuple[datetime, str, str, str, str]:
    """By time; each school's own event before those of its visitors."""
    return entry.start, entry.session_id, entry.attendee.value, entry.attendee_id, entry.uid


def changes(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[EntryChange, ...]:
    """What is new in a later version for those whom it concerns, in the order of `after`."""
    known = {entry.uid: entry for entry in before}
    found = []
    for entry in after:
        old = known.get(entry.uid)
        if old is not None and entry.since == old.since:
            continue
        news = _news(old, entry)
        if news is not None:
            found.append(EntryChange(news, old, entry))
    return tuple(found)


def restamped(entry: Entry, stamp: datetime) -> Entry:
    """As told at `stamp`; its version may have been made by a clock that was ahead."""
    return replace(entry, body=_with(entry.body, DTSTAMP=f"{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"))


def where_and_when(entry: Entry) -> tuple[str, ...]:
    """The lines of the body that say time and place."""
    return tuple(line for line in _lines(entry.body) if re.split("[;:]", line, maxsplit=1)[0] in _TIME_AND_PLACE)


def _news(old: Entry | None, new: Entry) -> News | None:
    if new.standing is Standing.CANCELLED:
        return News.CANCELLED if old is not None and old.standing is Standing.CONFIRMED else None
    if old is None:
        return News.INVITED
    if old.standing is Standing.CANCELLED:
        return News.INVITED_AGAIN
    if where_and_when(old) != where_and_when(new):
        return News.MOVED
    if _said(old.body) != _said(new.body):
        return News.CHANGED
    return News.NEW_ADDRESS if new.sequence == old.sequence else None  # None: taken away and given back in between


def _changed(old: Entry, new: Entry, rewrite: bool, sequence_from: int) -> Entry:
    """The planned event beside what was told: the old entry itself if it says the same."""
    if old.standing is not Standing.CONFIRMED or where_and_when(old) != where_and_when(new):
        sequence = max(old.sequence + 1, sequence_from)
        return replace(new, sequence=sequence, body=_with(new.body, SEQUENCE=str(sequence)), answer=Answer.NEEDS_ACTION)
    return old if not rewrite and _said(old.body) == _said(new.body) else new


def _cancelled(old: Entry, version: int, stamp: datetime, sequence_from: int) -> Entry:
    if old.standing is Standing.CANCELLED:
        return old
    sequence = max(old.sequence + 1, sequence_from)
    body = re.sub(r"BEGIN:VALARM\r\n.*?END:VALARM\r\n", "", old.body, flags=re.DOTALL)  # nothing to be reminded of
    when = stamp.astimezone(UTC)
    body = _with(body, SEQUENCE=str(sequence), STATUS="CANCELLED", DTSTAMP=f"{when:%Y%m%dT%H%M%SZ}")
    return replace(old, sequence=sequence, standing=Standing.CANCELLED, since=version, body=body)


def _key(entry: Entry) -> _Key:
    return entry.attendee, entry.attendee_id, entry.session_id


def _text(event: object) -> str:
    content: bytes = event.to_ical()  # type: ignore[attr-defined]
    return content.decode()


def _with(body: str, **values: str) -> str:
    """The body with other values for these properties, which are short enough never to be folded."""
    for name, value in values.items():
        body, found = re.subn(rf"^{name}:.*\r$", f"{name}:{value}\r", body, count=1, flags=re.MULTILINE)
        assert found, f"an event without {name}"
    return body


def _said(body: str) -> list[str]:
    """What a person reads of it."""
    return [line for line in _lines(body) if not line.startswith(("DTSTAMP:", "SEQUENCE:"))]


def _lines(body: str) -> list[str]:
    return body.replace("\r\n ", "").split("\r\n")
