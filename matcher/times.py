"""Half-open spans of local time, and what clock changes do to them.

Everything that is planned happens on the programme's wall clock, so inside the program a time is a `datetime`
without a zone. A zone enters only where times leave for the world: in calendars.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

# Written out, because strftime's names change with the locale that some library may have set.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start, end)` on the wall clock; an empty span has `start >= end`."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """The whole minutes from start to end."""
        return int((self.end - self.start).total_seconds() // 60)

    def overlaps(self, other: Span) -> bool:
        """Whether some instant lies in both."""
        return self.start < other.end and other.start < self.end


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same instants as disjoint spans in order; spans that touch become one, empty ones vanish."""
    result: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """The instants of `spans` that are in none of `removed`, as disjoint spans in order."""
    result = merged(spans)
    for hole in merged(removed):
        kept: list[Span] = []
        for span in result:
            if not span.overlaps(hole):
                kept.append(span)
                continue
            if span.start < hole.start:
                kept.append(Span(span.start, hole.start))
            if hole.end < span.end:
                kept.append(Span(hole.end, span.end))
        result = kept
    return result


def days(first: date, last: date) -> list[date]:
    """Every day from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def day_text(moment: date) -> str:
    """Such as "Thu 8 Oct"; of a `datetime` its day."""
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"


def dated(day: date) -> str:
    """A date with its year: "Thu 1 Oct 2026"."""
    return f"{day_text(day)} {day.year}"


def time_text(moment: datetime) -> str:
    """Such as "Thu 8 Oct, 09:30"."""
    return f"{day_text(moment)}, {moment:%H:%M}"


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall clock in the zone ever shows this time (false inside the hour that is skipped in spring)."""
    aware = local.replace(tzinfo=zone)
    return aware.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) == local


def is_ambiguous(local: datetime, zone: ZoneInfo) -> bool:
    """Whether a wall clock in the zone shows this time twice (inside the hour that is repeated in autumn)."""
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first != second and exists(local, zone)


def wall_clock(moment: datetime, timezone: str) -> datetime:
    """What the clocks of that zone of the tz database say at a moment (with a zone); without a zone, as slots are."""
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
