"""The workspace: a database with the scenario that a coordinator works on and the runs made for it."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from matcher.domain import LedgerLine, Plan, Status, TierScore
from matcher.edits import DoesNotFit, Operation, apply
from matcher.errors import ChangedMeanwhile, DamagedError, MatcherError, NotThere, Remedy, StoreError
from matcher.publishing.disclosure import Told
from matcher.publishing.published import Entry, Letter, LetterState
from matcher.store import (
    checks,
    copies,
    edits,
    erasure,
    leases,
    publications,
    runs,
    scenarios,
    schema,
    told,
    unfinished,
    versions,
)
from matcher.store.changes import Change, diff, fingerprint
from matcher.store.connection import (
    check_file,
    database_url,
    described,
    make_engine,
    plain_words,
    reading,
    sqlite_file,
    writing,
)
from matcher.store.edits import DataState, Edit
from matcher.store.erasure import Admitted
from matcher.store.leases import Lease
from matcher.store.publications import Heard, Version
from matcher.store.runs import Begun, RunSummary, SavedRun
from matcher.store.unfinished import Unfinished
from matcher.tables import TABLES, Tables

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Import:
    """Where the current scenario came from, and when."""

    number: int
    source: str
    made: datetime
    """With the zone UTC."""
    fingerprint: str
    actor: str | None
    """Who imported it, where that was said."""


_PRIVATE = {column.name for table in TABLES for column in table.columns if column.personal} | {"matching_consent"}


def _is_private(operation: Operation) -> bool:
    """Whether it says something of somebody's gender, ethnicity or consent."""
    said = {**operation.before, **operation.after}
    return any(said.get(name) not in (None, "no") or name in operation.before for name in _PRIVATE & said.keys())


