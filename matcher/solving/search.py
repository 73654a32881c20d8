"""The search: tier by tier, a plan that gets better and a bound that gets tighter until they meet or time is up.

A greedy plan stands within a moment. Then, for each tier in order and with the earlier ones held at what they
reached, neighbourhoods of the plan are solved again and again, while the tier's relaxation is bounded beside them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.domain import TIERS, Plan, Problem, TierName, TierScore
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.model import Floats, Ints
from matcher.solving.cpsat import Effort, Solved, maximise
from matcher.solving.greedy import greedy
from matcher.solving.lagrangian import Lagrangian
from matcher.solving.local_search import climb
from matcher.solving.neighbourhoods import Neighbourhood, Neighbourhoods, Operator
from matcher.solving.pins import plan_for_pins
from matcher.solving.progress import AskedToStop, OnFirstPlan, OnProgress, Progress, Settings, never
from matcher.solving.reduced import Hold, Scope
from matcher.solving.relaxation import BoundSettings, relaxed_bounds

# When each tier must let the next one work, as shares of the time limit.
SHARES = {
    TierName.REACH: 0.15,
    TierName.ROLE_MODELS: 0.37,
    TierName.PREFERENCES: 0.44,
    TierName.LOAD: 0.72,
    TierName.TRAVEL: 1.0,
}
# A tier with few values leaves many plans equal: among them one that is no worse for a later tier is taken.
TIE_BREAKERS = {TierName.REACH: TierName.ROLE_MODELS, TierName.LOAD: TierName.TRAVEL}
NEIGHBOURHOOD_SECONDS, WHOLE_SECONDS = 3.0, 30.0
LEAST_SECONDS = 0.1  # that a neighbourhood takes, all in all
WHOLE_REACH = 100_000  # seats up to which reach alone is tried on everything at once
PATIENCE = 400  # neighbourhoods in a row without a better plan after which a tier is left as it is


@dataclass(frozen=True)
class Solution:
    plan: Plan
    tiers: tuple[TierScore, ...]
    seconds: float
    first_plan_seconds: float
    interrupted: bool


def solve(
    problem: Problem,
    settings: Settings,
    on_progress: OnProgress = lambda progress: None,
    asked_to_stop: AskedToStop = never,
    *,
    start: Plan | None = None,
    on_first_plan: OnFirstPlan = lambda best: None,
) -> Solution:
    """The best plan found within the settings, with a bound for each tier where there is one.

    Begins with `start`, which must keep every must-rule, or else with a greedy plan. Ends soon after `asked_to_stop`
    says so. Raises PinsImpossible if no plan keeps all the pins.
    """
    _compile()
    clock = SearchClock(settings, asked_to_stop)
    if start is None:
        pinned = plan_for_pins(problem, Effort(max(10.0, settings.time_limit), settings.workers, settings.seed))
        model = Model(problem, [*MUST_RULES, *GOALS])
        columns = greedy(model, model.columns_of(pinned), lambda: clock.left(0.5) <= 0)
    else:
        model = Model(problem, [*MUST_RULES, *GOALS])
        columns = model.columns_of(start)
    search = _Search(model, columns, clock, on_progress)
    first = clock.seconds()
    on_first_plan(lambda: model.plan_of(search.columns))
    for tier in TIERS:
        search.improve(tier)
    return Solution(model.plan_of(search.columns), search.scores(), clock.seconds(), first, asked_to_stop())


def search_from(
    model: Model, columns: Ints, clock: SearchClock, on_progress: OnProgress
) -> tuple[Ints, tuple[TierScore, ...]]:
    """The best columns found from these on, which must keep every row, and the five tiers' scores."""
    _compile()
    search = _Search(model, columns, clock, on_progress)
    for tier in TIERS:
        search.improve(tier)
    return search.columns, search.scores()


@cache
def _compile() -> None:
    """Compiles what is compiled, with an example in hand: some 10 s once an installation, and no time limit pays it."""
    model = Model(GOALS[0].examples[0].problem, [*MUST_RULES, *GOALS])
    for _ in climb(model, np.zeros(model.columns, dtype=np.int64), 0, 0, lambda: False):
        pass
    gain = model.objective[TierName.REACH]
    lagrangian = Lagrangian(Scope(model, [TierName.REACH]), gain, [Hold(gain, 0)])
    for prices, _ in lagrangian.improved(np.ones(lagrangian.size), lambda: 0, 1):
        lagrangian.bound(prices)


