"""Taking personal data out of a database: what people did not consent to (any more), and whole people.

It works on databases of every version, since copies made before a migration hold names, too: tables and columns that
a version does not have are passed over. Texts and JSON are walked in every column of every table but those that
`NOT_WALKED` lists with the reason. Each function works inside the transaction that is open; `wipe` is called after it.

A scenario from which something was taken gets the fingerprint of what is left, and a run the seal, unless they were
wrong before: damage stays visible.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from matcher.appointments import Attendee
from matcher.domain import GoalName
from matcher.errors import StoreError
from matcher.publishing.forgetting import STAND_IN, Words, introductions
from matcher.publishing.published import FeedKind
from matcher.store import edits, runs, scenarios, schema
from matcher.store.changes import fingerprint
from matcher.store.connection import described, plain_words, sqlite_file
from matcher.store.kept import DamagedValue
from matcher.store.schema import metadata, utc
from matcher.tables import ENCOUNTERS, TABLES, VOLUNTEERS, Kind, Row, Table, Tables, Value
from matcher.wording import one_line

PERSON_IDS = frozenset({"volunteer_id", "came"})
"""The columns of a scenario that hold volunteers' ids, one or a list."""
OTHER_IDS = frozenset({"school_id", "cohort_id", "session_id", "cohort_ids", "excluded_schools"})
"""Those that hold other things' ids. A test asks of every column of ids which it is."""

NOT_KEPT = "not kept"
"""The sector of somebody who was erased: a volunteer has to have one."""
_ENCOUNTER_KEPT = frozenset({"cohort_id", "date", "session_id", "volunteer_id"})
_UNTOLD = -1
"""The value of a figure of which it is no longer known what it said: true of nobody, so that those concerned stay
protected from what the page said that has it."""

_NOT_WORDS = (Kind.ID, Kind.ID_LIST, Kind.CHOICE, Kind.CHOICE_LIST, Kind.DAYS)
NOT_WALKED: Mapping[str, str] = {
    **{
        f"{table.name}.{column.name}": "ids, days and fixed words; ids of people are replaced as such"
        for table in TABLES
        for column in table.columns
        if column.kind in _NOT_WORDS
    },
    **dict.fromkeys(
        ("volunteers.name", "volunteers.email"), "another person's own; the erased person's row is blanked"
    ),
    **dict.fromkeys(("schools.name", "schools.contact_name", "schools.contact_email"), "the school's own"),
    **dict.fromkeys(("programme.key", "programme.kind"), "fixed words"),
    "scenarios.fingerprint": "a digest, made anew",
    "runs.status": "a fixed word",
    "runs.ledger": "ids of classes and counts",
    "runs.seal": "a digest, made anew",
    "runs.begun": "ids, those of people replaced as such",
    "run_tiers.tier": "a fixed word",
    **dict.fromkeys(
        (f"{table}.session_id" for table in ("run_visits", "run_assignments", "run_reasons", "entries")),
        "a session's id",
    ),
    "run_assignments.volunteer_id": "an id of a person, replaced as such",
    **dict.fromkeys(
        (f"{table}.attendee_id" for table in ("entries", "letters")), "a school's id where the row is not deleted"
    ),
    **dict.fromkeys(
        ("entries.attendee", "entries.standing", "entries.answer", "letters.attendee", "letters.state", "feeds.kind"),
        "a fixed word",
    ),
    "replies.answer": "a fixed word",
    **dict.fromkeys(("entries.uid", "letters.uid", "replies.uid"), "a digest; a person's own rows are deleted"),
    "letters.message_id": "a digest",
    "feeds.id": "an id; a person's own row is deleted",
    "feeds.token_hash": "a digest",
    "unfinished_runs.visits": "plans that name the person are deleted",
    "told_figures.goal": "a fixed word",
    "told_figures.people": "ids of people, replaced as such",
    "workspace.key": "a fixed word",
    "workspace.value": "a random number",
    "edits.kind": "a fixed word",
    "edits.mark": "a digest, made anew",
    "leases.name": "a fixed word",
    "leases.owner": "a process on a machine",
    "consents_withdrawn.volunteer_id": "the person's row is deleted",
    "forgotten.mark": "what this is about",
}
"""Columns with texts, JSON or bytes in which no words are looked for, and why."""


@dataclass(frozen=True)
class Leaver:
    """Somebody who is to be erased, as all that a database knows of them by name."""

    volunteer_id: str
    names: tuple[str, ...]
    """The newest first."""
    words: frozenset[str]
    """All by which texts may call them."""


@dataclass(frozen=True, slots=True)
class _Swap:
    """What is to be put in a person's place."""

    words: Words
    volunteer_id: str
    stand_in: str


