"""The use cases of planning: making plans, keeping them as runs, showing and comparing them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.appointments import Attendee
from matcher.comparison import Comparison
from matcher.comparison import compare as compare_plans
from matcher.domain import REPAIR_TIERS, TIERS, LedgerLine, Plan, Problem, Result, TierName, TierScore
from matcher.errors import AuditRefused, InputProblem, MatcherError, NotThere, Refused, Remedy, StoreError
from matcher.solving.progress import AskedToStop, OnFirstPlan, OnProgress, never
from matcher.solving.progress import Settings as Settings
from matcher.times import wall_clock
from matcher.usecases.keeper import STILL_AT_IT_SECONDS, Keeper
from matcher.usecases.looking import looks
from matcher.usecases.terms import Warn, read

if TYPE_CHECKING:
    from matcher.publishing.events import EntryChange
    from matcher.publishing.published import Answer
    from matcher.rules.base import Goal, MustRule
    from matcher.solving.search import Solution
    from matcher.store import RunSummary, SavedRun, Unfinished, Workspace
    from matcher.tables import Tables
    from matcher.usecases.today import Today
    from matcher.usecases.told import Gap, Held

# What plans are made, judged and written with is loaded where it is used: whoever only looks need not wait for it.

Tell = Callable[..., None]
DEFAULT_SECONDS = Settings().time_limit
LEAST_SECONDS = 1.0
SEARCHED = 0.85  # of a trade-off's time; the rest goes into building and judging


@dataclass(frozen=True)
class Made:
    """A plan as it was made, with what the maker may want to say about it."""

    problem: Problem
    result: Result
    interrupted: bool
    first_plan_seconds: float


def make_plan(
    problem: Problem,
    settings: Settings,
    on_progress: OnProgress,
    asked_to_stop: AskedToStop = never,
    *,
    start: Plan | None = None,
    on_first_plan: OnFirstPlan = lambda best: None,
) -> Made:
    """Solves, audits and explains. Raises PinsImpossible, or AuditRefused where the plan is not what it should be."""
    from matcher.solving.search import solve

    return _judged(
        problem, solve(problem, settings, on_progress, asked_to_stop, start=start, on_first_plan=on_first_plan)
    )


def _judged(problem: Problem, solution: Solution) -> Made:
    """Audits and explains what a solver found."""
    from matcher.advice.undelivered import Reasons
    from matcher.audit import insist

    audit = insist(problem, solution.plan, solution.tiers)
    why = Reasons(problem)
    reasons = {
        session_id: "It did not take place."
        if session_id in problem.past
        else why.not_delivered(solution.plan, session_id)
        for session_id in problem.sessions
        if session_id not in solution.plan.visits
    }
    result = Result(solution.plan, solution.tiers, solution.seconds, reasons, audit.ledger)
    return Made(problem, result, solution.interrupted, solution.first_plan_seconds)


def run(
    scenario: Path,
    out: Path,
    settings: Settings,
    on_progress: OnProgress,
    warn: Warn,
    asked_to_stop: AskedToStop = never,
) -> Made:
    """Reads a scenario, plans, audits and writes the outputs; nothing is kept."""
    from matcher.publishing import ensure_writable, write_outputs

    intake = read(scenario, warn)
    ensure_writable(out)
    made = make_plan(intake.problem, settings, on_progress, asked_to_stop)
    write_outputs(made.problem, made.result, out, datetime.now(UTC))
    return made


def solve_workspace(
    workspace: Workspace,
    settings: Settings,
    on_progress: OnProgress,
    warn: Warn,
    asked_to_stop: AskedToStop = never,
    *,
    taken_up: Unfinished | None = None,
    tell: Tell = lambda text, *remedies: None,
    actor: str | None = None,
    now: datetime | None = None,
    afresh: bool = False,
) -> tuple[int, Made]:
    """Plans the workspace's term, and keeps the run; returns its number.

    While it is made, the best plan so far is kept every so often. `taken_up` is such a plan to go on from. Once people
    were told of a plan, visits that have begun by `now` stay as they are, and all others are planned anew only if
    `afresh` says so; without it, Refused is raised.
    """
    from matcher.advice.warnings import warnings as advice_warnings
    from matcher.intake import locator

    tables, term, warnings = _term(workspace, now)
    problem = term.problem
    is_told = problem.under_way is not None and bool(problem.under_way.told.visits or problem.past)
    if term.version is not None and is_told and not afresh:  # of an earlier term alone: there is nothing to keep
        raise Refused(
            f"People were told of version {term.version.number}, and a new plan would change what they were told. "
            "Nothing was done.",
            Remedy.REPAIR,
        )
    warn([*warnings, *advice_warnings(problem, locator(tables))])
    before = 0.0
    if taken_up is not None:
        _check_start(problem, taken_up)
        before = taken_up.seconds
    others = [each for each in workspace.unfinished() if taken_up is None or each.number != taken_up.number]
    current = [each for each in others if each.is_current]
    if current and taken_up is None:
        tell(f"{_described(current[0])} is kept.", Remedy.RESUME)
    whole = {**asdict(settings), "time_limit": before + settings.time_limit}
    with Keeper(workspace, tables, whole, before) as keeper:
        made = make_plan(
            problem,
            settings,
            on_progress,
            asked_to_stop,
            start=taken_up.plan if taken_up is not None else None,
            on_first_plan=keeper.begin,
        )
    result = replace(made.result, seconds=before + made.result.seconds)
    mine = [number for number in (keeper.number, taken_up.number if taken_up else None) if number is not None]
    idle = [each for each in others if (datetime.now(UTC) - each.kept).total_seconds() > STILL_AT_IT_SECONDS]
    better = {each.number for each in idle if each.is_current and _better(problem, each.plan, result)}
    needless = [each.number for each in idle if each.number not in better]
    try:
        number = _keep(workspace, tables, result, whole, term, actor, instead_of=[*mine, *needless])
    except StoreError as error:
        if keeper.number is None:
            raise
        raise StoreError(f"{error} The plan is kept as an unfinished one.", Remedy.RESUME) from error
    if keeper.trouble is not None:
        tell(f"While it was made, the plan could not be kept: {keeper.trouble}", *keeper.trouble.remedies)
    if better:
        tell("An unfinished plan that is better than this run is still kept.", Remedy.RESUME)
    return number, replace(made, result=result)


def _term(workspace: Workspace, now: datetime | None) -> tuple[Tables, Today, Sequence[InputProblem]]:
    """Today's term, with its tables and the warnings of its reading."""
    from matcher.soundness import kept_problem
    from matcher.usecases.today import today

    with workspace.snapshot():
        tables, _, warnings = kept_problem(workspace)
        return tables, today(workspace, now), warnings


