"""An .xlsx workbook as rows of cells, each with the value that the spreadsheet shows."""

from __future__ import annotations

import math
import posixpath
import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from openpyxl.styles.numbers import BUILTIN_FORMATS, STRIP_RE, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from matcher.intake.cells import PerCent, Raw, Unusable
from matcher.intake.notes import Unreadable
from matcher.intake.parts import A_WORKBOOK, SAVE_AGAIN, Archive, Handler, damaged
from matcher.intake.rows import Budget, RawRow

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_STYLES = 65_536
CELLS_AT_A_TIME = 1_000


class Workbook:
    """The sheets of a workbook, in order; raises Unreadable for a file that cannot be read."""

    def __init__(self, path: Path, budget: Budget) -> None:
        self._archive = Archive(path)
        try:
            self._budget = budget
            workbook = self._workbook_part()
            links = self._links(workbook)
            listing = _Listing()
            self._archive.parse(workbook, listing)
            self._epoch = CALENDAR_MAC_1904 if listing.from_1904 else CALENDAR_WINDOWS_1900
            self.sheets = [name for name, _ in listing.sheets]
            self._targets = [links.get(link, ("", ""))[1] for _, link in listing.sheets]
            by_kind = dict(links.values())
            self._strings: list[str] = []
            if strings := by_kind.get("sharedStrings"):
                self._archive.parse(strings, _Strings(self._budget, self._strings))
            styles = _Styles()
            if part := by_kind.get("styles"):
                self._archive.parse(part, styles)
            self._formats = styles.formats()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._archive.close()

    def rows(self, index: int) -> list[RawRow]:
        """The rows of a sheet, counted from 0 in `sheets`, that are not blank."""
        target = self._targets[index]
        if not target:
            raise damaged("the content of this sheet is missing")
        sheet = _Sheet(self._budget, self._strings, self._formats, self._epoch)
        self._archive.parse(target, sheet)
        return sheet.rows

    def _workbook_part(self) -> str:
        for _, (kind, target) in self._links("").items():
            if kind == "officeDocument" and target in self._archive:
                return target
        if "xl/workbook.xml" in self._archive:
            return "xl/workbook.xml"
        raise Unreadable("a zip archive that is not a workbook", A_WORKBOOK, SAVE_AGAIN)

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """id -> the last word of the kind of link, and the part that it leads to."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        links = _Links(folder)
        if relations in self._archive:
            self._archive.parse(relations, links)
        return links.found


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    """An element's name without the prefix that some programs write before all of them."""
    return tag.rpartition(":")[2]


class _Links(Handler):
    """A part's links to others: id -> the last word of the kind of link, and the part that it leads to."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if _local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(self.folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = kind, posixpath.normpath(path)


class _Listing(Handler):
    """workbook.xml: the sheets' names with the ids of their links, and from when days are counted."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.from_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        name = _local(tag)
        if name == "sheet":
            link = next((value for key, value in attributes.items() if _local(key) == "id"), "")
            self.sheets.append((attributes.get("name", ""), link))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904", "0") in ("1", "true")


class _Strings(Handler):
    """sharedStrings.xml: the texts that cells refer to by number, without the reading aids of East Asian scripts."""

    def __init__(self, budget: Budget, strings: list[str]) -> None:
        self.budget = budget
        self.strings = strings
        self.pieces: list[str] = []
        self.reading_aid = self.collecting = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        name = _local(tag)
        if name == "si":
            self.pieces = []
        elif name == "rPh":
            self.reading_aid = True
        elif name == "t":
            self.collecting = not self.reading_aid

    def text(self, text: str) -> None:
        if self.collecting:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        name = _local(tag)
        if name == "t":
            self.collecting = False
        elif name == "rPh":
            self.reading_aid = False
        elif name == "si":
            text = _unescaped("".join(self.pieces))
            self.budget.text(text)
            self.strings.append(text)