class AnyVersion:
    """What a database has: the tables and columns of its version."""

    def __init__(self, connection: sa.Connection) -> None:
        inspector = sa.inspect(connection)
        there = set(inspector.get_table_names())
        self.connection = connection
        self.columns = {
            table.name: {column["name"] for column in inspector.get_columns(table.name)}
            for table in metadata.sorted_tables
            if table.name in there
        }

    def has(self, table: sa.Table, column: str = "") -> bool:
        return table.name in self.columns and (not column or column in self.columns[table.name])

    def scenario_ids(self) -> list[int]:
        return list(self.connection.scalars(sa.select(schema.scenarios.c.scenario_id)))

    def tables(self, scenario_id: int) -> Tables:
        return scenarios.load(self.connection, scenario_id, self.columns)

    def change(self, scenario_id: int, do: Callable[[], bool], now: datetime) -> bool:
        """Do something to a scenario that says whether it changed it, and give it the fingerprint of what is left."""
        connection, table = self.connection, schema.scenarios
        of_it = table.c.scenario_id == scenario_id
        was_whole = self._mark(scenario_id) == connection.scalar(sa.select(table.c.fingerprint).where(of_it))
        if not do():
            return False
        values: dict[str, object] = {}
        if self.has(table, "erased_utc"):
            values["erased_utc"] = utc(now)
        mark = self._mark(scenario_id) if was_whole else None
        if mark is not None:
            same = connection.scalar(sa.select(table.c.scenario_id).where(table.c.fingerprint == mark, ~of_it))
            if same is not None:  # they differed in nothing else
                self._merge(scenario_id, int(same))
                of_it = table.c.scenario_id == same
            else:
                values["fingerprint"] = mark
        if values:
            connection.execute(sa.update(table).where(of_it).values(values))
        return True

    def _mark(self, scenario_id: int) -> str | None:
        try:
            return fingerprint(self.tables(scenario_id))
        except DamagedValue:
            return None

    def _merge(self, scenario_id: int, into: int) -> None:
        for table in (schema.imports, schema.runs, schema.unfinished_runs):
            if self.has(table):
                mine = table.c.scenario_id == scenario_id
                self.connection.execute(sa.update(table).where(mine).values(scenario_id=into))
        if self.has(schema.imports, "sheet_scenario_id"):
            sheet = schema.imports.c.sheet_scenario_id
            changed = sa.update(schema.imports).where(sheet == scenario_id).values(sheet_scenario_id=into)
            self.connection.execute(changed)
        for each in (schema.programme, *schema.scenario_tables.values()):
            if self.has(each):
                self.connection.execute(sa.delete(each).where(each.c.scenario_id == scenario_id))
        of_it = schema.scenarios.c.scenario_id == scenario_id
        self.connection.execute(sa.delete(schema.scenarios).where(of_it))

    def today(self) -> Tables | None:
        """Today's tables where edits stand on top of a scenario and are what was kept; otherwise None."""
        if not self.has(schema.edits) or not edits.since_import(self.connection):
            return None
        try:
            found = edits.today(self.connection, self.columns)
        except DamagedValue:
            return None
        return found if found is not None and fingerprint(found) == edits.mark(self.connection) else None

    def mark_edits(self) -> None:
        """Give the last edit the fingerprint of what today's tables are."""
        found, table = edits.today(self.connection, self.columns), schema.edits
        assert found is not None
        last = table.c.number == edits.since_import(self.connection)[-1]
        self.connection.execute(sa.update(table).where(last).values(mark=fingerprint(found)))

    def change_run(self, number: int, do: Callable[[], object]) -> None:
        """Do something to a run, and seal it again if it was whole."""
        sealed = self.has(schema.runs, "seal") and self.connection.scalar(
            sa.select(schema.runs.c.seal).where(schema.runs.c.number == number)
        )
        has_begun = self.has(schema.runs, "begun")
        was_whole = bool(sealed) and runs.is_whole(self.connection, number, has_begun)
        do()
        if was_whole:
            runs.seal(self.connection, number, has_begun)


# Consent


def withdrawn(connection: sa.Connection) -> set[str]:
    """The ids of those who said no after a yes."""
    return set(connection.scalars(sa.select(schema.consents_withdrawn.c.volunteer_id)))


def sweep(connection: sa.Connection, now: datetime, consented: Collection[str] = ()) -> tuple[bool, frozenset[str]]:
    """Take gender and ethnicity without consent out of all that is kept.

    The current scenario says who consents; `consented` are those who do again. Returns whether there was any, and who
    does not consent (any more).
    """
    kept, table = AnyVersion(connection), schema.consents_withdrawn
    connection.execute(sa.delete(table).where(table.c.volunteer_id.in_(list(consented))))
    current = scenarios.current(connection)
    now_says = {} if current is None else _consents(connection, current)
    known = withdrawn(connection)
    refused = known | {who for who, said in now_says.items() if said != "yes"}
    earlier = {
        who
        for scenario_id in kept.scenario_ids()
        if scenario_id != current
        for who, said in _consents(connection, scenario_id).items()
        if said == "yes"
    }
    new = sorted((refused & earlier) - known)
    if new:
        connection.execute(sa.insert(table), [{"volunteer_id": each, "withdrawn_utc": utc(now)} for each in new])
    return take_out_demographics(kept, refused, now, current), frozenset(refused)


