"""What is wrong with a database as such: its pages, tables, references and values. Says nothing of what rows mean."""

from __future__ import annotations

import re

import sqlalchemy as sa

from matcher.errors import DamagedError
from matcher.store import schema
from matcher.store.connection import plain_words
from matcher.store.schema import metadata

_ROWS_AT_A_TIME = 5000


def broken_pages(connection: sa.Connection) -> list[str]:
    """What SQLite finds wrong with its file; another database looks after its own."""
    if connection.dialect.name != "sqlite":
        return []
    said = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
    return [f"The file's pages: {' '.join(str(line).split())}." for line in said if line != "ok"]


def faults(connection: sa.Connection) -> list[str]:
    """What is wrong with a database's pages, references and tables; says nothing of what the rows mean."""
    found = broken_pages(connection)
    if found:
        return found
    names = set(sa.inspect(connection).get_table_names())
    missing = [table.name for table in metadata.sorted_tables if table.name not in names]
    found += [f"The table {name} is missing." for name in missing]
    for table in metadata.sorted_tables:
        if table.name in names:
            there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
            found += [f"The column {table.name}.{c.name} is missing." for c in table.columns if c.name not in there]
    if connection.dialect.name == "sqlite" and not found:
        lost: dict[tuple[str, str], int] = {}
        for table_name, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            lost[table_name, parent] = lost.get((table_name, parent), 0) + 1
        found += [
            f"{n} rows of {child} belong to rows of {parent} that are gone." for (child, parent), n in lost.items()
        ]
    return found


def unreadable_values(connection: sa.Connection) -> list[str]:
    """For each table the first value in it that is not what its column is for."""
    found = []
    for table in metadata.sorted_tables:
        try:
            with plain_words(connection.engine.url):
                for _ in connection.execution_options(yield_per=_ROWS_AT_A_TIME).execute(sa.select(table)):
                    pass
        except DamagedError as error:
            found.append(f"{error.what[0].upper()}{error.what[1:]}.")
    return found


def loose_ends(connection: sa.Connection) -> list[str]:
    """Rows that are there while those are gone that they belong to, and what a workspace cannot be without."""
    found, tidied = [], sa.select(schema.tidied_runs.c.number)
    numbered = ((schema.imports, "import"), (schema.edits, "edit"), (schema.runs, "run"), (schema.versions, "version"))
    for table, what in numbered:
        numbers = sorted(connection.scalars(sa.select(table.c.number)))
        known = set(numbers) | set(connection.scalars(tidied) if table is schema.runs else ())
        gaps = sorted(set(range(1, max(numbers, default=0) + 1)) - known)
        found += [f"{what.capitalize()} {gap} is gone." for gap in gaps]
    uids = set(connection.scalars(sa.select(schema.entries.c.uid)))
    for table, what in ((schema.letters, "A letter"), (schema.replies, "An answer")):
        lost = {uid for uid in connection.scalars(sa.select(table.c.uid)) if uid} - uids
        found += [f"{what} is about the event {uid}, which is gone." for uid in sorted(lost)]
    for kind, who, mark in connection.execute(
        sa.select(schema.feeds.c.kind, schema.feeds.c.id, schema.feeds.c.token_hash)
    ):
        if not re.fullmatch(r"[0-9a-f]{64}", mark):
            found.append(f"The mark of the feed of {kind} {who} is none.")
    own = schema.workspace.c
    if not re.fullmatch(r"[0-9a-f]{32}", connection.scalar(sa.select(own.value).where(own.key == "id")) or ""):
        found.append("The workspace's own name is gone.")
    return found