@dataclass(frozen=True)
class Repaired:
    """A repair as it was worked out: to be shown, and then kept as it was shown."""

    made: Made
    term: Today
    tables: Tables
    settings: Mapping[str, object]
    changes: tuple[EntryChange, ...]
    """What publishing it would tell whom."""
    everybody: Problem
    """With the people, schools and sessions that are only in earlier versions."""
    needless: bool
    """What people were told can stay as it is: there is nothing to keep."""


def repair(
    workspace: Workspace,
    settings: Settings,
    on_progress: OnProgress,
    asked_to_stop: AskedToStop = never,
    *,
    now: datetime | None = None,
    allowed: int = 0,
    tier_seconds: float | None = None,
    tell: Tell = lambda text, *remedies: None,
) -> Repaired:
    """The plan with the fewest changes to what people were told (and `allowed` more, if that makes it better).

    Told reach and changes have the settings' time; the five tiers then `tier_seconds` (3 s unless said). Raises
    NotThere before anything was told.
    """
    from matcher.publishing.events import changes, entries_after
    from matcher.solving.repair import repair as solve_repair
    from matcher.usecases import told

    tables, term, _ = _term(workspace, now)
    problem = term.problem
    if term.version is None or problem.under_way is None:
        raise NotThere(f"Nobody was told of a plan yet, so there is none to mend in {workspace.where}.", Remedy.SOLVE)
    for note in term.notes:
        tell(note)
    solution = solve_repair(problem, settings, on_progress, asked_to_stop, tier_seconds=tier_seconds, allowed=allowed)
    made = _judged(problem, solution)
    with workspace.snapshot():
        published = told.published(workspace)
        after = entries_after(published.entries, problem, solution.plan, 0, now or datetime.now(UTC))
        found = changes(published.entries, after, problem.under_way.now)
        everybody = told.with_those_gone(workspace, problem, after, workspace.versions())
    needless = not found and dict(solution.plan.visits) == dict(problem.under_way.told.visits)
    whole = {**asdict(settings), "changes": allowed, "tier_seconds": tier_seconds}
    return Repaired(made, term, tables, whole, found, everybody, needless)


def keep_repair(workspace: Workspace, seen: Repaired, actor: str | None = None) -> int:
    """Keeps what was shown as a run; its number."""
    return _keep(workspace, seen.tables, seen.made.result, seen.settings, seen.term, actor)


