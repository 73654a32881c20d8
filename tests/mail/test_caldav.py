"""Calendars pushed to a real CalDAV server, and read back with a client of its own."""

from __future__ import annotations

import re
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import icalendar
import pytest
from caldav.davclient import DAVClient

from matcher.errors import ServerError
from matcher.mail.caldav import CalendarServer, Pushed, Shelf, push, shelf
from matcher.mail.login import Login
from matcher.publishing.calendars import Shell
from tests.mail.radicale_server import PASSWORD, USER, radicale

ADDRESS = r"Alder Brook\, 1 High Street\; Derby\nby the river"


def event(
    number: int, day: str = "20261026", sequence: int = 0, summary: str = "Visit", status: str = "CONFIRMED"
) -> str:
    lines = [
        "BEGIN:VEVENT",
        f"SUMMARY:{summary} 学校 مدرسة 🏫",
        f"DTSTART;TZID=Europe/London:{day}T093000",
        f"DTEND;TZID=Europe/London:{day}T103000",
        "DTSTAMP:20260901T080000Z",
        f"UID:{number:032x}@matcher.invalid",
        f"SEQUENCE:{sequence}",
        f"LOCATION:{ADDRESS}",
        "GEO:52.92;-1.47",
        f"STATUS:{status}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Tomorrow\\, at",
        "  Alder Brook",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
        "",
    ]
    return "\r\n".join(lines)


def school(*events: str, key: str = "A", name: str = "Alder Brook, 学校") -> Shelf:
    return shelf("Autumn", "school", key, name, Shell(name, {"Europe/London": (2026, 2027)}).around(events))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with radicale(tmp_path_factory.mktemp("radicale")) as url:
        yield url


@pytest.fixture
def server(url: str) -> Iterator[CalendarServer]:
    """Empty."""
    for calendar in calendars(url):
        calendar.delete()
    yield CalendarServer(url, Login(USER, PASSWORD))


def calendars(url: str) -> list[Any]:
    client: Any = DAVClient(url, username=USER, password=PASSWORD, enable_rfc6764=False)
    found: list[Any] = client.principal().calendars()
    return found


def the_calendar(server: CalendarServer) -> Any:
    (calendar,) = calendars(server.url)
    return calendar


def read(server: CalendarServer) -> dict[str, tuple[datetime, int, str]]:
    """UID -> start in UTC, SEQUENCE and summary."""
    found = {}
    for each in the_calendar(server).events():
        vevent: Any = icalendar.Calendar.from_ical(each.data).walk("VEVENT")[0]
        uid = str(vevent["UID"]).lstrip("0").partition("@")[0]
        found[uid] = (vevent["DTSTART"].dt.astimezone(UTC), int(vevent.get("SEQUENCE", 0)), str(vevent["SUMMARY"]))
    return found


def test_a_calendar_is_made_with_its_name_and_events(server: CalendarServer) -> None:
    (pushed,) = push(server, [school(event(1, "20261023"), event(2))])
    assert pushed == Pushed("Alder Brook, 学校", made=True, put=2, deleted=0, unchanged=0)
    assert the_calendar(server).get_display_name() == "Alder Brook, 学校"
    assert read(server) == {
        "1": (datetime(2026, 10, 23, 8, 30, tzinfo=UTC), 0, "Visit 学校 مدرسة 🏫"),
        "2": (datetime(2026, 10, 26, 9, 30, tzinfo=UTC), 0, "Visit 学校 مدرسة 🏫"),
    }


def test_what_did_not_change_is_left_alone(server: CalendarServer) -> None:
    push(server, [school(event(1), event(2))])
    tag = the_calendar(server).get_properties()
    later = [school(*(event(number).replace("20260901T080000Z", "20261001T080000Z") for number in (1, 2)))]
    assert push(server, later) == (Pushed("Alder Brook, 学校", made=False, put=0, deleted=0, unchanged=2),)
    assert the_calendar(server).get_properties() == tag


def test_what_changed_is_put_and_what_is_gone_or_cancelled_is_deleted(server: CalendarServer) -> None:
    push(server, [school(event(1), event(2), event(3))])
    moved = event(1, "20261103", sequence=1)
    (pushed,) = push(server, [school(moved, event(3, sequence=1, status="CANCELLED"), event(4))])
    assert (pushed.put, pushed.deleted, pushed.unchanged) == (2, 2, 0)
    assert {uid: (start.day, sequence) for uid, (start, sequence, _) in read(server).items()} == {
        "1": (3, 1),
        "4": (26, 0),
    }


