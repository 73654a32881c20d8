"""A zone's clock transitions as a VTIMEZONE that every calendar program reads alike.

Where a zone repeats two transitions a year that a simple rule can say ("the last Sunday of March"), it is written as
that rule, from the year in which the rule began; so the text is the same for every term. Lists of RDATEs are not
used: several clients read them an hour wrong. Zones that follow the moon, or changed their minds, get each transition
around the term as an observance of its own.

The facts come from the tz database (`zoneinfo`). Its daylight flag is not looked at, since Dublin's is upside down
(summer is its standard time): an observance that puts the clock forward is DAYLIGHT, one that puts it back STANDARD.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar

_EARLIEST_YEAR = 1970
_CALENDAR_CYCLE_YEARS = 28  # after which weekdays and leap years repeat: a rule that holds so long holds on
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Transition:
    """The clock jumps: `local` is what it showed just before, as DTSTART of an observance has to say."""

    local: datetime
    offset_before: timedelta
    offset_after: timedelta
    name: str


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT part: it begins with `transition`, and with `rule` comes back every year."""

    transition: Transition
    rule: str = ""

    def lines(self) -> list[str]:
        transition = self.transition
        kind = "DAYLIGHT" if transition.offset_after > transition.offset_before else "STANDARD"
        return [
            f"BEGIN:{kind}",
            f"DTSTART:{transition.local:%Y%m%dT%H%M%S}",
            *([f"RRULE:{self.rule}"] if self.rule else []),
            f"TZNAME:{transition.name}",
            f"TZOFFSETFROM:{_offset(transition.offset_before)}",
            f"TZOFFSETTO:{_offset(transition.offset_after)}",
            f"END:{kind}",
        ]


@lru_cache(maxsize=16)
def vtimezone(zone_id: str, first_year: int, last_year: int) -> icalendar.Timezone:
    """The zone as a component for calendars whose events lie in these years."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone_id}"]
    for observance in observances(ZoneInfo(zone_id), first_year, last_year):
        lines += observance.lines()
    component = icalendar.Timezone.from_ical("\r\n".join([*lines, "END:VTIMEZONE", ""]))
    assert isinstance(component, icalendar.Timezone)
    return component


def observances(zone: ZoneInfo, first_year: int, last_year: int) -> list[Observance]:
    """The fewest parts that give the right offset at every instant of these years."""
    # The year before is needed for the state in which the first year begins.
    yearly = {year: _transitions(zone, year) for year in range(first_year - 1, last_year + _CALENDAR_CYCLE_YEARS)}
    if not any(yearly.values()):
        return [Observance(_initial(zone, datetime(first_year - 1, 1, 1), _EARLIEST_YEAR))]
    rules = _yearly_rules(list(yearly.values()))
    if rules:
        start = yearly[first_year - 1]
        for year in range(first_year - 2, _EARLIEST_YEAR - 1, -1):
            earlier = _transitions(zone, year)
            if _yearly_rules([earlier, *yearly.values()]) != rules or not _same_kind(earlier, start):
                break
            start = earlier
        return [Observance(transition, rule) for transition, rule in zip(start, rules, strict=True)]
    nearby = [transition for year in range(first_year - 1, last_year + 2) for transition in yearly.get(year, ())]
    return [
        Observance(_initial(zone, datetime(first_year - 1, 1, 1), first_year - 1)),
        *(Observance(transition) for transition in nearby),
    ]


def _transitions(zone: ZoneInfo, year: int) -> tuple[Transition, ...]:
    """Every jump of the zone's clock in a year of UTC, in order."""
    return _transitions_cached(zone.key, year)


@lru_cache(maxsize=1024)
def _transitions_cached(zone_id: str, year: int) -> tuple[Transition, ...]:
    zone = ZoneInfo(zone_id)
    found: list[Transition] = []
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while start < end:
        stop = start + timedelta(days=1)
        before, after = _utc_offset(zone, start), _utc_offset(zone, stop)
        if before != after:
            low, high = start, stop
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                low, high = (middle, high) if _utc_offset(zone, middle) == before else (low, middle)
            name = high.astimezone(zone).tzname() or ""
            found.append(Transition((high + before).replace(tzinfo=None), before, after, name))
        start = stop
    return tuple(found)


def _yearly_rules(years: Sequence[Sequence[Transition]]) -> list[str]:
    """The two RRULEs that all of these years follow; empty where there are none."""
    if any(len(transitions) != 2 for transitions in years):
        return []
    rules: list[str] = []
    for one in zip(*years, strict=True):
        if not all(_same_kind([transition], [one[0]]) for transition in one):
            return []
        rule = _yearly_rule([transition.local for transition in one])
        if not rule:
            return []
        rules.append(rule)
    return rules


def _same_kind(some: Sequence[Transition], others: Sequence[Transition]) -> bool:
    return [(c.offset_before, c.offset_after, c.name) for c in some] == [
        (c.offset_before, c.offset_after, c.name) for c in others
    ]


def _yearly_rule(moments: Iterable[datetime]) -> str:
    """ "The last Sunday of March", "the second Sunday of March" as an RRULE; empty where the moments follow none."""
    moments = list(moments)
    if len({(moment.month, moment.weekday(), moment.time()) for moment in moments}) != 1:
        return ""
    month, weekday = moments[0].month, _WEEKDAYS[moments[0].weekday()]
    if all((moment + timedelta(days=7)).month != month for moment in moments):
        return f"FREQ=YEARLY;BYMONTH={month};BYDAY=-1{weekday}"
    weeks = {(moment.day - 1) // 7 + 1 for moment in moments}
    return f"FREQ=YEARLY;BYMONTH={month};BYDAY={weeks.pop()}{weekday}" if len(weeks) == 1 else ""


def _initial(zone: ZoneInfo, local: datetime, since_year: int) -> Transition:
    """Not a transition at all: the offset in force at a local time, said to hold since the start of a year."""
    aware = local.replace(tzinfo=zone)
    offset = aware.utcoffset() or timedelta()
    return Transition(datetime.combine(date(since_year, 1, 1), time()), offset, offset, aware.tzname() or "")


def _utc_offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _offset(offset: timedelta) -> str:
    """Such as "+0100" or "-0330"; seconds only where a zone has them."""
    seconds = int(offset.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}{minutes % 60:02}{f'{rest:02}' if rest else ''}"
