"""A term as plain linear rows over 0/1 columns: what rules post to, and what solvers are given.

The columns are, in this order,
  * one for each *visit*, a session in one of its open slots: 1 if the session runs then;
  * one for each *seat*, a volunteer who may be in the team of a visit: 1 if they are;
  * counting columns, which follow from the others (see `Model.levels`).
Rows say `low <= sum of coefficient x column <= high`. All numbers are whole. Everything is kept in flat arrays and
added by the thousand; nothing here knows a solver.

Example: session S1 could run on Monday or on Tuesday, and volunteer V1 is free on both days, V2 on Tuesday. The visits
are columns 0 (S1, Monday) and 1 (S1, Tuesday), the seats 2 (V1 in visit 0), 3 (V1 in visit 1) and 4 (V2 in visit 1).
"S1 runs at most once" is the row 0 + 1 <= 1; "V1 has at most one session" is 2 + 3 <= 1; "a seat needs its visit" are
2 - 0 <= 0, 3 - 1 <= 0 and 4 - 1 <= 0. The plan "S1 on Tuesday with both" is the vector 0, 1, 0, 1, 1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from matcher.coordinates import degrees
from matcher.domain import Availability, Mode, Override, Plan, Problem, Slot, TierName, Visit
from matcher.times import without

if TYPE_CHECKING:
    from scipy import sparse

    from matcher.rules.base import Rule

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
PAIRS_AT_A_TIME = 2_000_000
EVER = 2**40  # more minutes than there are
UNBOUNDED = 2**50  # stands for no limit in `low` and `high`; every real activity is far smaller


def minutes(moment: datetime) -> int:
    """A wall-clock time as whole minutes, so that times can stand in arrays."""
    return moment.toordinal() * 1440 + moment.hour * 60 + moment.minute


@lru_cache(maxsize=50_000)
def free_minutes(availability: tuple[Availability, ...]) -> tuple[tuple[int, int], ...]:
    """When somebody with this availability is free: disjoint intervals [start, end) in order, in `minutes`."""
    intervals = without(
        [span for row in availability if row.available for span in row.spans],
        [span for row in availability if not row.available for span in row.spans],
    )
    return tuple((minutes(interval.start), minutes(interval.end)) for interval in intervals)


@dataclass(frozen=True)
class Terms:
    """The non-zero coefficients of a block of rows: entry i is `coefficient[i]` of column `column[i]` in `row[i]`."""

    row: Ints
    column: Ints
    coefficient: Ints

    @staticmethod
    def of(row: npt.ArrayLike, column: npt.ArrayLike, coefficient: npt.ArrayLike = 1) -> Terms:
        rows = np.asarray(row, dtype=np.int64)
        return Terms(
            rows,
            np.asarray(column, dtype=np.int64),
            np.broadcast_to(np.asarray(coefficient, dtype=np.int64), rows.shape),
        )

    @staticmethod
    def joined(parts: Sequence[Terms]) -> Terms:
        if not parts:
            return Terms.of([], [])
        return Terms(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.column for part in parts]),
            np.concatenate([part.coefficient for part in parts]),
        )


@dataclass(frozen=True)
class Levels:
    """A block of counting columns and the rows that bound them, as posted by one call of `Model.levels`."""

    columns: Ints
    """The counting columns, shape (levels,)."""
    group: Ints
    """Of each column its group, shape (levels,); those of a group stand together, in the order in which they fill."""
    rank: Ints
    """Of each column its place in its group, from 0: it is 1 where more than so many are filled; shape (levels,)."""
    groups: int
    """How many groups there are, numbered from 0; some may have no level or no row."""
    row_group: Ints
    """Of each row the group that it bounds, shape (rows of the block,)."""
    first_row: int
    """The model's number of the block's first row; the others follow it."""
    tier: TierName
    """The tier whose value the columns serve: without interest in it they can be left out, rows and all."""
    ceiling: bool
    """True: of a group as many levels are filled as its lowest row counts. False: as many as its highest."""


class Seats:
    """A problem's people and times as arrays, and the seats that some rules leave: who may be in which visit's team."""

    def __init__(self, problem: Problem, rules: Sequence[Rule]) -> None:
        self.problem = problem
        self.rules = tuple(rules)
        self.volunteer_ids = list(problem.volunteers)
        self.session_ids = list(problem.sessions)
        self.school_ids = list(problem.schools)
        self.cohort_ids = list(problem.cohorts)
        self.volunteer_index = {name: i for i, name in enumerate(self.volunteer_ids)}
        self.session_index = {name: i for i, name in enumerate(self.session_ids)}
        self.school_index = {name: i for i, name in enumerate(self.school_ids)}
        self.cohort_index = {name: i for i, name in enumerate(self.cohort_ids)}

        self.visits: list[tuple[str, Slot]] = [
            (session.session_id, slot) for session in problem.sessions.values() for slot in problem.open_slots(session)
        ]
        sessions = [problem.sessions[session_id] for session_id, _ in self.visits]
        self.visit_session = ints(self.session_index[session.session_id] for session in sessions)
        self.visit_school = ints(self.school_index[session.school_id] for session in sessions)
        self.visit_in_person = np.array([session.mode is Mode.IN_PERSON for session in sessions], dtype=bool)
        self.visit_day = ints(slot.day.toordinal() for _, slot in self.visits)
        self.visit_start = ints(minutes(slot.start) for _, slot in self.visits)
        self.visit_end = ints(minutes(slot.end) for _, slot in self.visits)
        self.home_degrees = degrees(person.position for person in problem.volunteers.values())
        self.school_degrees = degrees(school.position for school in problem.schools.values())

        volunteer, visit = self._with_those_set(*self._pairs(rules), rules)
        order = np.lexsort((volunteer, visit))
        self.seat_volunteer = volunteer[order]
        self.seat_visit = visit[order]
        self.seat_session = self.visit_session[self.seat_visit]
        self.seats: Ints = np.arange(len(order), dtype=np.int64) + len(self.visits)
        """The columns of the seats."""

    @cached_property
    def past_visits(self) -> Bools:
        """Which visits are past: shape (visits,)."""
        past = self.problem.past
        return np.array([session_id in past for session_id, _ in self.visits], dtype=bool)

    @cached_property
    def past_columns(self) -> Ints:
        """The columns of past visits and of the seats in their teams, all of which are 1."""
        seats = self.seats[self.past_visits[self.seat_visit]] if len(self.seats) else self.seats
        return np.concatenate([np.flatnonzero(self.past_visits), seats])

    def _with_those_set(self, volunteer: Ints, visit: Ints, rules: Sequence[Rule]) -> tuple[Ints, Ints]:
        """Of past visits exactly those who came; and those for whom a rule that forbids it was set aside."""
        problem = self.problem
        if not problem.past and not self.set_aside:
            return volunteer, visit
        to_come = ~self.past_visits[visit]
        pairs = set(zip(volunteer[to_come].tolist(), visit[to_come].tolist(), strict=True))
        for number, (session_id, _) in enumerate(self.visits):
            stands = problem.past.get(session_id)
            if stands is not None:
                pairs.update((self.volunteer_index[person], number) for person in stands.team)
        aside: dict[tuple[str, str], set[str]] = {}
        for each in self.set_aside:
            aside.setdefault((each.volunteer_id, each.session_id), set()).add(each.rule)
        for (person, session), names in aside.items():
            visits = np.flatnonzero(self.visit_session == self.session_index[session])
            people = np.full(len(visits), self.volunteer_index[person])
            admitted = [rule.admits(self, people, visits) for rule in rules if rule.name not in names]
            good = np.all([some for some in admitted if some is not None] or [np.ones(len(visits), bool)], axis=0)
            pairs.update((self.volunteer_index[person], number) for number in visits[good].tolist())
        both = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    @cached_property
    def set_aside(self) -> list[Override]:
        """The overrides that say something here: of rules that may be overridden, and of what the model has."""
        overridable = {rule.name for rule in self.rules if getattr(rule, "overridable", False)}
        return [
            each
            for each in self.problem.overrides
            if each.rule in overridable
            and each.session_id in self.session_index
            and each.session_id not in self.problem.past
            and each.volunteer_id in self.volunteer_index
        ]

    @cached_property
    def free(self) -> tuple[Ints, Ints]:
        """When people are free: two arrays, shape (intervals,), in order of volunteer and start.

        The first is volunteer x `EVER` + start, so that one binary search finds the last interval of a volunteer that
        begins by a given minute; the second is the end. Start and end in `minutes`.
        """
        intervals = [
            (index * EVER + start, end)
            for index, person in enumerate(self.problem.volunteers.values())
            for start, end in free_minutes(person.availability)
        ]
        return ints(start for start, _ in intervals), ints(end for _, end in intervals)

    def _pairs(self, rules: Sequence[Rule]) -> tuple[Ints, Ints]:
        """The (volunteer, visit) pairs that are proposed and that every rule admits; looked at by the million."""
        everywhere = repeat(np.arange(len(self.visits)), len(self.volunteer_ids))
        proposals = ((rule, each) for rule in rules if (each := rule.propose(self)) is not None)
        proposer, proposed = next(proposals, (None, everywhere))
        found: list[tuple[Ints, Ints]] = [(ints([]), ints([]))]
        waiting: list[Ints] = []
        first = size = 0
        for index, visits in enumerate(proposed, start=1):
            waiting.append(visits)
            size += len(visits)
            if size > PAIRS_AT_A_TIME or index == len(self.volunteer_ids):
                volunteer, visit = np.repeat(np.arange(first, index), list(map(len, waiting))), np.concatenate(waiting)
                for rule in rules:
                    admitted = None if rule is proposer else rule.admits(self, volunteer, visit)
                    if admitted is not None:
                        volunteer, visit = volunteer[admitted], visit[admitted]
                found.append((volunteer, visit))
                waiting, first, size = [], index, 0
        return np.concatenate([some for some, _ in found]), np.concatenate([some for _, some in found])


class Model(Seats):
    """The choices of a problem under some rules, and the rows those rules posted.

    With fewer rules than all, it says what those rules alone allow: that is how each rule is tested.
    """

    def __init__(self, problem: Problem, rules: Sequence[Rule]) -> None:
        super().__init__(problem, rules)
        self.columns = len(self.visits) + len(self.seat_visit)
        self.rows = 0
        self.constants: dict[TierName, int] = dict.fromkeys(TierName, 0)
        self._objective: dict[TierName, list[tuple[Ints, Ints]]] = {tier: [] for tier in TierName}
        self._blocks: list[sparse.csr_array] = []
        self._low: list[Ints] = []
        self._high: list[Ints] = []
        self._lazy: list[Bools] = []
        self.counting: list[Levels] = []
        self._posting: Rule | None = None
        self._posted: list[Rule | None] = []
        """Of each block the rule that posted it."""

        # What makes 0/1 columns a plan at all: a session runs at most once, and a seat needs its visit.
        self.at_most(self.visit_session, np.arange(len(self.visits)), 1)
        seat_rows = np.arange(len(self.seat_visit))
        self.add_rows(
            Terms.joined([Terms.of(seat_rows, self.seats), Terms.of(seat_rows, self.seat_visit, -1)]),
            low=np.full(len(seat_rows), -UNBOUNDED),
            high=np.zeros(len(seat_rows)),
            lazy=True,
        )
        for rule in rules:
            self._posting = rule
            rule.post(self)
        self._freeze()

    # What rules post with

    @cached_property
    def by_column(self) -> sparse.csc_array:
        """The same matrix, stored column by column."""
        return self.matrix.tocsc()

    @cached_property
    def counting_rows(self) -> list[sparse.csr_array]:
        """The rows of each block of `counting`, over all columns."""
        return [self.matrix[block.first_row : block.first_row + len(block.row_group)] for block in self.counting]

    @cached_property
    def cohort_seats(self) -> tuple[Ints, Ints]:
        """Every (cohort, seat) where the seat's session has the cohort, as two arrays, in order of cohort."""
        pairs = [
            (self.cohort_index[cohort_id], self.session_index[session_id])
            for cohort_id, session_ids in self.problem.cohort_sessions.items()
            for session_id in session_ids
        ]
        cohort, session = ints(a for a, _ in pairs), ints(b for _, b in pairs)
        order = np.argsort(self.seat_session, kind="stable")
        first = np.searchsorted(self.seat_session[order], session, side="left")
        count = np.searchsorted(self.seat_session[order], session, side="right") - first
        return np.repeat(cohort, count), order[ranges(first, count)]

    def add_rows(self, terms: Terms, low: npt.ArrayLike, high: npt.ArrayLike, *, lazy: bool = False) -> None:
        """Adds rows `low[r] <= sum <= high[r]`, shapes (rows,); `terms.row` counts from 0 within this block.

        `lazy`: there are many and few of them bind, so a relaxation need not have one before its optimum breaks it.
        """
        low, high = np.asarray(low, dtype=np.int64), np.asarray(high, dtype=np.int64)
        if self.set_aside:
            terms, low, high = self._without_what_is_set_aside(terms, low, high)
        self._posted.append(self._posting)
        self._blocks.append(_rows_of(terms, len(low), self.columns))
        self._low.append(low)
        self._high.append(high)
        self._lazy.append(np.full(len(low), lazy))
        self.rows += len(low)

    def at_most(
        self,
        key: npt.ArrayLike,
        column: npt.ArrayLike,
        limit: int | Callable[[int], int],
        *,
        lazy: bool = False,
    ) -> None:
        """For each distinct key: at most `limit` (or `limit(key)`) of the columns that carry it.

        Shapes: key, column (entries,). `at_most([5, 5, 8], [0, 1, 2], 1)` adds the row 0 + 1 <= 1, and nothing for
        key 8, whose only column cannot exceed the limit.
        """
        key, column = np.asarray(key, dtype=np.int64), np.asarray(column, dtype=np.int64)
        keys, row = numbered(key)
        if isinstance(limit, int):
            high = np.full(len(keys), limit, dtype=np.int64)
        else:
            high = ints(limit(each) for each in keys.tolist())
        binding = np.bincount(row, minlength=len(keys)) > high  # fewer columns than the limit can never exceed it
        place = np.cumsum(binding) - 1
        kept = binding[row]
        terms = Terms.of(place[row[kept]], column[kept])
        self.add_rows(terms, low=np.full(binding.sum(), -UNBOUNDED), high=high[binding], lazy=lazy)

    def gain(self, tier: TierName, column: Ints, coefficient: Ints) -> None:
        """Adds `coefficient x column` to a tier's value."""
        self._objective[tier].append((column, coefficient))

    def hold(self, tier: TierName, value: int) -> None:
        """Adds the row that the tier is worth so much at least, or, where less is better, at most."""
        gain = _summed(self._objective[tier], self.columns)
        columns, left = np.flatnonzero(gain), np.array([value - self.constants[tier]])
        bounds = (left, [UNBOUNDED]) if tier.maximised else ([-UNBOUNDED], left)
        self.add_rows(Terms.of(np.zeros(len(columns)), columns, gain[columns]), *bounds)

    def levels(
        self,
        terms: Terms,
        constant: Ints,
        row_group: Ints,
        level_group: Ints,
        *,
        tier: TierName,
        gains: Ints | None = None,
        ceiling: bool = True,
    ) -> Ints:
        """Counts in unary, for tiers whose value is no sum of seats: "the second person met is worth half the first".

        Row r counts `constant[r] + the sum of its terms`, and bounds the group `row_group[r]`. A group has the columns
        whose `level_group` is its number; as many of them are 1 as its rows count, the first ones first: as the
        lowest of its rows counts with `ceiling` (where more is better), as the highest without (where less is).
        `gains[i]` x column i is added to the tier's value. Solvers are told only the rows `filled <= count` (or `>=`),
        not the order in which columns fill. That follows if filling them in order is best: so within a group gains
        must be non-increasing with `ceiling` (a concave value), costs non-decreasing without (a convex cost).

        Without gains the columns are only for the terms of levels that are posted after them.

        Shapes: constant, row_group (rows,); level_group (levels,), sorted; gains (levels,). Returns the columns,
        shape (levels,).

        Example: class A should meet two people, the first worth 120, the second 60, and seats 7, 8 and 9 are seats at
        its sessions. One row, one group, two levels: `terms = Terms.of([0, 0, 0], [7, 8, 9])`, `constant = [0]`,
        `row_group = [0]`, `level_group = [0, 0]`, `gains = [120, 60]`. If these are columns 20 and 21, the row is
        7 + 8 + 9 - 20 - 21 >= 0. With seat 8 alone taken, 20 is 1 and 21 is 0: worth 120. With all three both are 1:
        180, as with two.
        """
        columns = self.columns + np.arange(len(level_group), dtype=np.int64)
        self.columns += len(columns)
        first = np.searchsorted(level_group, level_group)
        groups = int(max(row_group.max(initial=-1), level_group.max(initial=-1))) + 1
        self.counting.append(
            Levels(columns, level_group, np.arange(len(columns)) - first, groups, row_group, self.rows, tier, ceiling)
        )
        # every level appears in every row of its group
        by_group = np.split(np.arange(len(columns)), np.searchsorted(level_group, np.arange(1, groups)))
        sizes = ints(len(by_group[g]) for g in row_group) if groups else ints([])
        level = np.concatenate([by_group[g] for g in row_group]) if len(row_group) else ints([])
        sign = 1 if ceiling else -1
        self.add_rows(
            Terms.joined(
                [
                    Terms(terms.row, terms.column, terms.coefficient * sign),
                    Terms.of(np.repeat(np.arange(len(row_group)), sizes), columns[level], -sign),
                ]
            ),
            low=-constant * sign,
            high=np.full(len(row_group), UNBOUNDED),
        )
        if gains is not None:
            self.gain(tier, columns, gains)
        return columns

    # What solvers read

    def value(self, tier: TierName, columns: Ints) -> int:
        """A tier's value for whole column values, shape (columns,)."""
        return self.constants[tier] + int(self.objective[tier] @ columns)

    def activity(self, columns: Ints) -> Ints:
        """The sum of each row, shape (rows,), for whole column values most of which are 0."""
        activity = np.zeros(self.rows, dtype=np.int64)
        self._add(activity, columns, np.flatnonzero(columns))
        return activity

    def _add(self, activity: Ints, columns: Ints, some: Ints) -> None:
        """Adds what these columns contribute to each row."""
        of, rows, coefficients = entries(self.by_column, some)
        np.add.at(activity, rows, coefficients * columns[some[of]])

    def completed(self, columns: Ints) -> Ints:
        """The same visits and seats with every counting column at the value that follows from them."""
        columns = columns.copy()
        columns[len(self.visits) + len(self.seats) :] = 0
        activity = self.activity(columns)
        for block in self.counting:
            rows = slice(block.first_row, block.first_row + len(block.row_group))
            counted = activity[rows] - self.low[rows]
            if block.ceiling:
                filled = np.full(block.groups, UNBOUNDED)
                np.minimum.at(filled, block.row_group, counted)
            else:
                filled = np.zeros(block.groups, dtype=np.int64)
                np.maximum.at(filled, block.row_group, -counted)
            columns[block.columns] = block.rank < filled[block.group]
            self._add(activity, columns, block.columns[columns[block.columns] > 0])  # blocks that follow count them
        return columns

    def columns_of(self, plan: Plan) -> Ints:
        """A plan as column values; KeyError if it uses a visit or a seat that this model does not have."""
        columns = np.zeros(self.columns, dtype=np.int64)
        number = {visit: column for column, visit in enumerate(self.visits)}
        for session_id, visit in plan.visits.items():
            column = number[session_id, visit.slot]
            columns[column] = 1
            first, last = np.searchsorted(self.seat_visit, [column, column + 1])
            mine = {self.volunteer_ids[self.seat_volunteer[seat]]: seat for seat in range(first, last)}
            for volunteer_id in visit.team:
                columns[self.seats[mine[volunteer_id]]] = 1
        return self.completed(columns)

    def plan_of(self, columns: Ints) -> Plan:
        """Column values as a plan."""
        teams: dict[int, list[str]] = {int(visit): [] for visit in np.flatnonzero(columns[: len(self.visits)])}
        for seat in np.flatnonzero(columns[self.seats]):
            teams[int(self.seat_visit[seat])].append(self.volunteer_ids[self.seat_volunteer[seat]])
        return Plan({self.visits[v][0]: Visit(self.visits[v][1], tuple(sorted(team))) for v, team in teams.items()})

    def feasible(self, columns: Ints) -> bool:
        """Whether whole column values keep every row."""
        activity = self.activity(columns)
        return bool(np.all(activity >= self.low) and np.all(activity <= self.high))

    # Inside

    def _without_what_is_set_aside(self, terms: Terms, low: Ints, high: Ints) -> tuple[Terms, Ints, Ints]:
        """A rule's rows without what was overridden: such a seat does not count against a limit, for others it holds.

        A row that the seat helps to keep ("at least 2 in the team") goes. Of rows about whole visits ("one a day"),
        the overridden session's visits do not count.
        """
        rule = self._posting
        mine = [each for each in self.set_aside if rule is not None and each.rule == rule.name]
        if not mine:
            return terms, low, high
        people = {(each.volunteer_id, each.session_id) for each in mine}
        sessions = {each.session_id for each in mine}
        is_visit = np.isin(terms.column, self._visits_of(sessions))
        is_seat = np.isin(terms.column, self._seats_of(people))
        with_seat = np.zeros(len(low), dtype=bool)
        with_seat[terms.row[is_seat]] = True
        of_visits = is_visit & ~with_seat[terms.row]
        bounded_above, bounded_below = (high < UNBOUNDED)[terms.row], (low > -UNBOUNDED)[terms.row]
        against = np.where(bounded_above, terms.coefficient > 0, terms.coefficient < 0)
        helps = np.where(bounded_below, terms.coefficient > 0, terms.coefficient < 0)
        gone = np.zeros(len(low), dtype=bool)
        gone[terms.row[is_seat & helps]] = True
        kept = ~((is_seat | of_visits) & against)
        left = Terms(terms.row[kept], terms.column[kept], terms.coefficient[kept])
        return left, np.where(gone, -UNBOUNDED, low), np.where(gone, UNBOUNDED, high)

    def _visits_of(self, sessions: Collection[str]) -> Ints:
        return np.flatnonzero(np.isin(self.visit_session, [self.session_index[each] for each in sessions]))

    def _seats_of(self, people: Collection[tuple[str, str]]) -> Ints:
        count = len(self.session_ids)
        keys = [self.volunteer_index[person] * count + self.session_index[session_id] for person, session_id in people]
        return self.seats[np.isin(self.seat_volunteer * count + self.seat_session, keys)]

    def _let_the_past_be(self) -> None:
        """What past visits break among themselves is nobody's fault now: no row forbids what only they take part in.

        Where they use up more than a limit, nothing can be added to it. Example: somebody had 4 sessions and may have
        3; the row "their seats <= 3" becomes "their seats <= 4", and with four seats fixed at 1 no other can be.
        """
        fixed = np.zeros(self.columns, dtype=np.int64)
        fixed[self.past_columns] = 1
        must = [rule is None or getattr(rule, "holds_past", True) is False for rule in self._posted]  # of goals, none
        plain = np.repeat(must, list(map(len, self._low)))
        for block in self.counting:
            plain[block.first_row : block.first_row + len(block.row_group)] = False
        used = self.matrix @ fixed
        pattern = self.matrix.copy()
        pattern.data = np.ones_like(pattern.data)
        all_past = (pattern @ fixed == np.diff(self.matrix.indptr)) & (np.diff(self.matrix.indptr) > 0) & plain
        self.low[all_past] = -UNBOUNDED
        self.high[all_past] = UNBOUNDED
        over = plain & (used > self.high)
        self.high[over] = used[over]

    def _freeze(self) -> None:
        self.matrix = _stacked(self._blocks, self.columns)
        self.low = np.concatenate(self._low)
        self.high = np.concatenate(self._high)
        self.lazy = np.concatenate(self._lazy)
        if self.problem.past:
            self._let_the_past_be()
        self.objective: Mapping[TierName, Ints] = {
            tier: _summed(parts, self.columns) for tier, parts in self._objective.items()
        }
        del self._blocks, self._low, self._high, self._lazy, self._objective, self._posted
        self.__dict__.pop("cohort_seats", None)  # large, and only for posting


