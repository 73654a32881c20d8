"""Values as they are read back: each has to be what its column is for, since databases are edited by hand, too.

SQLite takes any value into any column, and no database knows which words a column may hold. So every column of the
program's tables looks at what comes out of it, and nothing behind the store ever meets a value of another kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from matcher.appointments import Attendee
from matcher.domain import Status, TierName
from matcher.publishing.published import Answer, FeedKind, LetterState, Standing

_WORDS: dict[str, type[Enum]] = {
    "runs.status": Status,
    "run_tiers.tier": TierName,
    "entries.attendee": Attendee,
    "entries.standing": Standing,
    "entries.answer": Answer,
    "letters.attendee": Attendee,
    "letters.state": LetterState,
    "replies.answer": Answer,
    "feeds.kind": FeedKind,
}
"""The columns whose texts are an enumeration's."""

_KINDS: tuple[tuple[type[TypeEngine[Any]], type | tuple[type, ...], str], ...] = (
    (sa.DateTime, datetime, "a date and time"),
    (sa.Date, date, "a date"),
    (sa.Integer, int, "a whole number"),
    (sa.Double, (int, float), "a number"),
    (sa.String, str, "a text"),
    (sa.LargeBinary, bytes, "bytes"),
    (sa.JSON, (list, dict), "JSON"),
)


class DamagedValue(ValueError):
    """A value that this program did not write there; the message says where and what was expected, never the value."""


class Texts(sa.JSON):
    """A list of texts."""


class Kept(TypeDecorator[Any]):
    """A column's own type, which refuses to hand out what is not of it (raises DamagedValue)."""

    impl = sa.String  # for SQLAlchemy; the column's own type takes its place
    cache_ok = True

    def __init__(self, own: TypeEngine[Any], where: str, nullable: bool) -> None:
        super().__init__()
        self.impl = own  # type: ignore[assignment]
        self.where, self.nullable = where, nullable
        self.python, self.words = next((python, words) for kind, python, words in _KINDS if isinstance(own, kind))
        self.choices = frozenset(word.value for word in _WORDS[where]) if where in _WORDS else None
        self.is_list = isinstance(own, Texts)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any]:
        read = super().result_processor(dialect, coltype)

        def checked(raw: Any) -> Any:
            try:
                value = raw if read is None else read(raw)
            except (TypeError, ValueError):
                raise self._damaged() from None  # the cause quotes the value
            if value is None:
                if self.nullable:
                    return None
                raise self._damaged()
            if not isinstance(value, self.python) or isinstance(value, bool):
                raise self._damaged()
            if self.choices is not None and value not in self.choices:
                raise DamagedValue(f"a value in {self.where} is none of {', '.join(sorted(self.choices))}")
            if self.is_list and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                raise self._damaged()
            if isinstance(value, float) and not math.isfinite(value):
                raise self._damaged()
            return value

        return checked

    def _damaged(self) -> DamagedValue:
        return DamagedValue(f"a value in {self.where} is something else than {self.words}")


def watch(metadata: sa.MetaData) -> None:
    """Have every column of these tables look at what is read from it."""
    for table in metadata.tables.values():
        for column in table.columns:
            may_be_null = bool(column.nullable) or column.primary_key  # a key's maximum is NULL where there is no row
            column.type = Kept(column.type, f"{table.name}.{column.name}", may_be_null)
