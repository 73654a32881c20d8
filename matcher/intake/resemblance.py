"""Headings and names of tables that only resemble those on which somebody's safety or consent rests.

A column that is not known is passed over with a warning. Where it was meant to say that pupils are alone with a
visitor, or that somebody is not available, passing it over does harm, so a heading that resembles such a column is
refused. A false alarm costs a line under `ignore_columns`; a miss can cost a child. How it is told:

* A heading is taken apart into words: at anything but letters, and inside "isAvailable"; accents do not count.
* A word is another one mistyped if few letters are missing, added, wrong or swapped with the next: 1 in a word of 4 to
  7 letters, 2 in a longer one. But a word that is nearer to one in `OTHER_WORDS`, which mean something else, is that.
* `supervised`, and both words of `checked_until`, `excluded_schools` and `matching_consent`, mean that column wherever
  they stand in a heading, also joined to other words, and in their other forms (`schools to exclude`, `check until`).
* `available`, `decision` and `relation` are words of everyday life ("parking available", "decision date"): they mean
  that column if the rest of the heading says nothing of its own (`FILLERS`).
* In its own table a part of the name, or another form of it, is enough: `excluded` in volunteers, `availability` in
  availability, `pin decision` in pins.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from matcher.tables import TABLES


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOST_CHARACTERS = 300  # of a heading; a question of a form may be as long as that
MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class _Sought:
    """How a column may be meant."""

    column: str
    words: tuple[tuple[str, ...], ...]
    """For each word of its name the forms of it that mean it."""
    everyday: bool = False
    """Whether it means this only where the rest of the heading is filler."""
    alone: tuple[str, ...] = ()
    """What means it in any table, with nothing but fillers beside it."""
    at_home: tuple[str, ...] = ()
    """What means it, with nothing but fillers beside it, in the column's own table."""
    not_beside: frozenset[str] = frozenset()
    """Words beside which its own mean something else."""


_SOUGHT = (
    _Sought("supervised", (("supervised", "supervise", "supervises", "unsupervised"),), alone=("supervision",)),
    _Sought("checked_until", (("checked", "check", "checks", "chequed"), ("until", "till", "til"))),
    _Sought(
        "excluded_schools",
        (("excluded", "exclude", "excludes", "excluding", "excl"), ("schools", "school")),
        at_home=(
            "excluded",
            "exclude",
            "excludes",
            "excl",
            "exclusions",
            "exclusion",
            "schoolexclusions",
            "exclusionschools",
        ),
        not_beside=_words("child children permanently pupil pupils student students suspended"),
    ),
    _Sought("matching_consent", (("matching", "match", "matched", "matches"), ("consent", "consents", "consented"))),
    _Sought(
        "available",
        (("available", "avail"),),
        everyday=True,
        at_home=("availability", "availabilities", "notavailable"),
    ),
    _Sought("decision", (("decision", "decisions"),), everyday=True),
    _Sought("relation", (("relation", "relations"),), everyday=True),
)

_HOMES = {column.name: table.name for table in TABLES for column in table.columns if column.safety}
_COLUMNS = frozenset(_HOMES) | {"relation"}  # whose table, together, is not known yet
assert {sought.column for sought in _SOUGHT} == _COLUMNS, "a column on which safety rests is not looked for"

FILLERS = _words(
    "a an and any are as be been being can col column currently do does enter field flag given has have i if "
    "indicate is it keep kind mark n needed never no now of or person please provided required s select status "
    "still t that the their them then there they this tick type value volunteer was we were whether will y yes "
    "yn yesno you"
)
"""Words that add nothing of their own to a heading."""

OTHER_WORDS = _words(
    "unavailable unavailability availability avoidable valuable variable supervisor supervisors supervising "
    "supervisory superseded relationship relationships relative relatives related relating religion religions "
    "location locations rotation retention reaction division divisions revision provision precision description "
    "collision discussion session sessions mission permission relocation revelation deletion selection election "
    "delegation incision translation regulation relaxation section sections admission included includes include "
    "including excused executed concluded conclude expected extended exclusive inclusive teaching coaching "
    "marketing watching marching catching content contents contact contacts contract context contest consult "
    "constant cheque checklist checkout schooling scholar scholars unit units batch watch catch march latch"
)
"""Words of real headings that are near to those sought and mean something else."""

_SAFETY_TABLES = tuple(table.name for table in TABLES if table.safety)
_TABLE_FILLERS = FILLERS | _words(
    "all autumn backup bak book clean copied copy corrected csv current data draft export exported file final "
    "fixed import latest list my new newest ods old original our page previous revised sheet spreadsheet spring "
    "summer tab table tables temp term tmp tsv txt updated v ver version xls xlsx your"
)
_OTHER_TABLES = _words(
    "unavailability counter counters section sections season seasons mission missions pens pics ping pings pine "
    "pink pinks spins plans wins bins tins"
)


def resembles_column(heading: str, table: str) -> str | None:
    """The column on which safety rests that a heading, which is none of its table's columns, seems to mean."""
    words = words_of(heading)
    joined = "".join(words)
    for sought in _SOUGHT:
        at_home = table == _HOMES.get(sought.column, "together")
        if joined and (_means(sought, words, joined) or (at_home and _means_at_home(sought, words))):
            return sought.column
    return None