def take_out_demographics(
    kept: AnyVersion, refused: Collection[str], now: datetime, current: int | None = None
) -> bool:
    """Take gender and ethnicity of these, and of whoever did not consent, out of all scenarios and what follows."""
    meetings = () if current is None else _meetings(kept, current)
    agreed = {key[0] for key, said in meetings if said == "yes"}
    denied = {key for key, said in meetings if said == "no"}
    found, edited = False, kept.today() is not None  # no edit is about any of this, see `Workspace.edit`
    for scenario_id in kept.scenario_ids():
        if not _holds_demographics(kept, scenario_id):
            continue
        volunteers = _volunteers_to_strip(kept, scenario_id, refused)
        encounters = _encounters_to_strip(kept, scenario_id, refused, agreed, denied)
        if not volunteers and not encounters:
            continue
        found = True
        made_for_it = _runs_of(kept, scenario_id)

        def strip(
            at: int = scenario_id, rows: Mapping[int, str] = volunteers, met: Collection[int] = encounters
        ) -> bool:
            _strip(kept, VOLUNTEERS, at, rows)
            _strip(kept, ENCOUNTERS, at, met)
            return True

        kept.change(scenario_id, strip, now)
        people = {*volunteers.values(), *(key[0] for key in encounters.values() if key[0] is not None)}
        for number in made_for_it:
            _open_ledger(kept, number, people, {key[1] for key in encounters.values()})
    if found:
        _open_figures(kept, refused)
    if found and edited:
        kept.mark_edits()
    return found


def _holds_demographics(kept: AnyVersion, scenario_id: int) -> bool:
    return any(
        kept.connection.scalar(
            sa.select(sa.func.count()).where(table.c.scenario_id == scenario_id, _demographics(table))
        )
        for table in map(_table, (VOLUNTEERS, ENCOUNTERS))
    )


