"""Answers as they come back from the world's calendar programs, and everything else that ends up in a mailbox."""

from __future__ import annotations

import mailbox
import random
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.appointments import Attendee
from matcher.errors import MailboxError
from matcher.mail.replies import Remark, Reply, Why, gather, judge, replies_in
from matcher.mail.speaker import Speaker
from matcher.publishing.published import Answer, Standing
from tests.mail.mail_replies import PROGRAMS, UID, apple, calendar, entry, google, message, outlook

EMAILS = {"V1": "Zoe@Example.org", "V2": "omar@example.org"}
STAMP = datetime(2026, 10, 1, 10, 11, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def only(content: bytes | str) -> Reply | Remark:
    (found,) = replies_in(content.encode() if isinstance(content, str) else content, "it", NOW)
    return found


def refusal(content: bytes | str) -> Remark:
    found = only(content)
    assert isinstance(found, Remark)
    return found


def reply(answer: Answer = Answer.ACCEPTED, **changes: Any) -> Reply:
    """From the person herself unless said."""
    given = Reply(UID, "zoe@example.org", answer, 0, STAMP, "it", Speaker("zoe@example.org", "Zoë"))
    return replace(given, **changes)


# Reading


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("answer", [Answer.ACCEPTED, Answer.TENTATIVE, Answer.DECLINED])
def test_each_answer_of_each_program(program: Any, answer: Answer) -> None:
    assert only(program(answer.upper(), sequence=3)) == reply(answer, sequence=3)


def test_a_calendar_file_alone() -> None:
    assert only(calendar()) == reply()
    assert only("\ufeff" + calendar()) == reply()
    assert only(calendar().encode("utf-16")) == reply()
    assert only(calendar().replace("\r\n", "\n").lower().replace("\nbegin", "\nBEGIN")) == reply(uid=UID)


def test_an_attachment_known_only_by_its_name() -> None:
    mail = message("My answer is attached.")
    mail.add_attachment(calendar().encode(), "application", "octet-stream", filename="Reply.ICS")
    assert only(mail.as_bytes()) == reply()


def test_the_method_may_stand_in_the_mail_alone() -> None:
    mail = message()
    mail.set_content(calendar().replace("METHOD:REPLY\r\n", ""), subtype="calendar", params={"method": "reply"})
    assert only(mail.as_bytes()) == reply()


def test_several_answers_in_one_mail() -> None:
    second = calendar("DECLINED", uid="other@matcher.invalid").split("BEGIN:VEVENT")[1]
    both = calendar().replace("END:VCALENDAR", "BEGIN:VEVENT" + second)
    assert [each.uid for each in replies_in(both.encode(), "it", NOW) if isinstance(each, Reply)] == [
        UID,
        "other@matcher.invalid",
    ]


def test_of_several_attendees_the_sender_is_who_answers() -> None:
    others = (
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:omar@example.org\r\nATTENDEE;PARTSTAT=DECLINED:mailto:li@example.org"
    )
    mail = message()
    mail.set_content(calendar(more=others), subtype="calendar", params={"method": "REPLY"})
    assert only(mail.as_bytes()) == reply()
    alone = replies_in(calendar(more=others).encode(), "it", NOW)  # and nobody knows who saved the file
    assert all(isinstance(each, Reply) and each.speaker.doubt for each in alone) and len(alone) == 2


def test_without_a_readable_address_the_sender_is_who_answers() -> None:
    mail = message()
    text = calendar(attendee="ATTENDEE;PARTSTAT={}:invalid:nomail")
    mail.set_content(text, subtype="calendar", params={"method": "REPLY"})
    assert only(mail.as_bytes()) == reply()


@pytest.mark.parametrize(
    "attendee",
    [
        "ATTENDEE;PARTSTAT={}:mailto:zoe%40example.org",
        "ATTENDEE;PARTSTAT={}:MAILTO:ZOE@EXAMPLE.ORG?subject=x",
        'attendee;CN="a:b;c,d";partstat={}:mailto:zoe@example.org',
        "ATTENDEE;PARTSTAT={}: zoe@example.org",
        "ATTENDEE;PARTSTA\r\n T={}:mailto:zoe@exa\r\n\tmple.org",
    ],
)
def test_ways_to_write_an_attendee(attendee: str) -> None:
    assert only(calendar(attendee=attendee)) == reply()


def test_a_reply_without_a_stamp_is_as_old_as_its_mail() -> None:
    content = apple().replace(b"DTSTAMP:20261001T101112Z=\r\n", b"").replace(b"DTSTAMP:20261001T101112Z", b"X-NO:1")
    found = only(content)
    assert isinstance(found, Reply) and found.stamp == datetime(2026, 10, 1, 10, 11, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, Why.AUTOMATIC),
        ({"Auto_Submitted": "auto-replied; owner-email=x@example.org"}, Why.AUTOMATIC),
        ({"Auto_Submitted": "auto-generated"}, Why.AUTOMATIC),
        ({"X_Autoreply": "yes"}, Why.AUTOMATIC),
        ({"X_Autorespond": "1"}, Why.AUTOMATIC),
        ({"Precedence": "auto_reply"}, Why.AUTOMATIC),
        ({"Precedence": "Bulk"}, Why.AUTOMATIC),
        ({"Auto_Submitted": "no"}, Why.NO_CALENDAR),
        ({}, Why.NO_CALENDAR),
    ],
)
def test_mails_without_an_answer(headers: dict[str, str], why: Why) -> None:
    assert refusal(message("I am away until Monday.", **headers).as_bytes()).why is why


