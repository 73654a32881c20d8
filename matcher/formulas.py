"""Text that stays text when a CSV file is opened in a spreadsheet program.

Such programs take a cell for a formula that begins with = + - @ (or their wide forms, or a tab or a line break before
them), unless an apostrophe stands before it. So one is put there, and taken away where a CSV file is read; numbers
such as -1.47 stay as they are. What is read is what was written: text that began with such an apostrophe itself gets
another one.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠﹢﹣﹦﹫−]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def as_text(cell: str) -> str:
    """A cell as it goes into a CSV file."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def from_text(cell: str) -> str:
    """A cell of a CSV file as it was before `as_text`; any other is left as it is."""
    return cell[1:] if cell.startswith("'") and as_text(cell[1:]) == cell else cell
