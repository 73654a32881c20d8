"""Text as people typed it, made safe to print: what cannot be read goes, everything else stays as it is."""

from __future__ import annotations

import unicodedata
from datetime import date

_LINE_BREAKS = dict.fromkeys(map(ord, "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n")


def plain(text: str) -> str:
    """The text without control characters; any kind of line break becomes a newline, a tab a space."""
    text = text.replace("\r\n", "\n").translate(_LINE_BREAKS).replace("\t", " ")
    # Cc: control characters. Cs: half of a surrogate pair, which no encoding can write.
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def one_line(text: str, joined_by: str = " ") -> str:
    """The same on a single line, runs of spaces as one."""
    lines = [" ".join(line.split()) for line in plain(text).split("\n")]
    # An address typed as "1 High Street,⏎Derby" has its comma already.
    return joined_by.join(line.rstrip(joined_by) if line != lines[-1] else line for line in lines if line)


def counted(count: int, one: str, many: str = "") -> str:
    """Such as "1 session" or "1,204 sessions"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """Such as "1st", "2nd", "3rd", "11th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(parts: list[str]) -> str:
    """Such as "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def folded_line(line: str) -> str:
    """A line as RFC 5545 wants it: no more than 75 bytes between line breaks, no character cut in two."""
    parts, size = [""], 0
    for char in line:
        width = len(char.encode())
        if size + width > 75:
            parts.append(" ")
            size = 1
        parts[-1] += char
        size += width
    return "\r\n".join(parts) + "\r\n"


# Written out, because strftime's names change with the locale that some library may have set.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def day_month(day: date) -> str:
    """Such as "7 September"."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def weekday_day_month(day: date) -> str:
    """Such as "Monday 7 September"."""
    return f"{_DAYS[day.weekday()]} {day_month(day)}"