def test_a_time_range_in_winter_and_one_in_summer(server: CalendarServer) -> None:
    """09:30 on the wall of a London school is another hour in UTC after the clocks changed."""
    push(server, [school(event(1, "20261023"), event(2, "20261026"), event(3, "20270326"), event(4, "20270329"))])
    calendar = the_calendar(server)

    def between(start: datetime, end: datetime) -> list[str]:
        found = calendar.search(start=start, end=end, event=True, expand=False)
        return sorted(re.findall(r"UID:0*(\w+)@", "".join(each.data for each in found)))

    def utc(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)

    assert between(utc(10, 23, 8, 30), utc(10, 23, 9, 30)) == ["1"]
    assert between(utc(10, 26, 8), utc(10, 26, 9, 30)) == []
    assert between(utc(10, 26, 9, 30), utc(10, 26, 10)) == ["2"]
    assert between(utc(3, 26, 9, 30, 2027), utc(3, 26, 10, 0, 2027)) == ["3"]
    assert between(utc(3, 29, 8, 30, 2027), utc(3, 29, 9, 0, 2027)) == ["4"]
    assert between(utc(10, 24, 0), utc(3, 28, 0, 0, 2027)) == ["2", "3"]


def test_what_somebody_else_put_there_stays_and_what_they_changed_of_ours_is_put_right(server: CalendarServer) -> None:
    push(server, [school(event(1))])
    calendar = the_calendar(server)
    foreign = (
        school(event(7)).events[f"{7:032x}@matcher.invalid"].decode().replace("@matcher.invalid", "@elsewhere.org")
    )
    calendar.save_event(foreign)
    ours = next(each for each in calendar.events() if "UID:" + "0" * 31 + "1" in each.data)
    ours.data = ours.data.replace("T093000", "T120000")
    ours.save()
    (pushed,) = push(server, [school(event(1))])
    assert (pushed.put, pushed.deleted) == (1, 0)
    assert {uid: start.hour for uid, (start, _, _) in read(server).items()} == {"1": 9, "7": 9}


