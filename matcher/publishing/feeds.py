"""Feeds: calendars to subscribe to, files whose names nobody can guess, for any web space.

Whoever knows a feed's address reads it, so its name is 128 random bits and is kept nowhere: a hash of it is, by which
the file is known again and rewritten in place. Events stand as they were last told, DTSTAMP included, so that what did
not change is the same to the last byte. Cancelled visits stay for some weeks, since programs may ask only now and then.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from matcher.appointments import Attendee
from matcher.domain import Problem
from matcher.durable import to_disk
from matcher.errors import OutputError
from matcher.formulas import as_text
from matcher.publishing.calendars import PRODID, Shell, Text
from matcher.publishing.published import Entry, FeedKind, Standing
from matcher.publishing.sentences import description
from matcher.secrecy import PRIVATE, PUBLIC, PUBLIC_FOLDER, make_folders, write_new
from matcher.times import wall_clock
from matcher.wording import folded_line, one_line

CANCELLED_STAY = timedelta(weeks=4)
"""How long after its date a cancelled visit can still be seen."""
PROGRAMME_ID = "programme"
"""The id of the one feed of kind PROGRAMME."""
TO_BE_CONFIRMED = "To be confirmed: "
LINK_COLUMNS = ("kind", "id", "name", "file")

_NAME = re.compile(r"[0-9a-f]{32}\.ics")
_WRITING = ".matcher-writing-"
_REFRESH = "PT6H"
_FRONT = b'<!DOCTYPE html><html lang="en"><title>Calendars</title></html>\n'


FeedKey = tuple[FeedKind, str]


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed says, and whose it is."""

    kind: FeedKind
    id: str
    name: str
    content: bytes

    @property
    def key(self) -> FeedKey:
        return self.kind, self.id

    @property
    def is_a_volunteers(self) -> bool:
        return self.kind is FeedKind.VOLUNTEER


@dataclass(frozen=True, slots=True)
class Placed:
    """A feed and the file that it goes to."""

    feed: Feed
    file: str


@dataclass(frozen=True, slots=True)
class Written:
    """What writing feeds did to a folder."""

    new: int
    rewritten: int
    unchanged: int
    swept: int = 0
    """Files of this workspace that were nobody's feed any more, and are deleted."""
    strange: tuple[str, ...] = ()
    """Files that may be feeds of an earlier matcher, and are nobody's here; they are left."""


def feeds(
    problem: Problem,
    entries: Sequence[Entry],
    stamp: datetime,
    doubtful: Mapping[str, Collection[str]] | None = None,
    stand: Callable[[FeedKey, str], bool] = lambda _key, _uid: True,
    *,
    workspace: str = "",
) -> tuple[Feed, ...]:
    """A feed for each volunteer and school, with or without a visit, and one for the programme, all visits of it.

    `doubtful` are events to which somebody may not come as things are now: UID -> the ids of the visitors whom the
    school's event is not to name. Those that `stand` in a feed already are shown as to be confirmed there, the others
    left out.
    `workspace` is the id of the workspace, by whose mark its files are known again.
    """
    doubtful = doubtful or {}
    programme = one_line(problem.programme.name)
    today = wall_clock(stamp, problem.programme.timezone)
    shown = [
        entry
        for entry in sorted(entries, key=lambda each: (each.start, each.session_id, each.uid))
        if entry.standing is Standing.CONFIRMED or entry.end + CANCELLED_STAY > today
    ]
    own: dict[FeedKey, list[Entry]] = {}
    for volunteer_id in problem.volunteers:
        own[FeedKind.VOLUNTEER, volunteer_id] = []
    for school_id in problem.schools:
        own[FeedKind.SCHOOL, school_id] = []
    for entry in entries:
        own.setdefault(_key(entry), [])
    for entry in shown:
        own[_key(entry)].append(entry)
    names = {
        **{(FeedKind.VOLUNTEER, key): one_line(each.name) for key, each in problem.volunteers.items()},
        **{(FeedKind.SCHOOL, key): one_line(each.name) for key, each in problem.schools.items()},
    }
    shells = _Shells(problem, workspace)
    found = []
    for (kind, key), events in own.items():
        name = names.get((kind, key), "")
        title = f"{programme}: {name}" if name else programme
        events = [each for each in events if each.uid not in doubtful or stand((kind, key), each.uid)]
        bodies = (_seen(each, doubtful.get(each.uid)) for each in events)
        found.append(Feed(kind, key, name, shells.around(title, events, bodies)))
    everywhere = (FeedKind.PROGRAMME, PROGRAMME_ID)
    visits = [
        entry
        for entry in shown
        if entry.attendee is Attendee.SCHOOL and (entry.uid not in doubtful or stand(everywhere, entry.uid))
    ]
    everything = (_seen(entry, doubtful.get(entry.uid), names.get(_key(entry), "")) for entry in visits)
    found.append(Feed(FeedKind.PROGRAMME, PROGRAMME_ID, programme, shells.around(programme, visits, everything)))
    return tuple(found)


