"""The VTIMEZONE that goes into a file, read without its name, against the tz database."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from matcher.publishing.zones import observances, vtimezone

BY_RULE = (
    "Europe/London",
    "Europe/Dublin",  # the tz database's summer is its standard time
    "Europe/Berlin",
    "Europe/Athens",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Asia/Beirut",
)
FIXED = (
    "UTC",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Africa/Nairobi",
    "America/Sao_Paulo",
    "America/Phoenix",
)
ONE_BY_ONE = (
    "Africa/Casablanca",  # follows the moon
    "Asia/Gaza",
    "America/Santiago",  # the first Sunday after the first Saturday
    "America/Nuuk",  # the Saturday before the last Sunday
    "Asia/Jerusalem",
    "Africa/Cairo",
)


def embedded(zone_id: str, first_year: int, last_year: int, name: str = "Embedded/Only") -> tzical:
    """A reader's zone made from the text alone: under its made-up name nobody could have looked it up."""
    text = vtimezone(zone_id, first_year, last_year).to_ical().decode()
    calendar = f"BEGIN:VCALENDAR\r\n{text.replace(f'TZID:{zone_id}', f'TZID:{name}')}END:VCALENDAR\r\n"
    return tzical(io.StringIO(calendar)).get(name)


@pytest.mark.parametrize("zone_id", [*BY_RULE, *FIXED, *ONE_BY_ONE])
@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [(datetime(2026, 9, 1), datetime(2026, 12, 24), 1), (datetime(2026, 1, 1), datetime(2028, 1, 1), 11)],
)
def test_the_offset_is_the_zones_hour_by_hour(zone_id: str, start: datetime, end: datetime, hours: int) -> None:
    zone, read = ZoneInfo(zone_id), embedded(zone_id, start.year, end.year)
    for n in range((end - start) // timedelta(hours=hours)):
        local = start + n * timedelta(hours=hours)
        expected = local.replace(tzinfo=zone)
        if expected.utcoffset() != expected.replace(fold=1).utcoffset():
            continue  # skipped or repeated by the clock change: not a time that a session can have
        assert local.replace(tzinfo=read).utcoffset() == expected.utcoffset(), local


@pytest.mark.parametrize("zone_id", BY_RULE)
def test_two_rules_say_it_where_rules_can(zone_id: str) -> None:
    parts = observances(ZoneInfo(zone_id), 2026, 2026)
    assert len(parts) == 2
    assert all(part.rule.startswith("FREQ=YEARLY;BYMONTH=") for part in parts)


@pytest.mark.parametrize("zone_id", BY_RULE)
def test_a_rule_holds_for_years_to_come(zone_id: str) -> None:
    zone, read = ZoneInfo(zone_id), embedded(zone_id, 2026, 2026)
    for n in range(365 * 3):
        noon = datetime(2027, 1, 1, 12) + timedelta(days=3 * n)
        assert noon.replace(tzinfo=read).utcoffset() == noon.replace(tzinfo=zone).utcoffset(), noon


@pytest.mark.parametrize("zone_id", FIXED)
def test_one_standard_for_a_zone_that_never_changes(zone_id: str) -> None:
    (only,) = observances(ZoneInfo(zone_id), 2026, 2026)
    assert only.lines()[0] == "BEGIN:STANDARD"
    assert not only.rule


@pytest.mark.parametrize("zone_id", ONE_BY_ONE)
def test_each_change_by_itself_where_no_simple_rule_holds(zone_id: str) -> None:
    parts = observances(ZoneInfo(zone_id), 2026, 2026)
    assert len(parts) >= 5
    assert not any(part.rule for part in parts)


def test_a_zone_that_gave_up_changing_its_clocks_keeps_its_last_changes() -> None:
    read = embedded("America/Asuncion", 2024, 2024)  # on summer time for good since October 2024
    zone = ZoneInfo("America/Asuncion")
    for n in range(366):
        noon = datetime(2024, 1, 1, 12) + timedelta(days=n)
        assert noon.replace(tzinfo=read).utcoffset() == noon.replace(tzinfo=zone).utcoffset(), noon


@pytest.mark.parametrize("years", [(2025, 2025), (2026, 2027), (2031, 2032)])
def test_londons_text_is_one_constant(years: tuple[int, int]) -> None:
    assert vtimezone("Europe/London", *years).to_ical().decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/London",
        "BEGIN:DAYLIGHT",
        "DTSTART:19960331T010000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        "TZNAME:BST",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:19961027T020000",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
        "TZNAME:GMT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    ]


def test_the_component_says_when_it_is_true_in_utc() -> None:
    assert ZoneInfo("Europe/London").utcoffset(datetime(2026, 10, 25, 12)) == timedelta(0)
    assert datetime(2026, 10, 24, 12, tzinfo=embedded("Europe/London", 2026, 2026)).astimezone(UTC).hour == 11