def entries(by_column: sparse.csc_array, columns: Ints) -> tuple[Ints, Ints, Ints]:
    """The non-zero coefficients of some columns: the place of the column in `columns`, the row, the value."""
    starts = by_column.indptr[columns]
    sizes = by_column.indptr[columns + 1] - starts
    places = ranges(starts, sizes)
    return np.repeat(np.arange(len(columns)), sizes), by_column.indices[places], by_column.data[places]


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """That many whole numbers from each start on, one range after the other."""
    sizes = sizes.astype(np.int64)
    return np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())


def numbered(key: Ints) -> tuple[Ints, Ints]:
    """The distinct keys in order, and for each entry the number of its key; as np.unique, but seldom sorting."""
    most = int(key.max(initial=-1)) + 1
    if most > 4 * len(key) + 1000 or key.min(initial=0) < 0:
        return np.unique(key, return_inverse=True)
    occurs = np.zeros(most, dtype=bool)
    occurs[key] = True
    keys = np.flatnonzero(occurs)
    number = np.zeros(most, dtype=np.int64)
    number[keys] = np.arange(len(keys))
    return keys, number[key]


def _rows_of(terms: Terms, rows: int, columns: int) -> sparse.csr_array:
    """A block of rows, with numbers no wider than they have to be: a large term has hundreds of millions."""
    from scipy import sparse  # here, since who only checks a plan need not wait for it

    widest = int(np.abs(terms.coefficient).max(initial=0))
    coefficient = terms.coefficient.astype(np.int8 if widest < 2**7 else np.int64)
    if len(terms.row) and np.all(terms.row[1:] >= terms.row[:-1]):  # nothing to sort
        ends = np.cumsum(np.bincount(terms.row, minlength=rows))
        return sparse.csr_array((coefficient, terms.column.astype(np.int32), np.append(0, ends)), (rows, columns))
    return sparse.csr_array((coefficient, (terms.row, terms.column)), shape=(rows, columns))


def _stacked(blocks: list[sparse.csr_array], columns: int) -> sparse.csr_array:
    """The blocks one below the other; they are used up, so that never all is held twice."""
    from scipy import sparse  # here, since who only checks a plan need not wait for it

    total = sum(block.nnz for block in blocks)
    data = np.empty(total, dtype=np.result_type(np.int8, *(block.dtype for block in blocks)))
    index = np.int32 if max(total, columns) < 2**31 else np.int64
    indices, ends = np.empty(total, dtype=index), [np.zeros(1, dtype=index)]
    done = 0
    for place, block in enumerate(blocks):
        blocks[place] = sparse.csr_array((0, 0))
        data[done : done + block.nnz], indices[done : done + block.nnz] = block.data, block.indices
        ends.append(block.indptr[1:].astype(index) + index(done))
        done += block.nnz
    indptr = np.concatenate(ends)
    return sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, columns))


def ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _summed(parts: Sequence[tuple[Ints, Ints]], columns: int) -> Ints:
    total = np.zeros(columns, dtype=np.int64)
    for column, coefficient in parts:
        np.add.at(total, column, coefficient)
    return total