class _Styles(Handler):
    """styles.xml: which of the cell formats show dates, lengths of time or per cents."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        self.styles: list[str] = []
        self.inside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        name = _local(tag)
        if name == "cellXfs":
            self.inside = True
        elif name == "xf" and self.inside:
            self.styles.append(attributes.get("numFmtId", "0"))
            if len(self.styles) > MOST_STYLES:
                raise damaged("it has more cell formats than any spreadsheet can")
        elif name == "numFmt" and not self.inside:
            self.codes.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", "")[:255])

    def end(self, tag: str) -> None:
        self.depth -= 1
        if _local(tag) == "cellXfs":
            self.inside = False

    def formats(self) -> list[str]:
        """For each style "number", "per cent", "date", "date and time" or "length of time"."""
        return [_shows(self.codes.get(code, "")) for code in self.styles]


@lru_cache(maxsize=1024)
def _shows(code: str) -> str:
    if is_timedelta_format(code):
        return "length of time"
    plain = STRIP_RE.sub("", code.split(";")[0])
    if is_date_format(code):
        return "date and time" if "h" in plain.lower() else "date"
    return "per cent" if "%" in plain.replace("\\%", "") else "number"


class _Sheet(Handler):
    """A sheet's cells as they stream by; what the sheet says about its own size is not asked."""

    def __init__(self, budget: Budget, strings: list[str], formats: list[str], epoch: datetime) -> None:
        self.budget = budget
        self.strings, self.formats, self.epoch = strings, formats, epoch
        self.rows: list[RawRow] = []
        self.in_data = self.in_cell = self.collecting = self.reading_aid = False
        self.row = 0
        self.column = -1
        self.cells: dict[int, Raw] = {}
        self.kind = "n"
        self.style = ""
        self.pieces: list[str] = []
        self.has_formula = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        name = _local(tag)
        if not self.in_data:
            self.in_data = name == "sheetData"
        elif name == "c":
            self.in_cell = True
            self.column = _column(attributes["r"]) if "r" in attributes else self.column + 1
            self.kind = attributes.get("t", "n")
            self.style = attributes.get("s", "")
            self.pieces = []
            self.has_formula = False
        elif name == "row":
            self.row = _row(attributes["r"]) if "r" in attributes else self.row + 1
            self.column = -1
            self.cells = {}
        elif self.in_cell:
            if name == "v":
                self.collecting = self.kind != "inlineStr"
            elif name == "t":
                self.collecting = self.kind == "inlineStr" and not self.reading_aid
            elif name == "f":
                self.has_formula = True
            elif name == "rPh":
                self.reading_aid = True

    def text(self, text: str) -> None:
        if self.collecting:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        name = _local(tag)
        if name in ("v", "t"):
            self.collecting = False
        elif name == "rPh":
            self.reading_aid = False
        elif name == "c" and self.in_cell:
            self.in_cell = False
            value = self.value()
            if value != "":
                self.cells[self.column] = value
                if not len(self.cells) % CELLS_AT_A_TIME:  # in a very long row
                    self.budget.check_cells(len(self.cells))
        elif name == "row" and self.in_data:
            if self.cells:
                self.budget.row(len(self.cells))
                self.rows.append(RawRow(self.row, self.cells))
        elif name == "sheetData":
            self.in_data = False

    def value(self) -> Raw:
        """The cell's value; "" if it is blank."""
        if not self.pieces:
            unsaved = self.has_formula and self.kind != "str"  # a formula may well give a text of no characters
            return Unusable("a formula whose result has not been saved") if unsaved else ""
        text = "".join(self.pieces)
        if self.kind == "s":
            number = int(text)
            if not 0 <= number < len(self.strings):
                raise damaged("a cell refers to a text that is missing")
            return self.strings[number].strip()
        if self.kind in ("str", "inlineStr"):
            text = _unescaped(text)
            self.budget.text(text)
            return text.strip()
        text = text.strip()
        if self.kind == "b":
            return text in ("1", "true")
        if self.kind == "e":
            return Unusable(f"the error {text[:20]}")
        if self.kind == "d":
            return _iso(text)
        return self.number(text)

    def number(self, text: str) -> Raw:
        try:
            if len(text) > 40:
                return text[:100]
            value: int | float = int(text) if text.lstrip("-").isdecimal() else float(text)
            if not math.isfinite(value):
                return text
        except ValueError:
            return text
        style = int(self.style) if self.style.isdecimal() and len(self.style) < 9 else 0
        shows = self.formats[style] if style < len(self.formats) else "number"
        if shows == "number":
            return value
        if shows == "per cent":
            return PerCent(round(float(value) * 100, 10))
        try:
            return self.moment(value, shows)
        except (OverflowError, ValueError):
            return Unusable("a number formatted as a date that no calendar has")

    def moment(self, value: int | float, shows: str) -> Raw:
        if shows == "length of time" or value == 1:  # 24:00, which is day 1 in a column of times
            return timedelta(seconds=round(float(value) * 86_400, 3))
        found = from_excel(value, self.epoch)
        if shows == "date" and isinstance(found, datetime) and found.time() == time(0):
            return found.date()
        assert isinstance(found, datetime | time)
        return found


_LETTERS: dict[str, int] = {}


def _column(reference: str) -> int:
    """The column of a cell's address, counted from 0."""
    letters = reference.rstrip("0123456789")
    column = _LETTERS.get(letters)
    if column is None:
        if not 1 <= len(letters) <= 3 or not (letters.isascii() and letters.isupper()):
            raise damaged("a cell has no proper address")
        column = 0
        for letter in letters:
            column = 26 * column + ord(letter) - 64
        column -= 1
        if column >= LAST_COLUMN:
            raise damaged("a cell has an address beyond the last column")
        _LETTERS[letters] = column
    return column


def _row(number: str) -> int:
    if not (number.isascii() and number.isdigit() and len(number) <= 7 and 1 <= int(number) <= LAST_ROW):
        raise damaged("a row has a number that no spreadsheet has")
    return int(number)


_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """Spreadsheets write characters that XML cannot hold as _x000D_; halves of a character stay as they are."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda m: m[0] if 0xD800 <= int(m[1], 16) < 0xE000 else chr(int(m[1], 16)), text)


def _iso(text: str) -> Raw:
    """A date cell of the strict form of the format, which holds text."""
    readers: tuple[type[date] | type[datetime] | type[time], ...] = (date, datetime, time)
    for reader in readers:
        try:
            return reader.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            continue
    return text
