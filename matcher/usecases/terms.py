"""The use cases of a term's data: reading a scenario, importing it, inventing one, going on to the next term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.appointments import Attendee
from matcher.domain import folded
from matcher.errors import BadInput, InputProblem, NotThere, Remedy, StoreError
from matcher.merging import Conflict, LeftOut, merge
from matcher.merging import Side as Side
from matcher.publishing.forgetting import STAND_IN
from matcher.tables import ENCOUNTERS, TABLES, VISITS, Column, Row, Tables, Value
from matcher.times import time_text, wall_clock
from matcher.usecases.looking import looks
from matcher.wording import counted, listed, one_line

if TYPE_CHECKING:
    from matcher.domain import Problem, UnderWay, Visit
    from matcher.intake import Intake
    from matcher.store import Change, Workspace

Warn = Callable[[Sequence[InputProblem]], None]


@dataclass(frozen=True)
class Importing:
    """What importing a scenario would do: to be shown, and then done as it was shown."""

    source: Path
    tables: Tables
    """What the term would be: the spreadsheet, with what was edited here since."""
    sheet: Tables
    """The spreadsheet as it was read."""
    changes: tuple[Change, ...]
    """Empty: there is nothing to do."""
    conflicts: tuple[Conflict, ...]
    """What both the spreadsheet and an edit changed, each in another way, and nobody has said yet whose counts."""
    left_out: tuple[LeftOut, ...]
    """Edits that go with a session or a volunteer that the spreadsheet has no more."""
    renamed: tuple[Renamed, ...]
    """Ids that now seem to name somebody else, who was told of appointments: each has to be agreed to."""
    told: tuple[str, ...]
    """Sentences about people and sessions that would go, or change hands, though people were told of them."""
    is_first: bool
    """Whether the workspace holds nothing yet, so that everything is new."""
    consent: tuple[str, ...] = ()
    """The ids of those who consent again, after a no."""
    again: tuple[str, ...] = ()
    """The ids of those who were erased, and are volunteers again."""
    passed_over: tuple[str, ...] = ()
    """The ids of people who were erased, whose rows are left out."""
    stays_off: tuple[str, ...] = ()
    """The ids of people who withdrew their consent, for whom the spreadsheet says yes."""
    used_before: tuple[str, ...] = ()
    """The ids of sessions of which people were told in an earlier term."""

    def lines(self) -> list[str]:
        """How many rows of which table are new, changed and gone; and, but for the first import, each of them."""
        from matcher.store import summary

        return [*summary(self.changes), *([] if self.is_first else map(str, self.changes))]


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    from matcher.advice.warnings import warnings
    from matcher.intake import read_scenario

    intake = read_scenario(scenario)
    warn([*intake.warnings, *warnings(intake.problem, intake.place)])
    return intake


@dataclass(frozen=True)
class Renamed:
    """An id whose name and address are both other ones than before: somebody sorted a sheet under its row numbers?"""

    key: str
    before: str
    after: str
    """Names."""
    appointments: int
    """Of how many people were told under this id."""


@looks
def compare(
    workspace: Workspace,
    scenario: Path,
    tables: Tables,
    consent: Collection[str] = (),
    again: Collection[str] = (),
    *,
    side: Side | None = None,
) -> Importing:
    """What importing these tables, which were read from there, would change.

    The spreadsheet is held against the last one: what was edited here since stands, but for what the new one changed.
    Where both changed the same, `side` says whose counts.
    People who were erased are passed over, and consent that was withdrawn stays off, but for the ids in `again` (who
    are volunteers again) and in `consent` (who consent again). Raises BadInput where one of these cannot be meant.
    """
    from matcher.intake import build_problem
    from matcher.store import diff

    says = {str(row["volunteer_id"]): row["matching_consent"] for row in tables.rows.get("volunteers", ())}
    for each in consent:
        if says.get(each) != "yes":
            raise BadInput(
                f"{one_line(each)} cannot be taken to consent again: the spreadsheet has no volunteer of that id whose "
                "matching_consent is yes. Write yes there, or leave the id out. Nothing was imported."
            )
    for each in again:
        if each not in says or not workspace.was_forgotten(each):
            raise BadInput(
                f"{one_line(each)} cannot be a volunteer again: nobody of that id was erased and is in the "
                "spreadsheet. Leave the id out. Nothing was imported."
            )
    admitted = workspace.admit(tables, consent, again)
    if admitted.passed_over:
        build_problem(admitted.tables)  # which has to hang together without them, too
    before, base = workspace.load_tables(), workspace.load_sheet()
    new = admitted.tables
    conflicts: tuple[Conflict, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    if before is not None and base is not None:
        merged = merge(base, new, before, side or Side.MINE)
        new, left_out = merged.tables, merged.left_out
        conflicts = merged.conflicts if side is None else ()
        build_problem(new)  # which has to hang together, too
    return Importing(
        scenario,
        new,
        admitted.tables,
        tuple(diff(before, new)),
        conflicts,
        left_out,
        _renamed(workspace, before, new),
        _told_and_gone(workspace, new),
        before is None,
        tuple(consent),
        tuple(again),
        admitted.passed_over,
        admitted.stays_off,
        _used_before(workspace, admitted.tables),
    )


def _used_before(workspace: Workspace, tables: Tables) -> tuple[str, ...]:
    """The sessions under whose ids people were told of visits before the first day of this spreadsheet's term."""
    first_day = tables.programme.get("first_day")
    slots: dict[str, set[Value]] = {}
    for row in tables.rows.get("slots", ()):
        slots.setdefault(str(row["session_id"]), set()).add(row["start"])
    earlier = {
        entry.session_id
        for entry in workspace.published()
        if isinstance(first_day, date)
        and entry.start.date() < first_day
        and entry.start not in slots.get(entry.session_id, set())
    }
    return tuple(
        session_id for row in tables.rows.get("sessions", ()) if (session_id := str(row["session_id"])) in earlier
    )


