"""Everything that can go wrong and that a user can mend.

    MatcherError             has a message that says where, what was expected, what was found, what to do
    ├── BadInput             what was given cannot be used as it is
    │   ├── InputProblems    a scenario: every problem of every table, each located
    │   ├── MailboxError     a file of replies that is not there or cannot be read
    │   └── LetterError      no organiser's address, or a mail template that is not in order
    ├── NotThere             what was asked for does not exist
    ├── ChangedMeanwhile     somebody else was faster: what was shown is not what would be done any more
    ├── Refused              it is understood, and not done for a reason that lies in the term
    │   ├── PinsImpossible       the pins cannot all be kept: names the fewest that clash
    │   ├── AuditRefused         the plan broke a must-rule, or its scores differ from the solver's: a defect of ours
    │   └── PublishingRefused    the plan has appointments that cannot be by today's data: each, and why
    └── Cannot               something outside of us is in the way: a disk, a database, a server
        ├── StoreError       the workspace cannot be opened, is from another version, or does not do as asked
        │   └── DamagedError     it holds what matcher never wrote there
        ├── ServerError      a mail or calendar server cannot be reached, or does not let us do what was asked
        └── OutputError      a file or folder cannot be written

A message names no command, option or button. Where one of those is what helps, the error carries a `Remedy`, and
whoever shows the error (the command line, a page) has words for it.

Anything else that escapes is a bug and may show a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

ROWS_NAMED = 3


class Remedy(Enum):
    """What to do next, where the program itself can do it."""

    IMPORT = auto()
    """Bring a scenario into the workspace."""
    TEMPLATE = auto()
    """Have an empty scenario written, to be filled in."""
    SOLVE = auto()
    """Make a plan."""
    REPAIR = auto()
    """Mend the plan that people were told of, or say that a new one is meant."""
    WHY = auto()
    """Ask why a visit does not take place."""
    OVERRIDE = auto()
    """Set a rule aside knowingly, with a reason."""
    LATER = auto()
    """Say another now, or set the machine's clock."""
    RESUME = auto()
    """Go on from an unfinished plan."""
    EXPORT = auto()
    """Write the folder of a plan again."""
    PUBLISH = auto()
    """Publish a run."""
    PLAN_AGAIN = auto()
    """Make another plan and publish it, or mend the spreadsheet and import it."""
    SHOW = auto()
    """Look at the plan."""
    OUTBOX = auto()
    """Look at the outbox."""
    WRITE_FEEDS = auto()
    """Write the feeds."""
    OPEN = auto()
    """Open the workspace for anything but looking, which puts it right."""
    VERIFY = auto()
    """Have everything in the workspace looked at."""
    RESTORE = auto()
    """Put a backup in the workspace's place."""
    BACK_UP = auto()
    """Make a backup."""
    REPLACE = auto()
    """Say that what is there may be replaced, or name another file."""
    OTHER_FOLDER = auto()
    """Give another folder to write to."""
    LOGIN_FILE = auto()
    """Give user and password in a file."""
    GUIDE = auto()
    """Look at which pages the guide has."""


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
    """The root: its text, with words for its remedies after it, is fit to be shown to a coordinator as it stands."""

    def __init__(self, message: str, *remedies: Remedy) -> None:
        self.remedies = remedies
        super().__init__(message)


class BadInput(MatcherError):
    """What was given cannot be used as it is."""


class NotThere(MatcherError):
    """What was asked for does not exist."""


class ChangedMeanwhile(MatcherError):
    """Somebody else changed what this was worked out from; nothing was done."""


class Refused(MatcherError):
    """It could be done, and is not: a reason of the term's speaks against it."""


class Cannot(MatcherError):
    """A disk, a database or a server does not do its part."""


class InputProblems(BadInput):
    """The input cannot be used; `problems` holds every reason, in the order of the files."""

    def __init__(self, problems: Sequence[InputProblem], *remedies: Remedy) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            "\n".join([f"{head} in the input:", *(f"  {problem}" for problem in self.problems)]), *remedies
        )


class MailboxError(BadInput):
    """Replies that cannot be read at all."""


class LetterError(BadInput):
    """Mails cannot be written: nobody to send them for, or a template that is not in order."""


class PinsImpossible(Refused):
    """No plan keeps all the pins; `pins` are sentences naming the fewest that clash, or, if not `proven`, all."""

    def __init__(self, message: str, pins: Sequence[str], *, proven: bool = True) -> None:
        self.pins = tuple(pins)
        self.proven = proven
        super().__init__(message)


class AuditRefused(Refused):
    """The audit found the plan or its scores wrong; nothing is written."""


class PublishingRefused(Refused):
    """The plan to be published sends somebody where today's data says they cannot be; nothing is kept."""


class StoreError(Cannot):
    """The workspace's database cannot give or take what was asked."""


class DamagedError(StoreError):
    """What the workspace's database holds is not what was written: a broken disk, or a hand that edited it."""

    def __init__(self, where: str, what: str) -> None:
        self.what = what
        super().__init__(f"{where} is damaged: {what}.", Remedy.VERIFY, Remedy.RESTORE)


class ServerError(Cannot):
    """A mail or calendar server, or the way we are to log in to it."""


class OutputError(Cannot):
    """Something could not be written."""
