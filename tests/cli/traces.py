"""What is left of somebody in a workspace: in the raw bytes of its files, or in every table of a server's."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from email import message_from_bytes
from pathlib import Path


def traces(address: str, words: Iterable[str]) -> list[str]:
    """Which of these words stand where, whatever their case, also inside of letters as mail writes them."""
    return [
        f"{word} in {where}"
        for where, content in _contents(address)
        for word in words
        if word.encode().lower() in content.lower()
    ]


def _contents(address: str) -> Iterator[tuple[str, bytes]]:
    if "://" in address:
        yield from _of_server(address)
        return
    for file in sorted(Path(address).parent.glob(f"{Path(address).name}*")):
        yield file.name, file.read_bytes()
        if not file.name.endswith(("-wal", "-journal", "-shm")):
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                has = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'letters'").fetchone()
                for (letter,) in connection.execute("SELECT content FROM letters") if has else ():
                    yield f"a letter of {file.name}", _decoded(letter)


def _of_server(address: str) -> Iterator[tuple[str, bytes]]:
    import psycopg

    with psycopg.connect(address) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for name in (*(name for (name,) in names), "pg_stats WHERE schemaname = 'public'"):
            for row in connection.execute(f"SELECT * FROM {name}").fetchall():
                yield name, b"\n".join(each if isinstance(each, bytes) else repr(each).encode() for each in row)
                for each in row:
                    if isinstance(each, bytes):
                        yield f"a letter in {name}", _decoded(each)


def _decoded(letter: bytes) -> bytes:
    parts = [part.get_payload(decode=True) for part in message_from_bytes(letter).walk() if not part.is_multipart()]
    return b"\n".join(re.sub(rb"\r?\n[ \t]", b"", part) for part in parts if isinstance(part, bytes))