class SearchClock:
    """The wall clock; with `deterministic`, what solvers say they worked."""

    def __init__(self, settings: Settings, asked_to_stop: Callable[[], bool]) -> None:
        self.settings = settings
        self.asked_to_stop = asked_to_stop
        self.start = time.monotonic()
        self.worked = 0.0

    def seconds(self) -> float:
        return time.monotonic() - self.start

    def left(self, share: float) -> float:
        """Seconds until that share of the time limit is used; none once asked to stop."""
        if self.asked_to_stop():
            return 0.0
        used = self.worked if self.settings.deterministic else self.seconds()
        return self.settings.time_limit * share - used


class _Search:
    """What is known so far: the plan, and for each tier a bound that holds with the earlier tiers where they are."""

    def __init__(self, model: Model, columns: Ints, clock: SearchClock, on_progress: OnProgress) -> None:
        self.model = model
        self.columns = columns
        self.settings = clock.settings
        self.clock = clock
        self.on_progress = on_progress
        self.random = random.Random(clock.settings.seed)  # nosec B311 # a search, no secret
        self.gains = {tier: model.objective[tier] if tier.maximised else -model.objective[tier] for tier in TIERS}
        self.bounds: dict[TierName, int] = {}
        for tier, gain in self.gains.items():  # poor as it is, no plan can have more than everything
            everything = int(np.maximum(gain, 0).sum())
            self.bounds[tier] = model.constants[tier] + (everything if tier.maximised else -everything)

    def scores(self) -> tuple[TierScore, ...]:
        return tuple(TierScore(tier, self.model.value(tier, self.columns), self.bounds[tier]) for tier in TIERS)

    def gained(self, tier: TierName) -> int:
        """The tier's value without its constant, turned so that more is better."""
        return int(self.gains[tier] @ self.columns)

    def _worth(self, columns: Ints) -> list[int]:
        """By which plans are compared: what they gain, tier by tier."""
        return [int(self.gains[tier] @ columns) for tier in TIERS]

    def proven(self, tier: TierName) -> bool:
        return self.bounds[tier] == self.model.value(tier, self.columns)

    def report(self, tier: TierName) -> None:
        value = self.model.value(tier, self.columns)
        self.on_progress(Progress(tier, value, self.bounds[tier], self.clock.seconds()))

    def tighten(self, tier: TierName, gain: int) -> None:
        """No plan gains more in this tier, with the earlier ones where they are."""
        bound = self.model.constants[tier] + (gain if tier.maximised else -gain)
        known = self.bounds[tier]
        if bound < known if tier.maximised else bound > known:
            self.bounds[tier] = bound
            self.report(tier)

    def improve(self, tier: TierName) -> None:
        """Works on a tier until it is proven, its time is used, or nothing gets better any more.

        Steps between plans that are equal so far may cost later tiers: where that is all they did, the plan stays.
        """
        self.report(tier)
        if not self.proven(tier):
            before = self.columns
            _TierSearch(self, tier).run()
            if self._worth(before) > self._worth(self.columns):
                self.columns = before


