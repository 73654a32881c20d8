"""The workspace: a database with the scenario that a coordinator works on and the runs made for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from matcher.domain import Plan, Status, TierScore
from matcher.errors import StoreError
from matcher.publishing.published import Entry, Letter, LetterState
from matcher.store import publications, runs, scenarios, schema, versions
from matcher.store.changes import Change, diff
from matcher.store.connection import check_file, database_url, described, make_engine, reading, sqlite_file, writing
from matcher.store.publications import Heard, Version
from matcher.store.runs import RunSummary, SavedRun
from matcher.tables import Tables


@dataclass(frozen=True, slots=True)
class Import:
    """Where the current scenario came from, and when."""

    number: int
    source: str
    made: datetime
    """With the zone UTC."""
    fingerprint: str


class Workspace:
    """An open workspace. Close it, or use it in a `with`; every method is a transaction of its own."""

    def __init__(self, engine: sa.Engine, patience_seconds: float) -> None:
        self.engine = engine
        self._patience_seconds = patience_seconds

    @classmethod
    def open(cls, address: str, create: bool = False, patience_seconds: float = 5) -> Self:
        """Open the SQLite file or the SQLAlchemy URL; with `create`, make a workspace where there is nothing yet.

        A workspace of an older version is brought up to date. Waits so long for whoever else is writing.
        """
        url = database_url(address)
        file = sqlite_file(url)
        if file is not None:
            check_file(file, create)
        workspace = cls(make_engine(url, patience_seconds), patience_seconds)
        try:
            workspace._bring_up_to_date(create)
        except BaseException:
            workspace.close()
            raise
        return workspace

    @staticmethod
    def is_missing(address: str) -> bool:
        """Whether there is certainly no workspace at the address yet: no such file."""
        path = sqlite_file(database_url(address))
        return path is not None and not path.exists()

    def _bring_up_to_date(self, create: bool) -> None:
        with reading(self.engine) as connection:
            if versions.is_current(connection):
                return
            if not create and versions.is_empty(connection):
                raise versions.missing(self.where)
        with writing(self.engine, self._patience_seconds) as connection:
            if not versions.is_current(connection):  # somebody else may have been quicker
                versions.upgrade(connection)

    @property
    def where(self) -> str:
        """The file, or the address without its password."""
        return described(self.engine.url)

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def load_tables(self, run: int | None = None) -> Tables | None:
        """The current scenario (None before the first import), or the one for which that run was made."""
        with reading(self.engine) as connection:
            if run is None:
                scenario_id = scenarios.current(connection)
            else:
                query = sa.select(schema.runs.c.scenario_id).where(schema.runs.c.number == run)
                scenario_id = connection.scalar(query)
                if scenario_id is None:
                    raise self._no_run(connection, run)
            return None if scenario_id is None else scenarios.load(connection, scenario_id)

    def newest_import(self) -> int | None:
        """Its number, by which it is known whether another was made since."""
        with reading(self.engine) as connection:
            return scenarios.newest_import(connection)

    def last_import(self) -> Import | None:
        with reading(self.engine) as connection:
            query = sa.select(schema.imports, schema.scenarios.c.fingerprint).join(schema.scenarios)
            row = connection.execute(query.order_by(schema.imports.c.number.desc()).limit(1)).mappings().first()
            if row is None:
                return None
            return Import(row["number"], row["source"], row["made_utc"].replace(tzinfo=UTC), row["fingerprint"])

    def replace_tables(
        self, new: Tables, source: str, made: datetime | None = None, agreed: Sequence[Change] | None = None
    ) -> tuple[Change, ...]:
        """Make this the current scenario, and return what changed by it; without a change nothing is written.

        The scenario must have been found good (`intake.build_problem`). `agreed` are the changes somebody was shown
        and said yes to: if the workspace has moved on since, so that they are not what would be done now, it is left
        alone.
        """
        with writing(self.engine, self._patience_seconds) as connection:
            current = scenarios.current(connection)
            changes = diff(None if current is None else scenarios.load(connection, current), new)
            if agreed is not None and tuple(agreed) != changes:
                raise StoreError(
                    f"{self.where} was changed by somebody else in the meantime, so other changes would be made than "
                    "the ones shown. Nothing was changed. Import again, and look at them again."
                )
            if current is None or changes:
                scenario_id = scenarios.find_or_add(connection, new)
                scenarios.add_import(connection, scenario_id, source, made or datetime.now(UTC))
                scenarios.remove_unused(connection)
            return changes

    def save_run(
        self,
        tables: Tables,
        plan: Plan,
        tiers: Sequence[TierScore],
        seconds: float,
        status: Status,
        reasons: Mapping[str, str],
        settings: Mapping[str, object],
        made: datetime | None = None,
    ) -> int:
        """Keep a plan with the scenario it was made for (even if another was imported since); its run number."""
        with writing(self.engine, self._patience_seconds) as connection:
            scenario_id = scenarios.find_or_add(connection, tables)
            when = made or datetime.now(UTC)
            return runs.save(connection, scenario_id, plan, tiers, seconds, status, reasons, settings, when)

    def run(self, number: int | None = None) -> SavedRun:
        """That run, or the newest one."""
        with reading(self.engine) as connection:
            wanted = runs.newest(connection) if number is None else number
            found = None if wanted is None else runs.load(connection, wanted)
            if found is None:
                raise self._no_run(connection, number)
            return found

    def runs(self) -> tuple[RunSummary, ...]:
        """All runs, the newest first."""
        with reading(self.engine) as connection:
            return runs.summaries(connection)

    # Publishing

    def publish(
        self,
        run_number: int,
        before: Sequence[Entry],
        after: Sequence[Entry],
        letters: Sequence[Letter] = (),
        made: datetime | None = None,
        judged_by: int | None = None,
    ) -> int:
        """Keep `after` and the letters that tell of it as the next version, all at once; its number.

        `before` is what `after` was worked out from: if somebody has published or answered since, nothing is kept.
        Nor is it if `judged_by` is not the number of the newest import any more.
        """
        with writing(self.engine, self._patience_seconds) as connection:
            if judged_by is not None and judged_by != scenarios.newest_import(connection):
                raise StoreError(
                    f"{self.where} was changed by somebody else in the meantime: another spreadsheet was imported. "
                    "Nothing was published. Publish again, so that the plan is judged by it."
                )
            newest = publications.newest(connection) or 0
            if tuple(before) != publications.entries(connection, newest):
                raise StoreError(
                    f"{self.where} was changed by somebody else in the meantime (it has version {newest} now, or new "
                    "answers). Nothing was published. Publish again, and look at the changes again."
                )
            changed = [entry for entry in after if entry.since == newest + 1]
            publications.add(connection, newest + 1, run_number, made or datetime.now(UTC), changed, letters)
            return newest + 1

    def published(self, version: int | None = None) -> tuple[Entry, ...]:
        """What people were told by that version, or by the newest one (nothing before the first), in order of time."""
        with reading(self.engine) as connection:
            newest = publications.newest(connection)
            if version is None:
                return () if newest is None else publications.entries(connection, newest)
            if newest is None:
                raise StoreError(f"{self.where} holds no version yet. Make one with `matcher publish`.")
            if not 1 <= version <= newest:
                raise StoreError(f"{self.where} holds no version {version}: they are numbered up to {newest}.")
            return publications.entries(connection, version)

    def versions(self) -> tuple[Version, ...]:
        """All published versions, the newest first."""
        with reading(self.engine) as connection:
            return publications.versions(connection)

    def letters(self, *states: LetterState) -> tuple[Letter, ...]:
        """The outbox, in the order in which it goes; those in one of these states only, if any are given."""
        with reading(self.engine) as connection:
            return publications.letters(connection, states)

    def claim_letter(self, letter: Letter) -> bool:
        """Note that it is on its way (SENDING), which counts as an attempt. False if it is no longer as it was read."""
        with writing(self.engine, self._patience_seconds) as connection:
            return publications.claim_letter(connection, letter)

    def mark_letter(self, message_id: str, state: LetterState, remark: str = "") -> None:
        """Note where a letter stands."""
        with writing(self.engine, self._patience_seconds) as connection:
            publications.mark_letter(connection, message_id, state, remark)

    def record_answers(self, replies: Sequence[Heard], read: datetime | None = None) -> tuple[bool, ...]:
        """Take these answers; for each, whether it was news (False: to another invitation, or an earlier answer)."""
        with writing(self.engine, self._patience_seconds) as connection:
            return publications.record(connection, replies, read or datetime.now(UTC))

    def heard(self) -> dict[str, datetime]:
        """UID -> when the answer on record was given, of those that answered."""
        with reading(self.engine) as connection:
            return publications.heard(connection)

    def feed_hashes(self) -> dict[tuple[str, str], str]:
        """(kind, id) -> the hash by which that feed's file is known again."""
        with reading(self.engine) as connection:
            return publications.feed_hashes(connection)

    def set_feeds(self, hashes: Mapping[tuple[str, str], str | None]) -> None:
        """Keep these hashes, and forget those that are None."""
        with writing(self.engine, self._patience_seconds) as connection:
            publications.set_feeds(connection, hashes)

    def _no_run(self, connection: sa.Connection, number: int | None) -> StoreError:
        newest = runs.newest(connection)
        if newest is None:
            return StoreError(f"{self.where} holds no run yet. Make one with `matcher solve`.")
        return StoreError(f"{self.where} holds no run {number}: they are numbered up to {newest}.")
