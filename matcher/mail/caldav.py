"""Calendars on a CalDAV server (Radicale, Nextcloud ...) kept in step with what was published.

Nothing is remembered here: what is on the server is compared with what should be, so that a push that broke off is
simply made again, and what somebody changed by hand is put right. Events that are not ours are never touched.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from caldav.davclient import DAVClient
from caldav.elements import dav
from caldav.lib import error as caldav_error
from icalendar.parser import Contentline, Contentlines

from matcher.errors import Remedy, ServerError
from matcher.mail.bounded_session import PATIENCE, bound
from matcher.mail.login import Login, login, refuse_in_the_clear, split_address
from matcher.publishing.calendars import PRODID

OURS = "@matcher.invalid"  # how the UIDs of all our events end
STAMPS = {"DTSTAMP", "CREATED", "LAST-MODIFIED"}
TIMEOUT = 60
TRIES = 3

QUERY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
  <D:prop><D:getetag/><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>
</C:calendar-query>"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A calendar as it should be on the server."""

    id: str
    """The last part of its address there; stays when the name changes."""
    name: str
    events: Mapping[str, bytes]
    """UID -> a calendar with this one event and the zones that it uses."""
    tentative: Mapping[str, bytes] = field(default_factory=dict)
    """The same, of events to be confirmed: put in the place of what stands there, and never anew."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was done to one calendar."""

    name: str
    made: bool
    put: int
    deleted: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class CalendarServer:
    """Where calendars go, and as whom."""

    url: str
    login: Login | None = None
    patience: float = PATIENCE
    """Seconds for each answer as a whole."""

    @classmethod
    def at(cls, url: str, login_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> CalendarServer:
        """From an `https://` address and a login file, or MATCHER_CALDAV_USER and MATCHER_CALDAV_PASSWORD."""
        parts = split_address(url, ("https", "http"), "https://cloud.example.org/remote.php/dav")
        who = login(login_file, environ, "MATCHER_CALDAV")
        if who and parts.scheme == "http":
            refuse_in_the_clear(parts.hostname or "", "https://")
        return cls(url.strip(), who)


def shelf(programme: str, kind: str, key: str, name: str, feed: bytes) -> Shelf:
    """From a calendar of many events, as feeds are; those that are cancelled are left out."""
    digest = hashlib.sha256(json.dumps([programme, kind, key]).encode()).hexdigest()[:20]
    text = feed.decode()
    zones = "".join(re.findall(r"^BEGIN:VTIMEZONE\r\n.*?^END:VTIMEZONE\r\n", text, re.DOTALL | re.MULTILINE))
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\nCALSCALE:GREGORIAN\r\n{zones}"
    events: dict[str, bytes] = {}
    tentative: dict[str, bytes] = {}
    for body in re.findall(r"^BEGIN:VEVENT\r\n.*?^END:VEVENT\r\n", text, re.DOTALL | re.MULTILINE):
        if "\r\nSTATUS:CANCELLED\r\n" not in body:
            kept = tentative if "\r\nSTATUS:TENTATIVE\r\n" in body else events
            kept[_uid(body)] = f"{head}{body}END:VCALENDAR\r\n".encode()
    return Shelf(f"matcher-{kind}-{digest}", name, events, tentative)


def push(
    server: CalendarServer, shelves: Iterable[Shelf], told: Callable[[Pushed], None] = lambda _: None
) -> tuple[Pushed, ...]:
    """Brings every calendar in step: puts what is new or changed, deletes what is gone, leaves the rest alone.

    A calendar is made when it first has an event. ServerError says where it stopped; what was done before stays, and
    the next push goes on from there.
    """
    logging.getLogger("caldav").setLevel(logging.CRITICAL)  # its warnings hold addresses, and we tell the errors
    done = []
    where = server.url
    try:
        client: Any = DAVClient(
            server.url,
            username=server.login.user if server.login else None,
            password=server.login.password if server.login else None,
            timeout=TIMEOUT,
            enable_rfc6764=False,
        )
        bound(client, server.url, server.patience)
        with client:
            principal = client.principal()
            there = {_last_part(str(each.url)): each for each in principal.calendars()}
            for wanted in shelves:
                where = wanted.name
                calendar = there.get(wanted.id)
                if calendar is None and not wanted.events:
                    continue
                made = calendar is None
                if calendar is None:
                    kinds = ["VEVENT"]
                    calendar = principal.make_calendar(wanted.name, wanted.id, supported_calendar_component_set=kinds)
                elif calendar.get_display_name() != wanted.name:
                    calendar.set_properties([dav.DisplayName(wanted.name)])
                done.append(_in_step(client, str(calendar.url), wanted, made))
                told(done[-1])
    except ServerError:
        raise
    except Exception as error:  # the library raises much, and not only its own, on what is no CalDAV server
        remedies = (Remedy.LOGIN_FILE,) if isinstance(error, caldav_error.AuthorizationError) else ()
        raise ServerError(_why_not(server, where, error), *remedies) from error
    return tuple(done)


def _why_not(server: CalendarServer, where: str, error: Exception) -> str:
    at = "" if where == server.url else f" at the calendar {where!r}"
    again = " What was put before is in place; push again to go on." if at else ""
    match error:
        case caldav_error.AuthorizationError():
            who = server.login.user if server.login else "nobody (no login was given)"
            return (
                f"{server.url} does not let in {who}{at}. Give a user and password in a file, or in "
                f"MATCHER_CALDAV_USER and MATCHER_CALDAV_PASSWORD; Nextcloud wants an app password.{again}"
            )
        case caldav_error.DAVError():
            reason = " ".join(str(error.reason).split())[:200]
            return (
                f"{server.url} does not do as a CalDAV server does{at} ({reason}). Check the address: for Radicale it "
                f"is that of the server, for Nextcloud it ends in /remote.php/dav.{again}"
            )
        case OSError():
            return (
                f"{server.url} cannot be reached{at} ({type(error).__name__}). Check the address and the port, its "
                f"certificate, and that the network lets us out.{again}"
            )
    return (
        f"{server.url} does not answer as a CalDAV server does{at} ({type(error).__name__}). Check the address: for "
        f"Radicale it is that of the server, for Nextcloud it ends in /remote.php/dav.{again}"
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    url: str
    etag: str
    text: str


def _in_step(client: Any, url: str, wanted: Shelf, made: bool) -> Pushed:
    put: set[str] = set()
    deleted: set[str] = set()
    for _ in range(TRIES):
        stored = {_uid(each.text): each for each in _stored(client, url)}
        overtaken = False
        doubtful = {uid: content for uid, content in wanted.tentative.items() if uid in stored}
        events = {**wanted.events, **doubtful}
        for uid, content in events.items():
            old = stored.get(uid)
            if old is None:
                headers, target = {"If-None-Match": "*"}, urljoin(url, f"{uid.partition('@')[0]}.ics")
            elif _says(old.text, content.decode()):
                continue
            else:
                headers, target = {"If-Match": old.etag} if old.etag else {}, old.url
            kind = {"Content-Type": "text/calendar; charset=utf-8"}
            answer = client.put(target, content.decode(), {**headers, **kind})
            overtaken |= _was_overtaken(answer, target)
            put.add(uid)
        for uid, old in stored.items():
            if uid.endswith(OURS) and uid not in events:
                answer = client.request(old.url, "DELETE", "", {"If-Match": old.etag} if old.etag else {})
                overtaken |= _was_overtaken(answer, old.url)
                deleted.add(uid)
        if not overtaken:
            unchanged = len(events.keys() - put)
            return Pushed(wanted.name, made, len(put), len(deleted), unchanged)
    raise ServerError(
        f"The calendar {wanted.name!r} is being changed by somebody else all the while. Push again when they are done."
    )


def _was_overtaken(answer: Any, url: str) -> bool:
    """Whether somebody changed the event since we looked. (Gone is as good as deleted.)"""
    if answer.status in (409, 412):
        return True
    if answer.status >= 300 and answer.status not in (404, 410):
        raise caldav_error.DAVError(url, f"{answer.status} {answer.reason}")
    return False


def _stored(client: Any, url: str) -> Iterator[_Stored]:
    """Every event of the calendar, ours or not."""
    answer = client.report(url, QUERY, 1)
    if answer.status >= 400 or answer.tree is None:
        raise caldav_error.ReportError(url, f"{answer.status} {answer.reason}")
    for found in answer.tree.iter("{DAV:}response"):
        href = found.findtext("{DAV:}href")
        data = next((each.text for each in found.iter("{urn:ietf:params:xml:ns:caldav}calendar-data")), None)
        etag = next((each.text for each in found.iter("{DAV:}getetag")), None)
        if href and data:
            yield _Stored(urljoin(url, href.strip()), (etag or "").strip(), data)


def _uid(text: str) -> str:
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    found = re.search(r"^UID(?:;[^:\r\n]*)?:(.*?)\s*$", unfolded[max(0, unfolded.find("BEGIN:VEVENT")) :], re.MULTILINE)
    return found[1] if found else ""


def _says(stored: str, wanted: str) -> bool:
    """Whether what is stored says all that it should. (Servers write it in their own way, and may add to it.)"""
    try:
        return not (_lines(wanted) - _lines(stored))
    except ValueError:
        return False


def _lines(text: str) -> set[tuple[str, ...]]:
    """What the events say, but not when they were written."""
    said = set()
    inside: list[str] = []
    lines: list[Contentline] = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]
    for line in lines:
        if not line:
            continue
        name, parameters, value = line.parts()
        name = name.upper()
        if name == "BEGIN":
            inside.append(value.upper())
        elif name == "END":
            inside.pop()
        elif "VEVENT" in inside and name not in STAMPS:
            with_parameters = sorted(f"{key.upper()}={setting}" for key, setting in parameters.items())
            said.add((*inside, name, *with_parameters, value))
    return said


def _last_part(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]