def _demographics(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.or_(table.c.gender.is_not(None), table.c.ethnicity.is_not(None))


def _table(table: Table) -> sa.Table:
    return schema.scenario_tables[table.name]


def _consents(connection: sa.Connection, scenario_id: int) -> dict[str, str | None]:
    table = _table(VOLUNTEERS)
    query = sa.select(table.c.volunteer_id, table.c.matching_consent).where(table.c.scenario_id == scenario_id)
    return {row.volunteer_id: row.matching_consent for row in connection.execute(query)}


def _volunteers_to_strip(kept: AnyVersion, scenario_id: int, refused: Collection[str]) -> dict[int, str]:
    """Position -> id."""
    c = _table(VOLUNTEERS).c
    query = sa.select(c.position, c.volunteer_id, c.matching_consent)
    rows = query.where(
        c.scenario_id == scenario_id, sa.or_(_demographics(_table(VOLUNTEERS)), c.matching_consent == "yes")
    )
    return {place: who for place, who, said in kept.connection.execute(rows) if said != "yes" or who in refused}


def _strip(kept: AnyVersion, spec: Table, scenario_id: int, positions: Collection[int]) -> None:
    """Blank gender and ethnicity in these rows, which then say that there is no consent."""
    table = _table(spec)
    if positions:
        of_it = (table.c.scenario_id == scenario_id) & (table.c.position == sa.bindparam("place"))
        blank: dict[str, str | None] = {"gender": None, "ethnicity": None}
        if kept.has(table, "matching_consent"):
            blank["matching_consent"] = "no"
        kept.connection.execute(sa.update(table).where(of_it).values(blank), [{"place": each} for each in positions])


_Meeting = tuple[str | None, str, object, str | None, str | None, str | None]
"""volunteer_id, cohort_id, date, session_id, sector and occupation of an encounter: by which it is known again."""


def _encounters(kept: AnyVersion, scenario_id: int) -> Iterator[tuple[int, _Meeting, str | None, bool]]:
    """Position, what it is known by, what its own consent says, and whether it holds gender or ethnicity."""
    table = _table(ENCOUNTERS)
    c = table.c
    own = [c.matching_consent] if kept.has(table, "matching_consent") else [sa.null()]
    query = sa.select(
        c.position,
        c.volunteer_id,
        c.cohort_id,
        c.date,
        c.session_id,
        c.sector,
        c.occupation,
        *own,
        c.gender,
        c.ethnicity,
    )
    for position, *key, said, gender, ethnicity in kept.connection.execute(query.where(c.scenario_id == scenario_id)):
        yield position, tuple(key), said, gender is not None or ethnicity is not None


def _meetings(kept: AnyVersion, scenario_id: int) -> list[tuple[_Meeting, str | None]]:
    return [(key, said) for _, key, said, _ in _encounters(kept, scenario_id)]


def _encounters_to_strip(
    kept: AnyVersion,
    scenario_id: int,
    refused: Collection[str],
    agreed: Collection[str | None],
    denied: Collection[_Meeting],
) -> dict[int, _Meeting]:
    """Position -> meeting. `agreed` are those of whom some meeting says yes today; `denied` are those that say no."""
    consents, found = _consents(kept.connection, scenario_id), {}
    for position, key, own, holds in _encounters(kept, scenario_id):
        who = key[0]
        said = own or ("yes" if who is None else consents.get(who))
        if holds and (said != "yes" or key in denied or (who in refused and not (own == "yes" and who in agreed))):
            found[position] = key
    return found


def _runs_of(kept: AnyVersion, scenario_id: int) -> list[int]:
    table = schema.runs
    return list(kept.connection.scalars(sa.select(table.c.number).where(table.c.scenario_id == scenario_id)))


def _open_ledger(kept: AnyVersion, number: int, people: Collection[str], cohorts: Collection[str]) -> None:
    """Take out of a run's ledger what it counts of these people's gender and ethnicity; the scores stay."""
    connection, table = kept.connection, schema.runs
    if not kept.has(table, "ledger"):
        return
    ledger = connection.scalar(sa.select(table.c.ledger).where(table.c.number == number))
    if not ledger:
        return
    visits, sessions = schema.run_assignments, schema.scenario_tables["sessions"]
    query = (
        sa.select(sessions.c.cohort_ids, visits.c.volunteer_id)
        .join(table, table.c.number == visits.c.run_number)
        .join(
            sessions,
            sa.and_(sessions.c.scenario_id == table.c.scenario_id, sessions.c.session_id == visits.c.session_id),
        )
        .where(visits.c.run_number == number)
    )
    met = {each for ids, who in connection.execute(query) if who in people for each in ids}
    concerned = met | set(cohorts)
    taken = [
        line for line in ledger if not (line[1] in _DEMOGRAPHIC and (line[0] in concerned or (met and not line[0])))
    ]
    if taken != ledger:
        mine = sa.update(table).where(table.c.number == number)
        kept.change_run(number, lambda: connection.execute(mine.values(ledger=taken)))


_DEMOGRAPHIC = frozenset(GoalName) - {GoalName.PEOPLE, GoalName.SECTORS}


def _open_figures(kept: AnyVersion, people: Collection[str], stand_in: str = "") -> None:
    """Take out what figures on exported pages said that count any of these; with a stand-in also who it was."""
    table = schema.told_figures
    if not kept.has(table):
        return
    for number, counted in kept.connection.execute(sa.select(table.c.number, table.c.people)).all():
        if any(key.partition("\n")[0] in people for key in counted):
            if stand_in:
                counted = {_instead(key, people, stand_in): times for key, times in counted.items()}
            changed = sa.update(table).where(table.c.number == number)
            kept.connection.execute(changed.values(people=counted, value=_UNTOLD))


def _instead(key: str, people: Collection[str], stand_in: str) -> str:
    who, mark, rest = key.partition("\n")
    return f"{stand_in if who in people else who}{mark}{rest}"


# Whole people


def settle(kept: AnyVersion, now: datetime) -> None:
    """Make today's tables a scenario, before what edits say of somebody is taken out of them."""
    found = kept.today()
    if found is not None:
        edits.settle(kept.connection, found, now, None, kept.columns)


_STAND_IN_ID = "former-"


def new_stand_in() -> str:
    """An id that says nothing of anybody."""
    return f"{_STAND_IN_ID}{secrets.token_hex(4)}"


def find(connection: sa.Connection, who: str) -> dict[str, tuple[str, ...]]:
    """Those of all scenarios whose id or name that is: id -> names, the newest first. An id goes before names."""
    table = _table(VOLUNTEERS)
    query = sa.select(table.c.volunteer_id, table.c.name).order_by(table.c.scenario_id.desc())
    edited = [(key, str(said["name"])) for key, said in _edited(AnyVersion(connection)) if said.get("name")]
    rows = [*reversed(edited), *((key, name) for key, name in connection.execute(query))]
    wanted = one_line(who).casefold()
    ids = {key for key, _ in rows if key == who} or {
        key for key, name in rows if one_line(name).casefold() == wanted and name != STAND_IN
    }
    found: dict[str, tuple[str, ...]] = {}
    for key, name in rows:
        if key in ids and name not in found.get(key, ()):
            found[key] = (*found.get(key, ()), name)
    return found


def _edited(kept: AnyVersion) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Of each edit of somebody's row the id, and cells before and after: somebody may stand in no scenario."""
    for each in edits.load(kept.connection) if kept.has(schema.edits) else ():
        for operation in each.operations:
            if operation.table == VOLUNTEERS.name:
                for cells in (operation.before, operation.after):
                    yield str(operation.key["volunteer_id"]), cells


def person(kept: AnyVersion, volunteer_id: str) -> Leaver:
    """All by which they are called in any scenario, and in letters."""
    table, connection = _table(VOLUNTEERS), kept.connection
    wanted = [table.c[each.name] for each in VOLUNTEERS.columns if kept.has(table, each.name)]
    query = sa.select(*wanted).where(table.c.volunteer_id == volunteer_id).order_by(table.c.scenario_id.desc())
    names: list[str] = []
    words: set[str] = set()
    for row in connection.execute(query).mappings():
        names.append(row["name"])
        name, role, employer = (one_line(row[column] or "") for column in ("name", "role", "employer"))
        words |= {*introductions(name, role, employer), *(row.get(column) or "" for column in ("email", "phone"))}
    for key, cells in _edited(kept):
        if key == volunteer_id:
            name, role, employer = (one_line(str(cells.get(column) or "")) for column in ("name", "role", "employer"))
            names += [name] if name else []
            words |= {*introductions(name, role, employer)} if name else set()
            words |= {str(cells.get("email") or "")}
    if kept.has(schema.letters):
        letters = schema.letters
        mine = sa.select(letters.c.recipient).where(
            letters.c.attendee == Attendee.VOLUNTEER.value, letters.c.attendee_id == volunteer_id
        )
        words |= set(connection.scalars(mine))
    if speaks(volunteer_id, names):
        words.add(volunteer_id)
    return Leaver(volunteer_id, tuple(dict.fromkeys(names)), frozenset(words - {""}))


def speaks(volunteer_id: str, names: Iterable[str]) -> bool:
    """Whether an id says who it is of: it is an address, or holds every part of a name."""
    parts = [re.findall(r"\w+", name.casefold()) for name in names]
    return "@" in volunteer_id or any(
        len(name) > 1 and all(part in volunteer_id.casefold() for part in name) for name in parts
    )


def forget(kept: AnyVersion, who: Leaver, stand_in: str, now: datetime) -> Counter[str]:
    """Erase one person everywhere; how many of what that concerned. Nothing that they told us is left."""
    done: Counter[str] = Counter()
    volunteer_id = who.volunteer_id
    swap = _Swap(Words(who.words), volunteer_id, stand_in)
    of_scenarios = [schema.programme, *schema.scenario_tables.values()]
    for number in kept.connection.scalars(sa.select(schema.runs.c.number)).all():
        _open_ledger(kept, number, {volunteer_id}, ())
    for scenario_id in kept.scenario_ids():

        def leave(scenario_id: int = scenario_id) -> bool:
            left = _leave_scenario(kept, scenario_id, volunteer_id, stand_in)
            return bool(_reword(kept, of_scenarios, swap, scenario_id)) or left

        done["snapshot of the term"] += kept.change(scenario_id, leave, now)
    done += _leave_runs(kept, volunteer_id, stand_in)
    _open_figures(kept, {volunteer_id}, stand_in)
    done += _leave_publications(kept, volunteer_id)
    done += _leave_edits(kept, volunteer_id, stand_in)
    done += _reword_runs(kept, swap)
    others = [table for table in metadata.sorted_tables if table not in (*of_scenarios, schema.run_reasons)]
    return done + _reword(kept, others, swap)


def _leave_scenario(kept: AnyVersion, scenario_id: int, volunteer_id: str, stand_in: str) -> bool:
    """Their own row says nothing any more; what was planned with them goes; whom classes met stays, as nobody."""
    connection, changed = kept.connection, 0
    for spec in TABLES:
        table = _table(spec)
        if not kept.has(table):
            continue
        in_it = table.c.scenario_id == scenario_id
        mine = [
            table.c[column.name] == volunteer_id
            for column in spec.columns
            if column.kind is Kind.ID and column.name in PERSON_IDS and kept.has(table, column.name)
        ]
        if spec in (VOLUNTEERS, ENCOUNTERS):
            stays = {"volunteer_id"} if spec is VOLUNTEERS else _ENCOUNTER_KEPT
            blank: dict[str, object] = {
                column.name: None
                for column in spec.columns
                if column.name not in stays and kept.has(table, column.name)
            }
            if spec is VOLUNTEERS:
                blank |= {"name": STAND_IN, "sector": NOT_KEPT}
            values = {**blank, "volunteer_id": stand_in}
            changed += connection.execute(sa.update(table).where(in_it, *mine).values(_nulls(values))).rowcount
        elif mine:
            changed += connection.execute(sa.delete(table).where(in_it, sa.or_(*mine))).rowcount
        for column in spec.columns:
            if column.kind is Kind.ID_LIST and column.name in PERSON_IDS and kept.has(table, column.name):
                changed += _replace_in_list(connection, table, column.name, scenario_id, volunteer_id, stand_in)
    return changed > 0


def _nulls(values: Mapping[str, object]) -> dict[str, object]:
    return {key: sa.null() if value is None else value for key, value in values.items()}


def _replace_in_list(
    connection: sa.Connection, table: sa.Table, column: str, scenario_id: int, old: str, new: str
) -> int:
    changed = 0
    query = sa.select(table.c.position, table.c[column]).where(table.c.scenario_id == scenario_id)
    for position, ids in connection.execute(query).all():
        if ids and old in ids:
            here = (table.c.scenario_id == scenario_id) & (table.c.position == position)
            replaced = [new if each == old else each for each in ids]
            connection.execute(sa.update(table).where(here).values({column: replaced}))
            changed += 1
    return changed


def _leave_runs(kept: AnyVersion, volunteer_id: str, stand_in: str) -> Counter[str]:
    connection, table = kept.connection, schema.run_assignments
    done: Counter[str] = Counter()
    mine = table.c.volunteer_id == volunteer_id
    for number in connection.scalars(sa.select(table.c.run_number).where(mine).distinct()).all():
        change = sa.update(table).where(mine, table.c.run_number == number).values(volunteer_id=stand_in)
        kept.change_run(number, partial(connection.execute, change))
        done["run"] += 1
    if kept.has(schema.runs, "begun"):
        for number, begun in connection.execute(sa.select(schema.runs.c.number, schema.runs.c.begun)).all():
            if begun is not None and volunteer_id in _named_in(begun):
                it = sa.update(schema.runs).where(schema.runs.c.number == number)
                left = it.values(begun=_renamed_in(begun, volunteer_id, stand_in))
                kept.change_run(number, partial(connection.execute, left))
    plans = schema.unfinished_runs
    if kept.has(plans):
        for number, visits in connection.execute(sa.select(plans.c.number, plans.c.visits)).all():
            if any(volunteer_id in team for _, _, _, team in visits):
                connection.execute(sa.delete(plans).where(plans.c.number == number))
                done["unfinished plan"] += 1
    return done


def _named_in(begun: Mapping[str, Any]) -> set[str]:
    """The ids of people in what is kept of visits that had begun."""
    teams = [visit[2] for visit in begun["past"].values() if visit]
    return {person for team in teams for person in team} | {person for person, _ in begun["declined"]}


def _renamed_in(begun: Mapping[str, Any], volunteer_id: str, stand_in: str) -> dict[str, Any]:
    """The same with another id for that person, who has no answers any more."""
    past = {
        session_id: visit and [*visit[:2], sorted(stand_in if each == volunteer_id else each for each in visit[2])]
        for session_id, visit in begun["past"].items()
    }
    declined = [[person, session_id] for person, session_id in begun["declined"] if person != volunteer_id]
    return {**begun, "past": past, "declined": declined}


def _leave_publications(kept: AnyVersion, volunteer_id: str) -> Counter[str]:
    """Their own events, letters, answers and feed go; those of schools stay, and are reworded."""
    done: Counter[str] = Counter()
    if not kept.has(schema.entries):
        return done
    connection, entries, letters = kept.connection, schema.entries, schema.letters

    def theirs(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.attendee == Attendee.VOLUNTEER.value, table.c.attendee_id == volunteer_id)

    uids = list(connection.scalars(sa.select(entries.c.uid).where(theirs(entries)).distinct()))
    done["answer"] += connection.execute(sa.delete(schema.replies).where(schema.replies.c.uid.in_(uids))).rowcount
    done["letter"] += connection.execute(sa.delete(letters).where(theirs(letters))).rowcount
    connection.execute(sa.delete(entries).where(theirs(entries)))
    done["event"] += len(uids)
    feeds = schema.feeds
    own = sa.delete(feeds).where(feeds.c.kind == FeedKind.VOLUNTEER.value, feeds.c.id == volunteer_id)
    done["feed"] += connection.execute(own).rowcount
    if kept.has(schema.consents_withdrawn):
        gone = schema.consents_withdrawn
        connection.execute(sa.delete(gone).where(gone.c.volunteer_id == volunteer_id))
    return done


def _leave_edits(kept: AnyVersion, volunteer_id: str, stand_in: str) -> Counter[str]:
    """Edits about them stay as lines of the journal, of nobody, and can no longer be taken back."""
    done: Counter[str] = Counter()
    table = schema.edits
    if not kept.has(table):
        return done
    for row in kept.connection.execute(sa.select(table.c.number, table.c.about, table.c.operations)).all():
        about = {key: stand_in if value == volunteer_id else value for key, value in row.about.items()}
        operations = [] if volunteer_id in _texts(row.operations) else row.operations
        if about != row.about or operations != row.operations:
            here = table.c.number == row.number
            kept.connection.execute(sa.update(table).where(here).values(about=about, operations=operations))
            done["line of the journal"] += 1
    return done


def _texts(value: Any) -> set[str]:
    """All texts that stand in JSON."""
    if isinstance(value, str):
        return {value}
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for each in inside for text in _texts(each)}


