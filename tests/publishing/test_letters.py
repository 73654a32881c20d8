"""Mails as their readers get them: opened by Python's email, their calendars by icalendar and vobject."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Programme, Result
from matcher.errors import LetterError
from matcher.publishing.letters import NO_CHECK, letters, sender_of, untold
from matcher.publishing.published import Answer, Letter
from matcher.publishing.sentences import session_name
from matcher.wording import one_line
from tests.publishing.telling import (
    NOW,
    SCRIPTS,
    calendar_of,
    events,
    everything_in,
    on_days,
    opened,
    organised,
    part,
    post,
    spans,
    text_of,
    to,
    told,
    well_formed,
    without,
)
from tests.publishing.telling import moved as moved_by

LONDON = ZoneInfo("Europe/London")
DEMOGRAPHICS = re.compile(r"\b(woman|man|mixed|gender|ethnic\w*|prefer\w*|score)\b", re.IGNORECASE)


@pytest.fixture
def term(problem: Problem) -> Problem:
    return organised(problem, what_to_bring="photo ID")


@pytest.fixture
def plan(result: Result) -> Plan:
    return result.plan


# ------------------------------------------------------------------------------------------------ who hears what


def test_a_first_version_invites_each_volunteer_to_each_visit_and_gives_each_school_its_list(
    term: Problem, plan: Plan
) -> None:
    _, sent = post(term, plan)
    assert sorted((each.attendee.value, each.attendee_id) for each in sent) == [
        *(("school", "A"), ("school", "B")),
        *(("volunteer", "V 3"), ("volunteer", "V 3"), ("volunteer", "V1")),
        *(("volunteer", "v1"), ("volunteer", "v1"), ("volunteer", "v1")),
    ]
    assert {opened(each)["To"].addresses[0].addr_spec for each in sent} == {each.recipient for each in sent}
    assert len({each.message_id for each in sent}) == len(sent)


def test_the_same_plan_again_writes_to_nobody(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    after, sent = post(term, plan, before, 2, NOW + timedelta(days=1))
    assert (after, sent) == (before, ())


def test_a_moved_visit_writes_to_its_team_and_its_school_alone(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    _, sent = post(term, moved_by(plan, "S2", timedelta(hours=1)), before, 2)
    assert sorted(each.attendee_id for each in sent) == ["A", "V 3", "V1", "v1"]


def test_nobody_is_written_to_about_what_is_over(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    longer = replace(term, programme=replace(term.programme, what_to_bring="a hat"))
    _, sent = post(longer, plan, before, 2, datetime(2026, 10, 24, tzinfo=UTC))
    assert sorted(each.attendee_id for each in sent) == ["V 3", "v1", "v1"]
    assert not [each for each in sent if "23 October" in text_of(each)]


@pytest.mark.parametrize(
    "address",
    [
        *("", " ", "nobody", "a@b", "a b@x.org", "a@x.org, b@x.org", "a@x.org;b@x.org", "Zoë <zoe@x.org>", "@x.org"),
        *("zoë@x.org", "a..b@x.org", ".a@x.org", "a@x..org", "a@-x.org", "a@x.org\r\nBcc: b@x.org", "a@@x.org"),
        *("a@x.org\x00", f"{'a' * 65}@x.org", f"a@{'x' * 64}.org", f"a@{'x.' * 130}org", '"a b"@x.org', "a@[1.2.3.4]"),
    ],
)
def test_an_address_that_cannot_be_gets_no_letter_and_a_reason(term: Problem, plan: Plan, address: str) -> None:
    people = {**term.volunteers, "V1": replace(term.volunteers["V1"], email=address)}
    schools = {**term.schools, "B": replace(term.schools["B"], contact_email=address)}
    odd = replace(term, volunteers=people, schools=schools)
    after, sent = post(odd, plan)
    assert {each.attendee_id for each in sent} == {"A", "v1", "V 3"}
    alone = untold(odd, (), after, NOW)
    assert sorted((each.attendee.value, each.attendee_id) for each in alone) == [("school", "B"), ("volunteer", "V1")]
    assert all(each.why and "\n" not in each.why for each in alone)


def test_an_address_at_a_place_beyond_ascii_is_written_as_servers_want_it(term: Problem, plan: Plan) -> None:
    people = {**term.volunteers, "V1": replace(term.volunteers["V1"], email=" zoe@bücher.example ")}
    after, sent = post(replace(term, volunteers=people), plan)
    (letter,) = to(sent, "V1")
    assert letter.recipient == opened(letter)["To"].addresses[0].addr_spec == "zoe@xn--bcher-kva.example"
    assert untold(replace(term, volunteers=people), (), after, NOW) == ()


def test_who_has_left_the_term_is_among_those_to_be_told(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    gone = replace(term, volunteers={key: each for key, each in term.volunteers.items() if key != "V1"})
    after, sent = post(gone, without(plan, "S2", "V1"), before, 2)
    assert not to(sent, "V1")
    assert [(each.attendee_id, each.why) for each in untold(gone, before, after, NOW)] == [("V1", "no e-mail address")]


@pytest.mark.parametrize("keys", [{}, {"organiser_email": "hub"}, {"organiser_email": "a@x.org", "reply_to": "b"}])
def test_without_an_organisers_address_there_are_no_letters(keys: dict[str, Any]) -> None:
    plain = Programme("Autumn", date(2026, 9, 7), date(2026, 12, 18))
    with pytest.raises(LetterError, match="organiser_email"):
        sender_of(replace(plain, **keys))


# -------------------------------------------------------------------------------------------------- the messages


def test_an_invitation_is_built_as_imip_wants_it(term: Problem, plan: Plan) -> None:
    after, sent = post(term, plan)
    (letter,) = to(sent, "V1")
    (entry,) = [each for each in after if each.attendee_id == "V1"]
    mail = opened(letter)
    assert [each.get_content_type() for each in mail.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics")
    ]
    inline, attached = part(mail, "text/calendar"), part(mail, "application/ics")
    assert inline.get_param("method") == attached.get_param("method") == "REQUEST"
    assert (inline.get_content_charset(), inline["Content-Transfer-Encoding"]) == ("utf-8", "base64")
    assert (attached.get_filename(), attached.get_content_disposition()) == ("invite.ics", "attachment")
    content = calendar_of(letter)
    assert inline.get_payload(decode=True) == content
    well_formed(content)
    text = content.replace(b"\r\n ", b"").decode()
    assert text.count("BEGIN:VEVENT") == text.count("\r\nMETHOD:REQUEST\r\n") == 1
    (event,) = events(content)
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (entry.uid, 0, "CONFIRMED")
    assert event["DTSTAMP"].dt == NOW
    assert str(event["ORGANIZER"]) == "mailto:visits@hub.invalid"
    assert event["ORGANIZER"].params["CN"] == "Zoë at the Hub"
    attendee: Any = event["ATTENDEE"]
    assert str(attendee) == "mailto:zoe@private.invalid"
    assert dict(attendee.params) == {
        "CN": "Zoë, Ünal; /New",
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }
    (alarm,) = event.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(days=-1))
    read = vobject.readOne(content.decode()).vevent
    assert read.attendee.value == "mailto:zoe@private.invalid"
    assert read.attendee.params["CN"] == ["Zoë, Ünal; /New"]


def test_what_an_invitation_says(term: Problem, plan: Plan) -> None:
    (letter,) = to(post(term, plan)[1], "V1")
    assert letter.subject == "Invitation: What's My Line? at Alder Brook Primary, Friday 23 October 2026, 09:30"
    assert opened(letter)["Subject"] == letter.subject
    assert opened(letter)["Auto-Submitted"] == "auto-generated"
    assert opened(letter)["Date"].datetime == NOW
    assert text_of(letter).replace("\r\n", "\n") == (
        """Hello Zoë, Ünal; \\New,