def _renamed(workspace: Workspace, before: Tables | None, new: Tables) -> tuple[Renamed, ...]:
    told: Counter[tuple[Attendee, str]] = Counter((each.attendee, each.attendee_id) for each in workspace.published())
    found = []
    for table, key, address, attendee in (
        ("volunteers", "volunteer_id", "email", Attendee.VOLUNTEER),
        ("schools", "school_id", "address", Attendee.SCHOOL),
    ):
        old = {str(row[key]): row for row in (before.rows.get(table, ()) if before else ())}
        for row in new.rows.get(table, ()):
            was = old.get(str(row[key]))
            times = told[attendee, str(row[key])]
            if was is not None and times and all(_other(was[name], row[name]) for name in ("name", address)):
                found.append(Renamed(str(row[key]), one_line(str(was["name"])), one_line(str(row["name"])), times))
    return tuple(found)


def _other(before: Value, after: Value) -> bool:
    return folded(str(before or "")) != folded(str(after or ""))


def _told_and_gone(workspace: Workspace, new: Tables) -> tuple[str, ...]:
    """Of whoever and whatever would go though people were told of it and it is to come."""
    from matcher.usecases import told

    if not workspace.versions():
        return ()
    try:
        published = told.published(workspace)
    except StoreError:  # what was told can no longer be read: all the more has it to be replaced
        return ()
    now = wall_clock(datetime.now(UTC), published.problem.programme.timezone)
    people = {str(row["volunteer_id"]) for row in new.rows.get("volunteers", ())}
    sessions = {str(row["session_id"]) for row in new.rows.get("sessions", ())}
    lines = []
    for each in published.entries:
        if not told.is_on(each) or each.start <= now or each.attendee is not Attendee.VOLUNTEER:
            continue
        gone = [] if each.attendee_id in people else ["the volunteer"]
        gone += [] if each.session_id in sessions else ["the visit"]
        if gone:
            session = published.problem.sessions[each.session_id]
            lines.append(
                f"{one_line(published.problem.volunteers[each.attendee_id].name)} was told to come to "
                f"{one_line(published.problem.schools[session.school_id].name)} on {time_text(each.start)}: "
                f"{' and '.join(gone)} would go."
            )
    return tuple(lines)


def take(workspace: Workspace, seen: Importing, actor: str | None = None) -> None:
    """Imports what was shown, and forgets what its people do not consent to (any more), also where nothing changed.

    Raises ChangedMeanwhile if it is not what would be done any more.
    """
    workspace.replace_tables(
        seen.tables,
        str(seen.source),
        agreed=seen.changes,
        consent=seen.consent,
        again=seen.again,
        actor=actor,
        sheet=seen.sheet,
    )


