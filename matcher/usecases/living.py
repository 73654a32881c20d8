"""The use cases of living with a plan: small edits, their journal, and what took place.

Each edit is one line of the journal and is taken back by `undo`. What it makes impossible is found before it is kept:
today's tables have to make a term with it, or nothing is done. People and visits are found by what they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from matcher.domain import Decision, Plan, Problem, Slot, UnderWay, Visit
from matcher.edits import (
    HOMES,
    Do,
    DoesNotFit,
    Operation,
    added,
    apply,
    changed,
    inverse,
    removed,
    rests_on,
    spec_of,
)
from matcher.errors import BadInput, ChangedMeanwhile, NotThere, Refused, Remedy
from matcher.intake import build_problem
from matcher.intake.cells import BadCell, read_cell
from matcher.intake.typed import typed_cells, typed_row, typed_table
from matcher.names import find_cohort, find_school, find_session, find_volunteer
from matcher.publishing.published import Answer
from matcher.publishing.sentences import session_name
from matcher.soundness import kept_problem
from matcher.store import ColumnChange, DataState, Edit, Heard, Version, Workspace, diff, shown
from matcher.tables import (
    AVAILABILITY,
    ENCOUNTERS,
    OVERRIDES,
    PINS,
    SLOTS,
    VISITS,
    VOLUNTEERS,
    Row,
    Table,
    Tables,
    Value,
)
from matcher.times import dated, time_text, wall_clock
from matcher.usecases import mailing, told
from matcher.usecases.looking import looks
from matcher.usecases.today import moment_for_edits, today
from matcher.wording import counted, listed, one_line

Typed = Sequence[tuple[str, str]]
"""Headings and what is to stand under them, as somebody types them."""


@dataclass(frozen=True)
class Noted:
    """What was noted."""

    number: int
    """In the journal."""
    text: str
    """A sentence."""
    warnings: tuple[str, ...]
    """What it breaks in the plan that people were told, or cannot be undone, in sentences."""
    is_told: bool
    """Whether people were told of a plan, which may have to be mended now."""


@dataclass(frozen=True)
class JournalLine:
    """One edit, in words."""

    number: int
    made: datetime
    """With the zone UTC."""
    actor: str | None
    text: str
    why: str
    undone_by: int | None
    """The number of the edit that took it back."""


@dataclass(frozen=True)
class _Desk:
    """What an edit is made on, all of one moment."""

    workspace: Workspace
    tables: Tables
    problem: Problem
    """Under way, if people were told of a plan."""
    version: Version | None
    state: DataState | None
    at: datetime
    """Now, with a zone."""
    actor: str | None
    why: str | None
    seen: DataState | None
    """What whoever asks was shown: what others changed since must not be what they change."""
    is_said: bool
    """Whether somebody said when now is: by the machine's clock alone nothing is refused."""
    notes: list[str] = field(default_factory=list)
    """What is odd by that clock, in sentences."""

    def doubt(self, text: str) -> None:
        """Refused if somebody said when now is; else it is kept as it comes, judged when planning, and said."""
        if self.is_said:
            raise Refused(f"{text} Nothing was done.")
        self.notes.append(f"By this machine's clock, {text}")

    @property
    def clock(self) -> datetime:
        """Now, on the programme's clock."""
        return wall_clock(self.at, self.problem.programme.timezone)

    def rows(self, table: Table, **cells: Value) -> list[Row]:
        """The rows of which these cells are so."""
        found = self.tables.rows.get(table.name, ())
        return [row for row in found if all(row.values.get(name) == value for name, value in cells.items())]

    def volunteer(self, words: str) -> str:
        return find_volunteer(self._today, words)

    def session(self, words: str) -> str:
        """Of a visit that should not be past. Raises Refused where it is over, if somebody said when now is."""
        found = find_session(self.problem, words)
        if found in self.problem.past:
            self.doubt(f"{called(self.problem, found)} is over: nothing changes it any more.")
        if not self.rows(spec_of("sessions"), session_id=found):
            raise Refused(f"{called(self.problem, found)} is not in the data any more. Nothing was done.")
        return found

    @property
    def _today(self) -> Problem:
        """Without those whom only past visits name."""
        known = {str(row["volunteer_id"]) for row in self.tables.rows.get("volunteers", ())}
        people = {key: each for key, each in self.problem.volunteers.items() if key in known}
        return replace(self.problem, volunteers=people)


@looks
def _desk(
    workspace: Workspace,
    now: str | None = None,
    *,
    actor: str | None = None,
    why: str | None = None,
    seen: DataState | None = None,
) -> _Desk:
    tables = kept_problem(workspace)[0]
    at = moment_for_edits(workspace, now)
    term = today(workspace, at)
    return _Desk(
        workspace, tables, term.problem, term.version, workspace.state(), at, actor, why, seen, now is not None
    )


