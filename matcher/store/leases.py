"""Leases: who is doing what only one may do at a time, such as writing feeds.

A lease ends when it is given back, when its time is up, or when the process that holds it has died on this machine:
what was broken off can be done again at once.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import socket
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from matcher.store import schema

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
