"""What the command line shows while a plan is made, and of a plan: on a terminal live, elsewhere plain lines."""

from __future__ import annotations

import email
import email.policy
import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from enum import Enum, auto
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from matcher import usecases
from matcher.cli.shared import in_words
from matcher.domain import Plan, Problem, Result, TierName, TierScore
from matcher.errors import InputProblem, Remedy, located
from matcher.times import time_text
from matcher.wording import counted, listed, one_line, plain

if TYPE_CHECKING:
    from matcher.publishing.events import EntryChange
    from matcher.publishing.published import Answer, Entry, Letter
    from matcher.solving.progress import Progress
    from matcher.store import SavedRun
    from matcher.usecases.planning import ComparedTier, TradeOff

LINE_SECONDS = 2.0  # how far apart plain lines about one tier are, at least
WARNINGS_SHOWN = 12
FOUND_TOLD = 3
FEW = 8
CHANGES_SHOWN = 60
BAR = 40  # characters
WIDE = 200  # characters
NOT_SHOWN = "not shown"  # of a figure that could tell what people said about themselves


class Voice(Enum):
    LIVE = auto()
    PLAIN = auto()
    JSON = auto()
    QUIET = auto()

    @staticmethod
    def of(*, quiet: bool, as_json: bool) -> Voice:
        if as_json:
            return Voice.JSON
        if quiet:
            return Voice.QUIET
        return Voice.LIVE if sys.stdout.isatty() else Voice.PLAIN


def new_console() -> Console:
    """On a terminal as wide as it is; elsewhere so wide that tables need not break their cells."""
    return Console(emoji=False) if sys.stdout.isatty() else Console(emoji=False, width=WIDE)


def new_table(*headings: str, title: str | None = None) -> Table:
    """A table in which what is too long goes on below, and nothing is cut off."""
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


class Reporter:
    """Tells how a search goes, in one voice."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.latest: dict[TierName, Progress] = {}
        self._told: tuple[TierName, float] | None = None
        self._one_at_a_time = threading.Lock()
        self._live = Live(console=Console(), refresh_per_second=8) if voice is Voice.LIVE else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def warn(self, warnings: Sequence[InputProblem]) -> None:
        if self.voice is Voice.JSON:
            for warning in warnings:
                print(json.dumps({"event": "warning", "where": warning.where, "text": str(warning)}), flush=True)
            return
        kinds: dict[tuple[str, ...], list[InputProblem]] = {}
        for warning in dict.fromkeys(warnings):
            kind = warning.file, warning.sheet, warning.column, warning.expected, warning.action
            kinds.setdefault(kind, []).append(warning)
        alike = list(kinds.values())
        for same in alike[:WARNINGS_SHOWN]:
            print(f"warning: {one_line(_in_one(same))}", file=sys.stderr)
        if len(alike) > WARNINGS_SHOWN:
            more = sum(map(len, alike[WARNINGS_SHOWN:]))
            print(f"warning: and {more} more; --json shows them all", file=sys.stderr)

    def tell(self, message: str, *remedies: Remedy) -> None:
        """Something that is good to know."""
        text = in_words(message, *remedies)
        if self.voice is Voice.JSON:
            print(json.dumps({"event": "note", "text": text}), flush=True)
        elif self.voice is not Voice.QUIET:
            print(one_line(text), flush=True)

    def progress(self, progress: Progress) -> None:
        """Called by any of the search's threads."""
        with self._one_at_a_time:
            self._tell(progress)

    def _tell(self, progress: Progress) -> None:
        new_tier = progress.tier not in self.latest
        self.latest[progress.tier] = progress
        if self.voice is Voice.JSON:
            print(json.dumps({"event": "progress", **asdict(progress)}), flush=True)
        elif self._live is not None:
            if not self._live.is_started:
                self._live.start()
            self._live.update(self._table())
        elif self.voice is Voice.PLAIN:
            private = progress.tier is TierName.ROLE_MODELS
            proven = progress.value == progress.bound and not private
            if new_tier or proven or self._told is None or progress.seconds - self._told[1] >= LINE_SECONDS:
                self._told = progress.tier, progress.seconds
                if private:
                    print(f"{progress.seconds:6.1f} s  {progress.tier:<12} {NOT_SHOWN:>14}", flush=True)
                    return
                bound = "unknown" if progress.bound is None else f"{progress.bound:,}"
                line = f"{progress.seconds:6.1f} s  {progress.tier:<12} {progress.value:>14,}  bound {bound:>14}"
                print(f"{line}  {_gap(progress)}".rstrip(), flush=True)

    def _table(self) -> Table:
        table = new_table("tier", "value", "best possible", "gap", "seconds")
        for tier, progress in self.latest.items():
            if tier is TierName.ROLE_MODELS:
                table.add_row(tier, NOT_SHOWN, NOT_SHOWN, "", f"{progress.seconds:.1f}")
                continue
            bound = "" if progress.bound is None else f"{progress.bound:,}"
            table.add_row(tier, f"{progress.value:,}", bound, _gap(progress), f"{progress.seconds:.1f}")
        return table


