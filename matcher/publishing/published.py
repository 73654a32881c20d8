"""What people have been told: the facts, the events that their calendars hold, and the mails that told them.

Plain data, shared by everything that publishes; the store keeps it, nothing here knows how.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from matcher.appointments import Attendee, Facts


class Answer(StrEnum):
    """What a volunteer replied to an invitation (PARTSTAT of RFC 5545)."""

    NEEDS_ACTION = "needs-action"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class Standing(StrEnum):
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One attendee's event: a volunteer's or a school's part in a session, under the same UID for life."""

    uid: str
    attendee: Attendee
    attendee_id: str
    session_id: str
    sequence: int
    standing: Standing
    since: int
    """The version in which anything about it last changed."""
    start: datetime
    """Start and end on the programme's wall clock; of a cancelled event, when it would have been."""
    end: datetime
    body: str
    """Its VEVENT as text, as of `since`: what calendars were told. Holds neither METHOD, ORGANIZER nor ATTENDEE."""
    facts: Facts = field(compare=False)
    """What it says. (Of an event that an earlier matcher kept, they may be worked out from the plan of that time.)"""
    answer: Answer = Answer.NEEDS_ACTION


class LetterState(StrEnum):
    """Where a mail stands. SENDING that outlives its sender means that nobody knows whether it arrived."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"
    """Never went, and never will: a later version changed what it tells."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be done about it any more."""
        return self in (LetterState.SENT, LetterState.OVERTAKEN)

    @property
    def in_words(self) -> str:
        return "uncertain" if self is LetterState.SENDING else self.value


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in the outbox, ready to go: written once, never changed."""

    message_id: str
    """Stable: the same letter never gets another."""
    version: int
    attendee: Attendee
    attendee_id: str
    recipient: str
    """The e-mail address."""
    subject: str
    content: bytes
    """The whole message as RFC 5322 has it."""
    state: LetterState = LetterState.WAITING
    attempts: int = 0
    remark: str = ""
    """What the server last said, if it refused."""
    uid: str = ""
    """Of the event that it is about; blank in a school's, which is about all of its visits."""


def in_order(entry: Entry) -> tuple[datetime, str, str, str, str]:
    """By time; each school's own event before those of its visitors."""
    return entry.start, entry.session_id, entry.attendee.value, entry.attendee_id, entry.uid


class FeedKind(StrEnum):
    """Whose calendar to subscribe to it is."""

    VOLUNTEER = "volunteer"
    SCHOOL = "school"
    PROGRAMME = "programme"