def _reword_runs(kept: AnyVersion, swap: _Swap) -> Counter[str]:
    done: Counter[str] = Counter()
    for number in kept.connection.scalars(sa.select(schema.runs.c.number)).all():

        def reword(number: int = number) -> None:
            done.update(_reword(kept, [schema.run_reasons], swap, run_number=number))

        kept.change_run(number, reword)
    return done


def _reword(
    kept: AnyVersion,
    tables: Iterable[sa.Table],
    swap: _Swap,
    scenario_id: int | None = None,
    run_number: int | None = None,
) -> Counter[str]:
    """Put the stand-in word for these words into every text, JSON and mail of these tables."""
    done: Counter[str] = Counter()
    for table in tables:
        walked = [column for column in walked_columns(table) if kept.has(table, column.name)]
        if not walked:
            continue
        query = sa.select(*table.primary_key.columns, *(each for each in walked if not each.primary_key))
        if scenario_id is not None:
            query = query.where(table.c.scenario_id == scenario_id)
        if run_number is not None:
            query = query.where(table.c.run_number == run_number)
        for row in kept.connection.execute(query).mappings().all():
            changed = {
                column.name: new
                for column in walked
                if (new := _reworded(row[column.name], column.name, swap)) != row[column.name]
            }
            if changed:
                here = sa.and_(*(column == row[column.name] for column in table.primary_key.columns))
                kept.connection.execute(sa.update(table).where(here).values(changed))
                done[_CALLED.get(table.name, "other text")] += 1
    return done