def _in_one(warnings: Sequence[InputProblem]) -> str:
    """Warnings that differ in nothing but their rows and what was found there, as one."""
    first = warnings[0]
    rows = list(dict.fromkeys(warning.row for warning in warnings if warning.row is not None))
    found = list(dict.fromkeys(warning.found for warning in warnings))
    told = found if len(found) <= FOUND_TOLD else [*found[:FOUND_TOLD], f"and {len(found) - FOUND_TOLD} more"]
    where = located(first.file, first.sheet, rows, first.column)
    return f"{where}: found {'; '.join(told)}; expected {first.expected}. {first.action}"


def _gap(progress: Progress) -> str:
    if progress.bound is None:
        return ""
    if progress.bound == progress.value:
        return "proven"
    scale = max(1, abs(progress.value), abs(progress.bound))
    return f"gap {100 * abs(progress.bound - progress.value) / scale:.2f} %"


def score_table(problem: Problem, plan: Plan, tiers: Sequence[TierScore]) -> Table:
    """The tiers' values and bounds, as far as they may be told."""
    table = new_table("tier", "value", "best possible", "")
    for score, remark, disclosed in usecases.planning.tiers_to_show(problem, plan, tiers):
        bound = "unknown" if score.bound is None else f"{score.bound:,}"
        figures = (f"{score.value:,}", bound) if disclosed else (NOT_SHOWN, NOT_SHOWN)
        table.add_row(score.tier, *figures, _fewest(score) or remark)
    return table


def _fewest(score: TierScore) -> str:
    """What a repair changes, in words; "" of any other tier."""
    if score.tier is not TierName.CHANGES:
        return ""
    return f"{counted(score.value, 'change')} to what people were told" + (": proven fewest" if score.proven else "")


def comparison_table(before: SavedRun, after: SavedRun, tiers: Sequence[ComparedTier]) -> tuple[Table, bool]:
    """Two runs' tiers and which is better, as far as it may be told; and whether something is left open by that."""
    table = new_table("tier", f"run {before.number}", f"run {after.number}", "better")
    for each in tiers:
        private = each.tier is TierName.ROLE_MODELS
        figures = (
            "–" if score is None else NOT_SHOWN if private else f"{score.value:,}"
            for score in (each.before, each.after)
        )
        better = NOT_SHOWN if each.undisclosed else f"run {each.better.number}" if each.better else ""
        table.add_row(each.tier, *figures, better)
    return table, any(each.undisclosed for each in tiers)


def plan_tables(
    problem: Problem,
    result: Result,
    answers: Mapping[tuple[str, str], Answer],
    school: str | None,
    volunteer: str | None,
) -> Iterator[Table]:
    """Who goes where, in order of time, and what is not delivered and why; of one school or volunteer if asked."""
    table = new_table("when", "session", "school", "what", "team", title="Who goes where")
    for session_id, visit in sorted(result.plan.visits.items(), key=lambda each: (each[1].slot.start, each[0])):
        session = problem.sessions[session_id]
        if school not in (None, session.school_id) or (volunteer is not None and volunteer not in visit.team):
            continue
        table.add_row(
            time_text(visit.slot.start),
            _shown(session_id),
            _shown(problem.schools[session.school_id].name),
            _shown(session.title or session.format),
            _shown(", ".join(_with_answer(problem, answers, person, session_id) for person in visit.team)),
        )
    yield table
    if volunteer is not None:
        return
    missing = new_table("session", "school", "why", title="Not delivered")
    for session_id, reason in result.reasons.items():
        session = problem.sessions[session_id]
        if school in (None, session.school_id):
            missing.add_row(_shown(session_id), _shown(problem.schools[session.school_id].name), _shown(reason))
    if missing.row_count:
        yield missing


def _with_answer(
    problem: Problem, answers: Mapping[tuple[str, str], Answer], volunteer_id: str, session_id: str
) -> str:
    answer = answers.get((volunteer_id, session_id))
    return problem.volunteers[volunteer_id].name + (f" ({usecases.told.answered(answer)})" if answer else "")


