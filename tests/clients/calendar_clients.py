"""Calendar programs that were not written here, each asked one thing: which events are in these files, and when.

Every reader takes calendars by name and gives, for each, its events with start and end in UTC. One that is not
installed skips the test that asks it; `.ci/run` installs all of them.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import vobject

HERE = Path(__file__).parent
Files = Mapping[str, bytes]
Span = tuple[str, datetime, datetime]
"""UID, start and end in UTC."""
Read = dict[str, list[Span]]
"""By file, in order of time."""


def run(*words: str | Path, folder: Path, stdin: str | None = None, **environ: str) -> str:
    """What a program says; its failure is a failure of the test."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environ},
        check=False,
    )
    assert done.returncode == 0, f"{words[0]}: {done.stdout}\n{done.stderr}"
    return done.stdout


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def in_order(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span[1], span[0]))


# Readers


def by_vobject(files: Files, folder: Path) -> Read:
    return {
        name: in_order(
            [
                (event.uid.value, event.dtstart.value.astimezone(UTC), event.dtend.value.astimezone(UTC))
                for event in vobject.readOne(content.decode()).contents.get("vevent", [])
            ]
        )
        for name, content in files.items()
    }


def by_icaljs(files: Files, folder: Path) -> Read:
    return _by_node("ical.js", files)


def by_node_ical(files: Files, folder: Path) -> Read:
    return _by_node("node-ical", files)


def _by_node(reader: str, files: Files) -> Read:
    said = _node_says(json.dumps({name: content.decode() for name, content in files.items()}))[reader]
    return {
        name: in_order([(uid, moment(start), moment(end)) for uid, start, end in events])
        for name, events in said.items()
    }


@cache
def _node_says(files: str) -> Any:
    return json.loads(run(needs("node"), HERE / "readers.cjs", folder=_npm_folder(), stdin=files))


@cache
def _npm_folder() -> Path:
    """Where the packages of package.json are, installed when they are first asked for."""
    wanted = (HERE / "package.json").read_bytes()
    folder = HERE / "node_modules" / ".installed"
    kept = folder / "package.json"
    if not kept.is_file() or kept.read_bytes() != wanted:
        npm = needs("npm")
        shutil.rmtree(folder, ignore_errors=True)
        beside = folder.with_name(f".installing-{os.getpid()}")
        beside.mkdir(parents=True)
        (beside / "package.json").write_bytes(wanted)
        words = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        done = subprocess.run(words, cwd=beside, capture_output=True, encoding="utf-8", check=False)
        if done.returncode:
            shutil.rmtree(beside)
            pytest.skip(f"npm could not install {wanted.decode()}: {done.stderr[-300:]}")
        try:
            beside.rename(folder)
        except OSError:  # another run of the tests was quicker
            shutil.rmtree(beside)
    return folder


def by_khal(files: Files, folder: Path) -> Read:
    """Imported into a calendar for each file, and listed."""
    config = khal_config(folder, len(files))
    imports = []
    for number, content in enumerate(files.values()):
        file = folder / f"{number}.ics"
        file.write_bytes(content)
        imports.append(khal_import_words(number, file))
    khal(config, *imports)
    lists = khal(config, *(khal_list_words(number) for number in range(len(files))))
    return {name: [span for span, _ in khal_spans(said)] for name, said in zip(files, lists, strict=True)}


def khal_config(folder: Path, calendars: int = 1) -> Path:
    lines = ["[calendars]"]
    for number in range(calendars):
        (folder / f"khal-{number}").mkdir()
        lines += [f"[[c{number}]]", f"path = {folder / f'khal-{number}'}", "type = calendar"]
    lines += ["[locale]", "local_timezone = UTC", "default_timezone = UTC", "timeformat = %H:%M"]
    lines += [f"{name}dateformat = %Y-%m-%d" for name in ("", "long")]
    lines += [f"{name}datetimeformat = %Y-%m-%d %H:%M" for name in ("", "long")]
    lines += ["[sqlite]", f"path = {folder / 'khal.db'}", ""]
    config = folder / "khal.conf"
    config.write_text("\n".join(lines), encoding="utf-8")
    return config


KHAL = """
import json, sys
from click.testing import CliRunner
from khal.cli import main_khal
for words in json.load(sys.stdin):
    done = CliRunner().invoke(main_khal, words)
    if done.exit_code:
        sys.exit(f"{words}: {done.output} {done.exception!r}")
    print(json.dumps(done.output))
"""


