"""CSV files as spreadsheets write them: what is not plain UTF-8 (or UTF-16 that says so) is refused, never guessed."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from matcher.formulas import from_text
from matcher.intake.cells import Raw
from matcher.intake.notes import Unreadable, quoted
from matcher.intake.rows import Budget, RawRow

MOST_BYTES = 50_000_000
SAVE_AS_CSV = 'Open it in the spreadsheet program, choose Save as, and pick the type "CSV UTF-8 (comma delimited)".'

_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive or a workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old-style or password-protected workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The whole of an ordinary file; raises Unreadable."""
    try:
        if not path.is_file():
            raise Unreadable(
                "something that is not a file" if path.exists() else "nothing that can be read",
                "a file",
                "Put the file itself there, not a folder or a link.",
            )
        size = path.stat().st_size
        if size > most:
            raise Unreadable(
                f"{size:,} bytes", f"at most {most:,} bytes", "Leave out what does not belong to this scenario."
            )
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"a file that cannot be opened ({error.strerror or error})",
            "a file that you may read",
            "Close it in other programs and check its permissions.",
        ) from error


def decode(content: bytes, save_as: str) -> str:
    """UTF-8 with or without its mark, or UTF-16 with it; raises Unreadable, with the row, for anything else."""
    for magic, what in _OTHER_FILES:
        if content.startswith(magic):
            raise Unreadable(what, "a text file", save_as)
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Unreadable("text in UTF-32", "text in UTF-8", save_as)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise Unreadable("text that says it is UTF-16 but is damaged", "text in UTF-8", save_as) from error
        before = content[: error.start].decode("utf-8-sig", errors="ignore")
        raise Unreadable(
            f"the byte {content[error.start]:02X}, which is not UTF-8 (the file was probably saved as Windows-1252)",
            "text in UTF-8",
            save_as,
            row=_rows_begun(before),
        ) from error
    if "\x00" in text:
        raise Unreadable("NUL characters", "text in UTF-8", save_as, row=_rows_begun(text[: text.index("\x00")]))
    return text


def _rows_begun(text: str) -> int:
    """The number of the row in which the text ends, as a spreadsheet counts: quoted line breaks belong to a cell."""
    try:
        rows = sum(1 for _ in csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        return len(text.splitlines()) + (text.endswith(("\n", "\r")) or not text)
    ended = not text or (text.endswith(("\n", "\r")) and text.count('"') % 2 == 0)
    return rows + ended


def read_csv(path: Path, budget: Budget) -> list[RawRow]:
    """The rows that are not blank; raises Unreadable."""
    text = decode(read_bytes(path), SAVE_AS_CSV)
    rows: list[RawRow] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            cells: dict[int, Raw] = {index: from_text(cell) for index, cell in enumerate(map(str.strip, row)) if cell}
            if cells:
                budget.row(len(cells))
                rows.append(RawRow(number, cells))
    except csv.Error as error:
        found = (
            "a cell longer than 131,072 characters" if "limit" in str(error) else "quotation marks that do not pair up"
        )
        raise Unreadable(
            found,
            'cells separated by commas, those that hold a comma or a line break between quotation marks "',
            "Look at this row and the next in a text editor, or save the file again from the spreadsheet program.",
            row=number + 1,
        ) from error
    _check_separator(rows)
    return rows


def _check_separator(rows: list[RawRow]) -> None:
    if not rows or len(rows[0].cells) > 1:
        return
    heading = str(next(iter(rows[0].cells.values())))
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if separator in heading:
            raise Unreadable(
                f"columns separated by {name}: {quoted(heading)}",
                "columns separated by commas",
                SAVE_AS_CSV,
                row=rows[0].number,
            )
