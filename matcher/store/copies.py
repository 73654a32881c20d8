"""Whole copies of a workspace: made while others work, and put in its place. A copy is always a SQLite workspace.

A file is written beside its place under a name of its own, for its owner's eyes only, checked, and then renamed, so
that under its own name there is never half of it. A workspace is replaced within one transaction.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from enum import Enum
from pathlib import Path

import sqlalchemy as sa

from matcher.durable import to_disk
from matcher.errors import DamagedError, Refused, Remedy, StoreError
from matcher.store import checks, versions
from matcher.store.connection import (
    database_url,
    described,
    is_no_database,
    make_engine,
    open_read_only,
    reading,
    writing,
)
from matcher.store.schema import metadata

_BESIDE = (".matcher-copying-", ".db")
ROWS_AT_A_TIME = 5000
_DAY_SECONDS = 24 * 60 * 60


class State(Enum):
    """What a database is, for somebody who wants to put a workspace there."""

    EMPTY = "empty"
    WORKSPACE = "workspace"
    """Of this or an earlier version: its rows can be replaced."""
    BROKEN = "broken"


def back_up(engine: sa.Engine, to: Path, replace: bool) -> None:
    """Write a copy of the workspace as it is at one moment."""
    with reading(engine) as connection:
        _write(to, replace, lambda file: _copy(connection, file))


@contextmanager
def copy_kept(connection: sa.Connection, beside: Path) -> Iterator[Path]:
    """Copy what the transaction sees to this place, or beside it if something else has that name; where it went.

    Where what the transaction does inside fails, all is as it was, and the copy is taken away again.
    """
    with _writing_beside(beside) as file:
        _copy(connection, file)
        kept, is_new = _settle(file, beside)
    try:
        yield kept
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                kept.unlink()
        raise


def replace_rows(connection: sa.Connection, source: sa.Connection) -> None:
    """Make the workspace of the transaction that is open hold what another one holds, and nothing else."""
    for table in reversed(metadata.sorted_tables):
        connection.execute(sa.delete(table))
    for table in metadata.sorted_tables:
        rows = source.execute(sa.select(table).execution_options(yield_per=ROWS_AT_A_TIME)).mappings()
        for part in rows.partitions():
            connection.execute(sa.insert(table), [dict(row) for row in part])
        _count_on(connection, table)


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL's numbers for new rows begin after those that were put there; SQLite sees to it by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
    if sequence is not None:
        highest = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, highest, False)))


def restore_into(engine: sa.Engine, file: Path, patience_seconds: float, keep_at: Path | None) -> Path | None:
    """Put a sound workspace file of today's tables in the place of the workspace; where the copy is of what was there.

    Whoever is killed while doing it leaves the old one: it is one transaction, that nobody else writes beside.
    """
    source = make_engine(database_url(str(file)), patience_seconds, read_only=True)
    try:
        with reading(source) as rows, writing(engine, patience_seconds) as connection, ExitStack() as inside:
            is_current, kept = versions.is_current(connection), None
            if keep_at is not None and (is_current or connection.dialect.name == "sqlite"):
                kept = inside.enter_context(copy_kept(connection, keep_at))
            if not is_current:
                versions.upgrade(connection)
                if keep_at is not None and kept is None:
                    kept = inside.enter_context(copy_kept(connection, keep_at))
            replace_rows(connection, rows)
            return kept
    finally:
        source.dispose()


def restore_over(place: Path, file: Path, keep_at: Path) -> Path | None:
    """Put the workspace file where none is, or one that cannot be read; where the copy is of what was there."""
    kept = None
    with _files_in_words(place), _writing_beside(place) as new:
        shutil.copyfile(file, new)
        to_disk(new)
        if place.exists() and place.stat().st_size:
            with _writing_beside(keep_at) as old:
                shutil.copyfile(place, old)
                to_disk(old)
                kept, _ = _settle(old, keep_at)
            for left in ("-journal", "-wal", "-shm"):  # they would be taken for the new file's
                if Path(f"{place}{left}").exists():
                    shutil.copyfile(f"{place}{left}", _private(Path(f"{kept}{left}")))
                    to_disk(Path(f"{kept}{left}"))
                    Path(f"{place}{left}").unlink()
        new.replace(place)
        to_disk(place.parent)
    return kept


def _copy(connection: sa.Connection, file: Path) -> None:
    """Everything that the transaction sees, into an empty file; then looks whether it arrived."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").all()  # from now on nobody can write
        # Through a connection of its own: from one that may write SQLite would wait for ever.
        with closing(open_read_only(connection.engine.url)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target, progress=_insist_on_progress)
    engine = make_engine(database_url(str(file)), 5)
    try:
        if connection.dialect.name != "sqlite":
            with writing(engine, 5) as target_rows:
                versions.upgrade(target_rows)
                replace_rows(target_rows, connection)
        with reading(engine) as copied:
            pages = copied.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if pages != "ok":
                raise DamagedError(described(connection.engine.url), "pages of the file are broken")
    finally:
        engine.dispose()