def khal(config: Path, *commands: list[str]) -> list[str]:
    """What khal's command line says to each, all in one process since it takes a second to start."""
    pytest.importorskip("khal")
    words = json.dumps([["-c", str(config), *command] for command in commands])
    return [
        json.loads(line) for line in run(sys.executable, "-c", KHAL, folder=config.parent, stdin=words).splitlines()
    ]


def khal_import_words(number: int, file: Path) -> list[str]:
    return ["import", "--batch", "-a", f"c{number}", str(file)]


def khal_list_words(number: int) -> list[str]:
    form = "{uid}|{start-long}|{end-long}|{status}"
    return ["list", "-a", f"c{number}", "--day-format", "", "--format", form, "2026-09-01", "365d"]


def khal_spans(listed: str) -> list[tuple[Span, str]]:
    """Each event, and its STATUS."""
    found = []
    for line in listed.splitlines():
        if "|" in line:
            uid, *times, status = line.split("|")
            start, end = (datetime.strptime(each, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for each in times)
            found.append(((uid, start, end), status.strip()))
    return sorted(found, key=lambda each: (each[0][1], each[0][0]))


def by_libical(files: Files, folder: Path) -> Read:
    """Checked against its restrictions too: what must, may and must not stand in each method's component."""
    return {name: in_order(_libical_reads(name, content)) for name, content in files.items()}


class _Time(ctypes.Structure):
    _fields_ = [
        *(
            (name, ctypes.c_int)
            for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")
        ),
        ("zone", ctypes.c_void_p),
    ]


@cache
def _libical() -> Any:
    name = ctypes.util.find_library("ical")
    if name is None:
        pytest.skip("libical is not installed")
    library = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, *arguments in (
        ("icalparser_parse_string", pointer, text),
        ("icalrestriction_check", number, pointer),
        ("icalcomponent_count_errors", number, pointer),
        ("icalcomponent_as_ical_string", text, pointer),
        ("icalcomponent_string_to_kind", number, text),
        ("icalcomponent_get_first_component", pointer, pointer, number),
        ("icalcomponent_get_next_component", pointer, pointer, number),
        ("icalcomponent_get_uid", text, pointer),
        ("icalcomponent_get_dtstart", _Time, pointer),
        ("icalcomponent_get_dtend", _Time, pointer),
        ("icaltime_as_timet_with_zone", ctypes.c_long, _Time, pointer),
        ("icalcomponent_free", None, pointer),
    ):
        found = getattr(library, function)
        found.restype, found.argtypes = result, arguments
    return library


def _libical_reads(name: str, content: bytes) -> list[Span]:
    library = _libical()
    calendar = library.icalparser_parse_string(content)
    assert calendar, f"{name}: libical reads nothing"
    valid, errors = library.icalrestriction_check(calendar), library.icalcomponent_count_errors(calendar)
    assert (valid, errors) == (1, 0), f"{name}: {library.icalcomponent_as_ical_string(calendar).decode()}"
    kind = library.icalcomponent_string_to_kind(b"VEVENT")
    spans = []
    event = library.icalcomponent_get_first_component(calendar, kind)
    while event:
        times = [library.icalcomponent_get_dtstart(event), library.icalcomponent_get_dtend(event)]
        assert all(time.zone for time in times), f"{name}: a floating time"
        start, end = (moment(library.icaltime_as_timet_with_zone(time, time.zone)) for time in times)
        spans.append((library.icalcomponent_get_uid(event).decode(), start, end))
        event = library.icalcomponent_get_next_component(calendar, kind)
    library.icalcomponent_free(calendar)
    return spans


READERS: dict[str, Callable[[Files, Path], Read]] = {
    "ical.js": by_icaljs,
    "node-ical": by_node_ical,
    "vobject": by_vobject,
    "khal": by_khal,
    "libical": by_libical,
}


def by_calcurse(files: Files, folder: Path) -> dict[str, list[tuple[datetime, datetime]]]:
    """Times alone: calcurse keeps no UID."""
    program = needs("calcurse")
    read = {}
    for number, (name, content) in enumerate(files.items()):
        data = folder / f"calcurse-{number}"
        data.mkdir()
        (data / "it.ics").write_bytes(content)
        run(program, "-q", "-D", data, "-C", data, "-i", data / "it.ics", folder=data)
        said = run(program, "-D", data, "-C", data, "-G", "--format-apt", "%(start:epoch) %(end:epoch)\n", folder=data)
        spans = [tuple(moment(int(each)) for each in line.split()) for line in said.splitlines()]
        read[name] = sorted((start, end) for start, end in spans)
    return read
