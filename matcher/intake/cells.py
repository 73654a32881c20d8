"""One cell: from what stands in a file to the value that its column asks for.

A CSV cell is always text. A workbook's cell may also be a number, a date, a time, a length of time, yes or no, a number
that is shown as a per cent, or something that has no value at all; TOML brings dates and numbers of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from matcher.intake.notes import did_you_mean, listed, normalised, quoted
from matcher.tables import WEEKDAYS, YES_NO, Column, Kind, Value

MOST = 1_000_000
"""The largest whole number taken anywhere: far above any real one, far below what could overflow a score."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST_TERM_DAYS = 1_100
"""Also of a span of days: beyond it a year is mistyped."""


@dataclass(frozen=True, slots=True)
class PerCent:
    """A workbook's number whose format shows it as a per cent: 0.35 is shown as 35 %."""

    shown: float


@dataclass(frozen=True, slots=True)
class Unusable:
    """A workbook's cell without a value: an error such as #N/A, or a formula whose result was never saved."""

    why: str


Raw = str | int | float | bool | date | time | timedelta | PerCent | Unusable  # a datetime is a date


class BadCell(Exception):
    """A cell that cannot be read as its column asks."""

    def __init__(self, found: str, expected: str, action: str) -> None:
        super().__init__(found)
        self.found, self.expected, self.action = found, expected, action


def read_cell(raw: Raw | None, column: Column) -> Value:
    """The cell's value, None if it is blank; raises BadCell. A personal column's value is in no message."""
    if raw is None or raw == "":
        return None
    try:
        if isinstance(raw, Unusable):
            raise BadCell(raw.why, EXPECTED[column.kind], "Type the value itself into the cell.")
        if isinstance(raw, str) and "\x00" in raw:
            raise BadCell("a NUL character", EXPECTED[column.kind], "Delete the cell's content and type it again.")
        return _READERS[column.kind](raw, column)
    except BadCell as bad:
        if column.personal and not isinstance(raw, Unusable):
            raise BadCell("a value that cannot be used", bad.expected, bad.action) from None
        raise


def shown(raw: Raw) -> str:
    """What a message says was found."""
    if isinstance(raw, datetime):
        return f"the date and time {raw:%Y-%m-%d %H:%M:%S}"
    if isinstance(raw, date):
        return f"the date {raw:%Y-%m-%d}"
    if isinstance(raw, time):
        return f"the time {raw:%H:%M:%S}"
    if isinstance(raw, timedelta):
        return f"the length of time {raw}"
    if isinstance(raw, PerCent):
        return f"{as_text(raw.shown)} %"
    return raw.why if isinstance(raw, Unusable) else quoted(as_text(raw))


def as_text(raw: str | int | float | bool) -> str:
    """A plain cell as the text that a spreadsheet shows: a whole number without a decimal point."""
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return str(raw)


# ---------------------------------------------------------------------------------------------------------- text


def _text(raw: Raw, column: Column) -> str:
    if isinstance(raw, PerCent):
        return f"{as_text(raw.shown)}%"
    if isinstance(raw, str | int | float):
        return as_text(raw).strip()
    raise BadCell(
        shown(raw),
        "text",
        "The spreadsheet has turned what was typed into a date or time: format the column as Text, then type it again.",
    )


def _parts(raw: Raw, column: Column) -> tuple[str, ...]:
    text = _text(raw, column)
    return tuple(part for part in (piece.strip() for piece in text.split(";")) if part)


def _id_list(raw: Raw, column: Column) -> tuple[str, ...] | None:
    return _parts(raw, column) or None


def _choice_of(text: str, column: Column) -> str:
    form = normalised(text)
    for choice in column.choices:
        if form == normalised(choice) or (column.choices == WEEKDAYS and form == _LONG_WEEKDAYS[choice]):
            return choice
    raise BadCell(
        quoted(text),
        listed(column.choices),
        "Write yes or no."
        if column.choices == YES_NO
        else f"{did_you_mean(text, column.choices)}Write one of these words.",
    )


