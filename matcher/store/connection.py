"""Reaching a database, and saying in plain words why it cannot be reached or will not do as asked."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from matcher.errors import DamagedError, NotThere, Remedy, StoreError
from matcher.secrecy import holds_login, shows
from matcher.store.kept import DamagedValue

_POSTGRESQL = "postgresql+psycopg"
_WRITERS_LOCK = 7_263_548_117  # any number, as long as every version of matcher asks for the same

_UNREADABLE = (
    "the database's address cannot be read. Write it as postgresql://user:password@server:5432/database, with %40 for "
    "@, %2F for /, %3A for :, %3F for ? and %23 for # inside a password. (It is not repeated here: a password may "
    "stand in it.)"
)
_PLAIN = ("host", "hostaddr", "port", "dbname", "user", "sslmode", "mode", "uri")
"""Settings at the end of an address whose values may be told."""

_LEFT_HALFWAY = ("SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY")

# What a driver's error means: SQLite's error names begin with, PostgreSQL's SQLSTATE begins with.
_MEANINGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "40001", "40P01"),
        "is in use: somebody else is writing to it. Wait until they have finished, then try again.",
    ),
    (("SQLITE_NOTADB",), "is not a database. Name another file, or none for the usual one."),
    (
        _LEFT_HALFWAY,
        "was left in the middle of writing.",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH", "25006", "42501"),
        "cannot be written to. Ask for the right to write, or name another place.",
    ),
    (
        ("SQLITE_CANTOPEN",),
        "cannot be opened. Check that its folder is there and that you may read and write in it.",
    ),
    (
        ("SQLITE_IOERR", "58"),
        "could not be read or written: its disk has no room or fails. See to it, then try again; nothing was changed.",
    ),
    (("SQLITE_FULL", "53100"), "has no room left on its disk. Make room, then try again; nothing was changed."),
    (
        ("SQLITE_TOOBIG", "SQLITE_MISMATCH", "22", "54"),
        "cannot keep a value of that kind or size; nothing was changed.",
    ),
    (("SQLITE_CONSTRAINT", "23"), "refused rows that do not fit together; nothing was changed."),
    (("28",), "refused the user or the password. Check both in the address."),
    (("3D000",), "is not a database that its server has. Check the name at the end of the address."),
)


def database_url(address: str) -> sa.URL:
    """A URL as it is (`postgresql://` meaning psycopg's), anything else as the path of a SQLite file.

    An address that may have been taken apart in the middle of a password is refused without repeating any of it: a
    StoreError.
    """
    if "://" not in address:
        if address.startswith("//") or (holds_login(address) and not _is_path(address)):
            raise StoreError(_UNREADABLE)
        return sa.URL.create("sqlite", database=str(Path(address).expanduser()))
    before, _, after = address.partition("@")
    if "@" in after or (after and "?" in before) or re.search("%00|\0", address):
        # SQLAlchemy takes the first @ for the end of the password, and libpq a NUL for the end of everything
        raise StoreError(_UNREADABLE)
    try:
        url = sa.make_url(address)
    except (ArgumentError, ValueError):
        raise StoreError(_UNREADABLE) from None  # the cause may quote a piece of the password
    if re.search(r"[^\w.:%-]", url.host or ""):  # so may the host, after a password with an @ in it
        raise StoreError(_UNREADABLE)
    if url.get_backend_name() == "sqlite":
        if url.host or url.username or url.password or url.port or (url.database and not _is_path(url.database)):
            raise StoreError(_UNREADABLE)
    elif "@" in (url.database or ""):
        raise StoreError(_UNREADABLE)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername=_POSTGRESQL)
    if url.drivername not in ("sqlite", "sqlite+pysqlite", _POSTGRESQL):
        raise StoreError(
            f"a workspace cannot be kept in {_kind(url)}. Give the path of a SQLite file, or the address of a "
            "PostgreSQL database (postgresql://...)."
        )
    return url


def _is_path(text: str) -> bool:
    """Whether it is meant as a file's path, whatever stands in it."""
    return not holds_login(text) or text.startswith(("/", "./", "../", "~", "file:")) or Path(text).exists()


def _kind(url: sa.URL) -> str:
    """The kind of database in a message; what is no kind could be anything, a piece of a password too."""
    name, _, driver = url.drivername.partition("+")
    if name not in ("mysql", "mariadb", "oracle", "mssql", "postgresql", "sqlite"):
        return "that kind of database"
    return f"{name} through that driver" if driver else name


def described(url: sa.URL) -> str:
    """The database in a message: a file's path, or the address without its password and options."""
    if url.get_backend_name() == "sqlite":
        return url.database or "the database in memory"
    return url.set(query={}).render_as_string(hide_password=True)


def sqlite_file(url: sa.URL) -> Path | None:
    """The file that holds the database, if it is one that this program may look for and make itself."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith((":", "file:")):
        return None
    return Path(url.database)


def check_file(path: Path, create: bool) -> None:
    """See that the file is there, or make an empty one that its owner alone may read: it will hold personal data."""
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder. Name a file in it, such as {path / 'matcher.db'}.")
        if path.exists():
            return
        if not create:
            raise NotThere(f"there is no workspace at {path}.", Remedy.IMPORT)
        if not path.parent.is_dir():
            raise StoreError(
                f"{path} cannot be made: there is no folder {path.parent}. Make it, or name another place."
            )
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        doing = "made" if create else "opened"
        raise StoreError(f"{path} cannot be {doing}: {error.strerror}. Name a place that is open to you.") from error


def make_engine(url: sa.URL, patience_seconds: float, read_only: bool = False) -> sa.Engine:
    """An engine whose transactions are what they say; waits so long for a server and for other writers.

    With `read_only` a SQLite file is not even put right after somebody was killed while writing to it.
    """
    options: dict[str, Any] = {
        "hide_parameters": True,  # rows hold personal data: none of it belongs into an error
        "json_serializer": partial(json.dumps, ensure_ascii=False),
    }
    try:
        if url.get_backend_name() == "sqlite":
            file = sqlite_file(url)
            if read_only and file is not None:
                options["creator"] = partial(open_read_only, url, patience_seconds)
            with warnings.catch_warnings():
                warnings.simplefilter("error", sa.exc.SAWarning)  # of settings that it would pass over
                engine = sa.create_engine(url, connect_args={"timeout": patience_seconds}, **options)
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
            return engine
        waiting = {} if "connect_timeout" in url.query else {"connect_timeout": max(2, round(patience_seconds))}
        return sa.create_engine(url, isolation_level="REPEATABLE READ", connect_args=waiting, **options)
    except (sa.exc.ArgumentError, sa.exc.SAWarning, ValueError, TypeError):
        raise StoreError(_UNREADABLE) from None
    except ImportError as error:
        raise StoreError(
            f"{described(url)} needs the database driver psycopg, which is not installed. "
            'Install it with `pip install "psycopg[binary]"`.'
        ) from error


def open_read_only(url: sa.URL, patience_seconds: float = 5) -> sqlite3.Connection:
    """A connection of its own to a SQLite file, which cannot write."""
    address = f"{Path(url.database or '').absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, patience_seconds, uri=True, check_same_thread=False)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # Python's sqlite3 would begin transactions late, and never for a SELECT
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # who is removed from a workspace is not left in its free pages


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("matcher_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one state of the database from its beginning to its end."""
    with plain_words(engine.url), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine, patience_seconds: float) -> Iterator[sa.Connection]:
    """A transaction that nobody else writes beside; all of it is kept or, after an error or a kill, none.

    SQLite locks its file. In PostgreSQL all writers ask for one advisory lock; each statement then sees what the last
    writer left, which a snapshot from before the wait would not.
    """
    with plain_words(engine.url), engine.connect() as plain:
        postgresql = engine.dialect.name == "postgresql"
        connection = plain.execution_options(
            **({"isolation_level": "READ COMMITTED"} if postgresql else {"matcher_writes": True})
        )
        with connection.begin():
            if postgresql:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(1000 * patience_seconds)}")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
            yield connection


