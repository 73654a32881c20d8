"""What was found wrong while reading: collected to the end, so that a coordinator sees all of it at once."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from matcher.errors import InputProblem, InputProblems, Remedy, located
from matcher.tables import PROGRAMME, TABLES, Row

ORDER = {name: rank for rank, name in enumerate([PROGRAMME, *(table.name for table in TABLES)], start=1)}
MOST_ALIKE = 1_000  # problems of one column that are told one by one
MOST_ROW = 10_000_000  # beyond any row
SHOWN = 60  # characters of a cell that a message repeats


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table, or a row of it, stands: a file, and its sheet if the file is a workbook."""

    file: str
    sheet: str = ""
    row: int | None = None

    def __str__(self) -> str:
        return located(self.file, self.sheet, () if self.row is None else (self.row,))


class Unreadable(Exception):
    """A file or sheet that cannot be read as a whole, or from some row on; becomes one problem."""

    def __init__(self, found: str, expected: str, action: str, row: int | None = None) -> None:
        super().__init__(found)
        self.found, self.expected, self.action, self.row = found, expected, action, row


class _Notes:
    """Problems, or warnings, in the order of the tables; of one column the first thousand, and how many more."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._noted: list[tuple[int, int, InputProblem]] = []
        self._alike: Counter[tuple[str, str, str]] = Counter()
        self._last: dict[tuple[str, str, str], tuple[int, InputProblem]] = {}

    def __call__(
        self,
        table: str,
        row: Row | int | None,
        column: str,
        found: str,
        expected: str,
        action: str,
        place: Place | None = None,
    ) -> None:
        """Note one; it is located by its table, unless a place is given."""
        number = row.number if isinstance(row, Row) else row
        place = place or self._places.get(table) or Place(table)
        rank = ORDER.get(table, 0 if not table else len(ORDER) + 1)
        problem = InputProblem(place.file, place.sheet, number, column, found, expected, action)
        kind = problem.file, problem.sheet, problem.column
        self._alike[kind] += 1
        if self._alike[kind] <= MOST_ALIKE:
            self._noted.append((rank, problem.row or 0, problem))
        else:
            self._last[kind] = rank, problem

    def in_order(self) -> list[InputProblem]:
        more = [
            (rank, MOST_ROW, replace(last, row=None, found=f"{self._alike[kind] - MOST_ALIKE:,} more rows like these"))
            for kind, (rank, last) in self._last.items()
        ]
        return [problem for _, _, problem in sorted(self._noted + more, key=lambda item: item[:2])]


class Notes:
    """The problems and warnings of one reading; each is located by its table."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places = dict(places)
        self.problem = _Notes(self.places)
        self.warning = _Notes(self.places)
        self.lacks_table = False

    def place(self, table: str, place: Place) -> None:
        """Say where a table stands, before anything is noted about it."""
        self.places[table] = place

    def refused(self, table: str, refusal: Unreadable, place: Place | None = None) -> None:
        self.problem(table, refusal.row, "", refusal.found, refusal.expected, refusal.action, place)

    @property
    def problems(self) -> list[InputProblem]:
        return self.problem.in_order()

    @property
    def warnings(self) -> list[InputProblem]:
        return self.warning.in_order()

    def raise_problems(self) -> None:
        """Refuse the input if anything has to be mended."""
        if problems := self.problems:
            raise InputProblems(problems, *((Remedy.TEMPLATE,) if self.lacks_table else ()))


def normalised(name: str) -> str:
    """How names of files, sheets, headings and keys are compared: no case, spaces, hyphens or underscores."""
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())


def quoted(text: str) -> str:
    """A cell's text as a message shows it: on one line, not too long, between quotes."""
    line = "".join(character if character.isprintable() else " " for character in text[: SHOWN + 1])
    return f'"{line[:SHOWN]}…"' if len(line) > SHOWN else f'"{line}"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word, and a space after it; or nothing."""
    by_form = {normalised(name): name for name in known}
    near = difflib.get_close_matches(normalised(word)[:SHOWN], by_form, n=1, cutoff=0.7)
    return f"Did you mean {by_form[near[0]]}? " if near else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """Such as "mon, tue or wed"."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def counted_rows(numbers: Sequence[int]) -> str:
    """Such as "row 3", "rows 3, 4 and 9" or "12 rows, the first 3"."""
    if len(numbers) > 5:
        return f"{len(numbers):,} rows, the first {numbers[0]}"
    return f"row{'s' if len(numbers) > 1 else ''} {listed(map(str, numbers), 'and')}"