def _keep(
    workspace: Workspace,
    tables: Tables,
    result: Result,
    settings: Mapping[str, object],
    term: Today,
    actor: str | None,
    instead_of: Collection[int] = (),
) -> int:
    """Keeps a result as a run, with what was past when it was made; its number."""
    return workspace.save_run(
        tables,
        result.plan,
        result.tiers,
        result.seconds,
        result.status,
        result.reasons,
        settings,
        instead_of=instead_of,
        actor=actor,
        ledger=result.ledger,
        begun=term.begun,
    )


@dataclass(frozen=True)
class TradeOff:
    """What so many changes more would buy."""

    allowed: int
    made: Made


def trade_off(
    workspace: Workspace,
    points: Sequence[int],
    settings: Settings,
    asked_to_stop: AskedToStop = never,
    *,
    now: datetime | None = None,
    on_point: Callable[[TradeOff], None] = lambda point: None,
) -> tuple[TradeOff, ...]:
    """What the best plans are worth with so many changes more than the fewest, each tier with its bound.

    The settings' time is for all points together. Each point begins with the plan of the one before. Keeps nothing.
    Raises NotThere before anything was told.
    """
    from matcher.solving.repair import Fewest, fewest_changes
    from matcher.solving.repair import repair as solve_repair

    _, term, _ = _term(workspace, now)
    if term.problem.under_way is None:
        raise NotThere(f"Nobody was told of a plan yet, so nothing can change in {workspace.where}.", Remedy.SOLVE)
    fewest: Fewest = fewest_changes(term.problem, settings, asked_to_stop)
    found: list[TradeOff] = []
    each_seconds = settings.time_limit * SEARCHED / len(points)
    for allowed in sorted(set(points)):
        solution = solve_repair(
            term.problem,
            settings,
            asked_to_stop=asked_to_stop,
            tier_seconds=each_seconds,
            allowed=allowed,
            fewest=fewest,
            start=found[-1].made.result.plan if found else None,
        )
        found.append(TradeOff(allowed, _judged(term.problem, solution)))
        on_point(found[-1])
    return tuple(found)


def to_take_up(workspace: Workspace) -> Unfinished:
    """The plan, kept last, of a solve that was broken off. Raises NotThere where there is none for today's data."""
    kept = workspace.unfinished()
    found = next((each for each in kept if each.is_current), None)
    if found is not None:
        return found
    if kept:
        raise NotThere(
            f"{_described(kept[0])} was made for other data: the scenario has changed since. Import that data again to "
            "go on from it (it stays until a newer run is saved), or make a new one.",
            Remedy.SOLVE,
        )
    raise NotThere(f"{workspace.where} keeps no unfinished plan to go on from.", Remedy.SOLVE)


def time_left(taken_up: Unfinished | None) -> float:
    """Seconds that a solve is to search for unless somebody says: a whole one, or what one broken off had left."""
    if taken_up is None:
        return DEFAULT_SECONDS
    limit = taken_up.settings.get("time_limit")
    return max(LEAST_SECONDS, limit - taken_up.seconds) if isinstance(limit, int | float) else DEFAULT_SECONDS


@looks
def unfinished(workspace: Workspace) -> Sequence[tuple[str, bool]]:
    """What is to be said of solves that were broken off or go on, the one kept last first.

    With whether it can be gone on from: not where it was made for other data than today's.
    """
    return [(_described(each), each.is_current) for each in workspace.unfinished()]


def _described(kept: Unfinished) -> str:
    return f"An unfinished plan, kept at {kept.kept:%Y-%m-%d %H:%M} UTC after {kept.seconds:.0f} s of searching,"


def _check_start(problem: Problem, kept: Unfinished) -> None:
    """Refused unless the plan keeps every rule, as this version of the program knows them."""
    from matcher.audit import audit

    try:
        wrong = [finding.text for finding in audit(problem, kept.plan).findings]
    except KeyError as error:
        wrong = [f"It names {error}, which the data does not have."]
    if wrong:
        raise Refused(
            f"{_described(kept)} breaks a rule, so nothing can go on from it: {wrong[0]}",
            Remedy.SOLVE,
        )


def _better(problem: Problem, plan: Plan, result: Result) -> bool:
    """Whether the plan is better than the result, tier by tier."""
    from matcher.audit import audit

    try:
        found = audit(problem, plan)
    except KeyError:
        return False
    if found.findings:
        return False
    sign = {tier: 1 if tier.maximised else -1 for tier in TIERS}
    mine = [sign[tier] * found.values[tier] for tier in TIERS]
    return mine > [sign[score.tier] * score.value for score in result.tiers]