def test_an_event_changed_while_we_look_is_looked_at_again(
    server: CalendarServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(server, [school(event(1))])
    real = DAVClient.put
    calls: list[str] = []

    def put(self: DAVClient, url: str, body: str, headers: Any = None) -> Any:
        if not calls:
            calls.append(url)
            real(self, url, body.replace("Visit", "Meddling"), {"Content-Type": "text/calendar; charset=utf-8"})
        return real(self, url, body, headers)

    monkeypatch.setattr(DAVClient, "put", put)
    push(server, [school(event(1, summary="Talk"))])
    assert [summary for _, _, summary in read(server).values()] == ["Talk 学校 مدرسة 🏫"]


def test_each_school_has_its_own_and_keeps_it_under_a_new_name(server: CalendarServer) -> None:
    everything = [school(event(1), key="A", name="A"), school(event(2), key="B", name="B"), school(key="C", name="C")]
    push(server, everything)
    assert sorted(each.get_display_name() for each in calendars(server.url)) == [
        "A",
        "B",
    ]  # none for C until it has one
    push(server, [replace(everything[0], name="A, renamed"), everything[1]])
    assert sorted(each.get_display_name() for each in calendars(server.url)) == ["A, renamed", "B"]


def test_invited_moved_cancelled_and_invited_again(server: CalendarServer) -> None:
    steps = [
        (event(1), {"1": (26, 0)}),
        (event(1, "20261103", sequence=1), {"1": (3, 1)}),
        (event(1, "20261103", sequence=2, status="CANCELLED"), {}),
        (event(1, "20261104", sequence=3), {"1": (4, 3)}),
    ]
    for body, want in steps:
        push(server, [school(body)])
        assert {uid: (start.day, sequence) for uid, (start, sequence, _) in read(server).items()} == want


# What can be wrong


@contextmanager
def web_site(status: int, body: bytes) -> Iterator[str]:
    """One that says the same to everything."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_OPTIONS = do_PROPFIND = do_REPORT = do_MKCALENDAR = answer  # noqa: N815

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = Thread(target=site.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()
        thread.join()


def test_a_wrong_login_is_told_without_the_password(server: CalendarServer) -> None:
    with pytest.raises(ServerError, match="does not let in organiser") as caught:
        push(CalendarServer(server.url, Login(USER, "sesame")), [school(event(1))])
    assert "sesame" not in str(caught.value)
    with pytest.raises(ServerError, match=r"nobody \(no login was given\)"):
        push(CalendarServer(server.url), [school(event(1))])


def test_nobody_there() -> None:
    with pytest.raises(ServerError, match="cannot be reached"):
        push(CalendarServer("http://127.0.0.1:9/"), [school(event(1))])


@pytest.mark.parametrize("body", [b"<html><body>Welcome</body></html>", b"", b"\xff\x00 no text"])
@pytest.mark.parametrize("status", [200, 207, 404, 405, 500])
def test_an_address_that_is_no_calendar_server(status: int, body: bytes) -> None:
    with web_site(status, body) as url, pytest.raises(ServerError, match="CalDAV server"):
        push(CalendarServer(url), [school(event(1))])


@contextmanager
def endless(head: bytes, piece: bytes, pause: float = 0) -> Iterator[str]:
    """A server that never ends its answer."""
    closing = Event()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.rfile.readline()
                self.wfile.write(head)
                while piece and not closing.wait(pause):
                    self.wfile.write(piece)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Talk) as site:
        thread = Thread(target=site.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_address[1]}/"
        finally:
            closing.set()
            site.shutdown()
            thread.join()


OK = b"HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\n"
MEGABYTE = b"x" * 2**20


@pytest.mark.parametrize(
    ("head", "piece", "pause", "words"),
    [
        (OK + b"\r\n", MEGABYTE, 0, "more than 64 MB"),
        (OK + b"Content-Length: 5500000000\r\n\r\n", MEGABYTE, 0, "more than 64 MB"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + MEGABYTE + b"\r\n", 0, "more than 64 MB"),
        (OK + b"Content-Length: 99\r\n\r\n", b"<", 0.2, "within 2 seconds"),
        (OK, b"X-A: b\r\n", 0.2, "within 2 seconds"),
        (b"", b"H", 0.2, "within 2 seconds"),
        (OK + b"Content-Encoding: gzip\r\n\r\n", b"x", 0, "packs its answer"),
    ],
    ids=["endless", "promised", "chunked", "dripping", "dripping head", "dripping status", "packed"],
)
def test_an_answer_without_an_end_is_not_waited_for(head: bytes, piece: bytes, pause: float, words: str) -> None:
    patience = 2 if "seconds" in words else 60
    with endless(head, piece, pause) as url, pytest.raises(ServerError, match=words):
        push(CalendarServer(url, patience=patience), [school(event(1))])


def test_a_head_without_an_end_is_not_kept() -> None:
    with endless(OK, b"X-A: " + b"b" * 60_000 + b"\r\n") as url, pytest.raises(ServerError):
        push(CalendarServer(url, patience=60), [school(event(1))])


@pytest.mark.parametrize(
    ("onward", "words"),
    [
        ("/again", "sends us on more than 5 times"),
        ("http://calendar.example.net/", "sends us on to http://calendar.example.net, another place"),
        ("ftp://127.0.0.1/", "another place"),
    ],
)
def test_where_a_server_sends_us_is_not_followed_for_ever_or_to_others(onward: str, words: str) -> None:
    head = f"HTTP/1.1 301 Moved\r\nLocation: {onward}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with endless(head, b"") as url, pytest.raises(ServerError, match=words):
        push(CalendarServer(url, Login(USER, PASSWORD), patience=60), [school(event(1))])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("cloud.example.org", "cannot be used"),
        ("caldav://cloud.example.org", "expected https:// or http://"),
        ("https://organiser:sesame@cloud.example.org/dav", "has a login in it"),
    ],
)
def test_an_address_that_cannot_be_used(url: str, words: str) -> None:
    with pytest.raises(ServerError, match=words) as caught:
        CalendarServer.at(url, environ={})
    assert "sesame" not in str(caught.value)


def test_a_password_never_crosses_the_network_in_the_clear() -> None:
    with pytest.raises(ServerError, match="for all to read"):
        CalendarServer.at(
            "http://cloud.example.org/", environ={"MATCHER_CALDAV_USER": "a", "MATCHER_CALDAV_PASSWORD": "b"}
        )
