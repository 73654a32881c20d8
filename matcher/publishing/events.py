"""From what people were told to what they are to be told: the events of the next version, and what is new in them.

An event is one attendee's part in a session and keeps its UID for life, whatever becomes of plan and programme. It
changes where facts change that matter to that attendee; in other words alone it never does. Its SEQUENCE counts the
changes of time, place and status and nothing else: it is what makes a calendar program take a message for news. An
event is never forgotten: taken away, it stays as cancelled; invited again, it goes on counting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from matcher.appointments import MOVES, Appointment, Attendee, Fact, differences
from matcher.domain import Plan, Problem
from matcher.publishing.calendars import event, event_uid
from matcher.publishing.facts import appointments
from matcher.publishing.published import Answer, Entry, Standing, in_order
from matcher.times import wall_clock
from matcher.wording import listed

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
    what: tuple[Fact, ...] = ()
    """What moved or changed, of all that matters to them."""

    @property
    def named(self) -> str:
        """Such as "invited", or "changed: contact and team size"."""
        return f"{self.news}: {listed(list(self.what))}" if self.what else self.news

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

    Those about which nothing changes are the very entries of `before`. Of a visit that has begun nothing changes: out
    of the plan, too, it stays as it was. One that nobody was told of is told of before the first version alone, and
    writes to nobody. `new_addresses` are those whose e-mail address is another one than in the last
    version: nobody has written to it yet, so their events count as changed. What this version invites, moves or
    cancels gets a SEQUENCE of `sequence_from` at least: calendars may hold the event from a workspace that was lost.
    Where an earlier term had a session of that id, its attendees' events are numbered above what they were sent then.
    """
    now = wall_clock(stamp, problem.programme.timezone)
    known = {entry.uid: entry for entry in before}
    to_come = {_key(entry): entry.uid for entry in before if entry.start > now}
    at_its_time = {(_key(entry), entry.start): entry.uid for entry in before}
    numbered: dict[_Key, int] = {}
    for entry in before:
        numbered[_key(entry)] = max(entry.sequence, numbered.get(_key(entry), 0))
    planned: dict[str, Entry] = {}
    for each in appointments(problem, plan):
        key = each.attendee, each.attendee_id, each.session_id
        uid = event_uid(problem.programme.name, each.session_id, each.attendee, each.attendee_id)
        if uid not in known:  # the programme may have another name now; the next term's visits are others
            uid = to_come.get(key) or at_its_time.get((key, each.facts.start), uid)
        old = known.get(uid)
        if each.facts.start <= now and before:
            continue
        rewrite = key[:2] in new_addresses and each.facts.start > now
        at_least = sequence_from if old or key not in numbered else max(sequence_from, numbered[key] + 1)
        planned[uid] = _entry(uid, each, old, version, stamp, rewrite, at_least)
    rest = {
        uid: entry if entry.start <= now else _cancelled(entry, version, stamp, sequence_from)
        for uid, entry in known.items()
    }
    return tuple(sorted({**rest, **planned}.values(), key=in_order))


def changes(before: Sequence[Entry], after: Sequence[Entry], now: datetime | None = None) -> tuple[EntryChange, ...]:
    """What is new in a later version for those whom it concerns, in the order of `after`.

    With `now` (wall clock) only what is to come after it.
    """
    known = {entry.uid: entry for entry in before}
    found = (_change(known.get(entry.uid), entry) for entry in after if now is None or entry.start > now)
    return tuple(change for change in found if change is not None)


def _change(old: Entry | None, new: Entry) -> EntryChange | None:
    """None: they know it already."""
    if new.standing is Standing.CANCELLED:
        known = old is None or old.standing is Standing.CANCELLED
        return None if known else EntryChange(News.CANCELLED, old, new)
    if old is None:
        return EntryChange(News.INVITED, old, new)
    if new.since == old.since:
        return None
    if old.standing is Standing.CANCELLED:
        return EntryChange(News.INVITED_AGAIN, old, new)
    what = differences(new.attendee, old.facts, new.facts)
    if what:
        return EntryChange(News.MOVED if MOVES.intersection(what) else News.CHANGED, old, new, what)
    # Not of another time in between either: then it was taken away and given back.
    return EntryChange(News.NEW_ADDRESS, old, new) if new.sequence == old.sequence else None


def restamped(entry: Entry, stamp: datetime) -> Entry:
    """As told at `stamp`; its version may have been made by a clock that was ahead."""
    return replace(entry, body=_with(entry.body, DTSTAMP=f"{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"))


def _entry(
    uid: str,
    planned: Appointment,
    old: Entry | None,
    version: int,
    stamp: datetime,
    rewrite: bool,
    sequence_from: int,
) -> Entry:
    """The event of what is planned: what was told before, the very entry, if that says the same."""
    sequence, answer = sequence_from, Answer.NEEDS_ACTION
    if old is not None:
        what = differences(planned.attendee, old.facts, planned.facts)
        if old.standing is Standing.CONFIRMED and not MOVES.intersection(what):
            if not what and not rewrite:
                return old
            sequence, answer = old.sequence, old.answer
        else:
            sequence = max(old.sequence + 1, sequence_from)
    return Entry(
        uid,
        planned.attendee,
        planned.attendee_id,
        planned.session_id,
        sequence,
        Standing.CONFIRMED,
        version,
        planned.facts.start,
        planned.facts.end,
        event(uid, planned.attendee, planned.facts, stamp, sequence),
        planned.facts,
        answer,
    )


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


def _with(body: str, **values: str) -> str:
    """The body with other values for these properties, which are short enough never to be folded."""
    for name, value in values.items():
        body, found = re.subn(rf"^{name}:.*\r$", f"{name}:{value}\r", body, count=1, flags=re.MULTILINE)
        assert found, f"an event without {name}"
    return body
