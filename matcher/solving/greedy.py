"""The plan a quick and fair coordinator would make: always there, in a moment, never the best.

Sessions are staffed hardest first with as few volunteers as they need; then volunteers join where they add most. It
reads nothing but the draft's rows, so it knows every rule without naming one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from matcher.domain import TierName
from matcher.rules.draft import UNBOUNDED, Bools, Draft, Ints

Floats = npt.NDArray[np.float64]
HALF = 2  # what does not pay yet, but is half of something that will, counts half


def greedy(draft: Draft, start: Ints | None = None, out_of_time: Callable[[], bool] = lambda: False) -> Ints:
    """Column values of a full plan that keeps every row, beginning from `start` (which must keep every row).

    Every session is tried whatever the time; who else might join is asked until `out_of_time`.
    """
    return _Greedy(draft, start).run(out_of_time)


class _Greedy:
    def __init__(self, draft: Draft, start: Ints | None) -> None:
        self.draft = draft
        self.columns = np.zeros(draft.columns, dtype=np.int64) if start is None else start.copy()
        self.columns[len(draft.visits) + len(draft.seat_visit) :] = 0
        self.by_column = draft.by_column
        self.activity: Ints = draft.matrix @ self.columns
        counting = np.zeros(draft.rows, dtype=bool)
        for block in draft.counting:
            counting[block.first_row : block.first_row + len(block.row_group)] = True
        self.limited: Bools = ~counting & (draft.high < UNBOUNDED)
        self.demanding: Bools = ~counting & (draft.low > -UNBOUNDED)
        self.worth = _Worth(draft, self.columns)
        self.taken = np.bincount(
            draft.seat_volunteer[np.flatnonzero(self.columns[draft.seats])], minlength=len(draft.volunteer_ids)
        )
        self.offers = np.bincount(draft.seat_volunteer, minlength=len(draft.volunteer_ids))
        self.seat_bounds = np.searchsorted(draft.seat_visit, np.arange(len(draft.visits) + 1))

    def run(self, out_of_time: Callable[[], bool]) -> Ints:
        draft = self.draft
        held = set(draft.visit_session[np.flatnonzero(self.columns[: len(draft.visits)])].tolist())
        visits: dict[int, list[int]] = {}
        for visit, session in enumerate(draft.visit_session.tolist()):
            visits.setdefault(session, []).append(visit)
        people = np.diff(self.seat_bounds)
        fewest = [each.min_volunteers for each in draft.problem.sessions.values()]
        plenty = {session: sum(int(people[v]) for v in mine) / fewest[session] for session, mine in visits.items()}
        for session in sorted(visits.keys() - held, key=lambda session: (plenty[session], session)):
            self._staff(visits[session])
        self._enrich(out_of_time)
        return draft.completed(self.columns)

    def _staff(self, visits: list[int]) -> None:
        """Delivers a session in the slot whose smallest team is worth most, if there is a team at all."""
        best: tuple[float, int, list[int]] | None = None
        for visit in visits:
            if not self._fits(np.array([visit]))[0]:
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
        draft = self.draft
        team: list[int] = []
        value = 0.0
        self._set(visit)
        mine = draft.seats[self.seat_bounds[visit] : self.seat_bounds[visit + 1]]
        rows = np.unique(self._entries(np.append(mine, visit))[1])
        rows = rows[self.demanding[rows]]
        while True:
            short = rows[self.activity[rows] < draft.low[rows]]
            if not len(short):
                break
            open_seats = mine[self._fits(mine) & (self.columns[mine] == 0)]
            place, touched, coefficients = self._entries(open_seats)
            helps = np.bincount(place[np.isin(touched, short) & (coefficients > 0)], minlength=len(open_seats))
            open_seats, helps = open_seats[helps > 0], helps[helps > 0]
            if not len(open_seats):
                break
            worth = self._score(open_seats)
            chosen = int(np.lexsort((-worth, -helps))[0])
            value += float(worth[chosen])
            team.append(int(open_seats[chosen]))
            self._set(team[-1])
        complete = not np.any(self.activity[rows] < draft.low[rows])
        for column in [*reversed(team), visit]:
            self._set(column, 0)
        return (team if complete else None), value

    def _enrich(self, out_of_time: Callable[[], bool]) -> None:
        """Best first: a seat's worth only falls as others are taken (but for mixed teams), so old worths are bounds."""
        draft = self.draft
        running = np.flatnonzero(self.columns[draft.seat_visit] & (1 - self.columns[draft.seats]))
        worth = self._score(draft.seats[running]) if len(running) else np.zeros(0)
        heap = [(-float(w), int(seat)) for w, seat in zip(worth, draft.seats[running], strict=True) if w > 0]
        heapq.heapify(heap)
        while heap and not out_of_time():
            _, seat = heapq.heappop(heap)
            one = np.array([seat])
            if not self._fits(one)[0]:
                continue
            now = float(self._score(one)[0])
            if now <= 0:
                continue
            if heap and -heap[0][0] > now + 1e-9:
                heapq.heappush(heap, (-now, seat))
                continue
            self._set(seat)

    def _score(self, seats: Ints) -> Floats:
        """What each seat adds to the role models, and a little for whoever is asked less and has fewer other offers."""
        person = self.draft.seat_volunteer[seats - len(self.draft.visits)]
        gain = self.worth.of(self.by_column, seats)
        busy = self.taken[person] + self.offers[person] / (1 + self.offers.max(initial=0))
        return np.asarray(np.where(gain > 0, gain, 0) - busy)

    def _fits(self, columns: Ints) -> Bools:
        """For each column alone: whether setting it breaks no upper limit."""
        place, rows, coefficients = self._entries(columns)
        broken = self.limited[rows] & (self.activity[rows] + coefficients > self.draft.high[rows])
        return np.asarray(np.bincount(place[broken], minlength=len(columns)) == 0)

    def _entries(self, columns: Ints) -> tuple[Ints, Ints, Ints]:
        """The non-zero coefficients of some columns: the place of the column in `columns`, the row, the value."""
        matrix = self.by_column
        starts = matrix.indptr[columns]
        sizes = matrix.indptr[columns + 1] - starts
        entries = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        return np.repeat(np.arange(len(columns)), sizes), matrix.indices[entries], matrix.data[entries]

    def _set(self, column: int, value: int = 1) -> None:
        change = value - int(self.columns[column])
        if not change:
            return
        entries = slice(self.by_column.indptr[column], self.by_column.indptr[column + 1])
        rows = self.by_column.indices[entries]
        self.columns[column] = value
        self.activity[rows] += change * self.by_column.data[entries]
        self.worth.count(rows, change)
        if column >= len(self.draft.visits):
            self.taken[self.draft.seat_volunteer[column - len(self.draft.visits)]] += change