@looks
def load_run(workspace: Workspace, number: int | None = None) -> tuple[SavedRun, Problem, Result]:
    """A kept run (the newest one without a number) with the data of its time, and the verdict of its time.

    Nothing is judged. A run kept by a version that did not keep its ledger gets one when it is first read; where
    today's rules find something else in it than was found then, it is shown without.
    """
    from matcher.soundness import kept_run

    saved, problem = kept_run(workspace, number)
    ledger = saved.ledger
    if ledger is None:
        ledger = _ledger_of(workspace, saved, problem)
    return saved, problem, Result(saved.plan, saved.tiers, saved.seconds, saved.reasons, ledger)


def _ledger_of(workspace: Workspace, saved: SavedRun, problem: Problem) -> tuple[LedgerLine, ...]:
    """What a run that was kept without its ledger had in it, kept from now on; nothing if it cannot be known."""
    from matcher.audit import insist

    if saved.erased is not None:
        return ()
    try:
        ledger = insist(problem, saved.plan, saved.tiers).ledger
    except AuditRefused:
        return ()

    def keep() -> None:
        with suppress(MatcherError):  # a workspace that is in use or only to be read: next time
            workspace.keep_ledger(saved.number, ledger)

    workspace.afterwards(keep)
    return ledger


def insist_again(workspace: Workspace, saved: SavedRun, problem: Problem) -> None:
    """Raises StoreError unless the run passes the audit, as today's rules have it: before people are told of it.

    Its scores are not held against data from which something was erased: they are those of then.
    """
    from matcher.audit import insist

    try:
        insist(problem, saved.plan, saved.tiers if saved.erased is None else ())
    except AuditRefused as error:
        first, *others = (line.strip() for line in str(error).splitlines()[1:])
        more = f" (and {len(others)} more)" if others else ""
        raise StoreError(
            f"Run {saved.number} in {workspace.where} does not pass the audit, so it is not published: {first}{more} "
            "An earlier version made it, or its data has changed since.",
            Remedy.SOLVE,
        ) from error


def export(
    workspace: Workspace,
    out: Path,
    number: int | None = None,
    *,
    of_what_was_told: bool = False,
    now: datetime | None = None,
) -> SavedRun:
    """Writes what `run` writes, for a kept run: the newest unless said, or the one that people were told of.

    `now` (with a zone; the machine's clock unless said) is when the report looks at answers.
    """
    from matcher.publishing import ensure_writable, write_outputs
    from matcher.usecases import told as what_was_told

    if of_what_was_told:
        if not workspace.versions():
            raise Refused("Nobody was told of a plan yet, so there is none to write.", Remedy.PUBLISH)
        number = workspace.versions()[0].run_number
    saved, problem, result = load_run(workspace, number)
    ensure_writable(out)
    told = workspace.told_figures()
    write_outputs(
        problem,
        result,
        out,
        datetime.now(UTC),
        told,
        lambda figures: workspace.add_told_figures(saved.number, told, figures),
        what_was_told.heard(workspace, result.plan, now or datetime.now(UTC)),
    )
    return saved


@looks
def runs(workspace: Workspace) -> Sequence[RunSummary]:
    """All kept runs, the newest first."""
    return workspace.runs()


@dataclass(frozen=True)
class RunShown:
    """A plan, as far as it was asked for."""

    run: SavedRun
    problem: Problem
    result: Result
    """Of a plan that people were told of, with the visits to come alone; `begun` says how many are left out."""
    gaps: tuple[Gap, ...]
    """Visits to come for which volunteers have said no since they were told."""
    held: tuple[Held, ...]
    """What people were told of that cannot be any more; not where a run was asked for by its number."""
    version: int | None
    """The version that it is; None: this run was not asked for as what people were told."""
    is_anything_told: bool
    answers: Mapping[tuple[str, str], Answer]
    """(volunteer_id, session_id) -> the answer of those who were told of that visit at that time."""
    begun: int
    school_id: str | None
    volunteer_id: str | None
    to_hand_over: str
    """The list of the school or volunteer asked for, as text; "" where neither was."""