thank you for giving your time. Pupils are looking forward to meeting you.

What's My Line?
Friday 23 October 2026, 09:30 to 10:30 (please arrive by 09:15)
Alder Brook Primary, 1 High Street, Derby; by the river, DE1 1AA
Map: https://www.openstreetmap.org/?mlat=52.92000&mlon=-1.47000#map=17/52.92000/-1.47000

Ask for: Zoë O'Hara (office@alder.invalid)
Please bring: photo ID
Format: carousel
Pupils: Kestrels (Year 5, 28 pupils) and Year 6 (1 pupil)
Team: you and 2 other volunteers

Please say yes or no with the buttons that your mail program shows, or write back
to this mail. The attached invite.ics puts the appointment into your calendar.

With warm wishes
Zoë at the Hub
Autumn, in Derby; and around
"""
    )
    html = part(opened(letter), "text/html").get_content()
    for fact in ("Friday 23 October 2026, 09:30 to 10:30", "09:15", "Derby; by the river", "photo ID", "carousel"):
        assert fact in html


def test_an_online_visit_has_neither_arrival_nor_map(term: Problem, plan: Plan) -> None:
    text = next(text_of(each) for each in to(post(term, plan)[1], "v1") if "Panel" in each.subject)
    assert "Online with 学校 مدرسة 🏫" in text
    assert "arrive" not in text
    assert "Map:" not in text


def test_a_move_says_what_it_was_and_asks_again(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    said_yes = [replace(each, answer=Answer.ACCEPTED) for each in before]
    after, sent = post(term, moved_by(plan, "S2", timedelta(hours=1)), said_yes, 2, NOW + timedelta(days=3))
    (letter,) = to(sent, "V1")
    assert letter.subject.startswith("Moved: What's My Line?")
    was = "Time: Friday 23 October 2026, 10:30 to 11:30 (was Friday 23 October 2026, 09:30 to 10:30)"
    assert was in text_of(letter)
    (event,) = events(calendar_of(letter))
    assert (event["SEQUENCE"], event["ATTENDEE"].params["PARTSTAT"]) == (1, "NEEDS-ACTION")
    assert event["UID"] == next(each.uid for each in before if each.attendee_id == "V1")
    assert event["DTSTAMP"].dt == NOW + timedelta(days=3)
    assert {each.uid for each in after} == {each.uid for each in before}


def test_another_detail_is_told_and_the_answer_kept(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    said_yes = [replace(each, answer=Answer.ACCEPTED) for each in before]
    school = replace(term.schools["A"], contact_name="Mr Đặng")
    sessions = {**term.sessions, "S2": replace(term.sessions["S2"], what_to_bring="a tool")}
    newer = replace(term, schools={**term.schools, "A": school}, sessions=sessions)
    (letter,) = to(post(newer, plan, said_yes, 2)[1], "V1")
    assert letter.subject.startswith("Updated: ")
    text = text_of(letter)
    assert "What is new:\r\n- Ask for: Mr Đặng (office@alder.invalid)\r\n- Please bring: a tool\r\n\r\n" in text
    (event,) = events(calendar_of(letter))
    assert (event["SEQUENCE"], event["ATTENDEE"].params["PARTSTAT"]) == (0, "ACCEPTED")


def test_taken_away_and_asked_again(term: Problem, plan: Plan) -> None:
    first, _ = post(term, plan)
    second, sent = post(term, without(plan, "S2", "V1"), first, 2, NOW + timedelta(days=1))
    (cancel,) = to(sent, "V1")
    mail = opened(cancel)
    assert cancel.subject == ("Cancelled: What's My Line? at Alder Brook Primary, Friday 23 October 2026, 09:30")
    assert {each.get_param("method") for each in mail.walk() if each.get_param("method")} == {"CANCEL"}
    content = calendar_of(cancel)
    well_formed(content)
    (event,) = events(content)
    assert (event["STATUS"], event["SEQUENCE"], len(event.walk("VALARM"))) == ("CANCELLED", 1, 0)
    assert str(event["ATTENDEE"]) == "mailto:zoe@private.invalid"
    assert str(event["ORGANIZER"]) == "mailto:visits@hub.invalid"
    assert b"\r\nMETHOD:CANCEL\r\n" in content
    assert "please do not set out" in text_of(cancel)

    _, again = post(term, plan, second, 3, NOW + timedelta(days=2))
    (letter,) = to(again, "V1")
    (back,) = events(calendar_of(letter))
    assert (back["UID"], back["STATUS"], back["SEQUENCE"]) == (event["UID"], "CONFIRMED", 2)
    assert "come after all" in text_of(letter)


def test_a_visit_that_the_term_has_forgotten_is_cancelled_in_the_words_that_were_told(
    term: Problem, plan: Plan
) -> None:
    before, _ = post(term, plan)
    rest = replace(term, sessions={key: each for key, each in term.sessions.items() if key != "S2"})
    _, sent = post(rest, without(plan, "S2"), before, 2)
    assert {each.attendee_id for each in sent} == {"V1", "v1", "V 3", "A"}
    (letter,) = to(sent, "V1")
    assert "Alder Brook Primary, 1 High Street, Derby; by the river, DE1 1AA" in text_of(letter)
    (school,) = to(sent, "A", Attendee.SCHOOL)
    assert "Friday 23 October 2026, 09:30 to 10:30: What's My Line? [cancelled]" in text_of(school)


@pytest.mark.parametrize(
    ("first", "second", "utc_hours"),
    [
        (date(2026, 10, 23), date(2026, 10, 26), (8, 9)),  # summer time ends on the 25th
        (date(2027, 3, 26), date(2027, 3, 29), (9, 8)),  # and begins on the 28th
    ],
)
def test_the_hour_is_right_on_both_sides_of_a_change_of_clocks(
    term: Problem, plan: Plan, first: date, second: date, utc_hours: tuple[int, int]
) -> None:
    there, then = on_days(term, plan, {"S2": first, "S1": second, "S3": second})
    after, sent = post(there, then)
    wanted = {
        each.uid: (each.start.replace(tzinfo=LONDON).astimezone(UTC), each.end.replace(tzinfo=LONDON).astimezone(UTC))
        for each in after
        if each.attendee is Attendee.VOLUNTEER
    }
    mails = [each for each in sent if each.attendee is Attendee.VOLUNTEER]
    found = {uid: (start, end) for each in mails for uid, start, end in spans(calendar_of(each))}
    assert found == wanted
    assert {start.hour for day in (first, second) for start, _ in found.values() if start.date() == day} >= set(
        utc_hours
    )
    for each in mails:
        assert "09:30" in each.subject or "13:00" in each.subject


def test_a_letter_written_again_is_the_same_to_the_last_byte(term: Problem, plan: Plan) -> None:
    assert post(term, plan) == post(term, plan)


def test_another_version_has_other_message_ids(term: Problem, plan: Plan) -> None:
    first = {each.message_id for each in post(term, plan, version=1)[1]}
    second = {each.message_id for each in post(term, plan, version=2)[1]}
    assert not first & second
    assert all(re.fullmatch(r"<[0-9a-f]{32}@hub\.invalid>", each) for each in first | second)


def test_written_answers_go_where_the_programme_says(term: Problem, plan: Plan) -> None:
    programme = replace(term.programme, reply_to="answers@hub.invalid")
    (letter,) = to(post(replace(term, programme=programme), plan)[1], "V1")
    assert opened(letter)["Reply-To"].addresses[0].addr_spec == "answers@hub.invalid"
    assert opened(letter)["From"].addresses[0].addr_spec == "visits@hub.invalid"


# ------------------------------------------------------------------------------------------------ any text at all

anything = st.one_of(
    st.sampled_from(SCRIPTS),
    st.text(st.characters(codec="utf-8"), max_size=80),
    st.text(st.sampled_from("aé字😀,;:\"'<>()@\\\r\n=?_ .\u2028\u202e\t"), max_size=200),
)


def on_the_wire(letter: Letter) -> None:
    """Fit for any mail server: ASCII, CRLF, lines of no more than 998 bytes."""
    assert letter.content.isascii()
    assert b"\n" not in letter.content.replace(b"\r\n", b"") and b"\r" not in letter.content.replace(b"\r\n", b"")
    assert b"\x00" not in letter.content
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998


def header(letter: Letter, name: str) -> str:
    """Decoded by the older of Python's two readers: the newer puts spaces between the pieces of a long name."""
    raw = email.message_from_bytes(letter.content)[name]
    return re.sub(r"\r\n ", " ", str(make_header(decode_header(raw))))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])  # which nothing changes
