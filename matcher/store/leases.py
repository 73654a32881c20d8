"""What only one may do at a time, across processes and machines: whoever does it holds a lease and keeps renewing it.

A lease that was not renewed in time has ended: whoever held it was killed, or its machine slept. PostgreSQL's own clock
says how late it is, since the machines that share it need not agree; a SQLite file has one machine.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from matcher.errors import StoreError
from matcher.store import schema
from matcher.store.schema import utc

RENEWALS = 4  # in the time after which a lease ends: one or two may fail


class Taken(Exception):
    """Somebody else holds the lease."""

    def __init__(self, by: str, until: datetime) -> None:
        self.by = by
        """Such as "process 4711 on desk-7, since 2026-11-25 09:46 UTC"."""
        self.until = until


class Lease:
    """Held while its `with` lasts, and renewed in the background. Raises Taken where somebody else holds it."""

    def __init__(self, writing: Callable[[], AbstractContextManager[sa.Connection]], name: str, seconds: float) -> None:
        """Unless it is renewed, it ends after so many seconds; `writing` begins a transaction."""
        self._writing = writing
        self._name = name
        self._length = timedelta(seconds=seconds)
        self._token = secrets.token_hex(16)
        self._done = Event()
        self._renewing = Thread(target=self._keep, name=f"lease {name}", daemon=True)

    def __enter__(self) -> Self:
        table = schema.leases
        with self._writing() as connection:
            now = _now(connection)
            row = connection.execute(sa.select(table).where(table.c.name == self._name)).first()
            if row is not None and row.until_utc > utc(now):
                raise Taken(row.owner.partition(" ")[2], row.until_utc.replace(tzinfo=UTC))
            connection.execute(sa.delete(table).where(table.c.name == self._name))
            who = f"process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M} UTC"
            held = {"name": self._name, "owner": f"{self._token} {who}", "until_utc": utc(now + self._length)}
            connection.execute(sa.insert(table).values(held))
        self._renewing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._renewing.join()
        try:
            with self._writing() as connection:
                connection.execute(sa.delete(schema.leases).where(self._is_ours()))
        except StoreError:  # it ends by itself
            if error is None:
                raise

    def renew(self) -> bool:
        """False if it has ended meanwhile and is somebody else's, or nobody's any more."""
        with self._writing() as connection:
            now = _now(connection)
            still = sa.and_(self._is_ours(), schema.leases.c.until_utc > utc(now))
            later = sa.update(schema.leases).where(still).values(until_utc=utc(now + self._length))
            return connection.execute(later).rowcount == 1

    def _is_ours(self) -> sa.ColumnElement[bool]:
        table = schema.leases
        return sa.and_(table.c.name == self._name, table.c.owner.startswith(f"{self._token} "))

    def _keep(self) -> None:
        while not self._done.wait(self._length.total_seconds() / RENEWALS):
            try:
                if not self.renew():
                    return
            except StoreError:  # in use, or not to be reached just now; whoever holds it learns more when they renew
                continue


def _now(connection: sa.Connection) -> datetime:
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


# A lease that its holder keeps by calling for it again and again, as between files

_PROCESS = re.compile(r" on (?P<host>\S+) \(process (?P<process>\d+), ")


def new_owner(now: datetime) -> str:
    """Who we are, for others to read, such as "ana on office (process 4711, since 2026-11-25 09:46 UTC, 5f0c)"."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        user = "somebody"
    since = f"{schema.utc(now):%Y-%m-%d %H:%M} UTC"
    return f"{user} on {_host()} (process {os.getpid()}, since {since}, {secrets.token_hex(2)})"


def take(connection: sa.Connection, name: str, owner: str, until: datetime, now: datetime) -> str | None:
    """Take the lease, or take it for longer; if somebody else holds it, nothing is done, and that owner returned."""
    table = schema.leases
    held = connection.execute(sa.select(table).where(table.c.name == name)).first()
    if held is not None and held.owner != owner and held.until_utc > schema.utc(now) and not _has_died(held.owner):
        return str(held.owner)
    connection.execute(sa.delete(table).where(table.c.name == name))
    connection.execute(sa.insert(table).values(name=name, owner=owner, until_utc=schema.utc(until)))
    return None


def release(connection: sa.Connection, name: str, owner: str) -> None:
    """Give it back, if it is still ours."""
    table = schema.leases
    connection.execute(sa.delete(table).where(table.c.name == name, table.c.owner == owner))


def _host() -> str:
    return re.sub(r"\s", "_", socket.gethostname())


def _has_died(owner: str) -> bool:
    """Whether the owner is a process of this machine that certainly runs no more."""
    found = _PROCESS.search(owner)
    if os.name != "posix" or found is None or found["host"] != _host():
        return False
    process = int(found["process"])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's
        return False
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])  # dead, and its parent has not looked yet