def _insist_on_progress(status: int, _remaining: int, _total: int) -> None:
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # it would be tried again for ever
        raise sqlite3.OperationalError("the file is in use")


def _write(to: Path, replace: bool, fill: Callable[[Path], None]) -> None:
    with _files_in_words(to), _writing_beside(to) as file:
        fill(file)
        to_disk(file)
        if replace:
            for left in ("-journal", "-wal", "-shm"):  # of the file that is replaced: they would be taken for its own
                Path(f"{to}{left}").unlink(missing_ok=True)
            file.replace(to)
        else:
            _place_new(file, to)
        to_disk(to.parent)


@contextmanager
def _writing_beside(place: Path) -> Iterator[Path]:
    """An empty file in the same folder for its owner alone, gone afterwards unless it was moved; errors in words."""
    with _files_in_words(place):
        folder = place.absolute().parent
        for left in folder.glob(f"{_BESIDE[0]}*"):  # by somebody who was killed; a day old, so that nobody is at it
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _DAY_SECONDS:
                    left.unlink()
        handle, name = tempfile.mkstemp(prefix=_BESIDE[0], suffix=_BESIDE[1], dir=folder)
        os.close(handle)
    file = Path(name)
    try:
        with _sqlite_in_words(place):
            yield file
    finally:
        for each in (file, Path(f"{file}-journal")):
            with contextlib.suppress(OSError):
                each.unlink()


def _settle(file: Path, place: Path) -> tuple[Path, bool]:
    """Give the file this name, or a numbered one if something else has it; the same content is not kept twice.

    Returns the name, and whether it is new.
    """
    with _files_in_words(place):
        to_disk(file)
        number = 1
        while True:
            name = place if number == 1 else place.with_name(f"{place.name}-{number}")
            try:
                _place_new(file, name)
                to_disk(name.parent)
                return name, True
            except FileExistsError:
                if name.is_file() and filecmp.cmp(file, name, shallow=False):
                    return name, False
            number += 1


def _place_new(file: Path, place: Path) -> None:
    """Rename it, unless there is something of that name (FileExistsError)."""
    try:
        os.link(file, place)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, such as a memory stick's
        if place.exists() or place.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from None
        file.rename(place)


def _private(file: Path) -> Path:
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    return file


@contextmanager
def _files_in_words(place: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        if not place.is_file():
            raise StoreError(
                f"{place} cannot be written: what is there already is no file. Name another place."
            ) from error
        raise Refused(f"{place} is there already.", Remedy.REPLACE) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                f"{place} has no room on its disk. Make room, then try again; nothing was changed."
            ) from error
        raise StoreError(
            f"{place} cannot be written: {error.strerror}. Name a file in a folder that is there and open to you."
        ) from error


@contextmanager
def _sqlite_in_words(place: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = str(getattr(error, "sqlite_errorname", ""))
        if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise DamagedError("the workspace", "pages of its file are broken, so no copy was made") from error
        if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise StoreError(
                f"{place} has no room on its disk. Make room, then try again; nothing was changed."
            ) from error
        raise StoreError(f"{place} could not be written ({error}). Nothing was changed.") from error


def state_of(engine: sa.Engine) -> State:
    """Raises StoreError if the database is somebody else's, a newer matcher's, or cannot be reached."""
    try:
        with reading(engine) as connection:
            if versions.is_empty(connection):
                return State.EMPTY
            versions.is_current(connection)
            return State.BROKEN if checks.broken_pages(connection) else State.WORKSPACE
    except DamagedError:
        return State.BROKEN
    except StoreError as error:
        if is_no_database(error):
            return State.BROKEN
        raise
