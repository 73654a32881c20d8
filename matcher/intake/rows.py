"""What both kinds of spreadsheet are read as, and how much of it there may be."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.intake.cells import Raw
from matcher.intake.notes import Unreadable

MOST_ROWS = 150_000  # that are not blank, in all the tables: a city of 7,000 volunteers has 50,000
MOST_CELLS = 600_000
MOST_CHARACTERS = 20_000_000
MOST_IN_A_CELL = 32_767  # as Excel


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of a row that are not blank, by column from 0; `number` as a spreadsheet counts, from 1."""

    number: int
    cells: dict[int, Raw]


class TooMuch(Unreadable):
    """What has been read reached a limit: nothing more is read."""


def too_much(found: str, most: str) -> TooMuch:
    return TooMuch(
        found,
        most,
        "Delete rows and sheets that do not belong to this scenario, also rows that look empty but are formatted; "
        "then save it again.",
    )


class Budget:
    """How much has been read, all the tables of a scenario taken together."""

    def __init__(self) -> None:
        self.rows = self.cells = self.characters = 0

    def row(self, cells: int) -> None:
        self.rows += 1
        self.cells += cells
        if self.rows > MOST_ROWS:
            raise too_much(f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,} rows that are not blank")
        self.check_cells(0)

    def check_cells(self, more: int) -> None:
        if self.cells + more > MOST_CELLS:
            raise too_much(f"more than {MOST_CELLS:,} cells", f"at most {MOST_CELLS:,} cells that are not blank")

    def text(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise too_much(f"more than {MOST_CHARACTERS:,} characters", f"at most {MOST_CHARACTERS:,}")
        if len(text) > MOST_IN_A_CELL:
            raise too_much(f"a cell of {len(text):,} characters", f"at most {MOST_IN_A_CELL:,} characters in a cell")
