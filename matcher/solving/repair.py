"""The fewest changes to what people were told, proven fewest; then the best plan among those.

What was told, less what is lost, breaks rows only here and there. So only the sessions around these are solved again,
with all others as they are: the best of that is a plan. The same sessions are solved with all others free to be
anything (`Scope.alone`): the best of that is a bound, for whatever the others do costs nothing less than nothing. Where
the two meet, no plan has fewer changes. Where they do not, the sessions that stand in the way join; in the end all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from matcher.domain import TIERS, Plan, Problem, TierName, TierScore
from matcher.rules import GOALS, MUST_RULES, Model, Rule
from matcher.rules.base import Example
from matcher.rules.lost import lost, told_to_come
from matcher.rules.model import Bools, Ints
from matcher.solving.cpsat import Effort, Solved, maximise
from matcher.solving.pins import plan_for_pins
from matcher.solving.progress import AskedToStop, OnProgress, Progress, Settings, never
from matcher.solving.reduced import Hold, Reduced, Scope
from matcher.solving.search import SearchClock, Solution, search_from

TOLD_REACH, CHANGES = TierName.TOLD_REACH, TierName.CHANGES
LAST_SHARE = 0.2  # of the tiers' time, for the fewest changes among plans that are equal otherwise
SECONDS_FOR_TIERS = 3.0
"""For the five tiers after the fewest changes, unless a limit was given."""


@dataclass(frozen=True)
class Fewest:
    """A plan with the fewest changes that were found, and what is proven of them."""

    columns: Ints
    told_reach: TierScore
    changes: TierScore


def repair(
    problem: Problem,
    settings: Settings,
    on_progress: OnProgress = lambda progress: None,
    asked_to_stop: AskedToStop = never,
    *,
    tier_seconds: float | None = None,
    allowed: int = 0,
    fewest: Fewest | None = None,
    start: Plan | None = None,
) -> Solution:
    """The best plan of a term under way with at most `allowed` more changes than the fewest.

    Told reach and changes have the settings' time, the five tiers then `tier_seconds` (3 s unless said). Its tiers are
    `REPAIR_TIERS`. `fewest` are those of this problem, if they are known already; `start` is a plan with no more
    changes to begin with. Raises PinsImpossible if no plan keeps all the pins.
    """
    clock = SearchClock(settings, asked_to_stop)
    fewest = fewest or fewest_changes(problem, settings, asked_to_stop, on_progress)
    first = clock.seconds()
    most = fewest.changes.value + allowed
    held = Model(problem, [*MUST_RULES, *GOALS, HeldTiers(fewest.told_reach.value, most)])
    limit = SECONDS_FOR_TIERS if tier_seconds is None else tier_seconds
    last = limit * LAST_SHARE if allowed else 0.0
    rest = SearchClock(replace(settings, time_limit=limit - last), asked_to_stop)
    begin = fewest.columns if start is None else held.columns_of(start)
    columns, scores = search_from(held, begin, rest, on_progress)
    if allowed:
        columns = _fewest_among_equals(held, columns, settings, last)
    changes = replace(fewest.changes, value=held.value(CHANGES, columns))
    told_reach = replace(fewest.told_reach, value=held.value(TOLD_REACH, columns))
    tiers = (told_reach, changes, *scores)
    return Solution(held.plan_of(columns), tiers, clock.seconds(), first, asked_to_stop())


def fewest_changes(
    problem: Problem,
    settings: Settings,
    asked_to_stop: AskedToStop = never,
    on_progress: OnProgress = lambda progress: None,
) -> Fewest:
    """The most told reach, and with that the fewest changes. Raises PinsImpossible if no plan keeps all the pins."""
    if problem.under_way is None:
        raise ValueError("there is nothing to repair before people were told of a plan")
    model = Model(problem, [*MUST_RULES, *GOALS])
    return _Repair(model, settings, SearchClock(settings, asked_to_stop), on_progress).fewest()


class HeldTiers(Rule):
    """What a repair has found stays: so much told reach at least, so many changes at most."""

    name = "held"
    examples: ClassVar[tuple[Example, ...]] = ()

    def __init__(self, told_reach: int, changes: int) -> None:
        self.told_reach, self.changes = told_reach, changes

    def post(self, model: Model) -> None:
        model.hold(TOLD_REACH, self.told_reach)
        model.hold(CHANGES, self.changes)


def told_columns(model: Model) -> Ints:
    """What was told, less what is lost, as column values, shape (columns,); it may break rows."""
    columns = np.zeros(model.columns, dtype=np.int64)
    columns[model.past_columns] = 1
    gone = lost(model.problem)
    number = {(session_id, slot.start): column for column, (session_id, slot) in enumerate(model.visits)}
    exact = {visit: column for column, visit in enumerate(model.visits)}
    for session_id, visit in told_to_come(model.problem).items():
        column = exact.get((session_id, visit.slot), number.get((session_id, visit.slot.start)))
        if column is None or session_id in gone.starts:
            continue
        columns[column] = 1
        first, last = np.searchsorted(model.seat_visit, [column, column + 1])
        for seat in range(first, last):
            person = model.volunteer_ids[model.seat_volunteer[seat]]
            if person in visit.team and (person, session_id) not in gone.assignments:
                columns[model.seats[seat]] = 1
    return model.completed(columns)


class _Repair:
    def __init__(self, model: Model, settings: Settings, clock: SearchClock, on_progress: OnProgress) -> None:
        self.model, self.settings, self.clock, self.on_progress = model, settings, clock, on_progress
        self.scope = Scope(model, [TOLD_REACH])
        self.told = told_columns(model)
        self.costs = -model.objective[CHANGES]
        # told reach first: one unit of it outweighs all changes
        weight = int(np.abs(self.costs).sum()) + 1
        self.gain = model.objective[TOLD_REACH] * weight + self.costs
        self.most_told = model.constants[TOLD_REACH] + int(np.maximum(model.objective[TOLD_REACH], 0).sum())

    def fewest(self) -> Fewest:
        region = self._broken()
        best: Ints | None = None
        while True:
            whole = bool(region.all())
            free = self.scope.columns if whole else self.scope.with_counts(self._columns_of(region))
            solved = self._solve(self.scope.reduced(free, self.told))
            if solved.values is not None:
                found = self.told.copy()
                found[free] = solved.values
                found = self.model.completed(found)
                if self.model.feasible(found) and (best is None or self.gain @ found > self.gain @ best):
                    best = found
            if whole and (solved.closed or best is not None or self.clock.left(1) <= 0):
                break
            if best is not None and solved.closed:
                bound = self._solve(self.scope.alone(free, self.told))
                if bound.closed and bound.values is not None:
                    gained, possible = (int(self.gain[free] @ each) for each in (best[free], bound.values))
                    if possible <= gained:
                        return self._proven(best)
            if best is not None and self.clock.left(1) <= 0:
                break
            region = self._grown(region, free)
        if best is None:  # no plan keeps the pins, which is said there, or there was no time to find one
            pinned = plan_for_pins(self.model.problem, Effort(max(10.0, self.settings.time_limit)))
            best = self.model.columns_of(pinned)
        elif solved.closed:
            return self._proven(best)
        return self._so_far(best)

    def _solve(self, rows: Reduced) -> Solved:
        effort = Effort(
            max(0.05, self.clock.left(1)), self.settings.workers, self.settings.seed, self.settings.deterministic
        )
        solved = maximise(rows, self.gain[rows.free], effort, self.told[rows.free])
        self.clock.worked += solved.seconds
        return solved

    def _broken(self) -> Bools:
        """The sessions with a part in rows that what was told breaks, and those that need another time; (sessions,)."""
        model = self.model
        activity = model.activity(self.told)
        rows = np.flatnonzero((activity < model.low) | (activity > model.high))
        found = self._sessions_in(rows)
        visits = np.flatnonzero(self.told[: len(model.visits)])
        runs = np.zeros(len(model.session_ids), dtype=bool)
        runs[model.visit_session[visits]] = True
        told = told_to_come(model.problem)
        for session_id in told:
            number = model.session_index.get(session_id)
            if number is not None and not runs[number]:
                found[number] = True
        return found

    def _sessions_in(self, rows: Ints, only: Ints | None = None) -> Bools:
        """The sessions of visits and seats in these rows, of those that are 1 in `only`, if said; (sessions,)."""
        model = self.model
        columns = np.unique(model.matrix[rows].indices)
        columns = columns[columns < len(model.visits) + len(model.seats)]
        if only is not None:
            columns = columns[only[columns] > 0]
        found = np.zeros(len(model.session_ids), dtype=bool)
        found[self._session_of(columns)] = True
        return found

    def _session_of(self, columns: Ints) -> Ints:
        model, visits = self.model, len(self.model.visits)
        of_visits = columns[columns < visits]
        seats = columns[columns >= visits] - visits
        return np.concatenate([model.visit_session[of_visits], model.seat_session[seats]])

    def _columns_of(self, sessions: Bools) -> Ints:
        model = self.model
        visits = np.flatnonzero(sessions[model.visit_session])
        seats = np.flatnonzero(sessions[model.seat_session]) if len(model.seats) else model.seats
        return np.concatenate([visits, model.seats[seats]])

    def _grown(self, region: Bools, free: Ints) -> Bools:
        """With the sessions, running as they were told, that stand in the way of what is free; else everything."""
        model = self.model
        touched = np.unique(model.by_column[:, free].indices)
        plain = np.ones(model.rows, dtype=bool)
        for block in model.counting:
            plain[block.first_row : block.first_row + len(block.row_group)] = False
        grown = region | self._sessions_in(touched[plain[touched]], self.told)
        if grown.sum() == region.sum() or grown.sum() * 2 > len(region):
            return np.ones(len(region), dtype=bool)
        return np.asarray(grown)

    def _proven(self, columns: Ints) -> Fewest:
        told_reach, changes = (self.model.value(tier, columns) for tier in (TOLD_REACH, CHANGES))
        return self._reported(
            Fewest(columns, TierScore(TOLD_REACH, told_reach, told_reach), TierScore(CHANGES, changes, changes))
        )

    def _so_far(self, columns: Ints) -> Fewest:
        told_reach, changes = (self.model.value(tier, columns) for tier in (TOLD_REACH, CHANGES))
        return self._reported(
            Fewest(columns, TierScore(TOLD_REACH, told_reach, self.most_told), TierScore(CHANGES, changes, 0))
        )

    def _reported(self, found: Fewest) -> Fewest:
        for score in (found.told_reach, found.changes):
            self.on_progress(Progress(score.tier, score.value, score.bound, self.clock.seconds()))
        return found


def _fewest_among_equals(model: Model, columns: Ints, settings: Settings, seconds: float) -> Ints:
    """The same with fewer changes, where some are found in these seconds."""
    gains = {tier: model.objective[tier] * (1 if tier.maximised else -1) for tier in TIERS}
    scope = Scope(model, TIERS)
    holds = [Hold(gain, int(gain @ columns)) for gain in gains.values()]
    rows = scope.reduced(scope.columns, columns, holds)
    effort = Effort(seconds, settings.workers, settings.seed, settings.deterministic)
    solved = maximise(rows, -model.objective[CHANGES][rows.free], effort, columns[rows.free])
    if solved.values is None:
        return columns
    found = columns.copy()
    found[rows.free] = solved.values
    found = model.completed(found)
    fewer = int(model.objective[CHANGES] @ found) < int(model.objective[CHANGES] @ columns)
    keeps = all(hold.gain @ found >= hold.low for hold in holds)
    return found if fewer and keeps and model.feasible(found) else columns