def begun_lines(problem: Problem, begun: Sequence[Entry]) -> Iterator[str]:
    """The visits that have begun, a line each."""
    for session_id, start in dict.fromkeys((entry.session_id, entry.start) for entry in begun):
        school = problem.schools[problem.sessions[session_id].school_id]
        yield f"  {time_text(start)}: {one_line(session_id)} at {one_line(school.name)}"


def trade_off_table(points: Sequence[TradeOff]) -> Table:
    """What so many changes more than the fewest buy in each tier, as far as it may be told, each with its bound."""
    tiers = [score.tier for score in points[0].made.result.tiers] if points else []
    table = new_table("more changes", *tiers, title="What more changes would buy (best possible in brackets)")
    for point in points:
        table.add_row(str(point.allowed), *(_with_bound(score) for score in point.made.result.tiers))
    return table


def _with_bound(score: TierScore) -> str:
    if score.tier is TierName.ROLE_MODELS:
        return NOT_SHOWN
    if score.tier is TierName.CHANGES:  # whose bound is that of the fewest, whatever is allowed
        return f"{score.value:,}"
    bound = "proven" if score.proven else "unknown" if score.bound is None else f"{score.bound:,}"
    return f"{score.value:,} ({bound})"


def trade_off_bars(points: Sequence[TradeOff]) -> Iterator[str]:
    """A bar for each point of each tier that differs, the best one the longest."""
    for place, tier in enumerate(score.tier for score in points[0].made.result.tiers):
        values = [point.made.result.tiers[place].value for point in points]
        if tier in (TierName.ROLE_MODELS, TierName.CHANGES) or len(set(values)) == 1:
            continue
        yield f"{tier} ({'more' if tier.maximised else 'less'} is better)"
        worst, best = (min(values), max(values)) if tier.maximised else (max(values), min(values))
        for point, value in zip(points, values, strict=True):
            length = 1 + round((BAR - 1) * (value - worst) / (best - worst))
            yield f"  {point.allowed:>4}  {'█' * length} {value:,}"


def news_lines(problem: Problem, changes: Sequence[EntryChange]) -> Iterator[str]:
    """How many hear of what, and which schools get another list."""
    summary = usecases.told.summary(changes)
    for news, appointments, people in summary.appointments:
        yield f"  {news}: {counted(appointments, 'appointment')} of {counted(people, 'volunteer')}"
    if summary.schools:
        names = [one_line(problem.schools[school_id].name) for school_id in summary.schools]
        yield f"  schools whose list changes: {len(names)}" + (f" ({listed(names)})" if len(names) <= FEW else "")


def change_table(problem: Problem, changes: Sequence[EntryChange], most: int | None) -> tuple[Table, int]:
    """What changes for each volunteer, at most so many lines; and how many are not shown."""
    table = new_table("volunteer", "what", "session", "school", "when", title="What changes for whom")
    people = usecases.told.of_volunteers(changes)
    for change in people[:most]:
        entry, before = change.after, change.moved_from
        when = time_text(entry.start)
        if before is not None and before.start != entry.start:
            when = f"{when} (was {time_text(before.start)})"
        session = problem.sessions[entry.session_id]
        table.add_row(
            _shown(problem.volunteers[entry.attendee_id].name),
            change.named,
            _shown(entry.session_id),
            _shown(problem.schools[session.school_id].name),
            when,
        )
    return table, len(people) - table.row_count


def readable(letter: Letter) -> str:
    """A mail as its reader sees it: who, what about, the text, and what is attached."""
    if not letter.content:
        return f"To: {one_line(letter.recipient)}\nSubject: {one_line(letter.subject)}\n\n(deleted after its time)"
    message = email.message_from_bytes(letter.content, policy=email.policy.default)
    lines = [
        f"{name}: {one_line(str(message[name]))}" for name in ("From", "Reply-To", "To", "Subject") if message[name]
    ]
    body = message.get_body(("plain", "html"))
    lines += ["", plain(str(body.get_content())) if body is not None else "", ""]
    for part in message.walk():
        if not part.is_multipart() and part is not body:
            lines.append(
                f"[also: {one_line(part.get_filename() or '')} {part.get_content_type()}]".replace(":  ", ": ")
            )
    return "\n".join(lines)


def _shown(text: str) -> str:
    """What somebody typed, on a line of its own and without anything that a terminal would obey."""
    return escape(one_line(text))