def placed(folder: Path, all_feeds: Iterable[Feed], hashes: Mapping[FeedKey, str]) -> tuple[Placed, ...]:
    """Where each feed goes: the file in `folder` whose name has the known hash, else one of a new name.

    Nothing is written yet: keep `hashes_of` what this returns first, so that no file can be there unknown.
    """
    there = {token_hash(path.stem): path.name for path in _files(folder)}
    result = []
    for feed in all_feeds:
        file = there.get(hashes.get(feed.key, ""))
        result.append(Placed(feed, file or f"{secrets.token_hex(16)}.ics"))
    return tuple(result)


def standing(folder: Path, hashes: Mapping[FeedKey, str]) -> dict[FeedKey, set[str]]:
    """The UIDs of the events that stand in each feed's file in `folder`, of those that have one."""
    whose = {mark: key for key, mark in hashes.items()}
    found: dict[FeedKey, set[str]] = {}
    for path in _files(folder):
        if key := whose.get(token_hash(path.stem)):
            found[key] = set(re.findall(r"^UID:(.*?)\r?$", path.read_text(errors="replace"), re.MULTILINE))
    return found


def hashes_of(where: Iterable[Placed]) -> dict[FeedKey, str]:
    """All that may be kept of the names."""
    return {each.feed.key: token_hash(each.file.removesuffix(".ics")) for each in where}


def token_hash(token: str) -> str:
    """Of a file's name without its ending."""
    return hashlib.sha256(token.encode()).hexdigest()


def write_feeds(
    folder: Path,
    where: Sequence[Placed],
    links: Path | None = None,
    *,
    workspace: str = "",
    before_each: Callable[[], None] = lambda: None,
) -> Written:
    """Put each feed in its place, one after another, each as a whole; a file that says the same stays untouched.

    Then files with the mark of this `workspace` that are nobody's feed are deleted: writings that were broken off
    left them, or their feeds got another address, and no reset would ever end them.

    `links` is where to write who has which file; it may not be in the folder, where everybody could read it.
    `before_each` is called before each file, and may end the writing.
    Raises OutputError.
    """
    if links is not None and links.resolve().is_relative_to(folder.resolve()):
        raise OutputError(
            f"{links}: found a place inside the feeds' folder {folder}; expected one outside it, since whoever reads "
            "this file can open every feed. Give another place for it."
        )
    counts = {"new": 0, "rewritten": 0, "unchanged": 0}
    try:
        make_folders(folder, PUBLIC_FOLDER)
        for leftover in folder.glob(f"{_WRITING}*"):  # of a run that was killed
            leftover.unlink()
        front = folder / "index.html"  # without it, web servers would list the folder, and with it all names
        if not front.exists():
            _put(front, _FRONT)
        elif front.read_bytes() == _FRONT:
            _open_to_all(front)
        for each in where:
            before_each()
            path = folder / each.file
            old = path.read_bytes() if path.is_file() else None
            if old is not None and _but_stamps(old) == _but_stamps(each.feed.content):
                _open_to_all(path)
                counts["unchanged"] += 1
                continue
            _put(path, each.feed.content)
            counts["new" if old is None else "rewritten"] += 1
        if links is not None:
            _put(links, _links(where), PRIVATE)
            to_disk(links.parent)
        swept, strange = _sweep(folder, {each.file for each in where}, workspace)
        to_disk(folder)  # only then is the workspace told that they are in place
    except OSError as error:
        place = error.filename or folder
        raise OutputError(
            f"The feeds could not be written to {folder}: {error.strerror or error} ({place}). Those before it are in "
            "place. Mend that, or give another folder, and write them again."
        ) from error
    return Written(**counts, swept=swept, strange=strange)


def remove_feed(folder: Path, known_hash: str) -> bool:
    """Delete the file whose name has this hash, so that its address is dead; False if there was none."""
    for path in _files(folder):
        if token_hash(path.stem) == known_hash:
            try:
                path.unlink()
                to_disk(folder)
            except OSError as error:
                raise OutputError(
                    f"The feed's old file could not be deleted: {error.strerror or error} ({path}). Delete it, or its "
                    "old address still works."
                ) from error
            return True
    return False


# ----------------------------------------------------------------------------------------------------- contents


