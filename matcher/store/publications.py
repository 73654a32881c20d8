"""What was published, in the database: versions, events, the outbox, answers, and the marks of feeds.

An event has a row for each version that changed it: what people were told by a version is each event's last row up to
it. Only an event's answer changes later, and where a letter stands. (And events that an earlier matcher kept without
facts get them.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from matcher.appointments import Attendee, Facts
from matcher.publishing.published import Answer, Entry, Letter, LetterState, Standing, in_order
from matcher.store import schema
from matcher.store.kept import DamagedValue
from matcher.store.schema import utc


@dataclass(frozen=True, slots=True)
class Version:
    """A plan as it was published."""

    number: int
    run_number: int
    made: datetime
    """With the zone UTC."""
    changed: int
    """How many events it changed, those of schools included."""
    letters: Mapping[LetterState, int]
    """How many of its letters stand where."""
    erased: datetime | None = None
    """When personal data was last taken out of what its plan was made for, with the zone UTC; None: never."""
    actor: str | None = None
    """Who published it, where that was said."""

    @property
    def letter_count(self) -> int:
        return sum(self.letters.values())

    @property
    def letters_open(self) -> int:
        """How many of them something is still to be done about."""
        return sum(count for state, count in self.letters.items() if not state.is_done)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer to an invitation that is known to come from whom it was sent to."""

    uid: str
    sequence: int
    """Of the invitation that is answered."""
    answer: Answer
    replied: datetime
    """When it was given, with a zone: the last one counts, in whatever order they are read."""
    note: str | None = None
    taken_by: str | None = None
    """Whose word it was taken on, if it was not read from the person's own mail."""


def newest(connection: sa.Connection) -> int | None:
    number: int | None = connection.scalar(sa.select(sa.func.max(schema.versions.c.number)))
    return number


def add(
    connection: sa.Connection,
    number: int,
    run_number: int,
    made: datetime,
    changed: Sequence[Entry],
    letters: Sequence[Letter],
    actor: str | None = None,
) -> None:
    """Letters about the same events that have not gone yet are overtaken."""
    _overtake(connection, number, changed)
    values = {"number": number, "run_number": run_number, "made_utc": utc(made), "actor": actor}
    connection.execute(sa.insert(schema.versions).values(values))
    if changed:
        connection.execute(sa.insert(schema.entries), [_entry_row(entry) for entry in changed])
    add_letters(connection, number, letters)


def add_letters(connection: sa.Connection, number: int, letters: Sequence[Letter]) -> None:
    """After those that the version has already."""
    table = schema.letters
    last = connection.scalar(
        sa.select(table.c.position).where(table.c.version == number).order_by(table.c.position.desc()).limit(1)
    )
    first = 0 if last is None else last + 1
    rows = [_letter_row(letter, place) for place, letter in enumerate(letters, start=first)]
    if rows:
        connection.execute(sa.insert(table), rows)


def _overtake(connection: sa.Connection, number: int, changed: Sequence[Entry]) -> None:
    table = schema.letters
    school = table.c.attendee == Attendee.SCHOOL.value
    about = sa.or_(
        sa.and_(~school, table.c.uid == sa.bindparam("of")), sa.and_(school, table.c.attendee_id == sa.bindparam("who"))
    )
    change = (
        sa.update(table)
        .where(table.c.state == LetterState.WAITING.value, about)
        .values(state=LetterState.OVERTAKEN.value, remark=f"version {number} changed what it tells")
    )
    concerned = [
        {"of": entry.uid, "who": entry.attendee_id if entry.attendee is Attendee.SCHOOL else ""} for entry in changed
    ]
    if number > 1 and concerned:
        connection.execute(change, concerned)


def versions(connection: sa.Connection) -> tuple[Version, ...]:
    """All of them, the newest first."""
    kept, entries, letters = schema.versions, schema.entries, schema.letters
    counted = sa.select(entries.c.version, sa.func.count()).group_by(entries.c.version)
    changed: dict[int, int] = {row[0]: row[1] for row in connection.execute(counted)}
    states: dict[int, dict[LetterState, int]] = {}
    of_runs = sa.select(schema.runs.c.number, schema.scenarios.c.erased_utc).outerjoin(schema.scenarios)
    erased = {number: moment for number, moment in connection.execute(of_runs)}  # noqa: C416 - rows are no tuples
    counted = sa.select(letters.c.version, letters.c.state, sa.func.count()).group_by(
        letters.c.version, letters.c.state
    )
    for version, state, count in connection.execute(counted):
        states.setdefault(version, {})[LetterState(state)] = count
    found = connection.execute(sa.select(kept).order_by(kept.c.number.desc())).all()
    lost = (changed.keys() | states.keys()) - {row.number for row in found}
    if lost:
        raise DamagedValue(f"version {min(lost)} is gone, of which there are events or letters")
    for row in found:
        if row.run_number not in erased:
            raise DamagedValue(f"run {row.run_number}, which was published as version {row.number}, is gone")
    return tuple(
        Version(
            row.number,
            row.run_number,
            row.made_utc.replace(tzinfo=UTC),
            changed.get(row.number, 0),
            states.get(row.number, {}),
            erased[row.run_number] and erased[row.run_number].replace(tzinfo=UTC),
            row.actor,
        )
        for row in found
    )