@contextmanager
def plain_words(url: sa.URL) -> Iterator[None]:
    """Turn what a database or its driver refuses into a StoreError; anything else that goes wrong is a bug."""
    try:
        yield
    except DamagedValue as error:
        raise DamagedError(described(url), str(error)) from error
    except DBAPIError as error:
        damage = _damage(error)
        if damage:
            raise DamagedError(described(url), damage) from error
        remedies = (Remedy.OPEN,) if _code(error).startswith(_LEFT_HALFWAY) else ()
        raise StoreError(f"{described(url)} {_meaning(error, url)}", *remedies) from error
    except (OverflowError, UnicodeEncodeError) as error:  # sqlite3 on a whole number over 64 bits, half a character
        raise StoreError(f"{described(url)} cannot keep a value of that kind or size; nothing was changed.") from error


def _secrets(url: sa.URL) -> list[str]:
    """What may not be told: the password, and every setting but a few, since passwords have many names there."""
    found = [str(url.password or "")]
    for key, value in url.query.items():
        if key not in _PLAIN:
            found += [key, *([value] if isinstance(value, str) else value)]
    return found


def is_no_database(error: StoreError) -> bool:
    """Whether it was raised because a file is no database at all."""
    return isinstance(error.__cause__, DBAPIError) and _code(error.__cause__) == "SQLITE_NOTADB"


def _code(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "")


def _damage(error: DBAPIError) -> str:
    """What is broken in the database, if that is what the driver says."""
    code, said = _code(error), str(error.orig)
    if code.startswith("SQLITE_CORRUPT"):
        return "pages of the file are broken"
    if code in ("42P01", "42703") or said.startswith(("no such table", "no such column")):
        return f"a table or a column is missing ({said.splitlines()[0]})"
    if "Could not decode to UTF-8" in said:  # which quotes the value
        return "a text is none"
    return ""


def _meaning(error: DBAPIError, url: sa.URL) -> str:
    original, code = error.orig, _code(error)
    for beginnings, meaning in _MEANINGS:
        if code.startswith(beginnings):
            return meaning
    if "password" in str(original):  # libpq says this without a SQLSTATE
        return "refused the user or the password. Check both in the address."
    said = (str(original).strip().splitlines() or [type(original).__name__])[0]
    if shows(said, _secrets(url)):
        said = type(original).__name__  # rather less than a piece of a password
    if not code and url.get_backend_name() != "sqlite":
        return f"cannot be reached ({said}). Check the address, and that the server is running."
    return f"did not do as asked ({said}); nothing was changed."