def _keep(
    desk: _Desk,
    kind: str,
    about: Mapping[str, str],
    operations: Sequence[Operation],
    *,
    warnings: Iterable[str] = (),
    undoes: int | None = None,
    heard: Sequence[Heard] = (),
) -> Noted:
    """Keeps an edit of which the tables make a term, all or nothing."""
    workspace = desk.workspace
    if desk.seen is not None and desk.seen != desk.state:
        _insist_untouched(desk, desk.seen, operations)
    after = apply(desk.tables, operations)
    problem = build_problem(after)[0]
    number = workspace.edit(
        kind,
        about,
        operations,
        seen=desk.state,
        actor=desk.actor,
        why=one_line(desk.why or ""),
        undoes=undoes,
        heard=heard,
    )
    kept = next(each for each in workspace.edits() if each.number == number)
    lasting = [*desk.notes, *warnings]
    if operations and not kept.operations:
        lasting.append(
            "It cannot be undone: what it says of gender, ethnicity or consent is kept in the data and nowhere else."
        )
    text = _sentence(kept, problem.with_those_of(desk.problem), workspace.edits())
    return Noted(number, text, tuple(lasting), desk.version is not None)


def _insist_untouched(desk: _Desk, seen: DataState, operations: Sequence[Operation]) -> None:
    """Raises ChangedMeanwhile where somebody has imported, or has edited the same, since that state."""
    assert desk.state is not None
    edits = desk.workspace.edits()
    if desk.state[0] != seen[0]:
        raise ChangedMeanwhile("Another spreadsheet was imported meanwhile. Nothing was done. Look at it again.")
    for each in edits:
        if each.number > seen[1] and rests_on(operations, each.operations):
            raise ChangedMeanwhile(
                f"The same was changed meanwhile: {_cited(each, desk.problem, edits)}. Nothing was done. Look at it "
                "again."
            )


# Who can come, and when visits are