def entries(connection: sa.Connection, version: int) -> tuple[Entry, ...]:
    """What people were told by that version."""
    table = schema.entries
    last = (
        sa.select(table.c.uid, sa.func.max(table.c.version).label("version"))
        .where(table.c.version <= version)
        .group_by(table.c.uid)
        .subquery()
    )
    query = sa.select(table).join(last, sa.and_(table.c.uid == last.c.uid, table.c.version == last.c.version))
    found = (
        Entry(
            row.uid,
            Attendee(row.attendee),
            row.attendee_id,
            row.session_id,
            row.sequence,
            Standing(row.standing),
            row.version,
            row.start,
            row.end,
            row.body,
            _facts(row.facts, row.start, row.end),
            Answer(row.answer),
        )
        for row in connection.execute(query)
    )
    return tuple(sorted(found, key=in_order))


def _facts(kept: object, start: datetime, end: datetime) -> Facts:
    if kept is None:
        return Facts(start, end, partial=True)
    try:
        facts = Facts.from_json(kept)
    except ValueError:
        raise DamagedValue("a value in entries.facts is something else than the facts of an event") from None
    if (facts.start, facts.end) != (start, end):
        raise DamagedValue("a value in entries.facts speaks of another time than its event")
    return facts


def keep_facts(connection: sa.Connection, told: Sequence[Entry]) -> None:
    """Of events that have none yet: an earlier matcher kept them, and `told` has worked out what they say."""
    table = schema.entries
    rows = [
        {"of": each.uid, "told": each.since, "are": each.facts.to_json()} for each in told if not each.facts.partial
    ]
    if rows:
        same = table.c.uid == sa.bindparam("of"), table.c.version == sa.bindparam("told")
        connection.execute(sa.update(table).where(*same).values(facts=sa.bindparam("are")), rows)


def letters(connection: sa.Connection, states: Sequence[LetterState]) -> tuple[Letter, ...]:
    """In the order in which they go: by version, and in each as they were written."""
    table = schema.letters
    query = sa.select(table).order_by(table.c.version, table.c.position)
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    return tuple(
        Letter(
            row.message_id,
            row.version,
            Attendee(row.attendee),
            row.attendee_id,
            row.recipient,
            row.subject,
            row.content,
            LetterState(row.state),
            row.attempts,
            row.remark,
            row.uid,
        )
        for row in connection.execute(query)
    )


def claim_letter(connection: sa.Connection, letter: Letter) -> bool:
    table = schema.letters
    unchanged = sa.and_(
        table.c.message_id == letter.message_id,
        table.c.state == letter.state.value,
        table.c.attempts == letter.attempts,
    )
    claimed = {"state": LetterState.SENDING.value, "attempts": letter.attempts + 1}
    return connection.execute(sa.update(table).where(unchanged).values(claimed)).rowcount == 1


def mark_letter(connection: sa.Connection, message_id: str, state: LetterState, remark: str) -> None:
    table = schema.letters
    marked = {"state": state.value, "remark": remark}
    connection.execute(sa.update(table).where(table.c.message_id == message_id).values(marked))


def _over(before: datetime) -> sa.ColumnElement[bool]:
    """Letters of versions made before then that have gone or never will, and have a body."""
    table, made = schema.letters, schema.versions
    old = sa.select(made.c.number).where(made.c.made_utc < utc(before))
    done = [state.value for state in LetterState if state.is_done]
    return sa.and_(table.c.version.in_(old), table.c.state.in_(done), sa.func.length(table.c.content) > 0)


def old_letters(connection: sa.Connection, before: datetime) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(schema.letters).where(_over(before))) or 0


def empty_letters(connection: sa.Connection, before: datetime) -> int:
    """Delete the bodies of old letters; that they went, when and to whom stays known."""
    return connection.execute(sa.update(schema.letters).where(_over(before)).values(content=b"")).rowcount


_UNKNOWN = datetime(1970, 1, 1)  # when an answer was given that says a time after it was read


def _given() -> sa.ColumnElement[datetime]:
    """When an answer on record was given. A clock that went ahead must not silence every later answer."""
    log = schema.replies
    return sa.case((log.c.replied_utc <= log.c.read_utc, log.c.replied_utc), else_=sa.literal(_UNKNOWN, sa.DateTime))


def _last_given(connection: sa.Connection) -> dict[tuple[str, int], datetime]:
    """UID and SEQUENCE -> when the last answer to it was given, in order."""
    log = schema.replies
    query = sa.select(log.c.uid, log.c.sequence, sa.func.max(_given())).group_by(log.c.uid, log.c.sequence)
    rows = connection.execute(query.order_by(log.c.uid, log.c.sequence))
    return {(uid, sequence): moment for uid, sequence, moment in rows}