class _TierSearch:
    """The work on one tier, with the earlier ones held."""

    def __init__(self, search: _Search, tier: TierName) -> None:
        self.search, self.tier, self.model = search, tier, search.model
        order = list(TIERS)
        earlier = order[: order.index(tier)]
        self.tie_breaker = TIE_BREAKERS.get(tier)
        self.plain_scope = self.scope = Scope(self.model, [*earlier, tier])
        if tier is TierName.LOAD:
            self.scope = Scope(self.model, [*earlier, tier, TierName.TRAVEL])
        self.holds = [Hold(search.gains[other], search.gained(other)) for other in earlier]
        self.neighbourhoods = Neighbourhoods(self.model, search.random, only_lagging=tier is TierName.REACH)
        self.relaxed: Floats | None = None
        self.compared = False
        """Whether the plan has been compared with the relaxation."""
        self.fruitless = 0
        self.best_rate = 0.0
        self.rounds = 0
        self.stops: dict[int, Callable[[], object]] = {}
        self.lock = threading.Lock()
        self.stopped = False

    def run(self) -> None:
        if self.search.settings.deterministic:
            self._climb()
            self._bound()
            while self.neighbourhoods.sessions and not self._finished():
                self._take(*self._solve(self._next()))
        else:
            self._run_together()

    def _run_together(self) -> None:
        """As many neighbourhoods at a time as there are workers, one fewer while the relaxation is bounded."""
        workers = self.search.settings.workers
        with ThreadPoolExecutor(workers + 1) as pool:
            bounding: Future[None] = pool.submit(self._bound)
            running: set[Future[tuple[Neighbourhood, Ints, Solved]]] = set()
            try:
                self._climb()
                while not self._finished() and (self.neighbourhoods.sessions or not bounding.done()):
                    room = workers if bounding.done() else max(1, workers - 1)
                    room = room if self.neighbourhoods.sessions else 0
                    while len(running) < room:
                        running.add(pool.submit(self._solve, self._next()))
                    awaited: set[Future[Any]] = {*running, bounding} if not bounding.done() else {*running}
                    done, _ = wait(awaited, 0.2, FIRST_COMPLETED)
                    for future in running & done:
                        running.discard(future)
                        self._take(*future.result())
                    if bounding.done():
                        bounding.result()
            finally:
                self.stop()

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            for stop in self.stops.values():
                stop()

    def _stoppable(self, stop: Callable[[], object]) -> None:
        with self.lock:
            self.stops[threading.get_ident()] = stop
            if self.stopped:
                stop()

    def _finished(self) -> bool:
        return self._left() <= 0 or self.search.proven(self.tier) or self.fruitless >= PATIENCE

    def _left(self) -> float:
        return self.search.clock.left(SHARES[self.tier])

    def _climb(self) -> None:
        """Small steps everywhere, as long as they help: whatever a neighbourhood finds after them is harder to find."""
        search = self.search
        for columns, seconds in climb(
            self.model, search.columns, len(self.holds), search.settings.seed, lambda: self._finished()
        ):
            search.columns = columns
            search.clock.worked += seconds
            search.report(self.tier)

    def _bound_by_pieces(self) -> None:
        """A bound on reach for a large term by pieces: some neighbouring schools, as if all others asked for nobody.

        A school's sessions are delivered or not, so prices alone, which see fractions of them, prove little. CP-SAT
        solves each piece on rows that hold whatever the others do (`Scope.alone`): what it finds is the most that these
        schools can have in any plan. The bound is the sum over all pieces. Of a piece that is not solved yet, or in
        which every school already has all it asks for, it is all that its schools ask for.

        Example: schools A, B and C ask for 10 each, so the bound begins with 30. A and B, both behind, are a piece, and
        its best is 14: the bound is 24. C has all 10, so it is in no piece.
        """
        gain = self.search.gains[self.tier]
        most = self._by_school(gain)  # all that they ask for; 0 for schools at which no visit can be
        bound = int(most.sum())
        for piece, columns in self.neighbourhoods.pieces(lambda: self._by_school(gain * (1 - self.search.columns))):
            left = self._left()
            if self.stopped or left <= 0:
                return
            free = self.plain_scope.with_counts(columns)
            effort = Effort(min(WHOLE_SECONDS, left), seed=self.search.settings.seed)
            solved = maximise(
                self.plain_scope.alone(free),
                gain[free],
                effort,
                stoppable=lambda solver: self._stoppable(solver.stop_search),
            )
            if solved.values is not None and solved.closed:
                bound -= int(most[piece].sum()) - int(gain[free] @ solved.values)
                self.search.tighten(self.tier, bound)

    def _bound(self) -> None:
        if self.tier is TierName.REACH and self.neighbourhoods.total > WHOLE_REACH:
            self._bound_by_pieces()
            return
        gain = self.search.gains[self.tier]
        settings = BoundSettings(self._left, self.search.settings.deterministic, dual=self.tier is TierName.TRAVEL)
        for relaxed in relaxed_bounds(
            self.plain_scope,
            gain,
            self.holds,
            lambda: self.search.gained(self.tier),
            settings,
            lambda lp: self._stoppable(lp.interrupt_solve),
        ):
            self.search.tighten(self.tier, relaxed.bound)
            if relaxed.columns is not None:
                self.relaxed = relaxed.columns
            if self.stopped or self.search.proven(self.tier):
                return

    def _by_school(self, amount: npt.NDArray[Any]) -> Ints:
        """An amount for each column, summed over those that are about the same school: shape (schools,)."""
        schools = self.neighbourhoods.school_of_column
        about = (schools >= 0) & (amount != 0)
        return np.bincount(schools[about], amount[about], len(self.model.school_ids)).astype(np.int64)

    def _lag(self, relaxed: Floats | None) -> Ints:
        """For each session, how far its school is behind the relaxation; for reach, behind all that it asks for."""
        model = self.model
        best = relaxed if relaxed is not None else 1
        total = self._by_school(self.search.gains[self.tier] * (best - self.search.columns))
        lag = np.zeros(len(model.session_ids), dtype=np.int64)
        lag[model.visit_session] = np.maximum(0, total[model.visit_school])
        return lag

    def _next(self) -> tuple[Neighbourhood, Ints, int]:
        self.rounds += 1
        columns, relaxed = self.search.columns, self.relaxed
        if self.rounds == 1 and self.tier is TierName.REACH and self.neighbourhoods.total <= WHOLE_REACH:
            return self.neighbourhoods.whole(Operator("whole")), columns, self.rounds
        if relaxed is None:
            lag = self._lag(None) if self.tier is TierName.REACH else None
            return self.neighbourhoods.next(columns, lag), columns, self.rounds
        if not self.compared:
            self.compared = True
            between = self.neighbourhoods.between(
                columns, relaxed, Operator("between"), self.neighbourhoods.around(), []
            )
            return between, columns, self.rounds
        return self.neighbourhoods.next(columns, self._lag(relaxed), relaxed), columns, self.rounds

    def _objective(self, free: Ints, columns: Ints) -> Ints:
        """The tier's gain; among equals, for reach the plan that changes least, for load the shortest journeys."""
        gain = self.search.gains[self.tier][free]
        if self.tier is TierName.REACH:
            second = np.where(free < self.model.seats[-1] + 1, columns[free], 0)
        elif self.tier is TierName.LOAD:
            second = self.search.gains[TierName.TRAVEL][free]
        else:
            return gain
        return gain * (1 + int(np.abs(second).sum())) + second

    def _solve(self, task: tuple[Neighbourhood, Ints, int]) -> tuple[Neighbourhood, Ints, Solved]:
        neighbourhood, columns, number = task
        settings = self.search.settings
        whole = neighbourhood.whole
        scope = self.plain_scope if whole else self.scope
        free = scope.with_counts(neighbourhood.columns)
        reduced = scope.reduced(free, columns, self.holds)
        seconds = max(0.01, min(WHOLE_SECONDS if whole else NEIGHBOURHOOD_SECONDS, self._left()))
        effort = Effort(seconds, seed=settings.seed + number, deterministic=settings.deterministic)
        solved = maximise(
            reduced,
            self.search.gains[self.tier][free] if whole else self._objective(free, columns),
            effort,
            columns[free],
            lambda solver: self._stoppable(solver.stop_search),
        )
        return neighbourhood, free, solved

    def _take(self, neighbourhood: Neighbourhood, free: Ints, solved: Solved) -> None:
        """Puts what was found into the plan, if the plan is still such that it fits and gets no worse."""
        search, model = self.search, self.model
        search.clock.worked += solved.seconds
        gained = 0
        if solved.values is not None:
            columns = search.columns.copy()
            columns[free] = solved.values
            columns = model.completed(columns)
            if neighbourhood.whole and solved.closed:
                search.tighten(self.tier, int(search.gains[self.tier] @ columns))
            if neighbourhood.whole and self.tier is TierName.REACH:  # it asked for no more people than had to be
                columns = greedy(model, columns)
            gained = self._gain_over(columns)
            if gained >= 0 and all(hold.gain @ columns >= hold.low for hold in self.holds) and model.feasible(columns):
                search.columns = columns
                if gained > 0:
                    search.report(self.tier)
            else:
                gained = 0
        self.fruitless = 0 if gained > 0 else self.fruitless + 1
        rate = gained / max(solved.seconds, LEAST_SECONDS)
        self.best_rate = max(self.best_rate * 0.99, rate)
        paid = rate / self.best_rate if rate else 0.0
        self.neighbourhoods.learn(neighbourhood.operator, closed=solved.closed, seconds=solved.seconds, paid=paid)

    def _gain_over(self, columns: Ints) -> int:
        """How much better these columns are than the plan: below 0 for worse."""
        step = columns - self.search.columns
        first = int(self.search.gains[self.tier] @ step)
        if first or self.tie_breaker is None:
            return first
        return int(self.search.gains[self.tie_breaker] @ step)
