"""Feeds as those who subscribe read them, and what writing them anew does to their files."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Result
from matcher.errors import OutputError
from matcher.publishing.feeds import Feed, Written, feeds, hashes_of, placed, remove_feed, write_feeds
from matcher.publishing.published import Entry, FeedKind
from matcher.wording import one_line
from tests.publishing.telling import NOW, SCRIPTS, events, moved, on_days, organised, spans, told, well_formed, without

LONDON = ZoneInfo("Europe/London")
Key = tuple[FeedKind, str]
V1: Key = (FeedKind.VOLUNTEER, "V1")
A: Key = (FeedKind.SCHOOL, "A")
ALL: Key = (FeedKind.PROGRAMME, "programme")


@pytest.fixture
def term(problem: Problem) -> Problem:
    return organised(problem)


@pytest.fixture
def plan(result: Result) -> Plan:
    return result.plan


def by_key(found: Sequence[Feed]) -> dict[Key, bytes]:
    return {each.key: each.content for each in found}


def head(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("BEGIN:VTIMEZONE")[0].split("\r\n")


# ----------------------------------------------------------------------------------------------------- what is said


def test_everybody_has_a_feed_with_the_events_that_they_were_told(term: Problem, plan: Plan) -> None:
    entries = told(term, plan)
    found = by_key(feeds(term, entries, NOW))
    assert sorted(found) == [
        *(ALL, (FeedKind.SCHOOL, "A"), (FeedKind.SCHOOL, "B"), (FeedKind.SCHOOL, "C")),
        *((FeedKind.VOLUNTEER, "V 3"), (FeedKind.VOLUNTEER, "V1"), (FeedKind.VOLUNTEER, "V4")),
        (FeedKind.VOLUNTEER, "v1"),
    ]
    for (kind, key), content in found.items():
        own = [
            each
            for each in entries
            if (each.attendee.value, each.attendee_id) == (kind.value, key)
            or (kind is FeedKind.PROGRAMME and each.attendee is Attendee.SCHOOL)
        ]
        assert sorted(spans(content)) == sorted((each.uid, in_utc(each.start), in_utc(each.end)) for each in own)
        well_formed(content)


def in_utc(wall_clock: datetime) -> datetime:
    return wall_clock.replace(tzinfo=LONDON).astimezone(UTC)


def test_a_feed_says_its_name_and_how_often_to_look_and_is_no_message(term: Problem, plan: Plan) -> None:
    found = by_key(feeds(term, told(term, plan), NOW))
    for content in found.values():
        text = content.decode()
        assert not re.search(r"^(METHOD|ORGANIZER|ATTENDEE)", text, re.MULTILINE)
        lines = head(content)
        assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H" in lines
        assert "X-PUBLISHED-TTL:PT6H" in lines
        read: Any = icalendar.Calendar.from_ical(content)
        assert read["REFRESH-INTERVAL"].dt == timedelta(hours=6)
        assert read["NAME"] == read["X-WR-CALNAME"]
    name = r"Autumn\, in Derby\; and around: Zoë\, Ünal\; \\New"
    assert {f"NAME:{name}", f"X-WR-CALNAME:{name}"} <= set(head(found[V1]))
    assert r"NAME:Autumn\, in Derby\; and around" in head(found[ALL])


def test_the_programmes_feed_says_which_school(term: Problem, plan: Plan) -> None:
    found = by_key(feeds(term, told(term, plan), NOW))
    assert [event["SUMMARY"] for event in events(found[ALL])] == [
        "Alder Brook Primary: What's My Line? (3 visitors)",
        "Alder Brook Primary: Visit (1 visitor)",
        "学校 مدرسة 🏫: Panel (2 visitors)",
    ]
    assert [event["SUMMARY"] for event in events(found[A])] == ["What's My Line? (3 visitors)", "Visit (1 visitor)"]


def test_a_cancelled_visit_stays_some_weeks_and_says_so(term: Problem, plan: Plan) -> None:
    first = told(term, plan)
    entries = told(term, without(plan, "S2"), first, 2, NOW + timedelta(days=1))
    (was,) = events(by_key(feeds(term, first, NOW))[V1])
    for day, key in ((date(2026, 8, 21), V1), (date(2026, 11, 19), V1), (date(2026, 11, 19), ALL)):
        event = events(by_key(feeds(term, entries, datetime(day.year, day.month, day.day, tzinfo=UTC)))[key])[0]
        assert event["STATUS"] == "CANCELLED"
        assert event["SUMMARY"].startswith("Cancelled: ")
        assert not event.walk("VALARM")
        if key == V1:
            assert (event["UID"], event["SEQUENCE"]) == (was["UID"], 1)
            assert event["SUMMARY"] == f"Cancelled: {was['SUMMARY']}"
            assert event["DTSTART"].dt == was["DTSTART"].dt
    later = by_key(feeds(term, entries, datetime(2026, 11, 21, tzinfo=UTC)))
    assert events(later[V1]) == []
    assert len(events(later[ALL])) == 2


@pytest.mark.parametrize(
    ("first", "second", "hours"),
    [(date(2026, 10, 23), date(2026, 10, 26), [8, 9, 13]), (date(2027, 3, 26), date(2027, 3, 29), [9, 8, 12])],
)
def test_the_hour_is_right_on_both_sides_of_a_change_of_clocks(
    term: Problem, plan: Plan, first: date, second: date, hours: list[int]
) -> None:
    there, then = on_days(term, plan, {"S2": first, "S1": second, "S3": second})
    found = by_key(feeds(there, told(there, then), NOW))
    assert [start.hour for _, start, _ in spans(found[ALL])] == hours


def test_a_feed_tells_its_reader_what_calendars_tell(term: Problem, plan: Plan) -> None:
    for (kind, key), content in by_key(feeds(term, told(term, plan), NOW)).items():
        text = content.replace(b"\r\n ", b"").decode()
        assert "private.invalid" not in text
        assert not re.search(r"\b(woman|man|mixed|gender|ethnic\w*|prefer\w*|score)\b", text, re.IGNORECASE)
        if kind is FeedKind.VOLUNTEER:
            for other in (each for each in term.volunteers.values() if each.volunteer_id != key):
                for private in filter(None, map(one_line, (other.name, other.role, other.employer))):
                    assert private not in text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])  # which nothing changes
@given(
    st.one_of(st.sampled_from(SCRIPTS), st.text(st.characters(codec="utf-8"), max_size=90)),
    st.text(st.sampled_from('aé字😀,;:"\\ \r\n\t\u2028'), max_size=200),
)
def test_any_school_and_title_can_be_read_again(term: Problem, plan: Plan, name: str, title: str) -> None:
    awkward = replace(
        term,
        schools={**term.schools, "A": replace(term.schools["A"], name=name)},
        sessions={**term.sessions, "S2": replace(term.sessions["S2"], title=title, format="")},
    )
    first = told(awkward, plan)
    entries = told(awkward, without(plan, "S1"), first, 2)
    content = by_key(feeds(awkward, entries, NOW))[ALL]
    well_formed(content)
    said = f"{one_line(name)}: " if one_line(name) else ""
    shown = one_line(title)[:1].upper() + one_line(title)[1:] or "Visit"
    wanted = [f"{said}{shown} (3 visitors)", f"Cancelled: {said}Visit (1 visitor)", "学校 مدرسة 🏫: Panel (2 visitors)"]
    assert [str(event["SUMMARY"]) for event in events(content)] == wanted
    assert [each.summary.value for each in vobject.readOne(content.decode()).vevent_list] == wanted


# ------------------------------------------------------------------------------------------------------- the files


def put(
    folder: Path, problem: Problem, entries: Sequence[Entry], hashes: Mapping[Key, str], at: datetime = NOW
) -> tuple[Written, dict[Key, str]]:
    where = placed(folder, feeds(problem, entries, at), hashes)
    return write_feeds(folder, where), hashes_of(where)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.ics")}


def of(folder: Path, hashes: Mapping[Key, str], key: Key) -> Path:
    (found,) = [path for path in folder.glob("*.ics") if hashlib.sha256(path.stem.encode()).hexdigest() == hashes[key]]
    return found


def test_file_names_are_128_random_bits_and_only_hashes_of_them_are_kept(
    term: Problem, plan: Plan, tmp_path: Path
) -> None:
    entries = told(term, plan)
    count, hashes = put(tmp_path / "one", term, entries, {})
    put(tmp_path / "two", term, entries, {})
    assert count == Written(new=8, rewritten=0, unchanged=0)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    assert len(one) == len(two) == 8
    assert not set(one) & set(two)
    assert all(re.fullmatch(r"[0-9a-f]{32}\.ics", name) for name in (*one, *two))
    assert not any(name.removesuffix(".ics") in str(hashes) for name in one)
    assert len(events(of(tmp_path / "one", hashes, V1).read_bytes())) == 1


def test_the_same_again_changes_no_byte_and_touches_no_file(term: Problem, plan: Plan, tmp_path: Path) -> None:
    entries = told(term, plan)
    _, hashes = put(tmp_path, term, entries, {})
    for path in tmp_path.glob("*.ics"):
        os.utime(path, (1, 1))
    was = files(tmp_path)
    again = told(term, plan, entries, 2, NOW + timedelta(days=2))
    assert put(tmp_path, term, again, hashes, NOW + timedelta(days=2)) == (Written(0, 0, 8), hashes)
    assert files(tmp_path) == was
    assert {path.stat().st_mtime for path in tmp_path.glob("*.ics")} == {1}


def test_what_differs_in_its_stamps_alone_is_not_written(term: Problem, plan: Plan, tmp_path: Path) -> None:
    _, hashes = put(tmp_path, term, told(term, plan), {})
    was = files(tmp_path)
    later = told(term, plan, at=NOW + timedelta(days=1))
    assert put(tmp_path, term, later, hashes)[0] == Written(0, 0, 8)
    assert files(tmp_path) == was


def test_a_moved_visit_rewrites_the_files_of_those_it_concerns_under_their_old_names(
    term: Problem, plan: Plan, tmp_path: Path
) -> None:
    entries = told(term, plan)
    _, hashes = put(tmp_path, term, entries, {})
    was = files(tmp_path)
    after = told(term, moved(plan, "S2", timedelta(hours=1)), entries, 2)
    assert put(tmp_path, term, after, hashes) == (Written(new=0, rewritten=5, unchanged=3), hashes)
    assert set(files(tmp_path)) == set(was)
    assert events(of(tmp_path, hashes, V1).read_bytes())[0]["SEQUENCE"] == 1


def test_a_feed_whose_file_is_gone_gets_a_new_name(term: Problem, plan: Plan, tmp_path: Path) -> None:
    entries = told(term, plan)
    _, hashes = put(tmp_path, term, entries, {})
    old = of(tmp_path, hashes, V1)
    old.unlink()
    count, now = put(tmp_path, term, entries, hashes)
    assert count == Written(new=1, rewritten=0, unchanged=7)
    assert of(tmp_path, now, V1).name != old.name
    assert {key for key in now if now[key] != hashes[key]} == {V1}


def test_a_reset_feed_has_another_address_and_the_old_one_is_dead(term: Problem, plan: Plan, tmp_path: Path) -> None:
    entries = told(term, plan)
    _, hashes = put(tmp_path, term, entries, {})
    old = of(tmp_path, hashes, A)
    assert remove_feed(tmp_path, hashes[A])
    assert not remove_feed(tmp_path, hashes[A])
    assert not remove_feed(tmp_path / "nowhere", hashes[A])
    assert not old.exists()
    rest = {key: mark for key, mark in hashes.items() if key != A}
    count, now = put(tmp_path, term, entries, rest)
    assert count == Written(new=1, rewritten=0, unchanged=7)
    assert of(tmp_path, now, A).name != old.name


def test_what_else_is_in_the_folder_stays(term: Problem, plan: Plan, tmp_path: Path) -> None:
    for name in ("index.html", "logo.png", "club.ics", f"{'ab' * 16}.ics"):
        (tmp_path / name).write_text("mine")
    (tmp_path / f"{'cd' * 16}.ics").mkdir()
    put(tmp_path, term, told(term, plan), {})
    for name in ("index.html", "logo.png", "club.ics", f"{'ab' * 16}.ics"):
        assert (tmp_path / name).read_text() == "mine"


def test_a_web_server_has_no_list_of_the_folder_to_show(term: Problem, plan: Plan, tmp_path: Path) -> None:
    put(tmp_path, term, told(term, plan), {})
    assert not re.search("[0-9a-f]{32}", (tmp_path / "index.html").read_text(encoding="utf-8"))


def test_the_links_say_who_has_which_file(term: Problem, plan: Plan, tmp_path: Path) -> None:
    where = placed(tmp_path / "feeds", feeds(term, told(term, plan), NOW), {})
    write_feeds(tmp_path / "feeds", where, tmp_path / "links.csv")
    with (tmp_path / "links.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["kind", "id", "name", "file"]
    assert {(row["kind"], row["id"]): row["file"] for row in rows} == {each.feed.key: each.file for each in where}
    assert {row["name"] for row in rows} >= {"محمد", "Alder Brook Primary", "Autumn, in Derby; and around"}
    assert stat.S_IMODE((tmp_path / "links.csv").stat().st_mode) == 0o600


def test_the_links_are_not_put_where_everybody_can_read_them(term: Problem, plan: Plan, tmp_path: Path) -> None:
    where = placed(tmp_path, feeds(term, told(term, plan), NOW), {})
    with pytest.raises(OutputError, match="outside"):
        write_feeds(tmp_path, where, tmp_path / "deep" / ".." / "links.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_each_file_whole_and_is_made_good_by_the_next(
    term: Problem, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = told(term, plan)
    _, hashes = put(tmp_path, term, entries, {})
    was = files(tmp_path)
    after = told(term, moved(plan, "S2", timedelta(hours=1)), entries, 2)
    done: list[Path] = []
    replace_file = Path.replace

    def full_after_two(self: Path, target: Path) -> Path:
        if len(done) == 2:
            raise OSError(28, "No space left on device", str(self))
        done.append(target)
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", full_after_two)
    with pytest.raises(OutputError, match="No space left"):
        put(tmp_path, term, after, hashes)
    monkeypatch.undo()
    now = files(tmp_path)
    assert set(now) == set(was)
    assert sum(now[name] != was[name] for name in now) == 2
    for content in now.values():
        well_formed(content)
    assert not list(tmp_path.glob(".matcher*"))
    (tmp_path / ".matcher-writing-killed.ics").write_bytes(b"BEGIN")
    assert put(tmp_path, term, after, hashes)[0] == Written(new=0, rewritten=3, unchanged=5)
    assert not list(tmp_path.glob(".matcher*"))


def test_a_folder_that_is_a_file_is_explained(term: Problem, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "feeds").write_text("a file")
    with pytest.raises(OutputError, match="another folder"):
        put(tmp_path / "feeds", term, told(term, plan), {})


def test_who_has_left_the_term_keeps_a_feed_with_what_was_cancelled(term: Problem, plan: Plan, tmp_path: Path) -> None:
    first = told(term, plan)
    _, hashes = put(tmp_path, term, first, {})
    gone = replace(term, volunteers={key: each for key, each in term.volunteers.items() if key != "V1"})
    after = told(gone, without(plan, "S2", "V1"), first, 2)
    _, now = put(tmp_path, gone, after, hashes)
    assert now[V1] == hashes[V1]
    (event,) = events(of(tmp_path, now, V1).read_bytes())
    assert event["STATUS"] == "CANCELLED"


def test_a_full_terms_feeds_hold_each_event_twice_or_once(full_size: tuple[Problem, Result], tmp_path: Path) -> None:
    problem, result = full_size
    entries = told(problem, result.plan)
    found = by_key(feeds(problem, entries, NOW))
    uids = [str(event["UID"]) for key, content in found.items() if key != ALL for event in events(content)]
    assert sorted(uids) == sorted(each.uid for each in entries)
    assert put(tmp_path, problem, entries, {})[0].new == len(problem.volunteers) + len(problem.schools) + 1