class _Shells:
    def __init__(self, problem: Problem, workspace: str) -> None:
        programme = problem.programme
        self._mark = f"{_mark(workspace)}\r\n" if workspace else ""
        self._zone, self._years = programme.timezone, (programme.first_day.year, programme.last_day.year)

    def around(self, title: str, entries: Sequence[Entry], events: Iterable[str]) -> bytes:
        years = {self._zone: self._years}
        for entry in entries:
            for zone in set(_ZONE.findall(entry.body)):
                first, last = years.get(zone, (entry.start.year, entry.end.year))
                years[zone] = min(first, entry.start.year), max(last, entry.end.year)
        shell = Shell(title, years, x_published_ttl=_REFRESH)
        refresh = f"REFRESH-INTERVAL;VALUE=DURATION:{_REFRESH}\r\n"
        return shell.around(events).replace(b"X-PUBLISHED-TTL:", f"{self._mark}{refresh}X-PUBLISHED-TTL:".encode(), 1)


_ZONE = re.compile(r"^DT(?:START|END);TZID=([^:;\r\n]+):", re.MULTILINE)
_SUMMARY = re.compile(r"^SUMMARY[:;].*\r\n(?: .*\r\n)*", re.MULTILINE)
_DESCRIPTION = re.compile(r"^DESCRIPTION[:;].*\r\n(?: .*\r\n)*", re.MULTILINE)


def _key(entry: Entry) -> FeedKey:
    return FeedKind(entry.attendee.value), entry.attendee_id


def _seen(entry: Entry, doubtful: Collection[str] | None = None, school: str = "") -> str:
    """The event as a subscriber sees it: the school before it where several meet, and whether it is off or in doubt."""
    head = "Cancelled: " if entry.standing is Standing.CANCELLED else ""
    head += "" if doubtful is None else TO_BE_CONFIRMED
    head += f"{school}: " if school else ""
    if not head:
        return entry.body
    body = entry.body if doubtful is None else tentative(entry, doubtful)
    prefix = Text(head).to_ical().decode()

    def prefixed(found: re.Match[str]) -> str:
        name, _, value = found[0].replace("\r\n ", "").removesuffix("\r\n").partition(":")
        return folded_line(f"{name}:{prefix}{value}")

    return _SUMMARY.sub(prefixed, body, count=1)


def tentative(entry: Entry, visitors: Collection[str]) -> str:
    """The event with STATUS:TENTATIVE, without a reminder, and with nobody named who has one of these ids.

    SEQUENCE and DTSTAMP stay: once the doubt is gone, the event is again what it was.
    """
    body = re.sub(r"^BEGIN:VALARM\r\n.*?^END:VALARM\r\n", "", entry.body, flags=re.DOTALL | re.MULTILINE)
    body = re.sub(r"^STATUS:.*\r\n", "STATUS:TENTATIVE\r\n", body, count=1, flags=re.MULTILINE)
    if not visitors:
        return body
    text = Text(description(entry.attendee, entry.facts, visitors)).to_ical().decode()
    return _DESCRIPTION.sub(lambda _: folded_line(f"DESCRIPTION:{text}"), body, count=1)


_STAMP = re.compile(rb"^DTSTAMP:.*\r\n", re.MULTILINE)


def _but_stamps(content: bytes) -> bytes:
    return _STAMP.sub(b"", content)


# ------------------------------------------------------------------------------------------------------- files


def _files(folder: Path) -> Iterator[Path]:
    """The files that have a feed's name."""
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name) and path.is_file())


def _mark(workspace: str) -> str:
    """The line by which a file of that workspace is known; tells nobody its id."""
    return f"X-MATCHER-WORKSPACE:{hashlib.sha256(f'feeds of {workspace}'.encode()).hexdigest()[:32]}"


def _sweep(folder: Path, used: Collection[str], workspace: str) -> tuple[int, tuple[str, ...]]:
    """Delete this workspace's files that are nobody's feed; returns how many, and files that might be old ones."""
    swept, strange = 0, []
    for path in _files(folder):
        if path.name in used or not workspace:
            continue
        head = path.read_bytes().partition(b"\nBEGIN:V")[0].decode(errors="replace").splitlines()
        if _mark(workspace) in head:
            path.unlink()
            swept += 1
        elif f"PRODID:{PRODID}" in head and not any(line.startswith("X-MATCHER-WORKSPACE:") for line in head):
            strange.append(path.name)
    return swept, tuple(strange)


def _put(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Written beside and renamed, so that nobody ever reads half of it."""
    beside = path.with_name(f"{_WRITING}{path.name}")
    try:
        write_new(beside, content, mode)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _open_to_all(path: Path) -> None:
    if path.stat().st_mode & 0o777 != PUBLIC:
        path.chmod(PUBLIC)


def _links(where: Iterable[Placed]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(LINK_COLUMNS)
    writer.writerows(
        (each.feed.kind, as_text(each.feed.id), as_text(each.feed.name), each.file) for each in where
    )  # it is opened in a spreadsheet program, to mail the links from
    return text.getvalue().encode(errors="replace")
