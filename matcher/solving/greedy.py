"""The plan a quick and fair coordinator would make: always there, in a moment, never the best.

Sessions are staffed hardest first with as few volunteers as they need; then volunteers join where they add most. It
reads nothing but the model's rows, so it knows every rule without naming one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from matcher.domain import TierName
from matcher.rules.model import UNBOUNDED, Bools, Floats, Ints, Model, entries, ranges

HALF = 2
"""A step towards a gain that takes two counts as the gain / HALF: the first woman of a team without a man, say."""


def greedy(model: Model, start: Ints | None = None, out_of_time: Callable[[], bool] = lambda: False) -> Ints:
    """Column values of a full plan that keeps every row, beginning from `start` (which must keep every row).

    Every session is tried whatever the time; who else might join is asked until `out_of_time`.
    """
    return _Greedy(model, start).run(out_of_time)


class _Greedy:
    def __init__(self, model: Model, start: Ints | None) -> None:
        self.model = model
        self.columns = np.zeros(model.columns, dtype=np.int64) if start is None else start.copy()
        self.columns[len(model.visits) + len(model.seat_visit) :] = 0
        activity = model.activity(self.columns)
        counting = np.zeros(model.rows, dtype=bool)
        for block in model.counting:
            counting[block.first_row : block.first_row + len(block.row_group)] = True
        self.room = np.where(counting | (model.high >= UNBOUNDED), UNBOUNDED, model.high - activity)
        """Of each row what may still be added to it, shape (rows,)."""
        self.most = _largest(model)
        self.tight: Bools = self.room < self.most
        """Whether a row has no room for some column: the others need not be looked at."""
        self.demanding: Bools = ~counting & (model.low > -UNBOUNDED)
        self.missing = np.where(self.demanding, model.low - activity, 0)
        """Of each row, what must still be added to it; 0 or less: nothing."""
        self.worth = _Worth(model, activity)
        self.taken = np.bincount(
            model.seat_volunteer[np.flatnonzero(self.columns[model.seats])], minlength=len(model.volunteer_ids)
        )
        offers = np.bincount(model.seat_volunteer, minlength=len(model.volunteer_ids))
        self.offered: Floats = offers / (1 + offers.max(initial=0))
        self.seat_bounds = np.searchsorted(model.seat_visit, np.arange(len(model.visits) + 1))

    def run(self, out_of_time: Callable[[], bool]) -> Ints:
        model = self.model
        held = set(model.visit_session[np.flatnonzero(self.columns[: len(model.visits)])].tolist())
        visits: dict[int, list[int]] = {}
        for visit, session in enumerate(model.visit_session.tolist()):
            visits.setdefault(session, []).append(visit)
        people = np.diff(self.seat_bounds)
        fewest = [each.min_volunteers for each in model.problem.sessions.values()]
        plenty = {session: sum(int(people[v]) for v in mine) / fewest[session] for session, mine in visits.items()}
        for session in sorted(visits.keys() - held, key=lambda session: (plenty[session], session)):
            self._staff(visits[session])
        self._enrich(out_of_time)
        return model.completed(self.columns)

    def _staff(self, visits: list[int]) -> None:
        """Delivers a session in the slot whose smallest team is worth most, if there is a team at all."""
        best: tuple[float, int, list[int]] | None = None
        for visit in visits:
            if not self._fits(*entries(self.model.by_column, np.array([visit])), 1)[0]:
                continue
            team, value = self._team(visit)
            if team is not None and (best is None or value > best[0]):
                best = value, visit, team
        if best is not None:
            self._set(best[1])
            for seat in best[2]:
                self._set(seat)

    def _team(self, visit: int) -> tuple[list[int] | None, float]:
        """The seat columns of a smallest team for a visit, tried out and taken back."""
        team: list[int] = []
        value = 0.0
        seats = _Seats(self, visit)
        self._set(visit)
        demands = self.demanding[seats.rows] & (seats.coefficients > 0)
        place, helped = seats.place[demands], seats.rows[demands]
        asking = entries(self.model.by_column, np.array([visit]))[1]
        rows = np.union1d(asking[self.demanding[asking]], helped)
        while np.any(self.missing[rows] > 0):
            helps = np.bincount(place[self.missing[helped] > 0], minlength=len(seats.columns))
            open_seats = np.flatnonzero((helps > 0) & seats.open())
            if not len(open_seats):
                break
            worth = seats.score()[open_seats]
            chosen = int(np.lexsort((-worth, -helps[open_seats]))[0])
            value += float(worth[chosen])
            team.append(int(seats.columns[open_seats[chosen]]))
            self._set(team[-1])
        complete = not np.any(self.missing[rows] > 0)
        for column in [*reversed(team), visit]:
            self._set(column, 0)
        return (team if complete else None), value

    def _enrich(self, out_of_time: Callable[[], bool]) -> None:
        """Best first: what a visit's best seat is worth only falls as others are taken (but for mixed teams).

        So a visit waits with what it was worth when it was last looked at.
        """
        visits = np.flatnonzero(self.columns[: len(self.model.visits)])
        waiting = [(-np.inf, visit) for visit in visits.tolist()]
        while waiting and not out_of_time():
            _, visit = heapq.heappop(waiting)
            seats = _Seats(self, visit)
            worth = np.where(seats.open(), seats.score(), 0)
            best = int(np.argmax(worth)) if len(worth) else 0
            if not len(worth) or worth[best] <= 0:
                continue
            if waiting and -waiting[0][0] > worth[best] + 1e-9:
                heapq.heappush(waiting, (-float(worth[best]), visit))
                continue
            self._set(int(seats.columns[best]))
            heapq.heappush(waiting, (-float(worth[best]), visit))

    def _fits(self, place: Ints, rows: Ints, coefficients: Ints, columns: int) -> Bools:
        """For each column alone, given by its entries: whether setting it breaks no upper limit."""
        tight = np.flatnonzero(self.tight[rows])
        broken = tight[coefficients[tight] > self.room[rows[tight]]]
        return np.asarray(np.bincount(place[broken], minlength=columns) == 0)

    def _set(self, column: int, value: int = 1) -> None:
        change = value - int(self.columns[column])
        if not change:
            return
        by_column = self.model.by_column
        mine = slice(by_column.indptr[column], by_column.indptr[column + 1])
        rows, added = by_column.indices[mine], change * by_column.data[mine].astype(np.int64)
        self.columns[column] = value
        self.room[rows] -= added
        self.tight[rows] = self.room[rows] < self.most[rows]
        self.missing[rows] -= added
        self.worth.count(rows, change)
        if column >= len(self.model.visits):
            self.taken[self.model.seat_volunteer[column - len(self.model.visits)]] += change


class _Seats:
    """The seats of one visit, which stand together, and their entries."""

    def __init__(self, greedy: _Greedy, visit: int) -> None:
        self.greedy = greedy
        first, last = greedy.seat_bounds[visit], greedy.seat_bounds[visit + 1]
        self.columns: Ints = greedy.model.seats[first:last]
        self.person: Ints = greedy.model.seat_volunteer[first:last]
        by_column = greedy.model.by_column
        ends = by_column.indptr[len(greedy.model.visits) + first : len(greedy.model.visits) + last + 1]
        self.place = np.repeat(np.arange(len(self.columns)), np.diff(ends))
        self.rows, self.coefficients = by_column.indices[ends[0] : ends[-1]], by_column.data[ends[0] : ends[-1]]
        tracked = np.flatnonzero(greedy.worth.tracked[self.rows])
        self.worth_place, self.worth_rows = self.place[tracked], self.rows[tracked]
        self.worth_known = np.unique(self.worth_rows)

    def open(self) -> Bools:
        """Which are not taken and break no upper limit."""
        fits = self.greedy._fits(self.place, self.rows, self.coefficients, len(self.columns))
        return np.asarray(fits & (self.greedy.columns[self.columns] == 0))

    def score(self) -> Floats:
        """What each adds to the role models, and a little for whoever is asked less and has fewer other offers."""
        greedy = self.greedy
        worth = greedy.worth.of(self.worth_known)[self.worth_rows]
        gain = np.bincount(self.worth_place, worth, minlength=len(self.columns))
        return np.asarray(gain - (greedy.taken[self.person] + greedy.offered[self.person]))


class _Worth:
    """What one more of something would add to role_models, as a marginal gain for each row, kept up as seats are taken.

    Rows bound groups of levels (see `Model.levels`), and a level may be a term of other rows (`fed`): "class A meets
    Health" is one in A's count of sectors. A row's marginal gain is that of its group's next level and of the rows that
    this level feeds; 0 where the row is not what holds its group back; divided by HALF where another row does as well.

    Example: a team's level "mixed", worth 24,000, is bounded by two rows, which count its women and its men. With
    nobody in the team both hold it back: a woman adds 12,000. With a woman in it a man adds 24,000, a woman 0.
    """

    def __init__(self, model: Model, activity: Ints) -> None:
        blocks = [block for block in model.counting if block.ceiling and block.tier is TierName.ROLE_MODELS]
        groups = sum(block.groups for block in blocks)
        self.group = np.full(model.rows, -1, dtype=np.int64)
        """Of each row the group that it bounds, -1 for rows that are of no interest here; shape (rows,)."""
        self.counts = np.append(np.zeros(model.rows, dtype=np.int64), UNBOUNDED)
        """Of each row what it counts now; of one more row, for tables that are filled up with it, more than enough."""
        level_columns, level_group = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        block_of_group = np.zeros(groups, dtype=np.int64)
        first = 0
        for number, block in enumerate(blocks):
            rows = slice(block.first_row, block.first_row + len(block.row_group))
            self.group[rows] = first + block.row_group
            self.counts[rows] = activity[rows] - model.low[rows]
            level_columns.append(block.columns)
            level_group.append(first + block.group)
            block_of_group[first : first + block.groups] = number
            first += block.groups
        columns, of_level = np.concatenate(level_columns), np.concatenate(level_group)
        self.gain = model.objective[TierName.ROLE_MODELS][columns]
        self.first = np.searchsorted(of_level, np.arange(groups))
        self.size = np.bincount(of_level, minlength=groups)
        """Of each group the first of its levels, and how many it has; shape (groups,)."""
        level, fed, _ = entries(model.by_column, columns)
        further = (self.group[fed] >= 0) & (block_of_group[self.group[fed]] != block_of_group[of_level[level]])
        self.tracked: Bools = self.group >= 0
        self.known = np.zeros(model.rows)
        self.fed = _table(level[further], fed[further], len(columns), -1)
        """Of each level the rows of which it is a term, filled up with -1; shape (levels, most)."""
        tracked = np.flatnonzero(self.tracked)
        self.rows_of = _table(self.group[tracked], tracked, groups, model.rows)
        """The rows of each group, filled up with the one that always counts enough; shape (groups, most)."""
        self.filled = np.zeros(groups, dtype=np.int64)
        for number in range(len(blocks)):  # in order, for what is filled counts further on
            self._refill(np.flatnonzero(block_of_group == number), 1)

    def count(self, rows: Ints, change: int) -> None:
        """Some column in these rows went up or down by one."""
        rows = rows[self.tracked[rows]]
        if len(rows):
            np.add.at(self.counts, rows, change)
            self._refill(self.group[rows], change)

    def _refill(self, groups: Ints, change: int) -> None:
        """Fills levels up to where the counts of these groups stand, or empties them, and counts them further on."""
        filled = np.maximum(0, np.minimum(self.counts[self.rows_of[groups]].min(axis=1), self.size[groups]))
        moved = filled != self.filled[groups]
        if moved.any():
            some, place = np.unique(groups[moved], return_index=True)
            before, now = self.filled[some], filled[moved][place]
            self.filled[some] = now
            fed = self.fed[ranges(self.first[some] + np.minimum(before, now), np.abs(now - before))]
            self.count(fed[fed >= 0], change)

    def of(self, rows: Ints) -> Floats:
        """What one more in each row would add, shape (rows,): right for the rows asked about, old for others."""
        self.known[rows] = self._next(rows)
        return self.known

    def _next(self, rows: Ints) -> Floats:
        group = self.group[rows]
        filled = self.filled[group]
        worth = np.zeros(len(rows))
        paying = np.flatnonzero((filled < self.size[group]) & (self.counts[rows] <= filled))
        group, filled = group[paying], filled[paying]
        level = self.first[group] + filled
        gain, fed = self.gain[level].astype(float), self.fed[level]
        if fed.size and fed.max() >= 0:
            further = np.zeros(fed.shape)
            further[fed >= 0] = self._next(fed[fed >= 0])
            gain += further.sum(axis=1)
        alone = np.sum(self.counts[self.rows_of[group]] <= filled[:, None], axis=1) == 1
        worth[paying] = np.where(alone, gain, gain / HALF)
        return worth


def _table(key: Ints, value: Ints, keys: int, empty: int) -> Ints:
    """The values of each key as a row, filled up with `empty`, shape (keys, most values of a key)."""
    order = np.argsort(key, kind="stable")
    rank = np.arange(len(order)) - np.searchsorted(key[order], key[order])
    table = np.full((keys, int(rank.max(initial=0)) + 1), empty, dtype=np.int64)
    table[key[order], rank] = value[order]
    return table


def _largest(model: Model) -> Ints:
    """The largest coefficient of each row; 0 where it has none."""
    largest = np.zeros(model.rows, dtype=np.int64)
    filled = np.flatnonzero(np.diff(model.matrix.indptr))
    if len(filled):
        largest[filled] = np.maximum.reduceat(model.matrix.data, model.matrix.indptr[filled])
    return largest
