"""The term as it stands now: today's data, and what of it is past since people were told of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from matcher.appointments import Attendee
from matcher.domain import Plan, Problem, Slot, Visit, VisitRecord
from matcher.errors import BadInput, Refused, Remedy
from matcher.publishing.published import Answer, Entry
from matcher.soundness import is_of_earlier_term, kept_problem, with_past
from matcher.store import Begun, Version, Workspace
from matcher.times import exists, wall_clock
from matcher.usecases import told
from matcher.usecases.looking import looks
from matcher.wording import one_line


@dataclass(frozen=True)
class Today:
    """A term as it is planned now."""

    problem: Problem
    """Today's data; under way if people were told of a plan."""
    version: Version | None
    """What they were told last."""
    notes: tuple[str, ...]
    """Rows of the table visits that are passed over, in sentences."""
    begun: Begun | None = None
    """What is kept of it with a plan that is made now."""


@looks
def moment(workspace: Workspace, text: str | None = None) -> datetime:
    """Now, with a zone: the machine's clock, or a moment on the programme's clock such as 2026-10-14T09:30.

    Raises BadInput where it is no such moment, and Refused where it is before what was published last.
    """
    if text is None:
        now = datetime.now(UTC)
    else:
        problem = kept_problem(workspace)[1]
        now = _on_the_clock(text, ZoneInfo(problem.programme.timezone))
    newest = next(iter(workspace.versions()), None)
    if newest is not None and now < newest.made.replace(second=0, microsecond=0):
        raise Refused(
            f"Now would be {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, which is before version {newest.number} was "
            f"published ({newest.made:%Y-%m-%d %H:%M} UTC): people have been told since. Nothing was done.",
            Remedy.LATER,
        )
    return now


@looks
def moment_for_edits(workspace: Workspace, text: str | None = None) -> datetime:
    """The same for whoever only notes or looks at something: without a text nothing is refused for the clock.

    Where the machine's clock is before what was published last, as in a rehearsal, it is that moment.
    """
    newest = next(iter(workspace.versions()), None)
    if text is None and newest is not None:
        return max(datetime.now(UTC), newest.made)
    return moment(workspace, text)


def _on_the_clock(text: str, zone: ZoneInfo) -> datetime:
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        local = None
    if local is None or (local.tzinfo is None and not exists(local, zone)):
        raise BadInput(
            f"“{one_line(text)}” is no moment on the programme's clock ({zone.key}): write it as 2026-10-14T09:30."
        )
    return local if local.tzinfo is not None else local.replace(tzinfo=zone)


@looks
def term_under_way(workspace: Workspace, now: datetime | None = None) -> Problem:
    """Today's term at a moment with a zone (the machine's clock unless said): the contract, section 4a.

    Where nothing was told yet, it has no now.
    """
    return today(workspace, now).problem


@looks
def today(workspace: Workspace, now: datetime | None = None) -> Today:
    """The same, with what was told and what was passed over."""
    _, problem, _ = kept_problem(workspace)
    versions = workspace.versions()
    if not versions:
        return Today(problem, None, ())
    published = told.published(workspace)
    clock = wall_clock(now or datetime.now(UTC), problem.programme.timezone)
    plan = _as_it_stands(published.plan, published.entries, clock)
    no = [each for each in published.entries if each.attendee is Attendee.VOLUNTEER and each.answer is Answer.DECLINED]
    declined = frozenset((each.attendee_id, each.session_id) for each in no)
    records: dict[str, list[VisitRecord]] = {}
    notes = []
    met = {each.session_id for each in problem.encounters}
    for record in problem.records:
        visit = plan.visits.get(record.session_id)
        if visit is not None and visit.slot.start <= clock:
            records.setdefault(record.session_id, []).append(record)
        elif record.session_id in problem.sessions or record.session_id not in met:
            notes.append(_passed_over(problem, record, visit))
    past = {
        session_id: _took_place(session_id, visit, declined, records.get(session_id, ()))
        for session_id, visit in plan.visits.items()
        if visit.slot.start <= clock
    }
    begun = Begun(
        clock,
        versions[0].number,
        {
            session_id: visit
            for session_id, visit in past.items()
            if visit is not None or not is_of_earlier_term(problem, session_id, plan.visits[session_id].slot)
        },
        frozenset(
            (each.attendee_id, each.session_id)
            for each in no
            if not is_of_earlier_term(problem, each.session_id, Slot(each.start, each.end))
        ),
    )
    return Today(with_past(workspace, problem, begun), versions[0], tuple(dict.fromkeys(notes)), begun)


def _as_it_stands(plan: Plan, entries: Iterable[Entry], clock: datetime) -> Plan:
    """What was told: the version's plan, and visits that had begun when it was published without them."""
    begun: dict[str, list[Entry]] = {}
    for each in entries:
        is_past = told.is_on(each) and each.start <= clock
        if is_past and each.attendee is Attendee.VOLUNTEER and each.session_id not in plan.visits:
            begun.setdefault(each.session_id, []).append(each)
    others = {
        session_id: Visit(Slot(each[0].start, each[0].end), tuple(sorted({one.attendee_id for one in each})))
        for session_id, each in begun.items()
    }
    return Plan({**others, **plan.visits})


def _took_place(
    session_id: str, visit: Visit, declined: frozenset[tuple[str, str]], records: Sequence[VisitRecord]
) -> Visit | None:
    """How a past visit stands: as told, without those who declined it, or as was recorded."""
    if not records:
        team = tuple(each for each in visit.team if (each, session_id) not in declined)
        return Visit(visit.slot, team) if team else None
    if not any(record.happened for record in records):
        return None
    came = {
        each for record in records if record.happened for each in (visit.team if record.came is None else record.came)
    }
    return Visit(visit.slot, tuple(sorted(came))) if came else None


def _passed_over(problem: Problem, record: VisitRecord, visit: Visit | None) -> str:
    session = problem.sessions.get(record.session_id)
    where = f" at {problem.schools[session.school_id].name}" if session else ""
    why = "nobody was told of it" if visit is None else f"it is still to come ({visit.slot.start:%Y-%m-%d %H:%M})"
    return f"What was recorded of the visit {one_line(record.session_id)}{where} is passed over: {why}."