def cell(column: Column | None, value: object) -> str:
    """A value as it would be typed into a cell of that column, or (None) into the programme."""
    from matcher.authoring.write import cell_text

    if column is not None:
        return cell_text(column, value)  # type: ignore[arg-type]
    return ";".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def write_workbook_of_today(workspace: Workspace, out: Path) -> None:
    """Writes today's term, edits included, as a workbook to go on in and to import again. Raises NotThere."""
    from matcher.authoring.write import write_workbook

    tables = workspace.load_tables()
    if tables is None:
        raise NotThere(f"{workspace.where} holds no scenario yet.", Remedy.IMPORT)
    write_workbook(tables, out)


def write_template(out: Path, next_step: str) -> None:
    """Writes an empty scenario, a folder or a workbook; it says itself what to do once it is filled in."""
    from matcher.authoring.template import write_template

    write_template(out, next_step)


def invent(
    out: Path,
    schools: int,
    seed: int,
    *,
    volunteers: int | None = None,
    sessions: int | None = None,
    register: Path | None = None,
    authority: str | None = None,
) -> Mapping[str, int]:
    """Writes an invented scenario; table -> how many rows it has. `register` names a file of real schools."""
    from matcher.authoring.generate import generate
    from matcher.authoring.write import write_folder, write_workbook

    tables = generate(schools, seed, volunteers=volunteers, sessions=sessions, register=register, authority=authority)
    (write_workbook if out.suffix.lower() == ".xlsx" else write_folder)(tables, out)
    return {name: len(rows) for name, rows in tables.rows.items()}


# The year


@dataclass(frozen=True)
class Closed:
    """What was written for the next term to go on from."""

    counts: Mapping[str, int]
    """Table -> how many rows it has."""
    met: int
    """How many of the encounters are of this term's visits."""
    took_place: int
    """How many visits of this term took place."""
    first_day: date
    last_day: date
    """As they still are in the new programme."""
    notes: tuple[str, ...]
    """What was left out that somebody may miss, in sentences."""


LEFT_BEHIND = ("sessions", "slots", "availability", "pins", "preferences", "overrides")
"""The tables that belong to one term alone."""


@looks
def close_term(workspace: Workspace, out: Path, now: str | None = None) -> Closed:
    """Writes a scenario for the next term to go on from: today's, with what took place as encounters and visits.

    What took place is judged at `now` (on the programme's clock; the machine's unless said). Gender and ethnicity are
    taken along of those who consent today, and of those who did when they were last in the data. Raises NotThere where
    nothing was ever published, BadInput or Refused for a moment that cannot be.
    """
    from matcher.authoring.write import write_folder, write_workbook

    tables, found = next_term(workspace, now)
    (write_workbook if out.suffix.lower() == ".xlsx" else write_folder)(tables, out)
    return found


def next_term(workspace: Workspace, now: str | None = None) -> tuple[Tables, Closed]:
    """The tables of the scenario that `close_term` writes, and what is to be said of it."""
    from matcher.soundness import kept_problem
    from matcher.usecases.today import moment_for_edits, term_under_way

    tables = kept_problem(workspace)[0]
    under_way = (problem := term_under_way(workspace, moment_for_edits(workspace, now))).under_way
    if under_way is None:
        raise NotThere(
            f"{workspace.where} holds no published version, so nothing is known to have taken place. Nothing was "
            "written.",
            Remedy.PUBLISH,
        )
    stood = {session_id: visit for session_id, visit in under_way.past.items() if visit is not None}
    of_term = {str(row["session_id"]) for row in tables.rows.get("sessions", ())} | under_way.past.keys()
    cohorts = {str(row["cohort_id"]) for row in tables.rows.get("cohorts", ())}
    people = {str(row["volunteer_id"]): row for row in tables.rows.get("volunteers", ())}

    met = [
        _encounter(problem, people, cohort_id, session_id, visit, volunteer_id)
        for session_id, visit in sorted(stood.items(), key=lambda each: (each[1].slot, each[0]))
        for cohort_id in problem.sessions[session_id].cohort_ids
        if cohort_id in cohorts
        for volunteer_id in visit.team
    ]
    earlier = [row.values for row in tables.rows.get("encounters", ()) if row["session_id"] not in of_term]
    records = [row.values for row in tables.rows.get("visits", ()) if row["session_id"] not in of_term]
    records += _what_took_place(tables, under_way.past)
    rows: dict[str, Sequence[Mapping[str, Value]]] = {
        table.name: [] if table.name in LEFT_BEHIND else [row.values for row in tables.rows.get(table.name, ())]
        for table in TABLES
    }
    rows["volunteers"] = [each for each in rows["volunteers"] if each["name"] != STAND_IN]
    rows["encounters"] = [*earlier, *met]
    rows["visits"] = records
    numbered = {name: tuple(Row(n, values) for n, values in enumerate(found, start=2)) for name, found in rows.items()}
    programme = problem.programme
    closed = Closed(
        {name: len(found) for name, found in rows.items()},
        len(met),
        len(stood),
        programme.first_day,
        programme.last_day,
        tuple(_left_out(problem, tables, under_way, cohorts)),
    )
    return Tables(tables.programme, numbered), closed


