"""The use cases of calendars that keep themselves up to date: feeds, and calendars on a CalDAV server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.appointments import Attendee
from matcher.errors import NotThere, Refused, Remedy
from matcher.mail.login import unencrypted_host as unencrypted_host
from matcher.publishing import feeds
from matcher.publishing.feeds import Placed, Written
from matcher.publishing.published import FeedKind
from matcher.store import Workspace, leases
from matcher.usecases.looking import looks
from matcher.usecases.told import Held, Published, held_of, of_today, published

if TYPE_CHECKING:
    from matcher.mail.caldav import Pushed

LEASE, RENEWED = timedelta(minutes=5), timedelta(minutes=1)
"""How long a lease lasts, and how often it is taken for longer."""


@contextmanager
def only_one(workspace: Workspace, name: str, doing: str) -> Iterator[Callable[[], None]]:
    """Inside, nobody else does the same with this workspace: who comes second is Refused, which says who does.

    What it yields is to be called again and again: it keeps the lease, and raises where that was lost.
    """
    now = datetime.now(UTC)
    owner = leases.new_owner(now)
    taken = now - LEASE

    def keep() -> None:
        nonlocal taken
        now = datetime.now(UTC)
        if now - taken < RENEWED:
            return
        other = workspace.take_lease(name, owner, now + LEASE, now)
        if other is not None:
            raise Refused(
                f"{other} is {doing} at the moment, in {workspace.where}. Wait until that has ended, then try again; "
                f"if that process is no more, its place is free within {LEASE.seconds // 60} minutes."
            )
        taken = now

    keep()
    try:
        yield keep
    finally:
        workspace.release_lease(name, owner)


@dataclass(frozen=True)
class PlacedFeeds:
    """The feeds of the newest version and where they would go; nothing is written yet."""

    folder: Path
    placed: tuple[Placed, ...]
    known: Mapping[tuple[str, str], str]
    """The marks from which this was worked out."""
    readdressed: int
    """How many have an address that somebody may know, but no file in this folder, and so would get another."""
    held: tuple[Held, ...]
    """What is shown as to be confirmed where it stands already, and not at all elsewhere."""


@looks
def place_feeds(workspace: Workspace, folder: Path, stamp: datetime | None = None) -> PlacedFeeds:
    """Who would get which file. Whoever is no volunteer any more keeps the feed they have, and gets no new one."""
    told = published(workspace)
    known, never_placed = workspace.feed_hashes(), workspace.unplaced_feeds()
    hashes = {(FeedKind(kind), who): mark for (kind, who), mark in known.items()}
    stopped = held_of(workspace, told, stamp)
    there = feeds.standing(folder, hashes) if stopped else {}
    every = feeds.feeds(
        told.problem,
        told.entries,
        stamp or datetime.now(UTC),
        _doubtful(told, stopped),
        lambda key, uid: uid in there.get(key, ()),
        workspace=workspace.id,
    )
    now = of_today(workspace, told.version.run_number)
    mine = [each for each in every if each.key in hashes or each.id in now.volunteers or not each.is_a_volunteers]
    placed = feeds.placed(folder, mine, hashes)
    readdressed = sum(
        mark != hashes.get(key, mark) and (key[0].value, key[1]) not in never_placed
        for key, mark in feeds.hashes_of(placed).items()
    )
    return PlacedFeeds(folder, placed, known, readdressed, stopped)


def _doubtful(told: Published, stopped: Sequence[Held]) -> dict[str, list[str]]:
    """The events to which somebody may not come: UID -> the ids of those whom the school's is not to name."""
    schools = {each.uid for each in told.entries if each.attendee is Attendee.SCHOOL}
    found: dict[str, list[str]] = {}
    for each in stopped:
        for uid in each.uids:
            found.setdefault(uid, [])
            if uid in schools and each.volunteer is not None:
                found[uid].append(each.volunteer.volunteer_id)
    return found


def write_feeds(
    workspace: Workspace, where: PlacedFeeds, links: Path | None = None, before_each: Callable[[], None] = lambda: None
) -> Written:
    """Writes every feed, and to `links` who has which; first the workspace learns by what to know them again.

    To be called inside `only_one`, with what that yields. Broken off, it can be made again: a file that is there is
    known, and whoever has none yet has no address that anybody could know.
    """
    marks = {(str(kind), who): mark for (kind, who), mark in feeds.hashes_of(where.placed).items()}
    workspace.set_feeds(marks, where.known)
    written = feeds.write_feeds(where.folder, where.placed, links, workspace=workspace.id, before_each=before_each)
    workspace.place_feeds(marks, datetime.now(UTC))
    return written


def reset_feed(workspace: Workspace, kind: str, who: str, folder: Path) -> bool:
    """Ends a feed's address: deletes its file and forgets its mark, so that it gets a new one when next written.

    `kind` is a FeedKind's value. False if its file was not in the folder: wherever it is, it has to be deleted there.
    """
    key = FeedKind(kind).value, who
    with only_one(workspace, "feeds", "writing the feeds"):
        mark = workspace.feed_hashes().get(key)
        if mark is None:
            raise NotThere(f"There is no feed of {kind} {who}.", Remedy.WRITE_FEEDS)
        workspace.place_feeds([key], None)  # so that the next writing need not ask, if we get no further
        was_there = feeds.remove_feed(folder, mark)
        workspace.set_feeds({key: None})
    return was_there


def push(
    workspace: Workspace,
    url: str,
    login_file: Path | None = None,
    *,
    told: Callable[[Pushed], None] = lambda _: None,
    kept_back: Callable[[Sequence[Held]], None] = lambda _: None,
    at: datetime | None = None,
) -> tuple[Pushed, ...]:
    """Brings the programme's and each school's calendar on a CalDAV server in step with the newest version.

    What cannot be by today's data is shown as to be confirmed where it stands already, and not put elsewhere:
    `kept_back` hears of it, before anything is put.
    """
    from matcher.mail import caldav  # here, since its library takes long to load

    server = caldav.CalendarServer.at(url, login_file)
    with workspace.snapshot():
        every = published(workspace)
        stopped = held_of(workspace, every, at)
    kept_back(stopped)
    name = every.problem.programme.name
    shelves = [
        caldav.shelf(
            name, each.kind, each.id, f"{name}: {each.name}" if each.kind is FeedKind.SCHOOL else name, each.content
        )
        for each in feeds.feeds(every.problem, every.entries, at or datetime.now(UTC), _doubtful(every, stopped))
        if each.kind is not FeedKind.VOLUNTEER
    ]
    return caldav.push(server, shelves, told)