_CALLED = {"letters": "letter to others", "entries": "event of others", "run_reasons": "reason"}


def walked_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns with words in them."""
    words = (sa.String, sa.JSON, sa.LargeBinary)
    return [
        column
        for column in table.columns
        if isinstance(getattr(column.type, "impl", column.type), words)
        and f"{table.name}.{column.name}" not in NOT_WALKED
    ]


def _reworded(value: Any, column: str, swap: _Swap) -> Any:
    words = swap.words
    match value:
        case bytes():
            return words.out_of_mail(value)
        case str() if column == "body":
            return words.out_of_event(value)
        case str():
            return words.out_of(value)
        case list():
            return [_reworded(each, "", swap) for each in value]
        case dict() if value.get("volunteer_id") == swap.volunteer_id:  # as what a school was told of its visitor
            blank = {key: "" if isinstance(each, str) else None for key, each in value.items()}
            return {**blank, "volunteer_id": swap.stand_in, "name": STAND_IN}
        case dict():
            return {words.out_of(key): _reworded(each, "", swap) for key, each in value.items()}
    return value


# Who was erased


def mark_of(volunteer_id: str, names: Iterable[str], salt: str) -> str:
    """By what an erased id is known again: the id itself, or where it says something of the person, a salted hash.

    Ids have to be told apart when a spreadsheet or a backup brings them back, and a list of them has to mean something
    to whoever holds the backup. A hash alone would hide nothing of ids such as V007, which anybody can try one by one.
    """
    return f"sha256:{salt}:{_hash(volunteer_id, salt)}" if speaks(volunteer_id, names) else f"id:{volunteer_id}"


def _hash(volunteer_id: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}:{volunteer_id}".encode(errors="surrogatepass")).hexdigest()


def marks(connection: sa.Connection) -> list[str]:
    return sorted(connection.scalars(sa.select(schema.forgotten.c.mark)))


def keep_mark(connection: sa.Connection, mark: str) -> None:
    if mark not in marks(connection):
        connection.execute(sa.insert(schema.forgotten).values(mark=mark))


def drop_marks(connection: sa.Connection, ids: Collection[str]) -> None:
    """Take these ids for nobody's who was erased; whoever has them is somebody new."""
    table = schema.forgotten
    found = list(matching(ids, marks(connection)).values())
    connection.execute(sa.delete(table).where(table.c.mark.in_(found)))


