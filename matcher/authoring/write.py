"""Write a scenario's tables as a folder of CSV files or as a workbook; the same tables give the same bytes.

Both are written beside their destination and renamed, so that a half-written scenario is never seen. Nothing that
exists is overwritten: a scenario is somebody's work.
"""

from __future__ import annotations

import errno
import gc
import io
import re
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from matcher.durable import to_disk
from matcher.errors import OutputError
from matcher.formulas import as_text
from matcher.secrecy import make_folders, write_new
from matcher.tables import TABLES, Column, Kind, Table, Tables, Value

DATE_FORMAT = "yyyy-mm-dd"
MOMENT_FORMAT = "yyyy-mm-dd hh:mm"
TEXT_FORMAT = "@"
EPOCH = datetime(2026, 1, 1)  # what every zip entry and document property says, so that bytes depend on content alone


def write_folder(tables: Tables, out: Path) -> None:
    """Write `programme.toml` and one CSV for each table that has rows or must be there; create the folder `out`."""
    files = {"programme.toml": programme_toml(tables.programme)}
    for table in TABLES:
        rows = tables.rows.get(table.name, ())
        if rows or not table.optional:
            files[f"{table.name}.csv"] = csv_text(table, (row.values for row in rows))
    new_folder(out, {name: text.encode("utf-8") for name, text in files.items()})


def write_workbook(tables: Tables, out: Path) -> None:
    """Write one `.xlsx` with a sheet for the programme and for each table that has rows or must be there."""
    workbook = Workbook()
    first = workbook.active
    assert isinstance(first, Worksheet)
    programme_sheet(first, tables.programme)
    for table in TABLES:
        rows = tables.rows.get(table.name, ())
        if rows or not table.optional:
            table_sheet(workbook.create_sheet(table.name), table, [row.values for row in rows])
    new_file(out, workbook_bytes(workbook))


# --- Text: CSV and TOML -------------------------------------------------------------------------------------------


def cell_text(column: Column, value: Value) -> str:
    """A value as a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if column.kind is Kind.CLOCK and isinstance(value, int):
        return f"{value // 60:02d}:{value % 60:02d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def csv_text(table: Table, rows: Iterable[Mapping[str, Value]]) -> str:
    """A table as CSV: the contract's headings, then a line for each row. No text in it is a formula."""
    lines = [[column.name for column in table.columns]]
    lines += [[as_text(cell_text(column, row.get(column.name))) for column in table.columns] for row in rows]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def _quoted(text: str) -> str:
    """A CSV field; the csv module leaves a lone carriage return bare, and readers then see two rows."""
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def programme_toml(programme: Mapping[str, object], comments: Mapping[str, str] | None = None) -> str:
    """The dotted keys of a programme as TOML; `comments` puts a line above a key."""
    sections: dict[tuple[str, ...], list[tuple[str, str]]] = {(): []}
    for dotted in programme:
        *section, key = dotted.split(".")
        sections.setdefault(tuple(section), []).append((key, dotted))
    lines: list[str] = []
    for section_key, keys in sections.items():
        if section_key:
            lines += ["", f"[{'.'.join(_toml_key(part) for part in section_key)}]"]
        for key, dotted in keys:
            if comments and dotted in comments:
                lines.append(f"# {comments[dotted]}")
            lines.append(f"{_toml_key(key)} = {_toml_value(programme[dotted])}")
    return "\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_string(key)


_TOML_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _toml_string(text: str) -> str:
    escaped = [
        _TOML_ESCAPES.get(char) or (f"\\u{ord(char):04X}" if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 else char)
        for char in text
    ]
    return f'"{"".join(escaped)}"'


def _toml_value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(_toml_value(item) for item in value)}]"
        case _:
            return _toml_string(str(value))


# --- Sheets -------------------------------------------------------------------------------------------------------


def programme_sheet(sheet: Worksheet, programme: Mapping[str, object]) -> None:
    """Fill the sheet of two columns, key and value."""
    sheet.title = "programme"
    for column, heading in enumerate(("key", "value"), start=1):
        put(sheet, 1, column, heading).font = bold_font()
    for row, (key, value) in enumerate(programme.items(), start=2):
        put(sheet, row, 1, key)
        put(sheet, row, 2, value)
    sheet.freeze_panes = "A2"
    set_widths(sheet, [32, 40])


