"""Invited, moved, cancelled, invited again: replayed into real programs, exactly one right event is left, or none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest
from caldav.davclient import DAVClient

from matcher.appointments import Attendee
from matcher.mail.caldav import CalendarServer, push, shelf
from matcher.mail.login import Login
from matcher.publishing.feeds import feeds
from matcher.publishing.published import FeedKind, Standing
from tests.clients.calendar_clients import Span, khal, khal_config, khal_import_words, khal_list_words, khal_spans
from tests.clients.odd_term import Versions, calendars_in, plan, span, uid_of
from tests.mail.radicale_server import PASSWORD, USER, radicale

SESSION = "S3"  # on 26 October 2026, the first day of winter time


def story() -> Iterator[tuple[Versions, Span | None]]:
    """V1 is invited, sees the session move, is taken out of it, and is invited again at the first time."""
    versions = Versions()
    term = versions.term
    uid = uid_of(term, SESSION, "V1")
    for made in (
        plan(term),
        plan(term, later=[SESSION]),
        plan(term, later=[SESSION], without=[SESSION]),
        plan(term),
    ):
        versions.publish(made)
        (entry,) = [each for each in versions.entries if each.uid == uid]
        yield versions, span(entry) if entry.standing is Standing.CONFIRMED else None


def the_letter(versions: Versions) -> bytes:
    """The calendar in V1's one letter of this version."""
    mine = [each for each in versions.letters if each.attendee_id == "V1"]
    about = [
        content for content in calendars_in(mine).values() if uid_of(versions.term, SESSION, "V1").encode() in content
    ]
    assert len(about) == 2 and len(set(about)) == 1  # as an alternative and as an attachment, the same
    return about[0]


def the_feed(versions: Versions) -> bytes:
    return versions.feeds()["feed of volunteer V1"]


@pytest.mark.parametrize("source", [the_letter, the_feed], ids=["letters", "feeds"])
def test_into_khal(source: Any, tmp_path: Path) -> None:
    config = khal_config(tmp_path)
    uids = set()
    for number, (versions, want) in enumerate(story()):
        file = tmp_path / f"{number}.ics"
        file.write_bytes(source(versions))
        _, listed = khal(config, khal_import_words(0, file), khal_list_words(0))
        found = [each for each in khal_spans(listed) if each[0][0] == uid_of(versions.term, SESSION, "V1")]
        assert len(found) == 1  # never a duplicate; a cancelled one is shown as cancelled
        assert [each for each, status in found if status != "CANCELLED"] == ([want] if want else [])
        uids |= {each[0] for each, _ in found}
    assert len(uids) == 1


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with radicale(tmp_path_factory.mktemp("radicale")) as url:
        yield url


def test_invitations_put_one_after_another_into_radicale(url: str) -> None:
    """As a volunteer's program with a calendar on a server does it: by UID, a cancelled event deleted."""
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    calendar = client.principal().make_calendar("V1", "v1")
    sequences = []
    for versions, want in story():
        message: Any = icalendar.Calendar.from_ical(the_letter(versions))
        (event,) = message.walk("VEVENT")
        sequences.append(int(event["SEQUENCE"]))
        if message.pop("METHOD") == "CANCEL":
            assert event["STATUS"] == "CANCELLED"
            calendar.event_by_uid(str(event["UID"])).delete()
        else:
            calendar.save_event(message.to_ical().decode())
        assert spans(calendar) == ([want] if want else [])
    assert sequences == sorted(set(sequences))


def test_pushed_to_radicale(url: str) -> None:
    """Each calendar has the events that are on and no other, and a second push finds nothing to do."""
    server = CalendarServer(url, Login(USER, PASSWORD))
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    for versions, _ in story():
        every = feeds(versions.term, versions.entries, versions.stamp)
        shelves = [shelf("p", each.kind, each.id, each.name, each.content) for each in every]
        push(server, shelves)
        assert all((each.put, each.deleted) == (0, 0) for each in push(server, shelves))
        there = {str(each.url).rstrip("/").rpartition("/")[2]: each for each in client.principal().calendars()}
        for wanted, feed in zip(shelves, every, strict=True):
            attendee = Attendee.VOLUNTEER if feed.kind is FeedKind.VOLUNTEER else Attendee.SCHOOL
            on = [
                span(entry)
                for entry in versions.entries
                if entry.standing is Standing.CONFIRMED
                and entry.attendee is attendee
                and feed.id in (entry.attendee_id, "programme")
            ]
            assert spans(there[wanted.id]) == sorted(on)


def test_a_week_in_winter_is_found_by_its_hours(url: str) -> None:
    """08:30 in London is 08:30 in UTC then, and a server that gets the zone wrong finds it an hour off."""
    versions = Versions()
    versions.publish(plan(versions.term))
    (mine,) = [
        each for each in feeds(versions.term, versions.entries, versions.stamp) if each.kind is FeedKind.PROGRAMME
    ]
    push(CalendarServer(url, Login(USER, PASSWORD)), [shelf("winter", mine.kind, mine.id, mine.name, mine.content)])
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    wanted = shelf("winter", mine.kind, mine.id, mine.name, mine.content).id
    (calendar,) = [each for each in client.principal().calendars() if wanted in str(each.url)]
    for entry in versions.entries:
        if entry.attendee is Attendee.SCHOOL:
            _, start, end = span(entry)
            found = calendar.search(start=start, end=end, event=True, expand=False)
            assert entry.uid in "".join(each.data for each in found)
            before = calendar.search(start=start.replace(hour=start.hour - 1), end=start, event=True, expand=False)
            assert entry.uid not in "".join(each.data for each in before)


def spans(calendar: Any) -> list[Span]:
    found = []
    for each in calendar.events():
        event: Any = icalendar.Calendar.from_ical(each.data).walk("VEVENT")[0]
        times: tuple[datetime, datetime] = (event["DTSTART"].dt.astimezone(UTC), event["DTEND"].dt.astimezone(UTC))
        found.append((str(event["UID"]), *times))
    return sorted(found)