@looks
def show(
    workspace: Workspace,
    number: int | None = None,
    *,
    draft: bool = False,
    school: str | None = None,
    volunteer: str | None = None,
    now: datetime | None = None,
) -> RunShown:
    """What people were told last, and what became of it; of `draft`, or before anything is told, the newest run.

    Of what people were told and of the draft that follows it, visits to come after `now` (with a zone; the machine's
    clock unless said). With a number, that whole run. School and volunteer are found by name or id; raises NotThere
    where none fits, or several.
    """
    from matcher.names import find_school, find_volunteer
    from matcher.usecases import told

    is_told = bool(workspace.versions())
    published = told.published(workspace) if is_told and number is None and not draft else None
    saved, problem, result = load_run(workspace, published.version.run_number if published else number)
    problem = published.problem if published else problem
    school_id = None if school is None else find_school(problem, school)
    volunteer_id = None if volunteer is None else find_volunteer(problem, volunteer)
    moment = now or datetime.now(UTC)
    begun = 0
    if is_told and number is None:
        clock = wall_clock(moment, problem.programme.timezone)
        to_come = {key: visit for key, visit in result.plan.visits.items() if visit.slot.start > clock}
        begun = len(result.plan.visits) - len(to_come)
        result = replace(result, plan=Plan(to_come))
    gaps = tuple(
        gap
        for gap in told.gaps(workspace, moment)
        if school_id in (None, gap.school.school_id) and volunteer_id in (None, gap.volunteer.volunteer_id)
    )
    held = told.held(workspace, moment) if number is None else ()
    answers = told.answers(workspace, result.plan)
    of_schools = [school_id] if school_id is not None else []
    of_volunteers = [volunteer_id] if volunteer_id is not None else []
    text = "\n\n".join(
        told.to_hand_over(problem, result.plan, attendee, each, answers, held if published else ())
        for attendee, ids in ((Attendee.SCHOOL, of_schools), (Attendee.VOLUNTEER, of_volunteers))
        for each in ids
    )
    return RunShown(
        saved,
        problem,
        result,
        gaps,
        held,
        published.version.number if published else None,
        is_told,
        answers,
        begun,
        school_id,
        volunteer_id,
        text,
    )


@dataclass(frozen=True)
class ComparedTier:
    """A tier of two runs."""

    tier: TierName
    before: TierScore | None
    """None: that run has no such tier; only those of a repair have told_reach and changes."""
    after: TierScore | None
    better: SavedRun | None
    """The run that is better by it, if the earlier tiers leave that open."""
    undisclosed: bool = False
    """Whether it would decide and may not be told, since it could tell what people said about themselves."""


@dataclass(frozen=True)
class Compared:
    """Two kept runs."""

    before: SavedRun
    after: SavedRun
    tiers: tuple[ComparedTier, ...]
    difference: Comparison
    """What the second does differently."""


@looks
def compare(workspace: Workspace, first: int, second: int) -> Compared:
    """Two kept runs: which is better, as far as it may be told, and what the second does differently."""
    from matcher.soundness import kept_run

    (before, _), (after, _) = kept_run(workspace, first), kept_run(workspace, second)
    return Compared(before, after, compared_tiers(before, after), compare_plans(before.plan, after.plan))


def compared_tiers(before: SavedRun, after: SavedRun) -> tuple[ComparedTier, ...]:
    """In their order; the first that both runs have and in which they differ decides."""
    from matcher.publishing.disclosure import may_say_which_is_better

    found, decided = [], False
    same = before.plan == after.plan and before.fingerprint == after.fingerprint
    olds, news = ({score.tier: score for score in run.tiers} for run in (before, after))
    for tier in REPAIR_TIERS:
        old, new = olds.get(tier), news.get(tier)
        if old is None and new is None:
            continue
        better, undisclosed = None, False
        if old is not None and new is not None and not decided:
            if tier is TierName.ROLE_MODELS and not same and not may_say_which_is_better(before.plan, after.plan):
                decided = undisclosed = True
            elif old.value != new.value:
                decided = True
                better = after if (new.value > old.value) == tier.maximised else before
        found.append(ComparedTier(tier, old, new, better, undisclosed))
    return tuple(found)


def tiers_to_show(problem: Problem, plan: Plan, tiers: Sequence[TierScore]) -> Iterator[tuple[TierScore, str, bool]]:
    """Each tier, how good it is in a word ("" if nothing is known), and whether its figures may be told."""
    from matcher.publishing.disclosure import NOT_SHOWN, could_count, how_good

    for score in tiers:
        if score.tier is TierName.ROLE_MODELS:
            good = how_good(score, could_count(problem, plan))
            yield score, "" if good == NOT_SHOWN else good, False
        else:
            yield score, "proven" if score.proven else "", True


def rules() -> tuple[Sequence[MustRule], Sequence[Goal]]:
    """The rules that every plan keeps, and what makes one plan better than another."""
    from matcher.rules import GOALS, MUST_RULES

    return MUST_RULES, GOALS
