"""A person's words are taken out of texts, events and mails, and what is left can still be read."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import icalendar
import pytest

from matcher.publishing.forgetting import STAND_IN, Words, introductions

NAME = "Zoë O'Hara-Łukasz"
WORDS = Words([*introductions(NAME, "Fitter; valves", "Hub & Co, Ltd"), "zoe@example.org", "07700 900123"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Zoë O'Hara-Łukasz comes.", f"{STAND_IN} comes."),
        ("ZOË   o'hara-łukasz,", f"{STAND_IN},"),
        ("- Zoë O'Hara-Łukasz, Fitter; valves, Hub & Co, Ltd", f"- {STAND_IN}"),
        ("- Zoë O'Hara-Łukasz, Hub & Co, Ltd", f"- {STAND_IN}"),
        ("Zoë O&#39;Hara-Łukasz, Fitter; valves, Hub &amp; Co, Ltd", STAND_IN),
        ("<zoe@example.org>", f"<{STAND_IN}>"),
        ("azoe@example.organ", "azoe@example.organ"),
        ("Ring 07700 900123 first", f"Ring {STAND_IN} first"),
        ("Hub & Co, Ltd", "Hub & Co, Ltd"),
        ("Zoë Other", "Zoë Other"),
    ],
)
def test_every_way_of_writing_a_person_becomes_the_stand_in(text: str, left: str) -> None:
    assert WORDS.out_of(text) == left


def test_an_event_is_folded_anew_only_where_it_changes() -> None:
    event = icalendar.Event()
    event.add("uid", "1@matcher.invalid")
    event.add("summary", "x" * 200)
    event.add("description", f"Visitors:\n- {NAME}, Fitter; valves, Hub & Co, Ltd\n- Ben, {'y' * 90}")
    body = event.to_ical().decode()
    changed = WORDS.out_of_event(body)
    assert all(len(line.encode()) <= 75 for line in changed.split("\r\n"))
    assert icalendar.Event.from_ical(changed)["DESCRIPTION"] == f"Visitors:\n- {STAND_IN}\n- Ben, {'y' * 90}"
    assert icalendar.Event.from_ical(changed)["SUMMARY"] == "x" * 200
    assert changed.count("\r\n") == changed.count("\n")
    assert WORDS.out_of_event(changed) == changed


def mail() -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Hub <hub@example.org>"
    message["To"] = "Ash School <office@ash.example>"
    message["Subject"] = f"Who comes: {NAME}"
    message["Message-ID"] = "<1@example.org>"
    message.set_content(f"Dear all,\n{NAME}, Fitter; valves, Hub & Co, Ltd comes.\nBen, too.\n", cte="quoted-printable")
    message.add_alternative(f"<p>Zoë O&#39;Hara-Łukasz and Ben</p>{'z' * 300}", subtype="html", cte="base64")
    return message.as_bytes()


def test_a_mail_is_reworded_in_subject_text_and_html_and_stays_a_mail() -> None:
    changed = WORDS.out_of_mail(mail())
    found = email.message_from_bytes(changed, policy=email.policy.default)
    assert str(found["Subject"]) == f"Who comes: {STAND_IN}"
    assert found["Message-ID"] == "<1@example.org>" and str(found["To"]) == "Ash School <office@ash.example>"
    text, html = found.get_body(("plain",)), found.get_body(("html",))
    assert text is not None and html is not None
    assert text.get_content().splitlines()[:3] == ["Dear all,", f"{STAND_IN} comes.", "Ben, too."]
    assert html.get_content().startswith(f"<p>{STAND_IN} and Ben</p>zzz")
    assert changed.count(b"\n") == changed.count(b"\r\n") and changed.isascii()
    assert all(len(line) <= 998 for line in changed.split(b"\r\n"))


def test_a_mail_without_the_person_stays_byte_for_byte() -> None:
    content = mail()
    assert Words(["Somebody Else"]).out_of_mail(content) == content


def test_a_name_of_one_letter_is_not_looked_for_everywhere() -> None:
    assert Words(["A"]).out_of("A visit") == "A visit"