def _choice(raw: Raw, column: Column) -> str:
    return _choice_of(_text(raw, column), column)


def _choice_list(raw: Raw, column: Column) -> tuple[str, ...] | None:
    return tuple(dict.fromkeys(_choice_of(part, column) for part in _parts(raw, column))) or None


_LONG_WEEKDAYS = dict(
    zip(WEEKDAYS, ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), strict=True)
)

# ------------------------------------------------------------------------------------------------------- numbers

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.]*,\d+\s*%?", re.ASCII)


def _float_of(text: str) -> float | None:
    """The number that the whole text is, if it is one that can be counted with."""
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _plain_number(raw: Raw, column: Column) -> float:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise _not_a_number(raw, column)
    value = _float_of(raw.strip() if isinstance(raw, str) else str(raw))
    if value is None:
        raise _not_a_number(raw, column)
    return value


def _not_a_number(raw: Raw, column: Column) -> BadCell:
    hint = "Write a number in figures."
    if isinstance(raw, str) and _DECIMAL_COMMA.fullmatch(raw.strip()):
        hint = "Write a point for decimals and nothing between thousands, such as 12.5 or 1200."
    elif isinstance(raw, PerCent) or (isinstance(raw, str) and raw.rstrip().endswith("%")):
        hint = "Write a number that is not a per cent."
    elif isinstance(raw, date | time | timedelta):
        hint = "Format the column as Number, then type it again."
    return BadCell(shown(raw), EXPECTED[column.kind], hint)


def _between(low: float, high: float, hint: str) -> Callable[[Raw, Column], float]:
    def read(raw: Raw, column: Column) -> float:
        value = _plain_number(raw, column)
        if not low <= value <= high:
            raise BadCell(shown(raw), EXPECTED[column.kind], hint)
        return value

    return read


def _whole(raw: Raw, column: Column) -> int:
    value = _plain_number(raw, column)
    low = -MOST if column.kind is Kind.SIGNED else 0
    if not value.is_integer():
        raise BadCell(shown(raw), EXPECTED[column.kind], "Write it without decimals.")
    if value < low and column.kind is not Kind.SIGNED:
        raise BadCell(shown(raw), EXPECTED[column.kind], "Write 0 or more.")
    if not low <= value <= MOST:
        raise BadCell(shown(raw), EXPECTED[column.kind], f"Write a number no further from 0 than {MOST:,}.")
    return int(value)


def _hundredths(raw: Raw) -> float | None:
    """The value before the sign of a cell that is, or is shown as, a per cent."""
    if isinstance(raw, PerCent):
        return raw.shown
    if isinstance(raw, str) and raw.rstrip().endswith("%"):
        return _float_of(raw.rstrip()[:-1].rstrip())
    return None


def _percent(raw: Raw, column: Column) -> float:
    value = _hundredths(raw)
    if value is None:
        value = _plain_number(raw, column)
    if not 0 <= value <= 100:
        raise BadCell(shown(raw), EXPECTED[column.kind], "Write a number from 0 to 100, such as 35 or 35%.")
    return value


def _share(raw: Raw, column: Column) -> float:
    value = _hundredths(raw)
    value = _plain_number(raw, column) if value is None else float(Decimal(repr(value)) / 100)
    if 1 < value <= 100 and _hundredths(raw) is None:
        raise BadCell(shown(raw), EXPECTED[column.kind], f"Write {value:g} per cent as {value / 100:g} or {value:g}%.")
    if not 0 <= value <= 1:
        raise BadCell(shown(raw), EXPECTED[column.kind], "Write a number from 0 to 1, such as 0.13, or 13%.")
    return value


# --------------------------------------------------------------------------------------------------------- times