def test_an_automatic_answer_does_not_count_even_with_a_calendar_in_it() -> None:
    assert refusal(b"Auto-Submitted: auto-replied\r\n" + apple()).why is Why.AUTOMATIC


def test_what_a_calendar_service_sends_when_a_person_clicked_does_count() -> None:
    assert b"Auto-Submitted: auto-generated" in google()
    assert only(google()) == reply()


def test_a_returned_invitation_is_no_answer() -> None:
    returned = google(method="REQUEST").replace(b"multipart/mixed", b"multipart/report")
    assert "not delivered" in str(refusal(returned))


@pytest.mark.parametrize(
    ("content", "why", "words"),
    [
        (calendar(method="REQUEST"), Why.NOT_A_REPLY, "is a REQUEST"),
        (calendar(method="COUNTER"), Why.NOT_A_REPLY, "another time"),
        (calendar().replace("METHOD:REPLY\r\n", ""), Why.NOT_A_REPLY, "no METHOD"),
        (calendar("NEEDS-ACTION"), Why.NO_ANSWER, "no answer yet"),
        (calendar("DELEGATED"), Why.NO_ANSWER, "somebody else"),
        (calendar("PERHAPS"), Why.NO_ANSWER, "PERHAPS"),
        (calendar(attendee="ATTENDEE:mailto:zoe@example.org"), Why.NO_ANSWER, "no PARTSTAT"),
        (calendar(attendee=""), Why.BROKEN, "ATTENDEE"),
        (calendar(uid=""), Why.BROKEN, "UID"),
        (calendar(sequence="many"), Why.BROKEN, "SEQUENCE"),
        (calendar(stamp="yesterday"), Why.BROKEN, "DTSTAMP"),
        ("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n", Why.BROKEN, "no event"),
        ("", Why.NO_CALENDAR, "read it yourself"),
    ],
)
def test_what_is_ignored_says_why_in_a_line(content: str, why: Why, words: str) -> None:
    remark = refusal(content)
    assert remark.why is why and words in remark.words
    assert str(remark).startswith("it: ") and len(str(remark).splitlines()) == 1


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    assert replies_in(content, "it", NOW)
    assert replies_in(b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n" + content, "it", NOW)
    assert replies_in(b"Content-Type: text/calendar; method=REPLY\r\n" + content, "it", NOW)


@given(st.sampled_from(PROGRAMS), st.randoms(use_true_random=False))
def test_no_damage_on_the_way_makes_it_fail(program: Any, chance: random.Random) -> None:
    content = bytearray(program())
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(content))
        match chance.randrange(3):
            case 0:
                content[at] = chance.randrange(256)
            case 1:
                del content[at : at + chance.randrange(40)]
            case _:
                content[at:at] = chance.randbytes(chance.randrange(8))
    for each in replies_in(bytes(content), "it", NOW):
        assert len(str(each).splitlines()) == 1


def test_a_strangers_words_stay_in_one_line_and_short() -> None:
    remark = refusal(calendar("X" * 5000 + "\x1b[2J"))
    assert len(str(remark)) < 300 and "\x1b" not in str(remark)


# Files and folders


@pytest.fixture
def mails() -> list[bytes]:
    return [google(uid="g@x"), b"\xff\x00 broken", outlook(uid="o@x"), message("Hello").as_bytes(), apple(uid="a@x")]