def _encounter(
    problem: Problem, people: Mapping[str, Row], cohort_id: str, session_id: str, visit: Visit, volunteer_id: str
) -> dict[str, Value]:
    """A row of encounters: one class that met one person.

    Of somebody who is in the table volunteers it says no consent of its own: theirs goes on deciding, also when they
    withdraw it. Of somebody who is not it has to, or what they consented to would be unknown.
    """
    row: dict[str, Value] = dict.fromkeys(column.name for column in ENCOUNTERS.columns)
    row |= {"cohort_id": cohort_id, "date": visit.slot.day, "session_id": session_id, "volunteer_id": volunteer_id}
    person, known = problem.volunteers[volunteer_id], people.get(volunteer_id)
    if person.name == STAND_IN:
        return row
    if known is not None:
        row |= {name: known[name] for name in ("sector", "occupation")}
        if known["matching_consent"] == "yes":
            row |= {name: known[name] for name in ("gender", "ethnicity")}
        return row
    row |= {"sector": person.sector or None, "occupation": person.occupation or None}
    if person.gender or person.ethnic_group:
        row |= {
            "gender": person.gender and person.gender.value,
            "ethnicity": person.ethnic_group and person.ethnic_group.value,
            "matching_consent": "yes",
        }
    return row


def _what_took_place(tables: Tables, past: Mapping[str, Visit | None]) -> list[Mapping[str, Value]]:
    """Rows of visits that need no published team any more: those that were recorded, and one for each other visit."""
    recorded: dict[str, list[Row]] = {}
    for row in tables.rows.get("visits", ()):
        recorded.setdefault(str(row["session_id"]), []).append(row)
    found: list[Mapping[str, Value]] = []
    for session_id, visit in past.items():
        team = visit.team if visit else None
        blank: dict[str, Value] = dict.fromkeys(column.name for column in VISITS.columns)
        rows = [row.values for row in recorded.get(session_id, ())] or [
            {**blank, "session_id": session_id, "happened": "yes" if visit else "no"}
        ]
        found += [
            {**row, "came": team} if row["happened"] == "yes" and row.get("came") is None else row for row in rows
        ]
    return found


def _left_out(problem: Problem, tables: Tables, under_way: UnderWay, cohorts: Collection[str]) -> Iterator[str]:
    to_come = under_way.told.visits.keys() - under_way.past.keys()
    if to_come:
        yield f"{counted(len(to_come), 'visit')} that people were told of {_is(to_come)} still to come, and left out."
    gone = {
        cohort_id
        for session_id, visit in under_way.past.items()
        if visit is not None
        for cohort_id in problem.sessions[session_id].cohort_ids
        if cohort_id not in cohorts
    }
    if gone:
        names = listed([one_line(problem.cohorts[each].name or each) for each in sorted(gone)])
        yield f"Whom {names} met is left out, since the table cohorts does not have {_them(gone)} any more."
    sessions = {str(row["session_id"]) for row in tables.rows.get("sessions", ())}
    for table, what in (("encounters", "whom classes met"), ("visits", "what took place")):
        numbers = [
            row.number
            for row in tables.rows.get(table, ())
            if row["session_id"] in sessions and row["session_id"] not in under_way.past
        ]
        if numbers:
            yield (
                f"{counted(len(numbers), 'row')} of {table} {_is(numbers)} left out: {what} at sessions of this term "
                "that did not take place as far as people were told."
            )


def _is(several: Collection[object]) -> str:
    return "is" if len(several) == 1 else "are"


def _them(several: Collection[object]) -> str:
    return "it" if len(several) == 1 else "them"
