"""Everything that can go wrong and that a user can mend.

    MatcherError                 has a message that says where, what was expected, what was found, what to do
    ├── InputProblems            the scenario cannot be used: every problem of every table, each located
    ├── PinsImpossible           the pins cannot all be kept: names the fewest that clash
    ├── AuditRefused             the plan broke a must-rule, or its scores differ from the solver's: a defect of ours
    ├── PublishingRefused            the plan has appointments that cannot be by today's data: each, and why
    ├── StoreError               the workspace cannot be opened, is from another version, or lacks what was asked for
    │   └── DamagedError         it holds what matcher never wrote there
    ├── ServerError              a mail or calendar server cannot be reached, or does not let us do what was asked
    ├── MailboxError             a file of replies is not there or cannot be read
    ├── LetterError              no mail can be written: no organiser's address, or a template that is not in order
    └── OutputError              a file or folder cannot be written

Anything else that escapes is a bug and may show a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ROWS_NAMED = 3


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing in the input that has to be mended (or, as a warning, looked at).

    `file` is a file's name, `sheet` the sheet of a workbook ("" for CSV and TOML), `row` the row as a spreadsheet
    counts it (the heading is row 1; None where the problem is not of one row), `column` the heading.
    """

    file: str
    sheet: str
    row: int | None
    column: str
    found: str
    expected: str
    action: str

    @property
    def where(self) -> str:
        """Such as "volunteers.csv, row 7, column gender" or "derby.xlsx, sheet slots, row 3"."""
        return located(self.file, self.sheet, () if self.row is None else (self.row,), self.column)

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}; expected {self.expected}. {self.action}"


def located(file: str, sheet: str = "", rows: Sequence[int] = (), column: str = "") -> str:
    """A place in words, of rows the first few: "volunteers.csv, rows 45, 118, 132 and 3 more, column latitude"."""
    parts = [file]
    if sheet:
        parts.append(f"sheet {sheet}")
    if len(rows) > ROWS_NAMED:
        parts.append(f"rows {', '.join(map(str, rows[:ROWS_NAMED]))} and {len(rows) - ROWS_NAMED} more")
    elif len(rows) > 1:
        parts.append(f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}")
    elif rows:
        parts.append(f"row {rows[0]}")
    if column:
        parts.append(f"column {column}")
    return ", ".join(parts)


class MatcherError(Exception):
    """The root: its text is fit to be shown to a coordinator as it stands."""


class InputProblems(MatcherError):
    """The input cannot be used; `problems` holds every reason, in the order of the files."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in the input:", *(f"  {problem}" for problem in self.problems)]))


class PinsImpossible(MatcherError):
    """No plan keeps all the pins; `pins` are sentences naming the fewest that clash."""

    def __init__(self, message: str, pins: Sequence[str]) -> None:
        self.pins = tuple(pins)
        super().__init__(message)


class AuditRefused(MatcherError):
    """The audit found the plan or its scores wrong; nothing is written."""


class PublishingRefused(MatcherError):
    """The plan to be published sends somebody where today's data says they cannot be; nothing is kept."""


class StoreError(MatcherError):
    """The workspace's database cannot give or take what was asked."""


class DamagedError(StoreError):
    """What the workspace's database holds is not what was written: a broken disk, or a hand that edited it."""

    def __init__(self, where: str, what: str) -> None:
        self.what = what
        super().__init__(
            f"{where} is damaged: {what}. See what else is with `matcher verify`, and put a backup in its place with "
            "`matcher restore FILE`."
        )


class ServerError(MatcherError):
    """A mail or calendar server, or the way we are to log in to it."""


class MailboxError(MatcherError):
    """Replies that cannot be read at all."""


class LetterError(MatcherError):
    """Mails cannot be written: nobody to send them for, or a template that is not in order."""


class OutputError(MatcherError):
    """Something could not be written."""