def test_a_folder_of_saved_mails(tmp_path: Path, mails: list[bytes]) -> None:
    for number, mail in enumerate(mails):
        (tmp_path / f"{number}.EML").write_bytes(mail)
    (tmp_path / "reply.ics").write_text(calendar(uid="i@x"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("nothing of ours")
    gathered = gather([tmp_path])
    assert [each.uid for each in gathered.replies] == ["g@x", "o@x", "a@x", "i@x"]
    assert [each.source for each in gathered.remarks] == ["1.EML", "3.EML"]
    assert gathered.messages == 6


def test_an_mbox(tmp_path: Path, mails: list[bytes]) -> None:
    box = mailbox.mbox(tmp_path / "inbox")
    for mail in mails:
        box.add(mail)
    box.close()
    before = (tmp_path / "inbox").read_bytes()
    gathered = gather([tmp_path / "inbox"])
    assert [each.uid for each in gathered.replies] == ["g@x", "o@x", "a@x"]
    assert [each.source for each in gathered.remarks] == ["inbox, message 2", "inbox, message 4"]
    assert (tmp_path / "inbox").read_bytes() == before


def test_a_mailbox_that_apple_mail_exported(tmp_path: Path, mails: list[bytes]) -> None:
    (tmp_path / "Replies.mbox").mkdir()
    box = mailbox.mbox(tmp_path / "Replies.mbox" / "mbox")
    box.add(mails[0])
    box.close()
    (tmp_path / "Replies.mbox" / "table_of_contents").write_bytes(b"\x00\x01")
    assert [each.uid for each in gather([tmp_path / "Replies.mbox"]).replies] == ["g@x"]


def test_a_maildir_with_new_and_read_mails(tmp_path: Path, mails: list[bytes]) -> None:
    box = mailbox.Maildir(tmp_path / "Maildir")
    for number, mail in enumerate(mails):
        kept = mailbox.MaildirMessage(mail)
        kept.set_subdir("new" if number % 2 else "cur")
        box.add(kept)
    gathered = gather([tmp_path / "Maildir"])
    assert sorted(each.uid for each in gathered.replies) == ["a@x", "g@x", "o@x"]
    assert len(gathered.remarks) == 2
    assert len(list((tmp_path / "Maildir" / "new").iterdir())) == 2  # left as they were


def test_several_at_a_time_in_the_order_given(tmp_path: Path) -> None:
    for name in "ba":
        (tmp_path / f"{name}.ics").write_text(calendar(uid=name), encoding="utf-8")
    gathered = gather([tmp_path / "b.ics", tmp_path / "a.ics"])
    assert [each.uid for each in gathered.replies] == ["b", "a"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match=r"nowhere\.eml cannot be read .*expected a message"):
        gather([tmp_path / "nowhere.eml"])
    with pytest.raises(MailboxError, match=r"neither \.eml"):
        gather([tmp_path])


# Judging


def test_an_answer_to_what_was_sent_last_counts() -> None:
    accepted, questions, remarks = judge([reply(Answer.DECLINED)], [entry()], EMAILS)
    assert [(each.entry.session_id, each.reply.answer) for each in accepted] == [("S1", Answer.DECLINED)]
    assert (questions, remarks) == ((), ())


@pytest.mark.parametrize("order", [1, -1])
def test_the_later_answer_counts_in_whatever_order_they_come(order: int) -> None:
    early = reply(Answer.ACCEPTED, source="early")
    late = reply(Answer.DECLINED, stamp=STAMP + timedelta(seconds=1), source="late")
    accepted, _, (remark,) = judge([early, late][::order], [entry()], EMAILS)
    assert [each.reply for each in accepted] == [late]
    assert (remark.source, remark.why) == ("early", Why.OVERTAKEN)


def test_what_is_on_record_already_is_not_recorded_again() -> None:
    heard = {UID: STAMP}
    assert judge([reply()], [entry()], EMAILS, heard)[0] == ()
    assert judge([reply(stamp=STAMP - timedelta(days=1))], [entry()], EMAILS, heard)[0] == ()
    assert len(judge([reply(stamp=STAMP + timedelta(seconds=1))], [entry()], EMAILS, heard)[0]) == 1


@pytest.mark.parametrize(
    ("given", "told", "why"),
    [
        (reply(), entry(sequence=1), Why.STALE),
        (reply(uid="other@matcher.invalid"), entry(), Why.STRANGER),
        (reply(), entry(standing=Standing.CANCELLED), Why.CANCELLED),
        (reply(), entry(attendee=Attendee.SCHOOL), Why.STRANGER),
    ],
)
def test_what_does_not_count_says_why(given: Reply, told: Any, why: Why) -> None:
    accepted, questions, (remark,) = judge([given], [told], EMAILS)
    assert (accepted, questions) == ((), ()) and remark.why is why


def test_a_program_that_counts_ahead_is_heard() -> None:
    assert len(judge([reply(sequence=2)], [entry(sequence=1)], EMAILS)[0]) == 1


def test_one_address_in_two_ways_of_writing() -> None:
    emails = {"V1": "zoe@xn--bcher-kva.example"}
    said = reply(attendee_email="zoe@bücher.example", speaker=Speaker("zoe@bücher.example", "Zoë"))
    assert len(judge([said], [entry()], emails)[0]) == 1


def test_ten_thousand_replies_of_all_programs(tmp_path: Path) -> None:
    """All are read and count; how long it takes is told, not asked."""
    with (tmp_path / "inbox.mbox").open("wb") as box:
        for number in range(10_000):
            mail = PROGRAMS[number % 3](uid=f"{number}@matcher.invalid")
            box.write(b"From zoe@example.org Thu Oct  1 10:11:12 2026\n")
            box.write(re.sub(rb"(?m)^From ", b">From ", mail.replace(b"\r\n", b"\n")) + b"\n\n")
    entries = [entry(uid=f"{number}@matcher.invalid") for number in range(10_000)]
    begun = time.perf_counter()
    gathered = gather([tmp_path / "inbox.mbox"])
    accepted, _, remarks = judge(gathered.replies, entries, EMAILS)
    print(f"10,000 replies in {time.perf_counter() - begun:.1f} s")  # noqa: T201
    assert (len(accepted), gathered.remarks, remarks) == (10_000, [], ())
