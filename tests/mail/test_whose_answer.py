"""Nobody is spoken for: whose answer counts, whose is a question, and what a wrong clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matcher.mail.replies import Accepted, Question, gather, judge
from matcher.publishing.published import Answer
from tests.mail.mail_replies import UID, calendar, entry

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
EMAILS = {"V1": "zoe@example.org"}
ZOE = "From: Zoë <zoe@example.org>"
DATE = "Date: Thu, 01 Oct 2026 11:11:13 +0100"


def mail(*headers: str, attendee: str = "zoe@example.org", partstat: str = "DECLINED", stamp: str = "") -> bytes:
    head = [*headers, "Content-Type: text/calendar; method=REPLY; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    line = "ATTENDEE;PARTSTAT={}" + (f":mailto:{attendee}" if attendee else ":invalid:nomail")
    text = calendar(partstat, attendee=line, stamp=stamp or "20261001T101112Z")
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


def judged(folder: Path, *contents: bytes, heard: dict[str, datetime] | None = None) -> list[Accepted | Question]:
    for number, content in enumerate(contents):
        (folder / f"{number}.eml").write_bytes(content)
    gathered = gather([folder / f"{number}.eml" for number in range(len(contents))], NOW)
    accepted, questions, _ = judge(gathered.replies, [entry()], EMAILS, heard)
    return [*accepted, *questions]


LIST = ("List-Id: <helpers.lists.example.net>", "List-Post: <mailto:helpers@lists.example.net>")
BY_LIST = "From: 'Zoë' via Helpers <helpers@lists.example.net>"

COUNTS = {
    "herself": ([ZOE], {}),
    "in capitals": (["From: ZOE@EXAMPLE.ORG"], {}),
    "the address twice in one From": (["From: zoe@example.org <zoe@example.org>"], {}),
    "an address of somebody else in the quoted name": (['From: "omar@example.org" <zoe@example.org>'], {}),
    "another Sender and Reply-To": ([ZOE, "Sender: robot@calendar.example", "Reply-To: x@example.net"], {}),
    "DMARC passed": ([ZOE, "Authentication-Results: mx; dmarc=pass; spf=pass"], {}),
    "SPF failed on the way but DMARC passed": ([ZOE, "Authentication-Results: mx; spf=softfail; dmarc=pass"], {}),
    "Received-SPF failed but DMARC passed": (
        [ZOE, "Authentication-Results: mx; dkim=pass; dmarc=pass (p=NONE)", "Received-SPF: SoftFail (mx) x"],
        {},
    ),
    "results that say nothing": ([ZOE, "Authentication-Results: mx; none"], {}),
    "SPF neutral": ([ZOE, "Authentication-Results: mx; spf=neutral; dmarc=none"], {}),
    "no readable ATTENDEE": ([ZOE], {"attendee": ""}),
    "an ordinary list that leaves From alone": ([ZOE, *LIST], {}),
    "a list's precedence": ([BY_LIST, "X-Original-From: zoe@example.org", "Precedence: bulk", *LIST], {}),
}
MARKED = {
    "a plus-address": (["From: zoe+school@example.org"], {}, "plus-address"),
    "a plus-address as ATTENDEE": ([ZOE], {"attendee": "zoe+cal@example.org"}, "plus-address"),
    "by way of a list": ([BY_LIST, "X-Original-From: Zoë <zoe@example.org>", *LIST], {}, "by way of helpers@"),
    "by way of a list that only says via": (
        [BY_LIST, "X-Original-From: zoe@example.org"],
        {},
        "by way of helpers@",
    ),
}
QUESTIONS = {
    "a stranger": (["From: Mallory <m@evil.example>"], {}, "another address"),
    "another alias": (["From: zoe.hill@example.org"], {}, "another address"),
    "a name that reads like hers": (['From: "zoe@example.org" <m@evil.example>'], {}, "another address"),
    "her address as an unquoted name": (["From: zoe@example.org <m@evil.example>"], {}, "2 senders"),
    "her address in a comment": (["From: (zoe@example.org) m@evil.example"], {}, "another address"),
    "two in one From": (["From: zoe@example.org, m@evil.example"], {}, "2 senders"),
    "two From headers": ([ZOE, "From: m@evil.example"], {}, "2 senders"),
    "no From": ([], {}, "does not say whom"),
    "an empty From": (["From: "], {}, "does not say whom"),
    "From without an address": (["From: Zoë"], {}, "does not say whom"),
    "only Sender is hers": (["From: m@evil.example", "Sender: zoe@example.org"], {}, "another address"),
    "only Reply-To is hers": (["From: m@evil.example", "Reply-To: zoe@example.org"], {}, "another address"),
    "X-Original-From without a list": (["From: m@evil.example", "X-Original-From: zoe@example.org"], {}, "another"),
    "X-Original-From of another list than posts": (
        ["From: m@evil.example", "X-Original-From: zoe@example.org", *LIST],
        {},
        "another address",
    ),
    "two X-Original-From": (
        [BY_LIST, "X-Original-From: zoe@example.org", "X-Original-From: m@evil.example", *LIST],
        {},
        "2 senders",
    ),
    "a list that does not say who": ([BY_LIST, *LIST], {}, "another address"),
    "a stranger by way of a list": ([BY_LIST, "X-Original-From: m@evil.example", *LIST], {}, "another address"),
    "a longer domain": (["From: zoe@example.org.evil.example"], {}, "another address"),
    "a subdomain": (["From: zoe@mail.example.org"], {}, "another address"),
    "a plus in the place of the name": (["From: +zoe@example.org"], {}, "another address"),
    "a letter that only looks like hers": (["From: zoе@example.org"], {}, "another address"),
    "an address hidden in an encoded word": (["From: =?utf-8?q?zoe=40example.org?="], {}, "does not say whom"),
    "DMARC failed": ([ZOE, "Authentication-Results: mx; dmarc=fail"], {}, "DMARC"),
    "DMARC failed, with a comment and spaces": (
        [ZOE, "Authentication-Results: mx;\r\n spf=pass (ok) ; dmarc = FAIL (p=REJECT)"],
        {},
        "DMARC",
    ),
    "DMARC failed below a forged pass": (
        [ZOE, "Authentication-Results: mx; dmarc=fail", "Authentication-Results: mx; dmarc=pass"],
        {},
        "DMARC",
    ),
    "DMARC failed in ARC": ([ZOE, "ARC-Authentication-Results: i=1; mx; dmarc=fail"], {}, "DMARC"),
    "composite authentication failed": ([ZOE, "Authentication-Results: mx; compauth=fail reason=601"], {}, "DMARC"),
    "SPF failed": ([ZOE, "Authentication-Results: mx; spf=fail"], {}, "SPF"),
    "SPF softly failed": ([ZOE, "Authentication-Results: mx; spf=softfail; dmarc=none"], {}, "SPF"),
    "SPF failed and a pass in a comment": ([ZOE, "Authentication-Results: mx; spf=fail (; dmarc=pass)"], {}, "SPF"),
    "SPF failed and a forged pass below": (
        [ZOE, "Authentication-Results: mx; spf=fail", "Authentication-Results: mx; dmarc=pass"],
        {},
        "SPF",
    ),
    "Received-SPF failed": ([ZOE, "Received-SPF: Fail (mx: domain of example.org)"], {}, "SPF"),
    "ATTENDEE is somebody else": ([ZOE], {"attendee": "omar@example.org"}, "answers for omar@example.org"),
    "ATTENDEE is another alias": ([ZOE], {"attendee": "zoe@work.example"}, "answers for zoe@work.example"),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_the_invited_persons_own_answer_counts(tmp_path: Path, kind: str) -> None:
    headers, changes = COUNTS[kind]
    (found,) = judged(tmp_path, mail(DATE, *headers, **changes))
    assert isinstance(found, Accepted), found
    assert found.reply.answer is Answer.DECLINED


@pytest.mark.parametrize("kind", MARKED)
def test_what_is_unusual_but_theirs_counts_and_is_marked(tmp_path: Path, kind: str) -> None:
    headers, changes, mark = MARKED[kind]
    (found,) = judged(tmp_path, mail(DATE, *headers, **changes))
    assert isinstance(found, Accepted), found
    assert mark in found.mark


@pytest.mark.parametrize("kind", QUESTIONS)
def test_whatever_may_be_somebody_elses_is_a_question(tmp_path: Path, kind: str) -> None:
    headers, changes, why = QUESTIONS[kind]
    (found,) = judged(tmp_path, mail(DATE, *headers, **changes))
    assert isinstance(found, Question), found
    assert why in found.why


def test_a_calendar_file_alone_is_a_question(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, calendar("DECLINED").encode())
    assert isinstance(found, Question) and found.who == "zoe@example.org" and "file alone" in found.why


def test_a_strangers_name_is_shown_short_and_in_one_line(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, mail(DATE, "From: =?utf-8?b?G1sySkV2aWwKbGluZQ==?= " + "x" * 500 + " <m@evil.example>"))
    assert isinstance(found, Question)
    assert len(found.who) < 90 and "\x1b" not in found.who and "\n" not in found.who


def test_a_clock_that_is_ahead_counts_as_when_the_mail_came(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, mail(DATE, ZOE, stamp="99991231T000000Z"))
    assert isinstance(found, Accepted) and found.reply.stamp == datetime(2026, 10, 1, 10, 11, 13, tzinfo=UTC)


def test_the_receiving_servers_clock_goes_before_the_senders(tmp_path: Path) -> None:
    received = "Received: from a by mx; Thu, 01 Oct 2026 12:00:00 +0000"
    below = "Received: from b by a; Thu, 01 Oct 2026 01:00:00 +0000"
    late = "Date: Fri, 31 Dec 9999 00:00:00 +0000"
    (found,) = judged(tmp_path, mail(received, below, late, ZOE, stamp="99991231T000000Z"))
    assert isinstance(found, Accepted) and found.reply.stamp == datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("order", [1, -1])
def test_an_answer_from_a_clock_ahead_silences_no_later_one(tmp_path: Path, order: int) -> None:
    ahead = mail("Date: Thu, 01 Oct 2026 09:00:00 +0000", ZOE, stamp="20290101T000000Z", partstat="DECLINED")
    later = mail("Date: Thu, 01 Oct 2026 10:30:00 +0000", ZOE, stamp="20261001T103000Z", partstat="ACCEPTED")
    (found,) = judged(tmp_path, *[ahead, later][::order])
    assert isinstance(found, Accepted) and found.reply.answer is Answer.ACCEPTED


def test_where_nothing_says_when_it_came_it_counts_alone_and_is_a_question_beside_another(tmp_path: Path) -> None:
    ahead = mail(ZOE, stamp="20290101T000000Z")
    assert isinstance(judged(tmp_path, ahead)[0], Accepted)
    kinds = [type(each) for each in judged(tmp_path, ahead, mail(DATE, ZOE, partstat="ACCEPTED"))]
    assert kinds == [Accepted, Question]
    (found,) = judged(tmp_path, ahead, heard={UID: NOW - timedelta(days=9)})
    assert isinstance(found, Question)


def test_a_question_older_than_what_the_person_said_since_is_moot(tmp_path: Path) -> None:
    stranger = mail("Date: Thu, 01 Oct 2026 09:00:00 +0000", "From: m@evil.example", stamp="20261001T090000Z")
    (found,) = judged(tmp_path, stranger, mail(DATE, ZOE, partstat="ACCEPTED"))
    assert isinstance(found, Accepted)
    assert judged(tmp_path, stranger, heard={UID: NOW}) == []