def drop(
    workspace: Workspace,
    volunteer: str,
    session: str | None = None,
    *,
    first: str | None = None,
    last: str | None = None,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A volunteer cannot come to a visit; or, without one, on no day from `first` (today unless said) to `last`."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    who = desk.volunteer(volunteer)
    if session is not None:
        if first or last:
            raise BadInput("Days are said where no visit is: one of the two. Nothing was done.")
        return _pin_person(desk, "drop", who, desk.session(session), Decision.NEVER)
    programme = desk.problem.programme
    begins = _day(first) if first else max(desk.clock.date(), programme.first_day)
    ends = _day(last) if last else programme.last_day
    if ends < begins:
        late = f"the term ends on {dated(programme.last_day)}" if not last else "the last day is before the first"
        raise BadInput(f"From {dated(begins)} to {dated(ends)} is no time: {late}. Nothing was done.")
    if ends < programme.first_day or begins > programme.last_day:
        raise BadInput(
            f"From {dated(begins)} to {dated(ends)} is outside the term, which goes from "
            f"{dated(programme.first_day)} to {dated(programme.last_day)}. Nothing was done."
        )
    row: dict[str, Value] = {"volunteer_id": who, "first_day": begins, "last_day": ends, "available": "no"}
    if desk.rows(AVAILABILITY, **{**dict.fromkeys(("weekday", "date", "from", "to")), **row}):
        raise Refused(f"{_person(desk.problem, who)} is noted as away on these days already. Nothing was done.")
    about = {"volunteer_id": who, "from": begins.isoformat(), "to": ends.isoformat()}
    return _keep(desk, "drop", about, [added("availability", row)])


def cancel(
    workspace: Workspace,
    session: str,
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A visit does not take place: its times go, and what was pinned of it."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which = desk.session(session)
    slots = desk.rows(SLOTS, session_id=which)
    if not slots:
        raise Refused(f"{called(desk.problem, which)} has no time any more at which it could be. Nothing was done.")
    operations = [
        *(removed("slots", row) for row in slots),
        *(
            removed("pins", row)
            for row in desk.rows(PINS, session_id=which)
            if row["start"] is not None or row["decision"] == Decision.KEEP.value
        ),
    ]
    return _keep(desk, "cancel", {"session_id": which}, operations)


def move(
    workspace: Workspace,
    session: str,
    start: str,
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A visit is at that start and at no other; it lasts as long as it would have."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which = desk.session(session)
    row = _slot_row(desk, which, start)
    before = desk.rows(SLOTS, session_id=which)
    if [(each["start"], each["end"]) for each in before] == [(row["start"], row["end"])]:
        raise Refused(f"{called(desk.problem, which)} is at that time and no other already. Nothing was done.")
    operations = [
        *(removed("slots", each) for each in before),
        *(removed("pins", each) for each in desk.rows(PINS, session_id=which) if each["start"] is not None),
        added("slots", row),
    ]
    _insist_usable(desk, which, operations)
    about = {"session_id": which, "start": str(row["start"])}
    return _keep(desk, "move", about, operations)


def offer(
    workspace: Workspace,
    session: str,
    starts: Sequence[str],
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A visit could be at these starts, too."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which = desk.session(session)
    known = {row["start"] for row in desk.rows(SLOTS, session_id=which)}
    operations = []
    for start in starts:
        row = _slot_row(desk, which, start)
        if row["start"] in known:
            raise Refused(
                f"{called(desk.problem, which)} has {start} among its times already. Leave it out. Nothing was done."
            )
        known.add(row["start"])
        operations.append(added("slots", row))
    about = {"session_id": which, "start": ";".join(str(each.after["start"]) for each in operations)}
    return _keep(desk, "offer", about, operations)


def _slot_row(desk: _Desk, session_id: str, text: str) -> dict[str, Value]:
    """A row of slots at that start, as long as what was told, else as the session's first time."""
    start = _start(text)
    if start <= desk.clock and desk.version is not None:
        desk.doubt(f"{time_text(start)} {start.year} is not after now ({time_text(desk.clock)} {desk.clock.year}).")
    end = start + _duration(desk, session_id)
    if end.date() != start.date():
        raise BadInput(f"From {time_text(start)} it would last beyond midnight. Nothing was done.")
    return {"session_id": session_id, "start": start, "end": end}


def _duration(desk: _Desk, session_id: str) -> timedelta:
    under_way, session = desk.problem.under_way, desk.problem.sessions[session_id]
    if under_way is not None and session_id in under_way.told.visits:
        slot = under_way.told.visits[session_id].slot
        return slot.end - slot.start
    for slot in session.slots:
        return slot.end - slot.start
    for edit in reversed(desk.workspace.edits()):
        for each in edit.operations:
            start, end = each.after.get("start"), each.after.get("end")
            is_of_it = each.table == "slots" and each.after.get("session_id") == session_id
            if is_of_it and isinstance(start, datetime) and isinstance(end, datetime):
                return end - start
    raise BadInput(
        f"{called(desk.problem, session_id)} has no time yet from which it could be known how long it lasts: add a row "
        "to the table slots. Nothing was done."
    )


def _insist_usable(desk: _Desk, session_id: str, operations: Sequence[Operation]) -> None:
    after = build_problem(apply(desk.tables, operations))[0]
    session = after.sessions[session_id]
    if not after.open_slots(session):
        slot = next(iter(session.slots), None)
        when = f" on {dated(slot.day)}" if slot else " then"
        raise Refused(
            f"{called(desk.problem, session_id)} cannot be{when}: that is outside the term, or a day on which its "
            "school is closed. Nothing was done."
        )


# Who goes where


def assign(
    workspace: Workspace,
    volunteer: str,
    session: str,
    *,
    override: str | None = None,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A volunteer is to be at a visit. Refused where a rule forbids that by itself, or with past visits.

    With `override`, the reason, rules that may be set aside knowingly are.
    """
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    who, which = desk.volunteer(volunteer), desk.session(session)
    operations = _pinning(desk, who, which, Decision.KEEP)
    after = build_problem(apply(desk.tables, operations))[0]
    trial = replace(after.with_those_of(desk.problem), under_way=desk.problem.under_way)
    forbids, around = _judged(trial, who, which)
    hard = [text for _, may_be, text in forbids if not may_be]
    if hard or (forbids and not (override or "").strip()):
        said = "; ".join(hard or [text for _, _, text in forbids])
        raise Refused(
            f"{_person(trial, who)} cannot be at {called(trial, which)}: {said}. Nothing was done.",
            *(() if hard else (Remedy.OVERRIDE,)),
        )
    reason = one_line(override or "")
    for rule in dict.fromkeys(rule for rule, _, _ in forbids):
        if not desk.rows(OVERRIDES, session_id=which, volunteer_id=who, rule=rule):
            row: dict[str, Value] = {"session_id": which, "volunteer_id": who, "rule": rule, "reason": reason}
            operations.append(added("overrides", row))
    if not operations:
        raise Refused(f"{_person(trial, who)} is to be at {called(trial, which)} already. Nothing was done.")
    warnings = [f"As people were told it until now: {text}." for text in around]
    about = {"volunteer_id": who, "session_id": which}
    return _keep(desk, "assign", about, operations, warnings=warnings)


def unassign(
    workspace: Workspace,
    volunteer: str,
    session: str,
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A volunteer is not to be at a visit, as the coordinator decides."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    who, which = desk.volunteer(volunteer), desk.session(session)
    return _pin_person(desk, "unassign", who, which, Decision.NEVER)


def _pin_person(
    desk: _Desk,
    kind: str,
    who: str,
    which: str,
    decision: Decision,
) -> Noted:
    operations = _pinning(desk, who, which, decision)
    if not operations:
        raise Refused(
            f"It is noted already that {_person(desk.problem, who)} is not to be at {called(desk.problem, which)}. "
            "Nothing was done."
        )
    about = {"volunteer_id": who, "session_id": which}
    return _keep(desk, kind, about, operations)


def _pinning(desk: _Desk, who: str, which: str, decision: Decision) -> list[Operation]:
    """What makes this the only pin of the two; with a `never` also what was set aside for them goes."""
    pins = desk.rows(PINS, session_id=which, volunteer_id=who)
    operations = [removed("pins", row) for row in pins if row["decision"] != decision.value]
    if not any(row["decision"] == decision.value for row in pins):
        row: dict[str, Value] = {"session_id": which, "volunteer_id": who, "decision": decision.value}
        operations.append(added("pins", row))
    if decision is Decision.NEVER:
        operations += [removed("overrides", row) for row in desk.rows(OVERRIDES, session_id=which, volunteer_id=who)]
    return operations


_Breach = tuple[str, bool, str]
"""The rule's name, whether a coordinator may set it aside, and what it says, as the end of a sentence."""


def _judged(problem: Problem, who: str, which: str) -> tuple[list[_Breach], list[str]]:
    """What forbids a pair by itself or with past visits, at the best time for it; what else it breaks as told."""
    from matcher.audit import against

    under_way = problem.under_way
    stands = {key: visit for key, visit in problem.past.items() if visit is not None}
    as_told = under_way.told.visits.get(which) if under_way is not None else None

    def found(plan: Plan, of_teams: bool) -> Iterator[_Breach]:
        for rule, finding in against(problem, plan, who, which, of_teams=of_teams):
            yield rule.name, rule.overridable, rule.words(problem, plan, finding, who, which)

    slots = problem.open_slots(problem.sessions[which])
    if not slots:
        return [("slot", False, "it has no time left at which it could be")], []

    def alone(slot: Slot) -> list[_Breach]:
        return list(dict.fromkeys(found(Plan({**stands, which: Visit(slot, (who,))}), of_teams=False)))

    in_order = sorted(slots, key=lambda slot: as_told is None or slot != as_told.slot)
    forbids = min(map(alone, in_order), key=lambda breaches: (sum(not may for _, may, _ in breaches), len(breaches)))
    if as_told is None or under_way is None or as_told.slot not in slots:
        return forbids, []
    visits = {key: visit for key, visit in under_way.told.visits.items() if key in problem.sessions}
    visits = {key: replace(each, team=_known(problem, each.team)) for key, each in visits.items()}
    team = visits[which].team
    with_them = Plan({**visits, which: Visit(as_told.slot, team if who in team else (*team, who))})
    known = {text for _, _, text in forbids}
    return forbids, [text for _, _, text in dict.fromkeys(found(with_them, of_teams=True)) if text not in known]


def _known(problem: Problem, team: Iterable[str]) -> tuple[str, ...]:
    return tuple(each for each in team if each in problem.volunteers)


def pin(
    workspace: Workspace,
    session: str,
    start: str,
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A visit is to be at that one of its times."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which, at = desk.session(session), _start(start)
    pins = [row for row in desk.rows(PINS, session_id=which) if row["start"] is not None]
    kept = next((row for row in pins if row["decision"] == Decision.KEEP.value), None)
    if kept is not None:
        raise Refused(
            f"{called(desk.problem, which)} is pinned to {_told_time(kept['start'])} already: unpin that first. "
            "Nothing was done."
        )
    operations = [
        *(removed("pins", row) for row in pins if row["start"] == at),
        added("pins", {"session_id": which, "start": at, "decision": Decision.KEEP.value}),
    ]
    return _keep(desk, "pin", {"session_id": which, "start": str(at)}, operations)


def unpin(
    workspace: Workspace,
    session: str,
    start: str,
    *,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """What was pinned of that time of a visit counts no more."""
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which, at = desk.session(session), _start(start)
    pins = desk.rows(PINS, session_id=which, start=at)
    if not pins:
        raise NotThere(f"{called(desk.problem, which)} has no pin of {time_text(at)} {at.year}. Nothing was done.")
    operations = [removed("pins", row) for row in pins]
    return _keep(desk, "unpin", {"session_id": which, "start": str(at)}, operations)


# Any row of any table


def set_cells(
    workspace: Workspace,
    table: str,
    key: str,
    cells: Typed,
    *,
    actor: str | None = None,
    why: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """Other values in a row of a table whose rows have names."""
    desk = _desk(workspace, actor=actor, why=why, seen=seen)
    spec = typed_table(table)
    row = _row(desk, spec, key)
    found = typed_cells(spec, cells, row.number)
    for name in found.keys() & set(spec.key):
        raise BadInput(f"{name} is what the row is known by, and stays: remove the row, and add one. Nothing was done.")
    if spec is VOLUNTEERS and found.get("matching_consent", "yes") != "yes":
        found |= {"gender": None, "ethnicity": None}  # without consent they are not kept
    cells_now = {name: value for name, value in found.items() if row.values.get(name) != value}
    if not cells_now:
        raise Refused(f"{_row_called(spec, row)} says that already. Nothing was done.")
    about = {"table": spec.name, **_key_words(spec, row.values), "columns": ";".join(cells_now)}
    operations = [changed(spec.name, row, cells_now)]
    if spec is VOLUNTEERS and cells_now.get("matching_consent", "yes") != "yes":
        operations += _withheld(desk, row["volunteer_id"])
    _insist_on_consent(desk, operations)
    return _keep(desk, "set", about, operations)


def add_row(
    workspace: Workspace,
    table: str,
    cells: Typed,
    *,
    actor: str | None = None,
    why: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A row more in a table."""
    desk = _desk(workspace, actor=actor, why=why, seen=seen)
    spec = typed_table(table)
    values = typed_row(spec, cells)
    if spec.key and desk.rows(spec, **{name: values[name] for name in spec.key}):
        raise Refused(f"{_row_called(spec, Row(0, values))} is there already. Nothing was done.")
    operations = [added(spec.name, values)]
    _insist_on_consent(desk, operations)
    about = {"table": spec.name, **_key_words(spec, values)}
    return _keep(desk, "add", about, operations)


def remove_row(
    workspace: Workspace,
    table: str,
    key: str | Typed,
    *,
    actor: str | None = None,
    why: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A row less. Of a table whose rows have no name, `key` are cells that only it has.

    With a session go its times, pins, preferences and overrides; with a volunteer the same, and when they are free.
    """
    desk = _desk(workspace, actor=actor, why=why, seen=seen)
    spec = typed_table(table)
    row = _row(desk, spec, key) if isinstance(key, str) else _only_row(desk, spec, key)
    operations = []
    if spec.name in ("sessions", "volunteers"):
        (name,) = spec.key
        for other in map(spec_of, ("slots", "availability", "pins", "preferences", "overrides")):
            if HOMES.get(name) == spec.name and any(column.name == name for column in other.columns):
                operations += [removed(other.name, each) for each in desk.rows(other, **{name: row[name]})]
    if spec is VOLUNTEERS:
        operations += _withheld(desk, row["volunteer_id"])
    operations.append(removed(spec.name, row))
    about = {"table": spec.name, **_key_words(spec, row.values)}
    return _keep(desk, "remove", about, operations)


def _withheld(desk: _Desk, volunteer_id: Value) -> list[Operation]:
    """What classes met of somebody by that person's consent, which is gone: no gender and no ethnicity any more."""
    found: list[Operation] = []
    blank = {"gender": None, "ethnicity": None}
    for row in desk.rows(ENCOUNTERS, volunteer_id=volunteer_id, matching_consent=None):
        if any(row.values.get(name) is not None for name in blank):
            found += [removed("encounters", row), added("encounters", {**row.values, **blank})]
    return found


def _row(desk: _Desk, spec: Table, key: str) -> Row:
    """The row of that name. Raises NotThere, or BadInput where the table's rows have none."""
    if not spec.key:
        raise BadInput(
            f"Rows of {spec.name} have no name: say cells that only one of them has, such as {spec.columns[0].name}=…, "
            "to remove it, and add another. Nothing was done."
        )
    find: Mapping[str, Callable[[Problem, str], str]] = {
        "volunteers": find_volunteer,
        "sessions": find_session,
        "schools": find_school,
        "cohorts": find_cohort,
    }
    named = find.get(spec.name)
    parts = [named(desk.problem, key)] if named else [each.strip() for each in key.split(";")]
    if len(parts) != len(spec.key):
        raise BadInput(f"A row of {spec.name} is named by {' and '.join(spec.key)}, with ; between. Nothing was done.")
    found = desk.rows(spec, **dict(zip(spec.key, parts, strict=True)))
    if not found:
        raise NotThere(f"There is no row {one_line(key)} in the table {spec.name}. Nothing was done.")
    return found[0]


def _only_row(desk: _Desk, spec: Table, cells: Typed) -> Row:
    found = desk.rows(spec, **typed_cells(spec, cells))
    same = [row for row in found if row.values != found[0].values]
    if not found:
        raise NotThere(f"The table {spec.name} has no row with these cells. Nothing was done.")
    if same:
        some = "\n".join(f"  {_row_called(spec, row)}" for row in found[:5])
        raise BadInput(f"{counted(len(found), 'row')} of {spec.name} have these cells; say more of them:\n{some}")
    return found[0]


def _insist_on_consent(desk: _Desk, operations: Sequence[Operation]) -> None:
    """Raises Refused where an edit would keep what people do not consent to, or somebody who was erased."""
    after = apply(desk.tables, operations)
    admitted = desk.workspace.admit(after)
    if admitted.passed_over:
        raise Refused(
            f"{one_line(admitted.passed_over[0])} was erased, and is nobody's id any more. Choose another one, or say "
            "in an import that they are a volunteer again. Nothing was done."
        )
    if admitted.stays_off:
        raise Refused(
            f"{_person(desk.problem, admitted.stays_off[0])} withdrew their consent. Whether they consent again is "
            "asked when a spreadsheet is imported. Nothing was done."
        )
    from matcher.intake.consent import withhold
    from matcher.intake.notes import Notes

    rows = dict(after.rows)
    withhold(rows, Notes({}))
    if diff(after, replace(after, rows=rows)):
        raise Refused(
            "Gender and ethnicity are kept only with consent: matching_consent=yes, of the same person. Nothing was "
            "done."
        )


# Answers, and what took place


def answer(
    workspace: Workspace,
    volunteer: str,
    session: str,
    said: Answer,
    note: str | None = None,
    now: datetime | None = None,
    actor: str | None = None,
) -> mailing.Answered:
    """Records what a volunteer said of a visit to come, on the coordinator's word; a later mail overtakes it.

    NotThere if there is no such invitation. A line of the journal, too: it is taken back as any edit is.
    """
    with workspace.snapshot():
        taken, word = mailing.to_answer(workspace, volunteer, session, said, note, now)
        state = workspace.state()
    about = {
        "volunteer_id": taken.volunteer.volunteer_id,
        "session_id": taken.entry.session_id,
        "answer": said.value,
        "before": taken.entry.answer.value,
    }
    workspace.edit("answer", about, (), seen=state, made=now, actor=actor, why=one_line(note or ""), heard=[word])
    return taken


def attended(
    workspace: Workspace,
    session: str,
    *,
    absent: Sequence[str] = (),
    instead: Sequence[str] = (),
    pupils: int | None = None,
    actor: str | None = None,
    why: str | None = None,
    now: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """A visit that has begun took place: with those who were told and did not decline, but for `absent`, and `instead`.

    What was noted of the visit as a whole before is replaced.
    """
    desk = _desk(workspace, now, actor=actor, why=why, seen=seen)
    which = find_session(desk.problem, session)
    under_way = desk.problem.under_way
    visit = under_way.told.visits.get(which) if under_way is not None else None
    if under_way is None or (visit is None and which not in desk.problem.past):
        raise Refused(f"{called(desk.problem, which)} was not told to anybody, so nobody came. Nothing was done.")
    if which not in desk.problem.past and visit is not None:
        desk.doubt(
            f"{called(desk.problem, which)} is still to come ({time_text(visit.slot.start)}), so nobody came yet."
        )
    team = _told_team(workspace, under_way, which)
    away = [find_volunteer(_only(desk.problem, team), each) for each in absent]
    more = [desk.volunteer(each) for each in instead]
    came = tuple(dict.fromkeys(each for each in (*team, *more) if each not in away))
    row: dict[str, Value] = {"session_id": which, "happened": "yes" if came else "no", "came": came or None}
    operations = [removed("visits", each) for each in desk.rows(VISITS, session_id=which, cohort_id=None)]
    operations.append(added("visits", {**row, "pupils_present": pupils if came else None}))
    return _keep(desk, "attended", {"session_id": which}, operations)


def _told_team(workspace: Workspace, under_way: UnderWay, session_id: str) -> tuple[str, ...]:
    visit = told.published(workspace).plan.visits.get(session_id) or under_way.past.get(session_id)
    team = visit.team if visit is not None else ()
    return tuple(each for each in team if (each, session_id) not in under_way.declined)


def _only(problem: Problem, people: Collection[str]) -> Problem:
    return replace(problem, volunteers={key: each for key, each in problem.volunteers.items() if key in people})


# The journal


@looks
def journal(workspace: Workspace) -> tuple[JournalLine, ...]:
    """All that was decided beside the spreadsheets, the first first. Of gender and ethnicity only that they changed."""
    edits = workspace.edits()
    if not edits:
        return ()
    problem = _names(workspace)
    undone = {each.undoes: each.number for each in edits if each.undoes is not None}
    return tuple(
        JournalLine(
            each.number,
            each.made,
            each.actor,
            _sentence(each, problem, edits),
            each.why,
            undone.get(each.number),
        )
        for each in edits
    )


def undo(
    workspace: Workspace,
    number: int | None = None,
    *,
    actor: str | None = None,
    why: str | None = None,
    seen: DataState | None = None,
) -> Noted:
    """Takes an edit back: the last one that stands, unless said.

    Refused where a later one that stands rests on it, or where what it left is not so any more.
    """
    with workspace.snapshot():
        desk = _desk(workspace, actor=actor, why=why, seen=seen)
        edits, problem = workspace.edits(), _names(workspace)
    undone = {each.undoes for each in edits}
    stand = [each for each in edits if each.undoes is None and each.number not in undone]
    if number is None:
        if not stand:
            raise NotThere("Nothing stands in the journal that could be undone.")
        number = stand[-1].number
    edit = next((each for each in edits if each.number == number), None)
    if edit is None:
        most = f"it goes up to {edits[-1].number}" if edits else "it is empty"
        raise NotThere(f"There is no number {number} in the journal: {most}. Nothing was done.")
    if edit.undoes is not None:
        raise Refused(f"Number {number} took back number {edit.undoes}: do that again instead. Nothing was done.")
    if number in undone:
        raise Refused(f"{_cited(edit, problem, edits)} was taken back already. Nothing was done.")
    later = [each for each in stand if each.number > number and _rests(each, edit)]
    if later:
        raise Refused(
            f"{_cited(edit, problem, edits)} cannot be undone, for later ones rest on it. Undo these first, the last "
            "one first:\n" + "\n".join(f"  {_cited(each, problem, edits)}" for each in later)
        )
    about = {key: edit.about[key] for key in ("volunteer_id", "session_id") if key in edit.about}
    heard = _unanswered(workspace, edit) if edit.kind == "answer" else ()
    if not edit.operations and not heard:
        raise Refused(
            f"{_cited(edit, problem, edits)} cannot be undone: what it changed is not kept, for it was about gender, "
            "ethnicity or consent, or about somebody who was erased. Nothing was done."
        )
    operations = inverse(edit.operations)
    try:
        apply(desk.tables, operations)
    except DoesNotFit:
        raise Refused(
            f"{_cited(edit, problem, edits)} cannot be undone: what it changed is another one by now, by a spreadsheet "
            "that was imported since. Nothing was done."
        ) from None
    _insist_on_consent(desk, operations)
    return _keep(desk, "undo", about, operations, undoes=number, heard=heard)


def _rests(later: Edit, earlier: Edit) -> bool:
    both_answers = later.kind == earlier.kind == "answer"
    same = all(later.about.get(key) == earlier.about.get(key) for key in ("volunteer_id", "session_id"))
    return (both_answers and same) or rests_on(later.operations, earlier.operations)


def _unanswered(workspace: Workspace, edit: Edit) -> list[Heard]:
    """The answer that stood before, on the coordinator's word. Raises Refused where another came since."""
    who, which = edit.about.get("volunteer_id"), edit.about.get("session_id")
    entry = next(
        (
            each
            for each in told.published(workspace).entries
            if (each.attendee_id, each.session_id) == (who, which) and told.is_on(each)
        ),
        None,
    )
    if entry is None or entry.answer.value != edit.about.get("answer"):
        raise Refused(
            f"Number {edit.number} cannot be undone: the invitation it was about is another one now, or was answered "
            "again since. Nothing was done."
        )
    now = datetime.now(UTC)
    return [Heard(entry.uid, entry.sequence, Answer(edit.about["before"]), now, None, taken_by="coordinator")]


def _names(workspace: Workspace) -> Problem:
    """Today's term, with whomever and whatever people were told of."""
    problem = kept_problem(workspace)[1]
    if not workspace.versions():
        return problem
    return problem.with_those_of(told.published(workspace).problem)


# In words


def called(problem: Problem, session_id: str) -> str:
    """Such as "What's My Line at Oak Primary School (OAK-2)"."""
    session = problem.sessions.get(session_id)
    if session is None:
        return f"the visit {one_line(session_id)}"
    school = problem.schools[session.school_id].name
    return f"{one_line(session_name(session))} at {one_line(school)} ({one_line(session_id)})"


def _person(problem: Problem, volunteer_id: str) -> str:
    person = problem.volunteers.get(volunteer_id)
    return f"{one_line(person.name)} ({one_line(volunteer_id)})" if person else one_line(volunteer_id)


def _told_time(value: object) -> str:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return f"{time_text(at)} ({at.year})"


def _cited(edit: Edit, problem: Problem, edits: Sequence[Edit]) -> str:
    """Such as “number 7 (Kim, 2026-10-05 08:12 UTC): Tom cannot come to …”, without the full stop."""
    who = f"{one_line(edit.actor)}, " if edit.actor else ""
    return f"Number {edit.number} ({who}{edit.made:%Y-%m-%d %H:%M} UTC), “{_sentence(edit, problem, edits)}”"


def _sentence(edit: Edit, problem: Problem, edits: Sequence[Edit]) -> str:
    """What an edit says, in words; never anybody's gender or ethnicity."""
    about = edit.about
    who = _person(problem, about["volunteer_id"]) if "volunteer_id" in about else ""
    which = called(problem, about["session_id"]) if "session_id" in about else ""
    starts = [_told_time(each) for each in about.get("start", "").split(";") if each]
    match edit.kind:
        case "drop" if which:
            return f"{who} cannot come to {which}."
        case "drop":
            days = [dated(date.fromisoformat(about[name])) for name in ("from", "to") if name in about]
            return f"{who} cannot come from {' to '.join(days)}."
        case "cancel":
            return f"{which} is cancelled."
        case "move":
            return f"{which} is moved to {listed(starts)}."
        case "offer":
            return f"{which} could be on {listed(starts)}, too."
        case "assign":
            aside = [
                f"{each.after['rule']} is set aside ({one_line(str(each.after['reason']))})"
                for each in edit.operations
                if each.table == "overrides" and each.do is Do.ADD
            ]
            return f"{who} is to be at {which}{'; ' if aside else ''}{'; '.join(aside)}."
        case "unassign":
            return f"{who} is not to be at {which}."
        case "pin":
            return f"{which} is to be on {listed(starts)}."
        case "unpin":
            return f"{which} need not be on {listed(starts)}."
        case "answer":
            return f"{who} said {_ANSWERED[Answer(about['answer'])]} {which}."
        case "attended":
            return f"{which} {_attendance(edit.operations, problem)}."
        case "undo":
            undone = next((each for each in edits if each.number == edit.undoes), None)
            return f"Taken back, number {edit.undoes}" + (
                f": {_sentence(undone, problem, edits)}" if undone is not None else "."
            )
        case _:
            return _of_row(edit, problem)


_ANSWERED = {
    Answer.ACCEPTED: "yes to",
    Answer.DECLINED: "no to",
    Answer.TENTATIVE: "maybe to",
    Answer.NEEDS_ACTION: "nothing of",
}


def _attendance(operations: Sequence[Operation], problem: Problem) -> str:
    row = next((each.after for each in operations if each.table == "visits" and each.do is Do.ADD), {})
    if row.get("happened") == "no":
        return "did not take place, for nobody came"
    came, pupils = row.get("came"), row.get("pupils_present")
    people = [_person(problem, each) for each in came] if isinstance(came, tuple) else []
    who = f" with {listed(people)}" if people else ""
    return f"took place{who}" + (f" and {counted(pupils, 'pupil')}" if isinstance(pupils, int) else "")


def _of_row(edit: Edit, problem: Problem) -> str:
    """An edit of any row of any table."""
    about = edit.about
    table = spec_of(about.get("table", "volunteers"))
    key = {name: about[name] for name in table.key if name in about}
    person = _person(problem, about["volunteer_id"]) if table is VOLUNTEERS and "volunteer_id" in about else ""
    name = person or ", ".join(one_line(each) for each in key.values())
    own = next((each for each in reversed(edit.operations) if each.table == table.name), None)
    if edit.kind == "set":
        if own is None or own.do is not Do.SET:
            columns = about.get("columns", "").split(";")
            return f"{table.name}, {name}: {listed([f'{each} changed' for each in columns if each])}."
        changes = []
        for column, value in own.after.items():
            spec = table.column(column)
            before, after = shown(own.before.get(column), spec.kind), shown(value, spec.kind)
            is_private = spec.personal or column == "matching_consent"
            changes.append(
                str(ColumnChange(column, personal=True) if is_private else ColumnChange(column, before, after))
            )
        return f"{table.name}, {name}: {'; '.join(changes)}."
    if not table.key and own is not None:
        name = _row_called(table, Row(0, own.after)).partition(": ")[2]
    if table is VOLUNTEERS and own is not None:
        name = f"{one_line(str(own.after.get('name')))} ({name})" if "(" not in name else name
    done = "is added" if edit.kind == "add" else "is removed"
    along = len(edit.operations) - 1
    more = f", and {counted(along, 'row')} with it" if along > 0 else ""
    return f"{table.name}: {name or 'a row'} {done}{more}."


def _row_called(table: Table, row: Row) -> str:
    """A row by its key or, where it has none, by all its cells that are nobody's demographics."""
    if table.key:
        return f"{table.name}: {', '.join(one_line(str(row.values.get(name))) for name in table.key)}"
    cells = [
        f"{column.name} {shown(row.values.get(column.name), column.kind)}"
        for column in table.columns
        if not column.personal and row.values.get(column.name) is not None
    ]
    return f"{table.name}: {', '.join(cells)}"


def _key_words(table: Table, values: Mapping[str, Value]) -> dict[str, str]:
    """By which a row is known again in the journal."""
    return {name: str(values[name]) for name in table.key}


# What is typed


def _start(text: str) -> datetime:
    found = _read(SLOTS, "start", text)
    assert isinstance(found, datetime)
    return found


def _day(text: str) -> date:
    found = _read(AVAILABILITY, "first_day", text)
    assert isinstance(found, date)
    return found


def _read(table: Table, column: str, text: str) -> Value:
    try:
        value = read_cell(text.strip(), table.column(column))
        if value is None:
            raise BadCell("nothing", "a value", "Write it out.")
    except BadCell as bad:
        raise BadInput(f"Found {bad.found}; expected {bad.expected}. {bad.action} Nothing was done.") from None
    return value
