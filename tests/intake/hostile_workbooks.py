"""Workbooks made to hurt: each function writes one and returns its path."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from intake_scenario import Scenario

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


def parts() -> dict[str, bytes]:
    """The parts of a good workbook, by name."""
    buffer = io.BytesIO()
    Scenario().workbook().save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_shared_texts(content: dict[str, bytes]) -> dict[str, bytes]:
    """The same workbook as Excel writes it: texts in a part of their own, referred to by number."""
    texts: list[bytes] = []

    def shared(match: re.Match[bytes]) -> bytes:
        texts.append(match[2])
        return b'<c%s t="s"><v>%d</v></c>' % (match[1], len(texts) - 1)

    inline = re.compile(rb'<c((?: [rs]="\w+")*) t="inlineStr"><is>(.*?)</is></c>', re.DOTALL)
    result = {name: inline.sub(shared, data) if "/sheet" in name else data for name, data in content.items()}
    assert texts
    result["xl/sharedStrings.xml"] = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        + b"".join(b"<si>" + text + b"</si>" for text in texts)
        + b"</sst>"
    )
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    link = b'<Relationship Id="rId99" Type="' + kind + b'" Target="sharedStrings.xml"/></Relationships>'
    name = "xl/_rels/workbook.xml.rels"
    result[name] = result[name].replace(b"</Relationships>", link)
    return result


def written(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def part_of(sheet: str, content: dict[str, bytes]) -> str:
    """Where the sheet's cells are."""
    titles = re.findall(rb'<sheet [^>]*name="(\w+)"', content["xl/workbook.xml"])
    return f"xl/worksheets/sheet{titles.index(sheet.encode()) + 1}.xml"


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    content = with_shared_texts(parts())
    name = part_of(part, content) if part in Scenario().tables or part == "programme" else part
    content[name] = change(content[name])
    return written(path, content)


def with_streamed_part(path: Path, part: str, pieces: Iterable[bytes]) -> Path:
    """A part too long to be held in memory by the test itself."""
    content = with_shared_texts(parts())
    name = part_of(part, content) if part in Scenario().tables else part
    del content[name]
    written(path, content)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=False) as stream,
    ):
        for piece in pieces:
            stream.write(piece)
    return path


def in_rows(rows: Iterable[str]) -> Iterable[bytes]:
    yield f"{SHEET}<sheetData>".encode()
    yield from (row.encode() for row in rows)
    yield b"</sheetData></worksheet>"


# -------------------------------------------------------------------------------------------------- the workbooks


def a_gigabyte_of_zeros(path: Path) -> Path:
    return with_streamed_part(path, "volunteers", (b" " * 1_000_000 for _ in range(1000)))


def sixty_megabytes_of_space(path: Path) -> Path:
    return with_streamed_part(path, "volunteers", in_rows(" " * 1_000_000 for _ in range(60)))


def a_lie_about_its_size(path: Path) -> Path:
    """The index says 100 bytes; a gigabyte would come out."""
    a_gigabyte_of_zeros(path)
    data = bytearray(path.read_bytes())
    size = (1_000_000_000).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    return path


def millions_of_texts(path: Path) -> Path:
    return with_streamed_part(
        path,
        "xl/sharedStrings.xml",
        [b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">']
        + [b"<si><t>ab</t></si>" * 10_000] * 300
        + [b"</sst>"],
    )


def millions_of_styles(path: Path) -> Path:
    styles = [b'<xf numFmtId="1"/>' * 10_000] * 300
    return with_streamed_part(path, "xl/styles.xml", [b"<styleSheet><cellXfs>", *styles, b"</cellXfs></styleSheet>"])


def millions_of_cells_in_one_row(path: Path) -> Path:
    return with_streamed_part(
        path, "volunteers", in_rows(['<row r="1">', *["<c><v>1</v></c>" * 10_000] * 400, "</row>"])
    )


def a_million_rows_of_one_cell(path: Path) -> Path:
    return with_streamed_part(path, "volunteers", in_rows(["<row><c><v>1</v></c></row>" * 10_000] * 100))


def a_hundred_and_forty_thousand_rows_that_are_all_wrong(path: Path) -> Path:
    head = "".join(f'<c t="inlineStr"><is><t>{h}</t></is></c>' for h in ("volunteer_id", "name", "sector", "latitude"))
    row = "<row><c/><c/><c/><c><v>999</v></c></row>"
    return with_streamed_part(path, "volunteers", in_rows([f"<row>{head}</row>", *[row * 10_000] * 14]))


def millions_of_blank_cells_with_a_format(path: Path) -> Path:
    cells = '<c s="1"/>' * 8
    rows = (f'<row r="{number}" s="1" customFormat="1">{cells}</row>' for number in range(1, 500_000))
    return with_streamed_part(path, "volunteers", in_rows(rows))


def a_cell_in_the_last_corner(path: Path) -> Path:
    extra = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return changed(path, "volunteers", lambda xml: xml.replace(b"</sheetData>", extra))


def a_cell_beyond_the_last_corner(path: Path) -> Path:
    extra = b'<row r="99999999999999999999"><c r="ZZZZZZZ99999999999999999999"><v>1</v></c></row></sheetData>'
    return changed(path, "volunteers", lambda xml: xml.replace(b"</sheetData>", extra))


def a_wrong_dimension(path: Path, dimension: bytes = b"A1:XFD1048576") -> Path:
    return changed(
        path, "volunteers", lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="' + dimension + b'"', xml)
    )


def billion_laughs(path: Path) -> Path:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, (b"&a%d;" % (n - 1)) * 10) for n in range(1, 10)
    )
    doctype = b"<?xml version='1.0'?><!DOCTYPE worksheet [" + entities + b"]>"
    body = f"{SHEET}<sheetData><row><c t='inlineStr'><is><t>&a9;</t></is></c></row></sheetData></worksheet>".encode()
    return changed(path, "volunteers", lambda _: doctype + body)


