"""Bounds for terms of any size: rows get prices, and then each session can choose its slot and team for itself.

Lagrangian relaxation (Fisher, 1981). The rows that sessions share (people, what classes have met, the earlier tiers)
are left out, and breaking them costs their price. What remains falls into one choice for each session, whose best is
found by looking: the slot and the team that pay most. *Any* prices prove a bound, so they are found in a quick
and inexact way (a deflected subgradient with Polyak's steps: Camerini, Fratta, Maffioli, 1975), and the bound is then
worked out in whole numbers. An iteration takes time in proportion to the seats, and needs no more memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from matcher.rules.model import UNBOUNDED, Floats, Ints
from matcher.rules.team_size import TeamSize
from matcher.solving.compiled import compiled
from matcher.solving.reduced import Hold, Scope

BITS = 52  # that a priced column may need, so that the sum over a team fits into 64
DEFLECTION = 0.95  # how much of the last direction the next one keeps
SHORTER = 0.87  # by how much steps get shorter when no better bound was found for a while
LEAST_STEP = 1e-3
OFTEN = 25  # iterations between looks at the rows that have no price yet
MEMORY = 0.02  # the weight of an iteration's choice in the mean of all
NONE = -(2**61)  # what stands for a seat that is not there


class Lagrangian:
    """A tier's gain, with prices (Lagrange multipliers) on the rows of a scope and on the holds.

    Prices have the shape (rows + holds,): the model's rows, then the holds. A price above 0 is paid for each unit of a
    row's sum and earned for each of its upper limit; below 0 the same of its lower limit.

    Example: V1 could go to S1 (gain 10) or S2 (gain 8), and "at most one of them" is a row. With price 0 each session
    takes V1: the bound is 18. With price 8 V1 is worth 2 to S1 and 0 to S2, and the limit 1 earns 8: the bound is 10,
    which is the best there is.
    """

    def __init__(self, scope: Scope, gain: Ints, holds: Sequence[Hold] = ()) -> None:
        model = self.model = scope.model
        self.gain = gain
        self.of_hold = sparse.vstack(
            [
                sparse.csr_array((0, model.columns), dtype=np.int64),
                *(sparse.csr_array(hold.gain[None]) for hold in holds),
            ],
            format="csr",
        )
        self.low = np.append(model.low, [hold.low for hold in holds]).astype(np.int64)
        self.high = np.append(model.high, np.full(len(holds), UNBOUNDED)).astype(np.int64)
        self.in_scope = np.append(scope.rows, np.ones(len(holds), dtype=bool))
        self.counting = scope.columns[scope.columns >= len(model.visits) + len(model.seats)]
        self.size = len(self.low)

        sessions = [model.problem.sessions[session_id] for session_id, _ in model.visits]
        self.first_seat = len(model.visits) + np.searchsorted(model.seat_visit, np.arange(len(model.visits) + 1))
        width = int(np.diff(self.first_seat).max(initial=0))
        sized = any(isinstance(rule, TeamSize) for rule in model.rules)  # a model under a few rules may have no sizes
        sizes = sized & ~model.past_visits  # of a past visit whoever came, few or many
        self.fewest = np.where(sizes, [session.min_volunteers for session in sessions], 0).astype(np.int64)
        most = np.minimum(width, np.array([session.max_volunteers for session in sessions], dtype=np.int64))
        self.most = np.where(sizes, most, width).astype(np.int64)
        self.session_starts = np.flatnonzero(np.diff(model.visit_session, prepend=-1))
        self.session = np.repeat(
            np.arange(len(self.session_starts)), np.diff(np.append(self.session_starts, len(model.visits)))
        )

    def bound(self, prices: Floats) -> int:
        """What the prices prove: no columns that keep the rows and the holds gain more than this.

        In whole numbers: prices are rounded to as fine a grid as 64 bits allow, and what is added over rows and
        sessions is added without limit of size.
        """
        prices = self._usable(np.nan_to_num(prices, posinf=0, neginf=0))
        rows = np.flatnonzero(prices)
        part, prices = self.part(rows), prices[rows]
        largest = float(np.max(np.abs(self.gain) + abs(part).T @ np.abs(prices), initial=1.0))
        prices = prices * min(1.0, 2.0**BITS / largest)  # any prices prove a bound, but they must fit
        scale: int = 2 ** max(0, BITS - math.ceil(math.log2(largest)))
        price = np.rint(np.clip(prices * scale, -(2.0**BITS), 2.0**BITS)).astype(np.int64)
        reduced = self.gain * scale - part.T @ price
        limits = np.where(price > 0, self.high[rows], self.low[rows])
        total: int = sum(p * limit for p, limit in zip(price.tolist(), limits.tolist(), strict=True))
        total += sum(np.maximum(reduced[self.counting], 0).tolist())
        value, _ = self._teams(reduced)
        total += sum(np.maximum(np.maximum.reduceat(value, self.session_starts), 0).tolist()) if len(value) else 0
        return total // scale

    def prices(self, found: Floats, rows: Ints) -> Floats:
        """`found`, shape (some rows + holds,), as prices for all: of the other rows 0. `rows` are their numbers."""
        prices = np.zeros(self.size)
        prices[rows] = found[: len(rows)]
        prices[self.model.rows :] = found[len(rows) :]
        return prices

    def improved(
        self, prices: Floats, target: Callable[[], float], patience: int, first_step: float = 1.0
    ) -> Iterator[tuple[Floats, Floats]]:
        """Ever better prices, and the mean of what sessions chose lately: fractions, shape (columns,).

        A step is `step x (bound - target) / |direction|^2` (Polyak). `first_step` is the first `step`, and
        `target` says what the best plan so far gains. After `patience` iterations in a row that lowered the bound by
        less than 0.01 % of it, `step` becomes `step x SHORTER`, and the search goes on from the best prices. So a
        patience of 20 ends soon at a bound that is nearly as good, one of 125 takes longer and ends at a better one.
        Ends when `step` is below LEAST_STEP, or the bound meets the target. Yields every OFTEN iterations.

        The mean weighs an iteration's choice with MEMORY, and all that were before it with 1 - MEMORY: near the best
        prices it is close to a solution of the linear relaxation (Barahona, Anbil, 2000).
        """
        active = _Active(self, np.flatnonzero(prices))
        price = best_price = prices[active.rows]
        direction = np.zeros(len(price))
        best, step, stuck, iteration = math.inf, first_step, 0, 0
        mean, weight = np.zeros(self.model.columns), 1.0  # the mean is their product
        while step > LEAST_STEP:
            value, chosen = self._choice(active, price)
            weight *= 1 - MEMORY if iteration else 1.0
            mean[chosen] += (MEMORY if iteration else 1.0) / weight
            if iteration % OFTEN == 0:
                joined = np.union1d(active.rows, self._broken(chosen))
                price, best_price, direction = (
                    _spread(each, active.rows, joined) for each in (price, best_price, direction)
                )
                active = _Active(self, joined)
                mean, weight = mean * weight, 1.0
            iteration += 1
            stuck = 0 if value < best - 1e-4 * abs(best) or best == math.inf else stuck + 1
            if value < best:
                best, best_price = value, price
            if iteration % OFTEN == 0:
                yield _spread(best_price, active.rows, np.arange(self.size)), mean * weight
            if stuck > patience:
                step, stuck = step * SHORTER, 0
                price = best_price
                direction = np.zeros(len(price))
                value, chosen = self._choice(active, price)
            direction = active.slack(price, chosen) / active.norm + DEFLECTION * direction
            length = float(direction @ direction)
            over = value - target()
            if length == 0 or over <= 0:
                break
            price = active.usable(price - step * over / length * direction / active.norm)
        yield _spread(best_price, active.rows, np.arange(self.size)), mean * weight

    def part(self, rows: Ints) -> sparse.csr_array:
        """Some rows and holds, in order, over all columns."""
        own, holds = rows[rows < self.model.rows], rows[rows >= self.model.rows] - self.model.rows
        return sparse.vstack([self.model.matrix[own], self.of_hold[holds]], format="csr", dtype=np.int64)

    def _broken(self, chosen: Ints) -> Ints:
        """The rows and holds in scope that these columns break, if they are 1 and all others 0."""
        columns = np.zeros(self.model.columns, dtype=np.int64)
        columns[chosen] = 1
        activity = np.append(self.model.activity(columns), self.of_hold @ columns)
        return np.flatnonzero(((activity < self.low) | (activity > self.high)) & self.in_scope)

    def _usable(self, prices: Floats) -> Floats:
        """No price for a limit that is not there, nor for a row out of scope."""
        unbounded = ((prices > 0) & (self.high >= UNBOUNDED)) | ((prices < 0) & (self.low <= -UNBOUNDED))
        return np.where(unbounded | ~self.in_scope, 0, prices)

    def _choice(self, active: _Active, price: Floats) -> tuple[float, Ints]:
        """The best that sessions choose for themselves: its value, and the columns chosen."""
        part = active.part
        reduced = _priced(self.gain, part.indptr, part.indices, part.data, price)
        limits = np.where(price > 0, active.high, np.where(price < 0, active.low, 0))
        counted = self.counting[reduced[self.counting] > 0]
        value = float(price @ limits) + float(reduced[counted].sum())
        worth, teams = self._teams(reduced)
        if not len(worth):
            return value, counted
        best = np.maximum.reduceat(worth, self.session_starts)
        candidates = np.flatnonzero((worth == best[self.session]) & (worth > 0))
        _, once = np.unique(self.session[candidates], return_index=True)
        run = candidates[once]
        team = teams[run].ravel()
        return value + float(worth[run].sum()), np.concatenate([run, team[team >= 0], counted])

    def _teams(self, reduced: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Ints]:
        """Each visit's worth with its best team, and the columns of that team, -1 for nobody.

        Shapes (visits,), (visits, most).
        """
        worth, teams = _best_teams(reduced, self.first_seat, self.fewest, self.most)
        return worth, teams


@compiled
def _priced(gain: Ints, ends: Ints, columns: Ints, coefficients: Ints, price: Floats) -> Floats:
    """`gain - price @ rows`, compiled: rows without a price cost nothing."""
    reduced = gain.astype(np.float64)
    for row in range(len(price)):
        if price[row]:
            for place in range(ends[row], ends[row + 1]):
                reduced[columns[place]] -= price[row] * coefficients[place]
    return reduced


@compiled
def _sums(ends: Ints, rows: Ints, coefficients: Ints, chosen: Ints, place: Ints, places: int) -> Floats:
    """What the chosen columns add to the rows at each place; the last is for all other rows."""
    sums = np.zeros(places + 1)
    for column in chosen:
        for entry in range(ends[column], ends[column + 1]):
            sums[place[rows[entry]]] += coefficients[entry]
    return sums


@compiled
def _best_teams(reduced: npt.NDArray[Any], first_seat: Ints, fewest: Ints, most: Ints) -> tuple[npt.NDArray[Any], Ints]:
    """Compiled, for it looks at every seat: at least the `fewest` best of each visit, and who else pays."""
    visits = len(fewest)
    width = most.max() if visits else 0
    worth, best = np.empty(visits, reduced.dtype), np.empty(width, reduced.dtype)
    teams = np.full((visits, width), -1, np.int64)
    for visit in range(visits):
        first, end, least = first_seat[visit], first_seat[visit + 1], fewest[visit]
        if end - first < least:
            worth[visit] = NONE
            continue
        team, size = teams[visit], 0
        for seat in range(first, end):
            pays = reduced[seat]
            if size >= least and pays <= (0 if least == 0 else min(0, best[least - 1])):
                continue
            if size == most[visit]:
                if size == 0 or pays <= best[size - 1]:
                    continue
                size -= 1
            place = size
            while place > 0 and best[place - 1] < pays:
                best[place], team[place] = best[place - 1], team[place - 1]
                place -= 1
            best[place], team[place] = pays, seat
            size += 1
        worth[visit] = reduced[visit]
        for place in range(size):
            if place < least or best[place] > 0:
                worth[visit] += best[place]
            else:
                team[place] = -1
    return worth, teams


class _Active:
    """The rows that have a price or were broken: the only ones that an iteration looks at."""

    def __init__(self, lagrangian: Lagrangian, rows: Ints) -> None:
        model = lagrangian.model
        self.rows = rows
        self.low, self.high = lagrangian.low[rows], lagrangian.high[rows]
        self.part = lagrangian.part(rows)
        self.norm = np.sqrt(np.maximum(1.0, self.part.astype(float).power(2).sum(axis=1)))
        """The Euclidean norm of each row, 1 for one without entries."""
        self.of_hold, self.by_column = lagrangian.of_hold[rows[rows >= model.rows] - model.rows], model.by_column
        own = rows[rows < model.rows]
        self.place = np.full(model.rows, len(rows), dtype=np.int64)
        self.place[own] = np.arange(len(own))

    def usable(self, price: Floats) -> Floats:
        """No price for a limit that is not there."""
        unbounded = ((price > 0) & (self.high >= UNBOUNDED)) | ((price < 0) & (self.low <= -UNBOUNDED))
        return np.where(unbounded, 0, price)

    def slack(self, price: Floats, chosen: Ints) -> Floats:
        """How much a priced row leaves of its limit, and by how much (below 0) a row without price breaks one."""
        by_column = self.by_column
        own = _sums(by_column.indptr, by_column.indices, by_column.data, chosen, self.place, len(self.rows))
        now = own[:-1]
        if self.of_hold.shape[0]:
            taken = np.zeros(self.of_hold.shape[1], dtype=np.int64)
            taken[chosen] = 1
            now[-self.of_hold.shape[0] :] = self.of_hold @ taken
        without = np.minimum(self.high - now, 0) + np.maximum(self.low - now, 0)
        return np.where(price > 0, self.high - now, np.where(price < 0, self.low - now, without))


def _spread(values: Floats, rows: Ints, among: Ints) -> Floats:
    """Values of some rows as values of more rows, 0 for the others; both in order."""
    spread = np.zeros(len(among))
    spread[np.searchsorted(among, rows)] = values
    return spread