class _Worth:
    """What one more of something would add to the role models, kept up row by row."""

    def __init__(self, draft: Draft, columns: Ints) -> None:
        self.blocks = [block for block in draft.counting if block.ceiling and block.tier is TierName.ROLE_MODELS]
        gains = draft.objective[TierName.ROLE_MODELS]
        plain = draft.matrix @ columns - draft.low
        self.counts: dict[int, int] = {}
        self.group_of: dict[int, tuple[int, int]] = {}
        self.rows_of: dict[tuple[int, int], list[int]] = {}
        self.levels: dict[tuple[int, int], list[tuple[int, list[int]]]] = {}
        feeds = self._feeds(draft)
        for number, block in enumerate(self.blocks):
            for place, group in enumerate(block.row_group.tolist()):
                row = block.first_row + place
                self.counts[row] = int(plain[row])
                self.group_of[row] = number, group
                self.rows_of.setdefault((number, group), []).append(row)
            for column, group in zip(block.columns.tolist(), block.group.tolist(), strict=True):
                self.levels.setdefault((number, group), []).append((int(gains[column]), feeds.get(column, [])))
        for number, block in enumerate(self.blocks):  # what is filled already counts further on
            for group in range(block.groups):
                for _, fed in self.levels.get((number, group), [])[: self._filled((number, group))]:
                    for row in fed:
                        self.counts[row] += 1
        self.tracked = np.zeros(draft.rows, dtype=bool)
        self.tracked[list(self.counts)] = True

    def _feeds(self, draft: Draft) -> dict[int, list[int]]:
        """counting column -> the rows of later blocks in which it counts."""
        own = {int(column): number for number, block in enumerate(self.blocks) for column in block.columns}
        found: dict[int, list[int]] = {}
        blocks_rows = {id(block): rows for block, rows in zip(draft.counting, draft.counting_rows, strict=True)}
        for number, block in enumerate(self.blocks):
            rows = blocks_rows[id(block)].tocoo()
            for row, column in zip(rows.coords[0].tolist(), rows.coords[1].tolist(), strict=True):
                if own.get(column, number) != number:
                    found.setdefault(column, []).append(block.first_row + row)
        return found

    def _filled(self, key: tuple[int, int]) -> int:
        rows = self.rows_of.get(key)
        return max(0, min(min(self.counts[row] for row in rows), len(self.levels.get(key, [])))) if rows else 0

    def count(self, rows: Ints, change: int) -> None:
        """Some column in these rows went up or down by one."""
        for row in rows[self.tracked[rows]].tolist():
            self._count(row, change)

    def _count(self, row: int, change: int) -> None:
        key = self.group_of[row]
        before = self._filled(key)
        self.counts[row] += change
        after = self._filled(key)
        if before != after:
            levels = self.levels[key]
            for _, fed in levels[min(before, after) : max(before, after)]:
                for further in fed:
                    self._count(further, change)

    def _next(self, row: int) -> float:
        """What one more in this row would add."""
        key = self.group_of[row]
        filled = self._filled(key)
        levels = self.levels.get(key, [])
        if filled >= len(levels) or self.counts[row] > filled:
            return 0.0
        gain, fed = levels[filled]
        worth = gain + sum(self._next(further) for further in fed)
        alone = all(other == row or self.counts[other] > filled for other in self.rows_of[key])
        return worth if alone else worth / HALF

    def of(self, by_column: object, seats: Ints) -> Floats:
        """What each seat would add, shape (seats,)."""
        indptr, indices = by_column.indptr, by_column.indices  # type: ignore[attr-defined]
        known: dict[int, float] = {}
        total = np.zeros(len(seats))
        for place, seat in enumerate(seats.tolist()):
            rows = indices[indptr[seat] : indptr[seat + 1]]
            for row in rows[self.tracked[rows]].tolist():
                if row not in known:
                    known[row] = self._next(row)
                total[place] += known[row]
        return total