@given(name=anything, title=anything, address=anything, organiser=anything)
def test_any_name_title_and_address_arrive_and_add_no_header(
    term: Problem, plan: Plan, name: str, title: str, address: str, organiser: str
) -> None:
    problem = replace(
        term,
        programme=replace(term.programme, organiser_name=organiser),
        schools={**term.schools, "A": replace(term.schools["A"], address=address, contact_name=name)},
        sessions={**term.sessions, "S2": replace(term.sessions["S2"], title=title)},
        volunteers={**term.volunteers, "V1": replace(term.volunteers["V1"], name=name)},
    )
    after, sent = post(problem, plan)
    headers = ["From", "Date", "Auto-Submitted", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"]
    for letter in sent:
        on_the_wire(letter)
        mail = opened(letter)
        assert mail.keys() == headers
        assert [each.addr_spec for each in mail["To"].addresses] == [letter.recipient]
        assert [each.addr_spec for each in mail["From"].addresses] == ["visits@hub.invalid"]
        assert header(letter, "Subject") == letter.subject
    (letter,) = to(sent, "V1")
    assert header(letter, "To") == f"{one_line(name)} <{letter.recipient}>".lstrip() or not one_line(name)
    content = calendar_of(letter)
    well_formed(content)
    (event,) = events(content)
    (entry,) = [each for each in after if each.attendee_id == "V1"]
    assert (event["UID"], event["SEQUENCE"]) == (entry.uid, 0)
    assert event["ATTENDEE"].params.get("CN", "") == one_line(name).replace('"', "'").replace("\\", "/")
    assert [each[0] for each in spans(content)] == [entry.uid]
    assert event["SUMMARY"] == f"{session_name(problem.sessions['S2'])} at Alder Brook Primary"
    assert session_name(problem.sessions["S2"]) in text_of(letter)


# ------------------------------------------------------------------------------------------- what nobody may learn


def test_a_volunteer_learns_nothing_of_the_others_and_nobody_a_demographic(term: Problem, plan: Plan) -> None:
    first, sent = post(term, plan)
    _, more = post(term, moved_by(without(plan, "S2", "v1"), "S1", timedelta(hours=1)), first, 2)
    for letter in (*sent, *more):
        text = everything_in(letter)
        assert not DEMOGRAPHICS.search(re.sub(r"multipart/mixed", "", text))
        for other in term.volunteers.values():
            if other.volunteer_id == letter.attendee_id and letter.attendee is Attendee.VOLUNTEER:
                continue
            assert other.email not in text
            if letter.attendee is Attendee.VOLUNTEER:
                for private in filter(None, map(one_line, (other.name, other.role, other.employer))):
                    assert private not in text


def checked(term: Problem, volunteer_id: str, until: date) -> Problem:
    person = replace(term.volunteers[volunteer_id], checked_until=until)
    return replace(term, volunteers={**term.volunteers, volunteer_id: person})


def test_a_school_learns_who_is_coming(term: Problem, plan: Plan) -> None:
    term = checked(checked(term, "v1", date(2026, 10, 26)), "V1", date(2026, 10, 22))
    (letter,) = to(post(term, plan)[1], "A", Attendee.SCHOOL)
    assert letter.recipient == "office@alder.invalid"
    assert letter.subject == "Who is coming to Alder Brook Primary"
    assert [each.get_content_type() for each in opened(letter).walk()] == [
        *("multipart/alternative", "text/plain", "text/html")
    ]
    text = text_of(letter).replace("\r\n", "\n")
    assert text.startswith("Hello Zoë O'Hara,\n\npeople from the world of work are looking forward")
    assert (
        "Friday 23 October 2026, 09:30 to 10:30: What's My Line?\n"
        f"- {one_line(term.volunteers['V 3'].name)}, 陈氏公司 👩‍🚀 {NO_CHECK}\n"
        f"- Zoë, Ünal; \\New, train driver, Rolls & Sons {NO_CHECK}\n- محمد\nExpect your visitors by 09:15.\n"
        "Pupils: Kestrels (Year 5, 28 pupils) and Year 6 (1 pupil)\n\n"
        "Monday 26 October 2026, 09:30 to 10:30: Visit\n- محمد\n"
    ) in text


def test_a_school_learns_what_changed(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    changed = moved_by(without(plan, "S2", "v1"), "S1", timedelta(hours=1))
    (letter,) = to(post(term, changed, before, 2)[1], "A", Attendee.SCHOOL)
    assert letter.subject == "Changed: who is coming to Alder Brook Primary"
    text = text_of(letter).replace("\r\n", "\n")
    assert "09:30 to 10:30: What's My Line? [changed]\n* No longer coming: محمد\n- " in text
    assert (
        "Monday 26 October 2026, 10:30 to 11:30: Visit [moved]\n"
        f"* Time: Monday 26 October 2026, 10:30 to 11:30 (was Monday 26 October 2026, 09:30 to 10:30)\n"
        f"- محمد {NO_CHECK}\n"
    ) in text
    html = part(opened(letter), "text/html").get_content()
    assert "No longer coming: محمد" in html


def test_who_is_without_a_check_stands_in_that_schools_list_and_nowhere_else(term: Problem, plan: Plan) -> None:
    entries, sent = post(checked(term, "v1", date(2027, 7, 31)), plan)
    assert not any("safeguarding" in entry.body for entry in entries)
    for letter in sent:
        names = [line for line in text_of(letter).splitlines() if "no safeguarding check" in line]
        assert bool(names) == (letter.attendee is Attendee.SCHOOL), letter.attendee_id
        assert not any("محمد" in line for line in names)
        if names:
            assert "no safeguarding check" in part(opened(letter), "text/html").get_content()


def test_a_check_that_comes_or_goes_is_no_reason_to_write(term: Problem, plan: Plan) -> None:
    entries, _ = post(term, plan)
    after, sent = post(checked(term, "v1", date(2027, 7, 31)), plan, entries, 2)
    assert not sent
    assert after == entries


def test_a_school_without_a_visit_left_is_told_so(term: Problem, plan: Plan) -> None:
    before, _ = post(term, plan)
    (letter,) = to(post(term, without(plan, "S3"), before, 2)[1], "B", Attendee.SCHOOL)
    text = text_of(letter)
    assert "Monday 26 October 2026, 13:00 to 14:00: Panel [cancelled]" in text
    assert "No visit is planned at the moment." in text


def test_a_full_term_has_a_letter_for_each_part_and_each_school(full_size: tuple[Problem, Result]) -> None:
    problem, result = organised(full_size[0]), full_size[1]
    after = told(problem, result.plan)
    sent = letters(problem, result.plan, (), after, 1, sender_of(problem.programme), NOW, workspace_id="w")
    schools = {each.attendee_id for each in after if each.attendee is Attendee.SCHOOL}
    assert len(sent) == sum(each.attendee is Attendee.VOLUNTEER for each in after) + len(schools)
    assert len({each.message_id for each in sent}) == len(sent)
    for letter in sent:
        on_the_wire(letter)
