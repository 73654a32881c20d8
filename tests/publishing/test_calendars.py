"""Calendars read back by two programs that are not ours."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Result, Session
from matcher.publishing.calendars import Text, calendar_files, event_uid
from matcher.publishing.sentences import cohort_name, session_name
from matcher.wording import one_line

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def files(problem: Problem, result: Result, stamp: datetime) -> dict[str, bytes]:
    return calendar_files(problem, result.plan, stamp)


def events(content: bytes) -> list[Any]:
    calendar = icalendar.Calendar.from_ical(content)
    assert isinstance(calendar, icalendar.Calendar)
    return list(calendar.walk("VEVENT"))


def under_another_name(content: bytes) -> str:
    """The zone renamed to one that nobody knows, so that a reader has only the file to go by."""
    return content.decode().replace("Europe/London", "Nowhere/Land")


def test_whoever_has_a_session_has_a_calendar(files: dict[str, bytes]) -> None:
    assert sorted(files) == [
        "calendars/schools/A.ics",
        "calendars/schools/B.ics",
        "calendars/volunteers/V1.ics",
        "calendars/volunteers/V_3.ics",
        "calendars/volunteers/v1-2.ics",
    ]
    assert [len(events(files[name])) for name in sorted(files)] == [2, 1, 1, 2, 3]


def test_a_reader_that_has_only_the_file_gets_the_right_hour_on_both_sides_of_the_change(
    files: dict[str, bytes],
) -> None:
    content = under_another_name(files["calendars/schools/A.ics"])
    want = [datetime(2026, 10, 23, 8, 30, tzinfo=UTC), datetime(2026, 10, 26, 9, 30, tzinfo=UTC)]

    by_vobject = vobject.readOne(content)
    assert [event.dtstart.value.astimezone(UTC) for event in by_vobject.vevent_list] == want
    by_icalendar: Any = icalendar.Calendar.from_ical(content)
    zone = by_icalendar.walk("VTIMEZONE")[0].to_tz(lookup_tzid=False)
    starts = [event["DTSTART"].dt.replace(tzinfo=zone) for event in by_icalendar.walk("VEVENT")]
    assert [start.astimezone(UTC) for start in starts] == want


def test_both_readers_agree_with_the_plan(files: dict[str, bytes], result: Result) -> None:
    planned = sorted(
        (visit.slot.start.replace(tzinfo=LONDON).astimezone(UTC), visit.slot.end.replace(tzinfo=LONDON).astimezone(UTC))
        for visit in result.plan.visits.values()
        if "v1" in visit.team
    )
    content = files["calendars/volunteers/v1-2.ics"]
    by_icalendar = [(e["DTSTART"].dt.astimezone(UTC), e["DTEND"].dt.astimezone(UTC)) for e in events(content)]
    by_vobject = [
        (e.dtstart.value.astimezone(UTC), e.dtend.value.astimezone(UTC))
        for e in vobject.readOne(content.decode()).vevent_list
    ]
    assert by_icalendar == by_vobject == planned


def test_the_form_is_rfc_5545(files: dict[str, bytes]) -> None:
    for content in files.values():
        assert content.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
        assert content.endswith(b"END:VCALENDAR\r\n")
        assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
        for line in content.split(b"\r\n"):
            assert len(line) <= 75
            line.decode()  # no character is cut in two
            assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        unfolded = content.replace(b"\r\n ", b"").decode().split("\r\n")
        assert not [line for line in unfolded if line.startswith(("METHOD", "ORGANIZER", "ATTENDEE"))]
        assert unfolded.count("BEGIN:VTIMEZONE") == 1
        count = unfolded.count("BEGIN:VEVENT")
        assert unfolded.count("END:VEVENT") == unfolded.count("SEQUENCE:0") == count
        assert unfolded.count("DTSTAMP:20260820T091230Z") == count
        assert len({line for line in unfolded if line.startswith("UID:")}) == count
        assert len([line for line in unfolded if line.startswith("DTSTART;TZID=Europe/London:")]) == count
        vobject.readOne(content.decode()).validate()


def test_what_a_volunteer_reads(files: dict[str, bytes]) -> None:
    (event,) = events(files["calendars/volunteers/V1.ics"])
    assert event["SUMMARY"] == "What's My Line? at Alder Brook Primary"
    assert event["LOCATION"] == "Alder Brook Primary, 1 High Street, Derby; by the river, DE1 1AA"
    assert event["GEO"].to_ical() == "52.92;-1.47"
    assert event["DESCRIPTION"].split("\n") == [
        "Thank you for giving your time.",
        "",
        "Please arrive by 09:15. The session runs from 09:30 to 10:30.",
        "Ask for: Zoë O'Hara (office@alder.invalid)",
        "Format: carousel",
        "Pupils: Kestrels (Year 5, 28 pupils) and Year 6 (1 pupil)",
        "Team: 1 to 4 visitors",
        "Organised by: Autumn, in Derby; and around",
    ]


def test_an_online_session_has_no_place_and_no_arrival(files: dict[str, bytes]) -> None:
    event = next(e for e in events(files["calendars/volunteers/v1-2.ics"]) if e["LOCATION"] == "Online")
    assert "GEO" not in event
    assert "rrive" not in event["DESCRIPTION"]
    assert "Online with 学校 مدرسة 🏫, 13:00 to 14:00." in event["DESCRIPTION"]


def test_a_volunteer_reads_what_to_bring(problem: Problem, result: Result, stamp: datetime) -> None:
    programme = replace(problem.programme, what_to_bring="photo ID,\nand a smile")
    sessions = {**problem.sessions, "S1": replace(problem.sessions["S1"], what_to_bring="a hard hat")}
    files = calendar_files(replace(problem, programme=programme, sessions=sessions), result.plan, stamp)
    bring = [
        next(line for line in event["DESCRIPTION"].split("\n") if line.startswith("Please bring: "))
        for event in events(files["calendars/volunteers/v1-2.ics"])
    ]
    assert bring == [
        *("Please bring: photo ID, and a smile", "Please bring: a hard hat", "Please bring: photo ID, and a smile")
    ]
    assert b"Please bring" not in files["calendars/schools/A.ics"]


def test_everybody_is_reminded_the_day_before(files: dict[str, bytes]) -> None:
    for content in files.values():
        for event in events(content):
            (alarm,) = event.walk("VALARM")
            assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(days=-1))
            assert alarm["DESCRIPTION"] == f"Tomorrow: {event['SUMMARY']}"
        for event in vobject.readOne(content.decode()).vevent_list:
            assert event.valarm.trigger.value == timedelta(days=-1)


def test_what_a_school_reads(files: dict[str, bytes]) -> None:
    first, second = events(files["calendars/schools/A.ics"])
    assert first["SUMMARY"] == "What's My Line? (3 visitors)"
    assert "- Zoë, Ünal; \\New, train driver, Rolls & Sons\n- محمد\n" in first["DESCRIPTION"]
    assert "Expect your visitors by 09:15." in first["DESCRIPTION"]
    assert second["SUMMARY"] == "Visit (1 visitor)"


def test_nobody_learns_what_is_none_of_their_business(files: dict[str, bytes], problem: Problem) -> None:
    for name, content in files.items():
        text = content.replace(b"\r\n ", b"").decode()
        assert "private.invalid" not in text
        assert not re.search(r"\b(woman|man|mixed|gender|ethnic\w*|prefer\w*|score)\b", text, re.IGNORECASE)
        if "volunteers" in name:
            own = {"V1": "V1", "V_3": "V 3", "v1-2": "v1"}[name.split("/")[-1].removesuffix(".ics")]
            for other in problem.volunteers.values():
                if other.volunteer_id != own:
                    for private in filter(None, (other.name, other.email, other.role, other.employer)):
                        assert Text(one_line(private)).to_ical().decode() not in text


@pytest.mark.parametrize(
    "nasty", ["END:VEVENT", "a\r\nEND:VEVENT\r\nBEGIN:VEVENT", "\\N \\n \\, C:\\New", ";,:\"'=", "👩‍🚀" * 40, "م" * 90]
)
def test_any_name_comes_back_as_it_was_typed(problem: Problem, result: Result, stamp: datetime, nasty: str) -> None:
    schools = {**problem.schools, "A": replace(problem.schools["A"], name=nasty)}
    people = {**problem.volunteers, "V1": replace(problem.volunteers["V1"], name=nasty)}
    awkward = replace(problem, schools=schools, volunteers=people)
    files = calendar_files(awkward, result.plan, stamp)
    (read,) = vobject.readOne(files["calendars/volunteers/V1.ics"].decode()).vevent_list
    assert read.summary.value == f"What's My Line? at {one_line(nasty)}"
    read = vobject.readOne(files["calendars/schools/A.ics"].decode()).vevent_list[0]
    assert f"- {one_line(nasty)}, train driver" in read.description.value


def test_a_uid_depends_on_the_programme_the_session_and_the_attendee_alone(
    problem: Problem, result: Result, files: dict[str, bytes]
) -> None:
    visits = {key: replace(visit, team=("V1",)) for key, visit in result.plan.visits.items()}
    moved = calendar_files(problem, Plan(visits), datetime(2027, 1, 1, tzinfo=UTC))
    before, after = (
        next(e["UID"] for e in events(each["calendars/volunteers/V1.ics"]) if "Line" in e["SUMMARY"])
        for each in (files, moved)
    )
    assert before == after == event_uid(problem.programme.name, "S2", Attendee.VOLUNTEER, "V1")
    keys = [("P", "S", Attendee.SCHOOL, "A"), ("P", "S", Attendee.VOLUNTEER, "A"), ("PS", "", Attendee.SCHOOL, "A")]
    assert len({event_uid(*key) for key in keys}) == 3


def test_the_uid_is_pinned() -> None:
    """Changing how it is made would double every appointment in people's calendars."""
    assert event_uid("P", "S", Attendee.VOLUNTEER, "V") == "cbc99aafd0a887645879e6aee844291a@matcher.invalid"


def test_names_fall_back_to_what_there_is(problem: Problem) -> None:
    cohorts = problem.cohorts
    assert [cohort_name(cohorts[each], with_pupils=True) for each in ("A-5", "A-6", "B-R", "C-1")] == [
        "Kestrels (Year 5, 28 pupils)",
        "Year 6 (1 pupil)",
        "Year R",
        "C-1",
    ]
    plain = Session("S", "A", ("A-5",), 1, 1, ())
    assert [
        session_name(replace(plain, title="Hello", format="talk")),
        session_name(replace(plain, format="talk")),
        session_name(plain),
    ] == ["Hello", "Talk", "Visit"]
