"""The parts of a workbook: XML documents in a zip archive, opened as if an enemy had made them.

Written on `zipfile` and `expat` because what a hostile file costs must be bounded here: a library that builds trees
holds a whole row, string table or style sheet in memory before anybody can count it (measured: openpyxl's streaming
reader needs 1.8 GB and 30 s for a sheet that is one long row in a file of 330 kB). Nothing is kept but what a
caller's handlers keep; how much is unpacked, how deep it nests, how long one tag is and how many different names there
are is limited; and a document type declaration, which no workbook needs, is refused, so there are no entities at all.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from xml.parsers import expat

from matcher.intake.notes import Unreadable
from matcher.intake.rows import too_much

MOST_BYTES = 64_000_000  # unpacked, of all the parts that are read; Derby's workbook has 3 million
MOST_INDEX_BYTES = 1_000_000  # the archive's list of its files
MOST_TAGS = 3_000_000  # those that begin and those that end; blank cells that are formatted have them too
MOST_NAMES = 2_000  # different names of elements and attributes in a part
MOST_TAG_BYTES = 1_000_000
MOST_DEPTH = 64
CHUNK_BYTES = 256_000

A_WORKBOOK = "a workbook in the format .xlsx"
SAVE_AGAIN = "Open it in the spreadsheet program and save it again as an Excel workbook (.xlsx)."
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Handler:
    """Takes the elements of a part as they stream by; subclasses keep what they need, and little of it."""

    depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1

    def end(self, tag: str) -> None:
        self.depth -= 1

    def text(self, text: str) -> None:
        pass


def damaged(what: str) -> Unreadable:
    return Unreadable(f"a damaged workbook: {what}", A_WORKBOOK, SAVE_AGAIN)


class Archive:
    """A zip archive of XML parts; every method raises Unreadable for whatever is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._bytes = self._tags = 0
        try:
            _check_ends(path)
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise Unreadable(
                f"a file that cannot be opened ({error.strerror or error})",
                "a file that you may read",
                "Close it in other programs and check its permissions.",
            ) from error
        except _BROKEN as error:
            raise damaged("its zip archive cannot be opened, perhaps because it was cut short") from error
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = _part_name(info.filename)
            if name in self._parts:
                self._zip.close()
                raise damaged(f"it holds {name!a:.80} twice")
            self._parts[name] = info

    def close(self) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _part_name(name) in self._parts

    def parse(self, name: str, handler: Handler) -> None:
        """Read one part from its beginning to its end; elements are named with their prefix."""
        info = self._parts.get(_part_name(name))
        if info is None:
            raise damaged(f"its part {name!a:.80} is missing")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(f"its part {name!a:.80} is encrypted or packed in an unusual way")
        self._bytes += info.file_size  # zipfile never unpacks more than this
        if self._bytes > MOST_BYTES:
            raise too_much(f"a workbook of {self._bytes // 1_000_000:,} MB", f"at most {MOST_BYTES // 1_000_000} MB")
        names: dict[str, str] = {}
        parser = expat.ParserCreate(intern=names)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        fed = 0
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    fed += len(chunk)
                    self._tags += chunk.count(b"<")
                    if self._tags > MOST_TAGS:
                        raise too_much(
                            "millions of cells, blank ones that are formatted included", f"at most {MOST_TAGS // 3:,}"
                        )
                    parser.Parse(chunk, False)
                    too_long = fed - parser.CurrentByteIndex > MOST_TAG_BYTES
                    if too_long or handler.depth > MOST_DEPTH or len(names) > MOST_NAMES:
                        raise damaged(f"its part {name!a:.80} is not what a workbook holds")
                parser.Parse(b"", True)
        except _BROKEN as error:
            raise damaged(f"its part {name!a:.80} cannot be read") from error


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    struct.error,
    EOFError,
    RuntimeError,  # zipfile: encrypted
    NotImplementedError,  # zipfile: packed in a way it does not know
    ValueError,  # numbers and encodings that are none
    LookupError,  # an encoding that does not exist
    OverflowError,
    OSError,  # seeking to a place that does not exist
)


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("a workbook with a document type declaration", A_WORKBOOK, f"No workbook needs one. {SAVE_AGAIN}")


def _part_name(name: str) -> str:
    """Parts are named without regard to case; some writers use the other slash."""
    return name.replace("\\", "/").lstrip("/").casefold()


def _check_ends(path: Path) -> None:
    """That the file begins like a zip archive, and that its index is short enough to be read."""
    with path.open("rb") as stream:
        head = stream.read(8)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 66_000))
        tail = stream.read()
    if head == _OLE:
        raise Unreadable(
            "an old-style or password-protected workbook", A_WORKBOOK, f"Remove the password. {SAVE_AGAIN}"
        )
    if not head:
        raise Unreadable("an empty file", A_WORKBOOK, SAVE_AGAIN)
    if not head.startswith(b"PK"):
        raise Unreadable("a file that is not a workbook, whatever its name says", A_WORKBOOK, SAVE_AGAIN)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise damaged("it has been cut short")
    (index_bytes,) = struct.unpack_from("<L", tail, at + 12)
    if index_bytes > MOST_INDEX_BYTES or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise damaged("the index of its zip archive is far too long")