_DAY = r"(?:(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{1,2})/(?P<m2>\d{1,2})/(?P<y2>\d{4}))"
_DATE = re.compile(_DAY, re.ASCII)
_MOMENT = re.compile(_DAY + r"(?:T| +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.0+)?)?", re.ASCII)
_ZONED = re.compile(r".*\d{2}:\d{2}.*?(?:[zZ]|[+-]\d{2}:?\d{2})", re.ASCII)
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::00)?", re.ASCII)
_SLASHES = "With slashes the day comes first: 14/10/2026 is 14 October."


def _day_of(match: re.Match[str], expected: str) -> date:
    """The day that is written; raises BadCell, with what is wrong about it."""
    year, month, day = (int(match[name] or match[f"{name}2"]) for name in "ymd")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadCell(quoted(match[0]), expected, f"Give a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
    if not 1 <= month <= 12:
        raise BadCell(
            quoted(match[0]), expected, f"There is no month {month}. {_SLASHES if match['d2'] else ''}".strip()
        )
    try:
        return date(year, month, day)
    except ValueError:
        raise BadCell(quoted(match[0]), expected, f"There is no day {day} in that month.") from None


def _date(raw: Raw, column: Column) -> date:
    expected = EXPECTED[column.kind]
    if isinstance(raw, datetime):
        if raw.tzinfo is None and raw.time() == time(0) and FIRST_YEAR <= raw.year <= LAST_YEAR:
            return raw.date()
        raise BadCell(shown(raw), expected, "Give the day alone, without a time.")
    if isinstance(raw, date):
        if FIRST_YEAR <= raw.year <= LAST_YEAR:
            return raw
        raise BadCell(shown(raw), expected, f"Give a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
    if isinstance(raw, str):
        if match := _DATE.fullmatch(raw):
            return _day_of(match, expected)
        like_this = "Write it so." if column.kind is Kind.DAYS else f"Write the day like this: 2026-10-14. {_SLASHES}"
        raise BadCell(quoted(raw), expected, like_this)
    raise BadCell(shown(raw), expected, "Format the column as Date, then type the day again.")


def _days(raw: Raw, column: Column) -> tuple[str, ...] | None:
    """Spans that overlap or follow one another become one, so that the same days are always written the same."""
    spans = (
        [_span(part, column) for part in _parts(raw, column)] if isinstance(raw, str) else [(_date(raw, column),) * 2]
    )
    joined: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + timedelta(days=1):
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return tuple(f"{first}" if first == last else f"{first}..{last}" for first, last in joined) or None


def _span(part: str, column: Column) -> tuple[date, date]:
    from_text, dots, to_text = part.partition("..")
    first = _date(from_text.strip(), column)
    last = _date(to_text.strip(), column) if dots else first
    if last < first:
        raise BadCell(quoted(part), "a span whose last day is not before its first", "Swap its two days.")
    if (last - first).days >= LONGEST_TERM_DAYS:
        raise BadCell(quoted(part), f"a span of at most {LONGEST_TERM_DAYS:,} days", "Check the years of its two days.")
    return first, last


def _moment(raw: Raw, column: Column) -> datetime:
    expected = EXPECTED[Kind.MOMENT]
    if isinstance(raw, datetime):
        if raw.tzinfo is not None:
            raise BadCell(f"{shown(raw)} with a time zone", expected, _WALL_CLOCK)
        moment = _to_the_minute(raw)
        if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise BadCell(shown(raw), expected, "Give a date and a time in whole minutes.")
        return moment
    if isinstance(raw, date):
        raise BadCell(shown(raw), expected, "Add the time of day, such as 2026-10-14 09:30.")
    if isinstance(raw, str):
        if match := _MOMENT.fullmatch(raw):
            day, hour, minute = _day_of(match, expected), int(match["hour"]), int(match["minute"])
            if hour < 24 and minute < 60 and match["second"] in (None, "00"):
                return datetime(day.year, day.month, day.day, hour, minute)
            action = "There is no such minute: hours go from 00 to 23, minutes from 00 to 59, seconds are left out."
            raise BadCell(quoted(raw), expected, action)
        if _ZONED.fullmatch(raw):
            raise BadCell(quoted(raw), expected, _WALL_CLOCK)
        raise BadCell(quoted(raw), expected, f"Write day and time like this: 2026-10-14T09:30. {_SLASHES}")
    raise BadCell(shown(raw), expected, "Format the column as Date and time, then type it again.")


_WALL_CLOCK = "Leave out the time zone: give the time that the clock at the school shows, such as 2026-10-14T09:30."


def _to_the_minute(moment: datetime) -> datetime | None:
    """Spreadsheets keep times as fractions of a day, so they may be a hair off a whole minute; None if further off."""
    try:
        nearest = (moment + timedelta(seconds=30)).replace(second=0, microsecond=0)
    except OverflowError:
        return None
    return nearest if abs(nearest - moment) <= timedelta(seconds=1) else None


def _clock(raw: Raw, column: Column) -> int:
    expected = EXPECTED[Kind.CLOCK]
    if isinstance(raw, time) and raw.tzinfo is None:
        raw = timedelta(hours=raw.hour, minutes=raw.minute, seconds=raw.second, microseconds=raw.microsecond)
    if isinstance(raw, timedelta):
        minutes = round(raw.total_seconds() / 60)
        if abs(raw.total_seconds() - 60 * minutes) <= 1 and 0 <= minutes <= 1440:
            return minutes
        raise BadCell(shown(raw), expected, "Give a time of day in whole minutes, 00:00 to 24:00.")
    if isinstance(raw, str) and (match := _CLOCK.fullmatch(raw)):
        minutes = 60 * int(match["hour"]) + int(match["minute"])
        if int(match["minute"]) < 60 and minutes <= 1440:
            return minutes
    raise BadCell(shown(raw), expected, "Write the time like this: 09:30, or 24:00 for midnight at the day's end.")


EXPECTED: dict[Kind, str] = {
    Kind.TEXT: "text",
    Kind.ID: "an id",
    Kind.ID_LIST: "ids separated by ;",
    Kind.WORD_LIST: "words separated by ;",
    Kind.WHOLE: "a whole number, 0 or more",
    Kind.SIGNED: "a whole number",
    Kind.NUMBER: "a number, 0 or more",
    Kind.PERCENT: "a per cent from 0 to 100",
    Kind.SHARE: "a share from 0 to 1",
    Kind.LATITUDE: "a latitude in degrees, -90 to 90",
    Kind.LONGITUDE: "a longitude in degrees, -180 to 180",
    Kind.DATE: "a day such as 2026-10-14",
    Kind.DAYS: "days such as 2026-10-14, and spans such as 2026-10-26..2026-10-30, separated by ;",
    Kind.MOMENT: "a local date and time such as 2026-10-14T09:30",
    Kind.CLOCK: "a time of day such as 09:30",
    Kind.CHOICE: "one of the fixed words",
    Kind.CHOICE_LIST: "one or more of the fixed words, separated by ;",
}

_READERS: dict[Kind, Callable[[Raw, Column], Value]] = {
    Kind.TEXT: _text,
    Kind.ID: _text,
    Kind.ID_LIST: _id_list,
    Kind.WORD_LIST: _id_list,
    Kind.WHOLE: _whole,
    Kind.SIGNED: _whole,
    Kind.NUMBER: _between(0, 1e9, "Write 0 or more."),
    Kind.PERCENT: _percent,
    Kind.SHARE: _share,
    Kind.LATITUDE: _between(-90, 90, "Derby, for example, is at latitude 52.9."),
    Kind.LONGITUDE: _between(-180, 180, "Derby, for example, is at longitude -1.5."),
    Kind.DATE: _date,
    Kind.DAYS: _days,
    Kind.MOMENT: _moment,
    Kind.CLOCK: _clock,
    Kind.CHOICE: _choice,
    Kind.CHOICE_LIST: _choice_list,
}