def heard(connection: sa.Connection) -> dict[str, datetime]:
    """UID -> when the answer was given that the log has of its latest invitation (1970 if nobody can tell)."""
    return {uid: moment.replace(tzinfo=UTC) for (uid, _), moment in _last_given(connection).items()}


def record(connection: sa.Connection, replies: Sequence[Heard], read: datetime, actor: str | None) -> tuple[bool, ...]:
    """For each reply, in order, whether it was taken."""
    version = newest(connection)
    known = {} if version is None else {entry.uid: entry for entry in entries(connection, version)}
    log = schema.replies
    last = _last_given(connection)
    number = connection.scalar(sa.select(sa.func.max(log.c.number))) or 0
    taken: list[bool] = []
    rows: list[dict[str, Any]] = []
    answers: dict[str, Answer] = {}
    for reply in replies:
        key, replied = (reply.uid, reply.sequence), utc(reply.replied)
        if reply.taken_by and key in last:  # said now, and so the last word until now
            replied = max(replied, last[key] + timedelta(microseconds=1))
        entry = known.get(reply.uid)
        taken.append(
            entry is not None and entry.sequence == reply.sequence and (key not in last or replied > last[key])
        )
        if taken[-1]:
            last[key] = replied
            answers[reply.uid] = reply.answer
            row = {"uid": reply.uid, "sequence": reply.sequence, "answer": reply.answer.value, "replied_utc": replied}
            taken_on = {"note": reply.note, "taken_by": reply.taken_by, "actor": actor}
            rows.append({**row, **taken_on, "number": number + len(rows) + 1, "read_utc": utc(read)})
    if rows:
        connection.execute(sa.insert(log), rows)
        table = schema.entries
        change = (
            sa.update(table)
            .where(table.c.uid == sa.bindparam("of"), table.c.version == sa.bindparam("told"))
            .values(answer=sa.bindparam("said"))
        )
        changed = [{"of": uid, "told": known[uid].since, "said": answer.value} for uid, answer in answers.items()]
        connection.execute(change, changed)
    return tuple(taken)


def feed_hashes(connection: sa.Connection) -> dict[tuple[str, str], str]:
    return {(row.kind, row.id): row.token_hash for row in connection.execute(sa.select(schema.feeds))}


def unplaced_feeds(connection: sa.Connection) -> set[tuple[str, str]]:
    """Those whose file was never known to be in place: the writing was broken off."""
    table = schema.feeds
    query = sa.select(table.c.kind, table.c.id).where(table.c.placed_utc.is_(None))
    return {(kind, who) for kind, who in connection.execute(query)}


def place_feeds(connection: sa.Connection, keys: Iterable[tuple[str, str]], placed: datetime | None) -> None:
    """Note that their files are in place since then, or (None) that they may not be."""
    table = schema.feeds
    rows = [{"of": kind, "who": who} for kind, who in keys]
    if rows:
        where = table.c.kind == sa.bindparam("of"), table.c.id == sa.bindparam("who")
        moment = None if placed is None else utc(placed)
        connection.execute(sa.update(table).where(*where).values(placed_utc=moment), rows)


def set_feeds(connection: sa.Connection, hashes: Mapping[tuple[str, str], str | None]) -> None:
    """Keep these marks; a new one's file is not in place yet. Those that stay as they are keep what is known of it."""
    known = feed_hashes(connection)
    hashes = {key: mark for key, mark in hashes.items() if known.get(key) != mark}
    table = schema.feeds
    keys = [{"of": kind, "who": who} for kind, who in hashes]
    if keys:
        connection.execute(
            sa.delete(table).where(table.c.kind == sa.bindparam("of"), table.c.id == sa.bindparam("who")), keys
        )
    rows = [{"kind": kind, "id": who, "token_hash": mark} for (kind, who), mark in hashes.items() if mark is not None]
    if rows:
        connection.execute(sa.insert(table), rows)


def _entry_row(entry: Entry) -> dict[str, Any]:
    return {
        "uid": entry.uid,
        "version": entry.since,
        "attendee": entry.attendee.value,
        "attendee_id": entry.attendee_id,
        "session_id": entry.session_id,
        "sequence": entry.sequence,
        "standing": entry.standing.value,
        "start": entry.start,
        "end": entry.end,
        "body": entry.body,
        "answer": entry.answer.value,
        "facts": None if entry.facts.partial else entry.facts.to_json(),
    }


def _letter_row(letter: Letter, place: int) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "version": letter.version,
        "position": place,
        "attendee": letter.attendee.value,
        "attendee_id": letter.attendee_id,
        "uid": letter.uid,
        "recipient": letter.recipient,
        "subject": letter.subject,
        "content": letter.content,
        "state": letter.state.value,
        "attempts": letter.attempts,
        "remark": letter.remark,
    }
