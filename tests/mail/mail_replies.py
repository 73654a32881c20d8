"""Replies as the great calendar programs write them, by their builders' habits."""

from __future__ import annotations

import base64
import quopri
from datetime import datetime
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from typing import Any

from matcher.appointments import Attendee, Facts
from matcher.publishing.published import Entry, Standing

UID = "0123456789abcdef0123456789abcdef@matcher.invalid"

ZONE = """BEGIN:VTIMEZONE
TZID:GMT Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T010000
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def entry(number: int = 1, uid: str = UID, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "uid": uid,
        "attendee": Attendee.VOLUNTEER,
        "attendee_id": f"V{number}",
        "session_id": f"S{number}",
        "sequence": 0,
        "standing": Standing.CONFIRMED,
        "since": 1,
        "start": datetime(2026, 10, 26, 9, 30),
        "end": datetime(2026, 10, 26, 10, 30),
        "body": "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
    }
    given |= changes
    return Entry(**{"facts": Facts(given["start"], given["end"]), **given})


def calendar(
    partstat: str = "ACCEPTED",
    uid: str = UID,
    attendee: str = "ATTENDEE;PARTSTAT={};CN=Zoë:mailto:zoe@example.org",
    sequence: int | str = 0,
    stamp: str = "20261001T101112Z",
    method: str = "REPLY",
    more: str = "",
    zone: str = "",
) -> str:
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Somebody//Calendar//EN",
        "VERSION:2.0",
        f"METHOD:{method}",
        *zone.splitlines(),
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{stamp}",
        "DTSTART;TZID=Europe/London:20261026T093000",
        "DTEND;TZID=Europe/London:20261026T103000",
        *([attendee.format(partstat)] if attendee else []),
        *more.splitlines(),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(line for line in lines if line != f"METHOD:{None}")


def message(text: str = "", sender: str = "Zoë <zoe@example.org>", **headers: str) -> EmailMessage:
    result = EmailMessage(policy=SMTP)
    result["From"] = sender
    result["To"] = "organiser@example.org"
    result["Subject"] = "Accepted: Visit"
    result["Date"] = "Thu, 01 Oct 2026 11:11:13 +0100"
    for name, value in headers.items():
        result[name.replace("_", "-")] = value
    if text:
        result.set_content(text)
    return result


def google(partstat: str = "ACCEPTED", **changes: Any) -> bytes:
    """Alternatives in UTF-8 and the same again as invite.ics, in base64; marked as sent by a machine."""
    more = "ORGANIZER;CN=Autumn:mailto:organiser@example.org\r\nSTATUS:CONFIRMED\r\nSUMMARY:Visit, 学校"
    attendee = (
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={};CN=zoe@e\r\n xample.org;X-NUM-GUESTS=0:"
        "mailto:zoe@example.org"
    )
    text = calendar(partstat, **{"attendee": attendee, "more": more, **changes})
    outer = _outer("mixed", "zoe@example.org", Auto_Submitted="auto-generated", Sender="notify@calendar.example")
    inner = MIMEMultipart("alternative")
    inner.attach(MIMEText("Zoë has accepted", "plain", "utf-8"))
    inner.attach(MIMEText("<p>Zoë has accepted", "html", "utf-8"))
    inner.attach(_part("text/calendar; charset=UTF-8; method=REPLY", text.encode(), "base64"))
    outer.attach(inner)
    attached = _part('application/ics; name="invite.ics"', text.encode(), "base64")
    attached["Content-Disposition"] = 'attachment; filename="invite.ics"'
    outer.attach(attached)
    return outer.as_bytes()


def apple(partstat: str = "ACCEPTED", **changes: Any) -> bytes:
    """Quoted-printable, the address as a parameter beside a place in iCloud's own directory."""
    attendee = (
        'ATTENDEE;CN="Zoë; of the hills";CUTYPE=INDIVIDUAL;EMAIL=zoe@example.org;PARTSTAT={}:'
        "/aMjQ3NDQ3Njg2MjQ3NDQ3Na/principal/"
    )
    text = calendar(partstat, **{"attendee": attendee, **changes})
    outer = _outer("mixed", "Zoë <zoe@example.org>", Mime_Version="1.0 (Mac OS X Mail)")
    outer.attach(_part("text/calendar; charset=utf-8; method=REPLY", text.encode(), "quoted-printable"))
    return outer.as_bytes()


def outlook(partstat: str = "ACCEPTED", **changes: Any) -> bytes:
    """No ORGANIZER, MAILTO in capitals, a zone of Windows, and the calendar as an alternative alone."""
    attendee = 'ATTENDEE;PARTSTAT={};CN="Zoë":MAILTO:Zoe@Example.org'
    text = calendar(partstat, **{"attendee": attendee, "zone": ZONE, **changes})
    outer = _outer("alternative", '"Zoë" <zoe@example.org>', X_MS_Has_Attach="")
    outer.attach(MIMEText("", "plain", "iso-8859-1"))
    outer.attach(_part('text/calendar; charset="utf-8"; method=REPLY', text.encode(), "base64"))
    return outer.as_bytes()


def thunderbird(partstat: str = "ACCEPTED", **changes: Any) -> bytes:
    """A single part in eight bits and an old letter set."""
    outer = MIMEBase("text", "calendar", method="REPLY", charset="iso-8859-15")
    outer["From"] = "zoe@example.org"
    outer["Content-Transfer-Encoding"] = "8bit"
    return outer.as_bytes() + calendar(partstat, **changes).encode("iso-8859-15")


PROGRAMS = [google, apple, outlook, thunderbird]


def _outer(kind: str, sender: str, **headers: str) -> MIMEMultipart:
    outer = MIMEMultipart(kind)
    outer["From"] = formataddr(parseaddr(sender))  # the name alone is encoded, never the address
    outer["To"] = "organiser@example.org"
    outer["Subject"] = "Accepted: Visit"
    outer["Date"] = "Thu, 01 Oct 2026 11:11:13 +0100"
    for name, value in headers.items():
        outer[name.replace("_", "-")] = value
    return outer


def _part(kind: str, content: bytes, encoding: str) -> MIMEBase:
    part = MIMEBase("text", "calendar")
    del part["Content-Type"]
    del part["MIME-Version"]
    part["Content-Type"] = kind
    part["Content-Transfer-Encoding"] = encoding
    coded = base64.encodebytes(content) if encoding == "base64" else quopri.encodestring(content)
    part.set_payload(coded.decode("ascii"))
    return part