def an_external_entity(path: Path) -> Path:
    doctype = b"<?xml version='1.0'?><!DOCTYPE sst [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    return changed(path, "xl/sharedStrings.xml", lambda _: doctype + b"<sst><si><t>&x;</t></si></sst>")


def an_entity_in_the_list_of_sheets(path: Path) -> Path:
    return changed(path, "xl/workbook.xml", lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml)


def nested_without_end(path: Path) -> Path:
    return with_streamed_part(path, "volunteers", in_rows(["<a>" * 1_000_000] * 15))


def one_tag_of_fifty_megabytes(path: Path) -> Path:
    return with_streamed_part(path, "volunteers", in_rows(['<row x="', *["y" * 1_000_000] * 50, '"/>']))


def millions_of_attributes(path: Path) -> Path:
    def tags() -> Iterable[str]:
        for number in range(400_000):
            yield "<c " + " ".join(f'a{number * 8 + n}=""' for n in range(8)) + "/>"

    return with_streamed_part(path, "volunteers", in_rows(["<row>", *tags(), "</row>"]))


def one_cell_of_sixty_megabytes(path: Path) -> Path:
    return with_streamed_part(
        path, "volunteers", in_rows(['<row><c t="inlineStr"><is><t>', *["é" * 500_000] * 60, "</t></is></c></row>"])
    )


def a_pattern_that_takes_for_ever(path: Path) -> Path:
    """A number format that a careless regular expression would chew for hours; the next style is a date's."""
    code = b'<numFmts><numFmt numFmtId="164" formatCode="' + b"[" * 400_000 + b'"/></numFmts>'
    styles = b'<cellXfs><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs>'
    return changed(path, "xl/styles.xml", lambda _: b"<styleSheet>" + code + styles + b"</styleSheet>")


def a_hundred_thousand_files(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts().items():
            archive.writestr(name, data)
        for number in range(100_000):
            archive.writestr(f"xl/{number}", b"")
    return path


def a_number_of_thirty_thousand_digits(path: Path) -> Path:
    extra = b'<row><c r="E9"><v>' + b"9" * 30_000 + b"</v></c></row></sheetData>"
    return changed(path, "cohorts", lambda xml: xml.replace(b"</sheetData>", extra))


def a_sheet_that_is_missing(path: Path) -> Path:
    content = parts()
    del content[part_of("volunteers", content)]
    return written(path, content)


def a_part_that_is_there_twice(path: Path) -> Path:
    written(path, parts())
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet/>")
    return path


def cut_short(path: Path) -> Path:
    data = written(path, parts()).read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def damaged_in_the_middle(path: Path) -> Path:
    content = parts()
    data = bytearray(written(path, content).read_bytes())
    at = data.index(part_of("volunteers", content).encode()) + 60
    data[at : at + 40] = bytes(40)
    path.write_bytes(data)
    return path


def a_text_that_is_not_there(path: Path) -> Path:
    return changed(path, "volunteers", lambda xml: re.sub(rb"<v>\d+</v>", b"<v>99999999</v>", xml, count=1))


def xml_that_is_none(path: Path) -> Path:
    return changed(path, "volunteers", lambda xml: xml.replace(b"</row>", b"</rwo>", 1))


def an_unknown_encoding(path: Path) -> Path:
    return changed(path, "volunteers", lambda xml: b'<?xml version="1.0" encoding="klingon"?>' + xml)


REFUSED: dict[str, Callable[[Path], Path]] = {
    function.__name__: function
    for function in (
        a_gigabyte_of_zeros,
        sixty_megabytes_of_space,
        a_lie_about_its_size,
        millions_of_texts,
        millions_of_styles,
        millions_of_cells_in_one_row,
        a_million_rows_of_one_cell,
        a_hundred_and_forty_thousand_rows_that_are_all_wrong,
        millions_of_blank_cells_with_a_format,
        a_cell_in_the_last_corner,
        a_cell_beyond_the_last_corner,
        billion_laughs,
        an_external_entity,
        an_entity_in_the_list_of_sheets,
        nested_without_end,
        one_tag_of_fifty_megabytes,
        millions_of_attributes,
        one_cell_of_sixty_megabytes,
        a_hundred_thousand_files,
        a_number_of_thirty_thousand_digits,
        a_sheet_that_is_missing,
        a_part_that_is_there_twice,
        cut_short,
        damaged_in_the_middle,
        a_text_that_is_not_there,
        xml_that_is_none,
        an_unknown_encoding,
    )
}
READ: dict[str, Callable[[Path], Path]] = {
    function.__name__: function for function in (a_wrong_dimension, a_pattern_that_takes_for_ever)
}
