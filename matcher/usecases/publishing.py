"""The use cases of publishing: from a plan that is kept to what people are told.

A plan is a draft until it is published as a version.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from matcher.appointments import Attendee
from matcher.domain import Problem, folded
from matcher.errors import PublishingRefused, Remedy
from matcher.publishing.events import EntryChange, changes, entries_after, restamped
from matcher.publishing.letters import Untold, sender_of, untold
from matcher.publishing.letters import letters as write_letters
from matcher.publishing.published import Entry, Letter, LetterState, Standing
from matcher.soundness import kept_events, kept_letters, kept_problem
from matcher.store import DataState, SavedRun, Version, Workspace
from matcher.times import wall_clock
from matcher.usecases import planning
from matcher.usecases.looking import looks
from matcher.usecases.told import Held, about, is_on, judged, of_today, published, with_those_gone
from matcher.wording import counted

LONG_OVER = timedelta(days=183)  # after a term's last day nobody publishes it any more
CLOCK_SKEW = timedelta(minutes=10)  # by which the clocks of two machines that are right may differ


@dataclass(frozen=True)
class Preview:
    """What publishing a run would change for whom, worked out once: to be shown, and then kept as it was shown."""

    version: int
    """The number it would get."""
    run: SavedRun
    problem: Problem
    """With the people, schools and sessions that are only in earlier versions."""
    before: tuple[Entry, ...]
    after: tuple[Entry, ...]
    changes: tuple[EntryChange, ...]
    letters: tuple[Letter, ...]
    untold: tuple[Untold, ...]
    """Those with news who cannot be written to: somebody has to tell them."""
    begun: tuple[Entry, ...]
    """Visits that have begun and that nobody is written to about: out of the plan, or in the first version."""
    overtaken: int
    """How many letters of earlier versions have not gone and will not, since this one changes what they tell."""
    stamp: datetime
    judged_by: DataState | None
    """The state of the data, by which the plan was judged."""


@looks
def preview(
    workspace: Workspace,
    run: int | None = None,
    stamp: datetime | None = None,
    *,
    with_letters: bool = True,
    templates: Path | None = None,
    sequence_from: int = 0,
) -> Preview:
    """What publishing this run (the newest unless said) would change, and the letters that would tell of it.

    Events that change get a SEQUENCE of `sequence_from` at least. Raises PublishingRefused where something in it
    cannot be by today's data.
    """
    stamp = stamp or datetime.now(UTC)
    judged_by = workspace.state()
    saved, problem, result = planning.load_run(workspace, run)
    _insist_that_it_can_be(saved, judged(workspace, problem, result.plan, saved.number, stamp))
    planning.insist_again(workspace, saved, problem)
    before, versions = kept_events(workspace), workspace.versions()
    with_those_gone(workspace, problem, before, versions)  # raises where they are damaged
    number = versions[0].number + 1 if versions else 1
    outgoing = kept_letters(workspace)
    waiting = [letter for letter in outgoing if letter.state is LetterState.WAITING]
    new_addresses = _new_addresses(workspace, saved, problem, versions)
    after = entries_after(before, problem, result.plan, number, stamp, new_addresses, sequence_from)
    planned = {(visit, person) for person, visit, _ in result.plan.assignments()}
    everybody = with_those_gone(workspace, problem, after, versions)
    now = wall_clock(stamp, everybody.programme.timezone)
    begun = tuple(
        entry
        for entry in after
        if entry.attendee is Attendee.VOLUNTEER
        and entry.standing is Standing.CONFIRMED
        and ((entry.session_id, entry.attendee_id) not in planned or (not before and entry.start <= now))
    )
    found = changes(before, after, now)
    alone = untold(everybody, before, after, stamp)
    letters: tuple[Letter, ...] = ()
    concerned = {(change.after.attendee, change.after.attendee_id) for change in found}
    if with_letters and concerned - {(each.attendee, each.attendee_id) for each in alone}:
        sender = sender_of(of_today(workspace, saved.number).programme)
        changed = {change.after.uid for change in found}
        news = _never_heard_of(workspace, before, outgoing) & changed
        known = [each for each in before if each.uid not in news]
        letters = write_letters(
            everybody, result.plan, known, after, number, sender, stamp, templates, workspace_id=workspace.id
        )
    concerned_letters = {about(change.after) for change in found}
    overtaken = sum(about(letter) in concerned_letters for letter in waiting)
    return Preview(number, saved, everybody, before, after, found, letters, alone, begun, overtaken, stamp, judged_by)


def _insist_that_it_can_be(run: SavedRun, wrong: Sequence[Held]) -> None:
    if wrong:
        lines = "\n".join(f"  {each}" for each in wrong)
        raise PublishingRefused(
            f"Run {run.number} cannot be published, and nothing was: by the data as it is now, "
            f"{counted(len(wrong), 'appointment')} in it cannot be.\n{lines}\n",
            Remedy.PLAN_AGAIN,
        )


def publish(workspace: Workspace, seen: Preview, actor: str | None = None) -> int:
    """Publishes what was shown: the version, its events and its letters, all or nothing."""
    return workspace.publish(seen.run.number, seen.before, seen.after, seen.letters, seen.stamp, seen.judged_by, actor)


@looks
def clock_doubt(workspace: Workspace, problem: Problem, stamp: datetime) -> str:
    """Why the clock may be wrong that says it is `stamp`; "" if nothing speaks against it.

    (A term years ahead does not: plans are made early.)
    """
    if doubt := long_over(problem, stamp):
        return doubt
    imported = workspace.last_import()
    done = [
        *([("import", imported.number, imported.made)] if imported else []),
        *[("run", each.number, each.made) for each in workspace.runs()[:1]],
        *[("version", each.number, each.made) for each in workspace.versions()[:1]],
    ]
    for what, number, made in done:
        if stamp < made - CLOCK_SKEW:
            return (
                f"This machine's clock says {stamp.astimezone(UTC):%Y-%m-%d %H:%M} UTC, which is before {what} "
                f"{number} was made ({made:%Y-%m-%d %H:%M} UTC)."
            )
    return ""


def long_over(problem: Problem, stamp: datetime) -> str:
    """The same, of a clock that may be ahead: it takes visits to come for over, and nobody is told of them."""
    programme = problem.programme
    today = wall_clock(stamp, programme.timezone).date()
    if today <= programme.last_day + LONG_OVER:
        return ""
    return (
        f"This machine's clock says {today:%Y-%m-%d}, more than half a year after the term's last day "
        f"({programme.last_day:%Y-%m-%d})."
    )


@dataclass(frozen=True)
class LateLetters:
    """Letters of a version that was published without them: to be shown, and then written as they were shown."""

    version: int
    problem: Problem
    entries: tuple[Entry, ...]
    """Of the newest version."""
    outbox: tuple[Letter, ...]
    letters: tuple[Letter, ...]
    untold: tuple[Untold, ...]
    left_out: int
    """How many events that version changed are over, were changed again since, or have a letter already."""
    stamp: datetime


@looks
def late_letters(
    workspace: Workspace, number: int, stamp: datetime | None = None, *, templates: Path | None = None
) -> LateLetters:
    """The letters that a version lacks: about what it changed, is still so, and is to come. Nobody gets one twice."""
    stamp = stamp or datetime.now(UTC)
    before = kept_events(workspace, number - 1) if number > 1 else ()
    found = changes(before, kept_events(workspace, number))
    told = published(workspace)
    now = wall_clock(stamp, told.problem.programme.timezone)
    outgoing = kept_letters(workspace)
    written = {
        about(each)
        for each in outgoing
        if each.version == number or (each.version > number and each.state is not LetterState.OVERTAKEN)
    }
    current = {each.uid: each for each in told.entries}
    lacking = {
        change.after.uid
        for change in found
        if current[change.after.uid].since == number and change.after.start > now and about(change.after) not in written
    }
    news = _never_heard_of(workspace, before, outgoing)
    old = {each.uid: each for each in before if each.uid not in news}
    known = [
        each if each.uid not in lacking else old[each.uid]
        for each in told.entries
        if each.uid not in lacking or each.uid in old
    ]
    after = tuple(restamped(each, stamp) if each.uid in lacking else each for each in told.entries)
    alone = untold(told.problem, known, after, stamp)
    letters: tuple[Letter, ...] = ()
    concerned = {(current[uid].attendee, current[uid].attendee_id) for uid in lacking}
    if concerned - {(each.attendee, each.attendee_id) for each in alone}:
        sender = sender_of(of_today(workspace, told.version.run_number).programme)
        letters = write_letters(
            told.problem, told.plan, known, after, number, sender, stamp, templates, workspace_id=workspace.id
        )
    left_out = len(found) - len(lacking)
    return LateLetters(number, told.problem, told.entries, outgoing, letters, alone, left_out, stamp)


def write_late_letters(workspace: Workspace, seen: LateLetters) -> None:
    """Puts into the outbox what was shown, all or nothing."""
    workspace.add_letters(seen.version, seen.letters, seen.entries, seen.outbox)


def _never_heard_of(workspace: Workspace, before: Sequence[Entry], letters: Sequence[Letter]) -> set[str]:
    """The UIDs of those of `before` that nobody was told of, since no letter that did so has gone.

    Whatever was published without letters was told by other means.
    """
    gone = {about(each) for each in letters if each.state not in (LetterState.WAITING, LetterState.OVERTAKEN)}
    not_gone = {(about(each), each.version) for each in letters if about(each) not in gone}
    newest: dict[tuple[Attendee, str], int] = {}
    for entry in before:
        newest[about(entry)] = max(entry.since, newest.get(about(entry), 0))
    versions: dict[int, dict[str, Entry]] = {}

    def is_news(entry: Entry) -> bool:
        whose = about(entry)
        if (whose, newest[whose]) not in not_gone:
            return False
        earlier: Entry | None = entry
        while earlier is not None and is_on(earlier) and (whose, earlier.since) in not_gone:
            version = earlier.since - 1
            if version not in versions:
                versions[version] = {each.uid: each for each in workspace.published(version)} if version else {}
            earlier = versions[version].get(entry.uid)
        return earlier is None or not is_on(earlier)

    return {entry.uid for entry in before if is_on(entry) and is_news(entry)}


def _new_addresses(
    workspace: Workspace, saved: SavedRun, problem: Problem, versions: Sequence[Version]
) -> Collection[tuple[Attendee, str]]:
    """Those whose e-mail address is another one than it was in the last version."""
    if not versions or workspace.run(versions[0].run_number).fingerprint == saved.fingerprint:
        return ()
    _, before, _ = kept_problem(workspace, versions[0].run_number)
    old, new = _addresses(before), _addresses(problem)
    return {person for person, address in new.items() if address and old.get(person, address) != address}


def _addresses(problem: Problem) -> dict[tuple[Attendee, str], str]:
    """Where each volunteer and school is written to, as addresses are compared."""
    return {
        **{(Attendee.VOLUNTEER, each.volunteer_id): folded(each.email) for each in problem.volunteers.values()},
        **{(Attendee.SCHOOL, each.school_id): folded(each.contact_email) for each in problem.schools.values()},
    }