class Workspace:
    """An open workspace. Close it, or use it in a `with`.

    Every method is a transaction of its own but, inside `snapshot`, those that read.
    """

    def __init__(self, engine: sa.Engine, patience_seconds: float) -> None:
        self.engine = engine
        self._patience_seconds = patience_seconds
        self.is_older = False
        """Whether its tables are an earlier version's: only of one that is looked at."""
        self._seen: sa.Connection | None = None
        self._known: dict[object, Any] = {}
        self._later: list[Callable[[], object]] = []

    @classmethod
    def open(cls, address: str, create: bool = False, patience_seconds: float = 5, keep_older: bool = True) -> Self:
        """Open the SQLite file or the SQLAlchemy URL; with `create`, make a workspace where there is nothing yet.

        A workspace of an older version is brought up to date; its file is kept as it was beside it, but for
        `keep_older`. Waits so long for whoever else is writing.
        """
        url = database_url(address)
        workspace = cls(make_engine(url, patience_seconds), patience_seconds)
        file = sqlite_file(url)
        if file is not None:
            check_file(file, create)
        try:
            workspace._bring_up_to_date(create, keep_older)
        except BaseException:
            workspace.close()
            raise
        return workspace

    @classmethod
    def look_at(cls, address: str, older: bool = False, patience_seconds: float = 5) -> Self:
        """Open a workspace to be read only: nothing is written to it, whatever it needs.

        With `older` also one of an earlier version, of which no more can be read than `is_older` and `back_up` do.
        """
        url = database_url(address)
        file = sqlite_file(url)
        if file is not None:
            check_file(file, create=False)
        workspace = cls(make_engine(url, patience_seconds, read_only=True), patience_seconds)
        try:
            with reading(workspace.engine) as connection:
                if versions.is_empty(connection):
                    raise versions.missing(workspace.where)
                workspace.is_older = not versions.is_current(connection)
                if workspace.is_older and not older:
                    raise StoreError(f"{workspace.where} is from an earlier version of matcher.", Remedy.OPEN)
        except BaseException:
            workspace.close()
            raise
        return workspace

    @staticmethod
    def is_missing(address: str) -> bool:
        """Whether there is certainly no workspace at the address yet: no such file."""
        url = database_url(address)
        make_engine(url, 0).dispose()  # which refuses an address that could never be one
        path = sqlite_file(url)
        return path is not None and not path.exists()

    def _bring_up_to_date(self, create: bool, keep_older: bool) -> None:
        with self._reading() as connection:
            if versions.is_current(connection):
                return
            if not create and versions.is_empty(connection):
                raise versions.missing(self.where)
        file, copy = sqlite_file(self.engine.url), None
        found, refused = False, frozenset[str]()
        with self._writing() as connection, ExitStack() as inside:
            if not versions.is_current(connection):  # somebody else may have been quicker
                if keep_older and file is not None and not versions.is_empty(connection):
                    name = f"{file.name}.before-{schema.SCHEMA_VERSION}-{datetime.now():%Y%m%d}"
                    copy = inside.enter_context(copies.copy_kept(connection, file.with_name(name)))
                versions.upgrade(connection)
                found, refused = erasure.sweep(connection, datetime.now(UTC))
        if copy is not None:
            _log.warning(
                "matcher: %s was from an earlier version and is brought up to date. It is kept as it was in %s",
                file,
                copy,
            )
        self._take_out_of_copies(refused)
        if found:
            self._wipe()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside, whatever is read is of one moment, whoever writes meanwhile; nothing can be written.

        For one thread at a time; may be opened inside itself. Keep it short: a SQLite file cannot be written to by
        anybody else until it ends.
        """
        if self._seen is not None:
            yield
            return
        with ExitStack() as inside:
            with plain_words(self.engine.url):
                connection = inside.enter_context(self.engine.connect())
                inside.enter_context(connection.begin())
            self._seen, later = connection, self._later
            try:
                yield
            finally:
                self._seen, self._known, self._later = None, {}, []
        for do in later:
            do()

    def once(self, key: object, look: Callable[[], T]) -> T:
        """What `look` finds; inside a snapshot it looks once for each key."""
        if self._seen is None:
            return look()
        if key not in self._known:
            self._known[key] = look()
        found: T = self._known[key]
        return found

    def afterwards(self, do: Callable[[], object]) -> None:
        """Does it now or, inside a snapshot, when that has ended without an error."""
        if self._seen is None:
            do()
        else:
            self._later.append(do)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        if self._seen is None:
            with reading(self.engine) as connection:
                yield connection
        else:
            with plain_words(self.engine.url):
                yield self._seen

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._seen is not None:
            raise RuntimeError("inside a snapshot of a workspace nothing can be written to it")
        with writing(self.engine, self._patience_seconds) as connection:
            yield connection

    @property
    def address(self) -> str:
        """By which it can be opened again; may hold a password, so it is not to be shown."""
        return self.engine.url.render_as_string(hide_password=False)

    @property
    def id(self) -> str:
        """32 random hexadecimal digits that no other workspace has."""
        with self._reading() as connection:
            query = sa.select(schema.workspace.c.value).where(schema.workspace.c.key == "id")
            found = connection.execute(query).scalar()
            if found is None:
                raise DamagedError(self.where, "it has no name of its own any more")
            return str(found)

    @property
    def where(self) -> str:
        """The file, or the address without its password."""
        return described(self.engine.url)

    def lease(self, name: str, seconds: float) -> Lease:
        """The right to do what only one may do at a time; held in a `with`, which raises `leases.Taken`."""
        return Lease(lambda: writing(self.engine, self._patience_seconds), name, seconds)  # its thread's own

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
        found = self.load_scenario(run)
        return None if found is None else found[0]

    def load_scenario(self, run: int | None = None) -> tuple[Tables, str] | None:
        """The same, with the fingerprint that it had when it was imported or edited last."""
        with self._reading() as connection:
            mark = self._mark(connection, run)
            if mark is None:
                return None
            tables = edits.today(connection) if run is None else self._of_run(connection, run)
            if tables is None:
                raise DamagedError(self.where, "the scenario of the last import is gone")
            return tables, mark

    def fingerprint(self, run: int | None = None) -> str | None:
        """Of today's scenario (None before the first import), or of the one for which that run was made."""
        with self._reading() as connection:
            return self._mark(connection, run)

    def _mark(self, connection: sa.Connection, run: int | None) -> str | None:
        if run is None:
            if scenarios.current(connection) is None:
                return None
            mark = edits.mark(connection)
        else:
            query = sa.select(schema.runs.c.scenario_id).where(schema.runs.c.number == run)
            if connection.scalar(query) is None:
                raise self._no_run(connection, run)
            of_it = sa.select(schema.scenarios.c.fingerprint).join(schema.runs).where(schema.runs.c.number == run)
            mark = connection.scalar(of_it)
        if mark is None:
            raise DamagedError(self.where, f"the scenario of {f'run {run}' if run else 'the last import'} is gone")
        return mark

    def _of_run(self, connection: sa.Connection, run: int) -> Tables:
        query = sa.select(schema.runs.c.scenario_id).where(schema.runs.c.number == run)
        return scenarios.load(connection, int(connection.scalar(query) or 0))

    def state(self) -> DataState | None:
        """By which it is known whether anything was imported or edited since; None before the first import."""
        with self._reading() as connection:
            return edits.state(connection)

    def edits(self) -> tuple[Edit, ...]:
        """All that was decided beside the spreadsheets, the first first."""
        with self._reading() as connection:
            return edits.load(connection)

    def edit(
        self,
        kind: str,
        about: Mapping[str, str],
        operations: Sequence[Operation],
        *,
        seen: DataState | None = None,
        made: datetime | None = None,
        actor: str | None = None,
        why: str = "",
        undoes: int | None = None,
        heard: Sequence[Heard] = (),
    ) -> int:
        """Change today's tables by these operations, and keep that in the journal; its number there.

        With it the answers in `heard` are recorded: ChangedMeanwhile where one of them is not to what stands now.

        The tables must have been found good with them (`intake.build_problem`). Raises ChangedMeanwhile where what
        they expect is not there any more, or where `seen` is not the state any more. Gender, ethnicity and consent
        are not kept in the journal: an edit of these stands in the tables alone, and cannot be undone.
        """
        when = made or datetime.now(UTC)
        with self._writing() as connection:
            before = edits.today(connection)
            if before is None:
                raise NotThere(f"{self.where} holds no scenario yet.", Remedy.IMPORT)
            if seen is not None and seen != edits.state(connection):
                raise ChangedMeanwhile(self._changed_by(connection))
            try:
                after = apply(before, operations)
            except DoesNotFit:
                raise ChangedMeanwhile(self._changed_by(connection)) from None
            private = any(_is_private(each) for each in operations)
            number = edits.add(connection, kind, about, () if private else operations, after, when, actor, why, undoes)
            if not all(publications.record(connection, heard, when, actor)):
                raise ChangedMeanwhile(self._changed_by(connection))
            found, refused = False, frozenset[str]()
            if private:
                edits.settle(connection, after, when, actor)
                found, refused = erasure.sweep(connection, when)
                scenarios.remove_unused(connection)
        if private:
            self._take_out_of_copies(refused)
        if found:
            self._wipe()
        return number

    def _changed_by(self, connection: sa.Connection) -> str:
        """What somebody did meanwhile, for the message that nothing was done."""
        last = next(reversed(edits.load(connection)), None)
        if last is None:
            return f"{self.where} was changed by somebody else in the meantime. Nothing was done. Look at it again."
        who = f" by {last.actor}" if last.actor else ""
        return (
            f"{self.where} was changed in the meantime: the last change is number {last.number} of the journal, "
            f"“{last.kind}”, made{who} at {last.made:%Y-%m-%d %H:%M} UTC. Nothing was done. Look at it again."
        )

    def last_import(self) -> Import | None:
        with self._reading() as connection:
            query = sa.select(schema.imports, schema.scenarios.c.fingerprint).join(schema.scenarios)
            row = connection.execute(query.order_by(schema.imports.c.number.desc()).limit(1)).mappings().first()
            if row is None:
                return None
            return Import(
                row["number"], row["source"], row["made_utc"].replace(tzinfo=UTC), row["fingerprint"], row["actor"]
            )

    def load_sheet(self) -> Tables | None:
        """The spreadsheet of the last import as it was read; None before the first."""
        with self._reading() as connection:
            return scenarios.sheet(connection)

    def admit(self, tables: Tables, consent: Collection[str] = (), again: Collection[str] = ()) -> Admitted:
        """What of a spreadsheet is taken: not the people who were erased, nor consent that was withdrawn.

        But for those whose ids are said: who consents again, and who is a volunteer again.
        """
        with self._reading() as connection:
            return erasure.admit(connection, tables, consent, again)

    def replace_tables(
        self,
        new: Tables,
        source: str,
        made: datetime | None = None,
        agreed: Sequence[Change] | None = None,
        actor: str | None = None,
        consent: Collection[str] = (),
        again: Collection[str] = (),
        sheet: Tables | None = None,
    ) -> tuple[Change, ...]:
        """Make this the current scenario, and return what changed by it; without a change nothing is written.

        `sheet` is the spreadsheet as it was read, where that is another one: with which the next one is compared.

        The scenario must have been found good (`intake.build_problem`). `agreed` are the changes somebody was shown
        and said yes to: if the workspace has moved on since, so that they are not what would be done now, it is left
        alone. Whatever is kept of the gender and ethnicity of people who do not consent (any more) is taken out;
        those in `consent` do again, and those in `again` are known again after they were erased.
        """
        when = made or datetime.now(UTC)
        with self._writing() as connection:
            erasure.drop_marks(connection, again)
            new = erasure.admit(connection, new, consent, again).tables
            sheet = new if sheet is None else erasure.admit(connection, sheet, consent, again).tables
            current = edits.today(connection)
            changes = diff(current, new)
            if agreed is not None and tuple(agreed) != changes:
                raise ChangedMeanwhile(
                    f"{self.where} was changed by somebody else in the meantime, so other changes would be made than "
                    "the ones shown. Nothing was changed. Import again, and look at them again."
                )
            known = scenarios.sheet(connection)
            is_new = current is None or bool(changes) or known is None or fingerprint(known) != fingerprint(sheet)
            if is_new:
                scenario_id, sheet_id = (scenarios.find_or_add(connection, each) for each in (new, sheet))
                scenarios.add_import(connection, scenario_id, source, when, actor, sheet_id)
            found, refused = erasure.sweep(connection, when, consent)
            if is_new:
                scenarios.remove_unused(connection)
        self._take_out_of_copies(refused)
        if found:
            self._wipe()
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
        instead_of: Collection[int] = (),
        actor: str | None = None,
        ledger: Sequence[LedgerLine] | None = None,
        begun: Begun | None = None,
    ) -> int:
        """Keep a plan and its verdict with the scenario it was made for (even if another was imported since).

        Returns its run number. `instead_of` are the unfinished ones that it makes needless.
        """
        with self._writing() as connection:
            scenario_id = scenarios.find_or_add(connection, self._still_known(connection, tables))
            when = made or datetime.now(UTC)
            unfinished.remove(connection, instead_of)
            return runs.save(
                connection, scenario_id, plan, tiers, seconds, status, reasons, settings, when, actor, ledger, begun
            )

    def keep_ledger(self, number: int, ledger: Sequence[LedgerLine]) -> None:
        """Keep the verdict of a run that an earlier version kept without."""
        with self._writing() as connection:
            runs.keep_ledger(connection, number, ledger)

    def keep_unfinished(
        self,
        tables: Tables,
        plan: Plan,
        seconds: float,
        settings: Mapping[str, object],
        started: datetime,
        number: int | None = None,
    ) -> int:
        """Keep the best plan so far of a solve that goes on, in the place that it had; the number of its place."""
        with self._writing() as connection:
            scenario_id = scenarios.find_or_add(connection, self._still_known(connection, tables))
            now = datetime.now(UTC)
            return unfinished.keep(connection, number, scenario_id, started, now, seconds, settings, plan)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """The plans of solves that go on or were killed, the one kept last first."""
        with self._reading() as connection:
            return unfinished.load(connection)

    def run(self, number: int | None = None) -> SavedRun:
        """That run, or the newest one."""
        with self._reading() as connection:
            wanted = runs.newest(connection) if number is None else number
            found = None if wanted is None else runs.load(connection, wanted)
            if found is None:
                raise self._no_run(connection, number)
            return found

    def runs(self) -> tuple[RunSummary, ...]:
        """All runs, the newest first."""
        with self._reading() as connection:
            return runs.summaries(connection)

    def _still_known(self, connection: sa.Connection, tables: Tables) -> Tables:
        """What a plan was made for, without what was withdrawn meanwhile."""
        admitted = erasure.admit(connection, tables, (), ())
        if admitted.passed_over:
            raise StoreError(
                f"A volunteer was erased from {self.where} while this plan was made, so it is not kept. Make a new one."
            )
        return admitted.tables

    # Who does not want to be known (any more)

    def find_person(self, who: str) -> dict[str, tuple[str, ...]]:
        """Those whose id or name that is, in any scenario: id -> names, the newest first. An id goes before names."""
        with self._reading() as connection:
            return erasure.find(connection, who)

    def people_marked(self, marks: Collection[str]) -> dict[str, str]:
        """The ids in any scenario that these marks are of -> the mark."""
        with self._reading() as connection:
            return erasure.matching(erasure.everybody(connection), marks)

    def forgotten(self) -> list[str]:
        """By what the ids of people who were erased are known again, see `erasure.mark_of`."""
        with self._reading() as connection:
            return erasure.marks(connection)

    def was_forgotten(self, volunteer_id: str) -> bool:
        """Whether somebody with that id was erased."""
        with self._reading() as connection:
            return bool(erasure.matching([volunteer_id], erasure.marks(connection)))

    def forget(self, volunteer_id: str, now: datetime) -> tuple[Counter[str], list[str]]:
        """Erase somebody from all that is kept and from the copies that matcher made, and keep their id's mark.

        Returns how many of what that concerned, and in sentences what could not be done.
        """
        stand_in = erasure.new_stand_in()
        with self._writing() as connection:
            erasure.settle(erasure.AnyVersion(connection), now)
            who = erasure.person(erasure.AnyVersion(connection), volunteer_id)
            done = erasure.forget(erasure.AnyVersion(connection), who, stand_in, now)
            if not erasure.matching([volunteer_id], erasure.marks(connection)):
                erasure.keep_mark(connection, erasure.mark_of(volunteer_id, who.names, secrets.token_hex(8)))

        def leave(kept: erasure.AnyVersion) -> bool:
            erasure.settle(kept, now)
            there = erasure.person(kept, volunteer_id)
            both = replace(there, words=there.words | who.words)
            return erasure.forget(kept, both, stand_in, now).total() > 0

        changed, trouble = self._in_copies(leave)
        done["copy that matcher made"] = changed
        if left := erasure.wipe(self.engine):
            trouble.append(left)
        return done, trouble

    def tidy(self, numbers: Collection[int], letters_before: datetime | None) -> int:
        """Delete these runs, and the bodies of letters of versions made before then; how many letters that were."""
        with self._writing() as connection:
            runs.delete(connection, numbers)
            scenarios.remove_unused(connection)
            emptied = 0 if letters_before is None else publications.empty_letters(connection, letters_before)
        self._wipe()
        return emptied

    def old_letters(self, before: datetime) -> int:
        """How many letters of versions made before then have gone, or never will, and still have their bodies."""
        with self._reading() as connection:
            return publications.old_letters(connection, before)

    def _take_out_of_copies(self, refused: Collection[str]) -> None:
        if refused:
            now = datetime.now(UTC)
            _, trouble = self._in_copies(lambda kept: erasure.take_out_demographics(kept, refused, now))
            for line in trouble:
                _log.warning("matcher: %s", line)

    def _wipe(self) -> None:
        if left := erasure.wipe(self.engine):
            _log.warning("matcher: %s", left)

    def _in_copies(self, do: Callable[[erasure.AnyVersion], bool]) -> tuple[int, list[str]]:
        """Do it to each copy that matcher made of this workspace; how many it changed, and where it could not be."""
        changed, trouble = 0, []
        for file in erasure.copies_of(self.engine.url):
            engine = make_engine(database_url(str(file)), self._patience_seconds)
            try:
                with writing(engine, self._patience_seconds) as connection:
                    if not versions.is_workspace(connection):
                        raise StoreError(f"{file} is no workspace.")
                    found = do(erasure.AnyVersion(connection))
                if found:
                    changed += 1
                    if left := erasure.wipe(engine):
                        trouble.append(left)
            except StoreError as error:
                trouble.append(f"The copy {file} stays as it is: {error} Delete it if nobody needs it.")
            finally:
                engine.dispose()
        return changed, trouble

    # Whole copies

    def back_up(self, to: Path, replace: bool = False) -> None:
        """Write everything, as it is at one moment, to a file that is a SQLite workspace, for its owner's eyes only.

        With `replace` also over a file of that name. Others may work meanwhile; those who write to SQLite wait.
        """
        copies.back_up(self.engine, to, replace)

    def faults(self) -> list[str]:
        """What is broken in the database itself: pages, tables, references, values of another kind than a column's."""
        with self._reading() as connection:
            return checks.faults(connection) or checks.unreadable_values(connection) or checks.loose_ends(connection)

    @classmethod
    def restore(cls, address: str, file: Path, keep_as: str, patience_seconds: float = 5) -> Path | None:
        """Put a sound workspace file of today's tables in the place of what is at the address; whole, or not at all.

        Returns where the copy is of what was there: the name with `keep_as` after it, beside a SQLite file, otherwise
        in the current folder. A SQLite file that is too damaged to be written to is replaced as a file, and everything
        else row by row, in a transaction.
        """
        url = database_url(address)
        place = sqlite_file(url)
        keep_at = place.with_name(f"{place.name}.{keep_as}") if place else Path(f"{url.database}.{keep_as}.db")
        if place is not None and not cls.is_there(address):
            return copies.restore_over(place, file, keep_at)
        engine = make_engine(url, patience_seconds)
        try:
            state = copies.state_of(engine)
            if state is copies.State.BROKEN:
                if place is None:
                    raise StoreError(f"{described(url)} is damaged. Make an empty database, and restore into that.")
                return copies.restore_over(place, file, keep_at)
            keep = None if state is copies.State.EMPTY else keep_at
            return copies.restore_into(engine, file, patience_seconds, keep)
        finally:
            engine.dispose()

    @staticmethod
    def is_there(address: str) -> bool:
        """Whether there is something at the address: a file with something in it, or a database with tables."""
        url = database_url(address)
        place = sqlite_file(url)
        if place is not None:
            return place.exists() and place.stat().st_size > 0
        engine = make_engine(url, 5)
        try:
            return copies.state_of(engine) is not copies.State.EMPTY
        finally:
            engine.dispose()

    @staticmethod
    def is_unreadable(address: str) -> bool:
        """Whether what is there is a broken database, or none."""
        engine = make_engine(database_url(address), 5)
        try:
            return copies.state_of(engine) is copies.State.BROKEN
        finally:
            engine.dispose()

    @staticmethod
    def files_of(address: str) -> list[Path]:
        """The files that are there of a SQLite workspace: the database's, and what stands beside it."""
        place = sqlite_file(database_url(address))
        names = [] if place is None else [place, *(Path(f"{place}{end}") for end in ("-journal", "-wal", "-shm"))]
        return [name for name in names if name.is_file()]

    @staticmethod
    def is_at(address: str, file: Path) -> bool:
        """Whether that file is one of the workspace's."""
        return file.exists() and any(file.samefile(each) for each in Workspace.files_of(address))

    # Figures told

    def told_figures(self) -> tuple[Told, ...]:
        """The figures about people on all pages that were exported, the first first."""
        with self._reading() as connection:
            return told.load(connection)

    def add_told_figures(self, run_number: int, before: Sequence[Told], figures: Sequence[Told]) -> None:
        """Note that these stand on a page of that run, judged together with those of `before`."""
        with self._writing() as connection:
            if tuple(before) != told.load(connection):
                raise ChangedMeanwhile(
                    f"{self.where} was exported by somebody else in the meantime, and what the two pages tell together "
                    "could give people away. Nothing was written. Export again."
                )
            new: list[Told] = []
            for figure in figures:  # two classes that met the same people have the same one
                if figure not in before and figure not in new:
                    new.append(figure)
            told.add(connection, run_number, len(before), new)

    # Publishing

    def publish(
        self,
        run_number: int,
        before: Sequence[Entry],
        after: Sequence[Entry],
        letters: Sequence[Letter] = (),
        made: datetime | None = None,
        judged_by: DataState | None = None,
        actor: str | None = None,
    ) -> int:
        """Keep `after` and the letters that tell of it as the next version, all at once; its number.

        `before` is what `after` was worked out from: if somebody has published or answered since, nothing is kept.
        Nor is it if `judged_by` is not the `state` any more.
        """
        with self._writing() as connection:
            if judged_by is not None and judged_by != edits.state(connection):
                raise ChangedMeanwhile(
                    f"{self.where} was changed by somebody else in the meantime: its data is another one now. "
                    "Nothing was published. Publish again, so that the plan is judged by it."
                )
            newest = publications.newest(connection) or 0
            kept = publications.entries(connection, newest)
            if tuple(before) != kept:
                raise ChangedMeanwhile(
                    f"{self.where} was changed by somebody else in the meantime (it has version {newest} now, or new "
                    "answers). Nothing was published. Publish again, and look at the changes again."
                )
            without = {entry.uid for entry in kept if entry.facts.partial}
            publications.keep_facts(connection, [entry for entry in before if entry.uid in without])
            changed = [entry for entry in after if entry.since == newest + 1]
            publications.add(connection, newest + 1, run_number, made or datetime.now(UTC), changed, letters, actor)
            return newest + 1

    def published(self, version: int | None = None) -> tuple[Entry, ...]:
        """What people were told by that version, or by the newest one (nothing before the first), in order of time."""
        with self._reading() as connection:
            newest = publications.newest(connection)
            if version is None:
                return () if newest is None else publications.entries(connection, newest)
            if newest is None:
                raise NotThere(f"{self.where} holds no version yet.", Remedy.PUBLISH)
            if not 1 <= version <= newest:
                raise NotThere(f"{self.where} holds no version {version}: they are numbered up to {newest}.")
            return publications.entries(connection, version)

    def versions(self) -> tuple[Version, ...]:
        """All published versions, the newest first."""
        with self._reading() as connection:
            return publications.versions(connection)

    def letters(self, *states: LetterState) -> tuple[Letter, ...]:
        """The outbox, in the order in which it goes; those in one of these states only, if any are given."""
        with self._reading() as connection:
            return publications.letters(connection, states)

    def add_letters(
        self, version: int, letters: Sequence[Letter], entries: Sequence[Entry], known: Sequence[Letter]
    ) -> None:
        """Put letters of a version that is published already into the outbox, all or none.

        `entries` (of the newest version) and `known` (the whole outbox) are what they were worked out from: if either
        is not so any more, nothing is kept.
        """
        with self._writing() as connection:
            newest = publications.newest(connection) or 0
            outbox = {letter.message_id for letter in publications.letters(connection, ())}
            if tuple(entries) != publications.entries(connection, newest) or outbox != {
                letter.message_id for letter in known
            }:
                raise ChangedMeanwhile(
                    f"{self.where} was changed by somebody else in the meantime. No letter was written. Write them "
                    "again, and look at what would be written again."
                )
            publications.add_letters(connection, version, letters)

    def claim_letter(self, letter: Letter, judged_by: DataState | None) -> bool:
        """Note that it is on its way (SENDING), which counts as an attempt. False if it is no longer as it was read.

        ChangedMeanwhile if `judged_by` is not the `state` any more.
        """
        with self._writing() as connection:
            if judged_by != edits.state(connection):
                raise ChangedMeanwhile(
                    "The data was changed meanwhile, so sending stopped before the next letter. Send "
                    "again, so that what is left is judged by it."
                )
            return publications.claim_letter(connection, letter)

    def mark_letter(self, message_id: str, state: LetterState, remark: str = "") -> None:
        """Note where a letter stands."""
        with self._writing() as connection:
            publications.mark_letter(connection, message_id, state, remark)

    def record_answers(
        self, replies: Sequence[Heard], read: datetime | None = None, actor: str | None = None
    ) -> tuple[bool, ...]:
        """Take these answers; for each, whether it was news (False: to another invitation, or an earlier answer)."""
        with self._writing() as connection:
            return publications.record(connection, replies, read or datetime.now(UTC), actor)

    def heard(self) -> dict[str, datetime]:
        """UID -> when the answer on record was given, of those that answered."""
        with self._reading() as connection:
            return publications.heard(connection)

    def feed_hashes(self) -> dict[tuple[str, str], str]:
        """(kind, id) -> the hash by which that feed's file is known again."""
        with self._reading() as connection:
            return publications.feed_hashes(connection)

    def set_feeds(
        self, hashes: Mapping[tuple[str, str], str | None], before: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """Keep these hashes, and forget those that are None.

        `before` is what they were worked out from: if somebody has changed it since, nothing is kept.
        """
        with self._writing() as connection:
            if before is not None and publications.feed_hashes(connection) != before:
                raise ChangedMeanwhile(
                    f"{self.where}: the feeds were written or reset by somebody else in the meantime. Nothing was "
                    "changed. Write them again."
                )
            publications.set_feeds(connection, hashes)

    def unplaced_feeds(self) -> set[tuple[str, str]]:
        """(kind, id) of the feeds whose file was never known to be in place, since their writing was broken off."""
        with self._reading() as connection:
            return publications.unplaced_feeds(connection)

    def place_feeds(self, keys: Iterable[tuple[str, str]], placed: datetime | None) -> None:
        """Note that their files are in place since then, or (None) that they may not be."""
        with self._writing() as connection:
            publications.place_feeds(connection, keys, placed)

    # What only one may do at a time

    def take_lease(self, name: str, owner: str, until: datetime, now: datetime | None = None) -> str | None:
        """Take a lease, or take it for longer; if somebody else holds it, that owner, and nothing is done."""
        with self._writing() as connection:
            return leases.take(connection, name, owner, until, now or datetime.now(UTC))

    def release_lease(self, name: str, owner: str) -> None:
        """Give it back, if it is still ours."""
        with self._writing() as connection:
            leases.release(connection, name, owner)

    def _no_run(self, connection: sa.Connection, number: int | None) -> MatcherError:
        newest = runs.newest(connection)
        if newest is None:
            return NotThere(f"{self.where} holds no run yet.", Remedy.SOLVE)
        if number is not None and 1 <= number <= newest:
            if runs.was_tidied(connection, number):
                return NotThere(f"Run {number} was never published and was tidied away.")
            return DamagedError(self.where, f"run {number} is gone")
        return NotThere(f"{self.where} holds no run {number}: they are numbered up to {newest}.")