def table_sheet(sheet: Worksheet, table: Table, rows: list[Mapping[str, Value]]) -> None:
    """Fill a table's sheet: headings in row 1, frozen, and a row for each row."""
    for index, column in enumerate(table.columns, start=1):
        put(sheet, 1, index, column.name).font = bold_font()
    for number, row in enumerate(rows, start=2):
        for index, column in enumerate(table.columns, start=1):
            put(sheet, number, index, sheet_value(column, row.get(column.name)))
    sheet.freeze_panes = "A2"
    set_widths(sheet, [max(10, len(column.name) + 4) for column in table.columns])


def sheet_value(column: Column, value: Value) -> object:
    """What goes into a workbook's cell: clocks and lists as text (a cell cannot hold 24:00), the rest as it is."""
    return cell_text(column, value) if column.kind is Kind.CLOCK or isinstance(value, tuple) else value


def put(sheet: Worksheet, row: int, column: int, value: object) -> Cell:
    """Set a cell so that what is text stays text, whatever it looks like, and dates look like dates."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # nothing is merged here
    if isinstance(value, (list, tuple)):
        value = value[0] if len(value) == 1 else ";".join(str(item) for item in value)
    if value is None or value == "":
        return cell
    if isinstance(value, str):
        cell.value = safe_text(value)
        if cell.data_type != "s":  # openpyxl takes "=…" for a formula and "#N/A" for an error
            cell.data_type = "s"
        if value[0] in "=+-@'":
            cell.quotePrefix = True  # and so Excel does not take it for a formula when the cell is edited
        return cell
    cell.value = value  # type: ignore[assignment]
    if isinstance(value, datetime):
        cell.number_format = MOMENT_FORMAT
    elif isinstance(value, date):
        cell.number_format = DATE_FORMAT
    return cell


def bold_font(color: str = "000000") -> Font:
    """The sheet's own font in bold; one without a name would be shown in another."""
    return Font(name="Calibri", size=11, bold=True, color=color)


_ESCAPABLE = re.compile(r"[\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def safe_text(text: str) -> str:
    """Control characters in the workbook format's own writing (`_x0007_`), since its XML cannot hold them."""
    return _ESCAPABLE.sub(lambda match: f"_x{ord(match.group()):04X}_", text)


def set_widths(sheet: Worksheet, widths: Iterable[float]) -> None:
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


def workbook_bytes(workbook: Workbook) -> bytes:
    """The workbook as a file whose bytes do not depend on when it was written."""
    workbook.properties.created = EPOCH
    workbook.properties.creator = "matcher"
    raw = io.BytesIO()
    with _in_words("A workbook's sheets, which are put into the folder for temporary files first,"):
        _save(workbook, raw)
    result = io.BytesIO()
    stamp = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = stamp.sub(rb"\g<1>" + f"{EPOCH:%Y-%m-%dT%H:%M:%SZ}".encode(), data)
            target.writestr(zipfile.ZipInfo(name, EPOCH.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _save(workbook: Workbook, raw: io.BytesIO) -> None:
    """Raises OSError. Half-written sheets fail once more as they are thrown away, and Python would print that."""
    told, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        workbook.save(raw)
    except OSError as error:
        traceback.clear_frames(error.__traceback__)
        gc.collect()
        raise OSError(error.errno, error.strerror) from None
    finally:
        sys.unraisablehook = told


# --- Putting things in place --------------------------------------------------------------------------------------


def new_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Create the folder `out` holding exactly `files`, all at once."""
    with _in_words(out):
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            what = "is a file" if out.is_file() else "is a folder that is not empty"
            raise OutputError(f"{out} {what}, and is left as it is. Name a new folder, or move this one away first.")
        with _beside(out) as beside:
            whole = beside / out.name
            make_folders(whole)
            for name, content in files.items():
                write_new(whole / name, content)  # its owner's alone, since names will stand in it
            if out.is_dir():
                out.rmdir()
            to_disk(whole)
            whole.rename(out)
            to_disk(out.parent)


def new_file(out: Path, content: bytes) -> None:
    """Create the file `out`, all at once."""
    with _in_words(out):
        if out.exists():
            raise OutputError(
                f"{out} exists already, and is left as it is. Name a new file, or move this one away first."
            )
        with _beside(out) as beside:
            write_new(beside / out.name, content)
            (beside / out.name).rename(out)
            to_disk(out.parent)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder to write in, on the same disk; whatever goes wrong, neither it nor a new folder above `out` is left."""
    missing = [folder for folder in out.parents if not folder.exists()]
    try:
        make_folders(out.parent)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
            yield Path(beside)
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _in_words(what: object) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(f"{what} cannot be written: the disk is full. Make room, then try again.") from error
        raise OutputError(f"{what} cannot be written: {error.strerror or error}. Name another place.") from error