def resembles_table(name: str) -> tuple[str, bool] | None:
    """The table with such columns that a file's or sheet's name seems to mean, and whether it is just misspelt.

    It is not where other words, such as "copy" or "2025", tell the two apart.
    """
    words = words_of(name)
    words = [f"{word[:-3]}y" if word.endswith("ies") else word for word in words]
    joined, rest = "".join(words), [word for word in words if word not in _TABLE_FILLERS]
    for table in _SAFETY_TABLES:
        if _is(joined, table, _OTHER_TABLES):
            return table, not any(character.isdigit() for character in name)
    core = "".join(rest) or joined
    for table in _SAFETY_TABLES:
        whole = table in words or table.removesuffix("s") in words
        others = [word for word in words if word not in _TABLE_FILLERS and not _is(word, table, _OTHER_TABLES)]
        if (whole and not others) or _is(core, table, _OTHER_TABLES):
            return table, False
    return None


# ------------------------------------------------------------------------------------------------------- headings


def _means(sought: _Sought, words: Sequence[str], joined: str) -> bool:
    if sought.everyday:
        (forms,) = sought.words
        rest = [word for word in words if not _is_any(word, forms)]
        if len(rest) < len(words) and all(word in FILLERS for word in rest):
            return True
        core = [word for word in words if word not in FILLERS]
        if len(core) > 1:  # such as "avail able"; "available am" says when
            return "".join(core) in forms
        return any(_rest(word, form) in FILLERS for word in core for form in forms)
    if not sought.not_beside.isdisjoint(words):
        return False
    if all(any(_is_any(word, forms) for word in words) for forms in sought.words):
        return True
    if sought.alone and _is_any("".join(word for word in words if word not in FILLERS), sought.alone):
        return True
    name = sought.column.replace("_", "")
    if any(_other(word) for word in words):
        return name in joined
    return _within(joined, name, 3 if len(name) >= 12 else 2) or _holds_nearly(joined, name)


def _means_at_home(sought: _Sought, words: Sequence[str]) -> bool:
    if sought.everyday and any(_is_any(word, sought.words[0]) for word in words) and sought.column != "available":
        return True
    return _is_any("".join(word for word in words if word not in FILLERS), sought.at_home)


def _rest(joined: str, form: str) -> str:
    """What is left of a word that begins or ends with another; "" if it does not."""
    return joined.removeprefix(form) if joined.startswith(form) else joined.removesuffix(form) * joined.endswith(form)


def words_of(text: str) -> list[str]:
    """The words of a heading or name, as letters without case and marks."""
    text = unicodedata.normalize("NFKD", text[:MOST_CHARACTERS])
    text = "".join(character for character in text if unicodedata.category(character) not in ("Mn", "Cf"))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.findall(r"[^\W\d_]+", text.casefold())[:MOST_WORDS]


def _is_any(word: str, forms: Iterable[str]) -> bool:
    return any(_is(word, form, OTHER_WORDS) for form in forms)


@lru_cache(maxsize=100_000)
def _is(word: str, form: str, others: frozenset[str]) -> bool:
    """Whether a word is this form of one, perhaps mistyped."""
    if word == form:
        return True
    away = distance(word, form, _slack(form))
    return away is not None and not _nearer(word, away, others)


def _nearer(word: str, away: int, others: frozenset[str]) -> bool:
    return any(distance(word, other, away - 1) is not None for other in others)


@lru_cache(maxsize=100_000)
def _other(word: str) -> bool:
    """Whether a word is one that means something else, perhaps mistyped."""
    return word in OTHER_WORDS or (len(word) >= 6 and any(_within(word, other, 1) for other in OTHER_WORDS))


def _slack(form: str) -> int:
    """How many letters of a word may be wrong."""
    return 0 if len(form) < 4 else 1 if len(form) < 8 else 2


def _within(a: str, b: str, most: int) -> bool:
    return distance(a, b, most) is not None


def distance(a: str, b: str, most: int) -> int | None:
    """How many letters are missing, added, wrong or swapped with the next; None if more than `most`.

    The optimal string alignment distance, which counts a swap as one mistake. (What the standard library has,
    difflib's ratio, counts it as two and rewards long words; a library for this alone would be one more to trust.)
    """
    if most < 0 or abs(len(a) - len(b)) > most:
        return None
    if a == b:
        return 0
    differing = Counter(a)
    differing.subtract(b)
    if sum(map(abs, differing.values())) > 2 * most:
        return None
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1] if above[-1] <= most else None


def _holds_nearly(text: str, name: str) -> bool:
    """Whether the name stands somewhere in a text, at most one letter missing, added, wrong or swapped."""
    half = len(name) // 2
    for part, offset in ((name[:half], 0), (name[half:], half)):  # one of the halves must stand there as it is
        at = text.find(part)
        while at >= 0:
            for start in range(at - offset - 1, at - offset + 2):
                for length in range(len(name) - 1, len(name) + 2):
                    if start >= 0 and _within(text[start : start + length], name, 1):
                        return True
            at = text.find(part, at + 1)
    return False