def everybody(connection: sa.Connection) -> set[str]:
    """The ids of all volunteers of all scenarios and edits."""
    edited = {key for key, _ in _edited(AnyVersion(connection))}
    return edited | set(connection.scalars(sa.select(_table(VOLUNTEERS).c.volunteer_id).distinct()))


def matching(ids: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Those of these ids that a mark is of -> that mark."""
    plain = {mark.removeprefix("id:"): mark for mark in known if mark.startswith("id:")}
    hashed: dict[str, dict[str, str]] = {}
    for mark in known:
        if mark.startswith("sha256:"):
            _, salt, digest = mark.split(":", 2)
            hashed.setdefault(salt, {})[digest] = mark
    found = {}
    for each in ids:
        known_by = [digests.get(_hash(each, salt)) for salt, digests in hashed.items()]
        for of_it in (plain.get(each), *known_by):
            if of_it is not None:
                found[each] = of_it
    return found


@dataclass(frozen=True)
class Admitted:
    """What of a spreadsheet is taken."""

    tables: Tables
    passed_over: tuple[str, ...]
    """The ids of people who were erased."""
    stays_off: tuple[str, ...]
    """The ids of people who withdrew their consent, and for whom the spreadsheet says yes."""


def admit(connection: sa.Connection, tables: Tables, consent: Collection[str], again: Collection[str]) -> Admitted:
    """A scenario without the people who were erased, and without the gender and ethnicity of those who withdrew."""
    ids = {str(row["volunteer_id"]) for row in tables.rows.get("volunteers", ())}
    ids |= {
        each
        for spec in TABLES
        for column in spec.columns
        if column.name in PERSON_IDS
        for row in tables.rows.get(spec.name, ())
        for each in _ids(row.values.get(column.name))
    }
    gone = matching(ids, marks(connection)).keys() - set(again)
    off = {
        str(row["volunteer_id"])
        for row in tables.rows.get("volunteers", ())
        if row.values.get("matching_consent") == "yes"
    } & (withdrawn(connection) - set(consent) - gone)
    if not gone and not off:
        return Admitted(tables, (), ())
    current = scenarios.current(connection)
    meetings = () if current is None else _meetings(AnyVersion(connection), current)
    agreed = {key[0] for key, said in meetings if said == "yes"}
    rows = {name: _admitted(name, found, gone, off, agreed) for name, found in tables.rows.items()}
    if gone:
        rows["visits"] = tuple(_with_stand_ins(connection, row, gone) for row in tables.rows.get("visits", ()))
    return Admitted(replace(tables, rows=rows), tuple(sorted(gone)), tuple(sorted(off)))


def _with_stand_ins(connection: sa.Connection, row: Row, gone: Collection[str]) -> Row:
    """Somebody came to that visit, so classes met as many people: whoever was erased stays there as nobody.

    By the id under which they stand in a plan of that visit, if there is one.
    """
    came = _ids(row.values.get("came"))
    if not any(each in gone for each in came):
        return row
    session_id, table = str(row["session_id"]), schema.run_assignments
    planned = sa.select(table.c.volunteer_id).where(
        table.c.session_id == session_id, table.c.volunteer_id.startswith(_STAND_IN_ID)
    )
    known = list(dict.fromkeys(connection.scalars(planned.order_by(table.c.run_number.desc(), table.c.volunteer_id))))
    made = (f"{_STAND_IN_ID}{_hash(session_id, str(number))[:8]}" for number in range(len(came)))
    free = iter([each for each in (*known, *made) if each not in came])
    return replace(row, values={**row.values, "came": tuple(next(free) if each in gone else each for each in came)})


def _ids(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else () if value is None else (str(value),)


def _admitted(
    name: str, rows: tuple[Row, ...], gone: Collection[str], off: Collection[str], agreed: Collection[str | None]
) -> tuple[Row, ...]:
    """`agreed` are those of whom some meeting says yes today, whatever they say for the rest."""
    spec = next(table for table in TABLES if table.name == name)
    found = []
    for row in rows:
        who = row.values.get("volunteer_id")
        if spec is ENCOUNTERS and who in gone:  # they met somebody: no more of that is kept
            stays = _ENCOUNTER_KEPT - {"volunteer_id"}
            row = replace(row, values={key: value if key in stays else None for key, value in row.values.items()})
        elif any(row.values.get(each.name) in gone for each in spec.columns if each.name in PERSON_IDS):
            continue
        elif (spec is VOLUNTEERS and who in off) or (
            spec is ENCOUNTERS and who in off and not (row.values.get("matching_consent") == "yes" and who in agreed)
        ):
            row = replace(row, values={**row.values, "gender": None, "ethnicity": None, "matching_consent": "no"})
        lists = {
            each.name: tuple(one for one in _ids(row.values.get(each.name)) if one not in gone)
            for each in spec.columns
            if each.kind is Kind.ID_LIST and each.name in PERSON_IDS and row.values.get(each.name) is not None
        }
        found.append(replace(row, values={**row.values, **lists}) if lists else row)
    return tuple(found)


# What a database leaves lying about


def wipe(engine: sa.Engine) -> str:
    """Overwrite what is left of deleted rows: free pages, journals, dead rows. Why not, or "" where it was done.

    To be called outside a transaction.
    """
    try:
        with (
            plain_words(engine.url),
            engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            if engine.dialect.name == "sqlite":  # by the driver: SQLAlchemy would begin a transaction
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
                for command in ("PRAGMA temp_store = MEMORY", checkpoint, "VACUUM", checkpoint):
                    driver.execute(command).fetchall()
            else:
                connection.exec_driver_sql("SET lock_timeout = 5000")
                for table in metadata.sorted_tables:
                    quoted = connection.dialect.identifier_preparer.quote(table.name)
                    connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {quoted}")
    except (sqlite3.Error, StoreError) as error:
        return f"What deleted rows left in {described(engine.url)} could not be overwritten: {one_line(str(error))}"
    return ""


def copies_of(url: sa.URL) -> list[Path]:
    """The copies that matcher made of this workspace: before a migration, and before a restore."""
    file = sqlite_file(url)
    folder, name = (file.absolute().parent, file.name) if file is not None else (Path(), str(url.database))
    return sorted(
        each
        for each in folder.iterdir()
        if each.name.startswith(f"{name}.before-")
        and each.is_file()
        and not each.name.endswith(("-journal", "-shm", "-wal"))
    )
