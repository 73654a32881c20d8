"""Small steps that make a plan better, tried by the hundred thousand a second.

Somebody joins a team, leaves it or takes another's place; two people change places; a session moves to another slot
and chooses its team anew. A step is kept if it breaks no row and the tiers, in their order, are better after it. It
reads nothing but the model's rows, so it knows every rule without naming one; it is compiled because it looks at
every seat, and lets other threads work meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.domain import TIERS
from matcher.rules.model import Ints, Model
from matcher.solving.compiled import compiled, compiled_inside

AT_A_TIME = 20  # sessions between looks at the clock
SECONDS_OF_A_FLIP = 5e-7
COUNT, LOW, HIGH, GROUP = range(4)
FAR = 2**30  # stands for no limit, in half the memory; every real count is far smaller
TAKE, LEAVE = np.int64(1), np.int64(-1)  # so typed, or what they are given to is compiled once for each


def climb(
    model: Model, columns: Ints, held: int, seed: int, out_of_time: Callable[[], bool]
) -> Iterator[tuple[Ints, float]]:
    """Ever better plans, one for each sweep over the sessions: column values, shape (columns,), and seconds of work.

    The columns to begin with must keep every row. The first `held` tiers get no worse, each for itself; all others
    are compared in their order. Ends when no step makes the plan better, or soon after `out_of_time` says so. The
    seconds are about right and, unlike the clock's, the same each time.
    """
    term, state = _term(model), _state(model, columns)
    order = random.Random(seed)  # nosec B311 # a search, no secret
    while state.awake.any() and not out_of_time():
        steps = 0
        state.work[0] = 0
        sessions = np.flatnonzero(state.awake).tolist()
        order.shuffle(sessions)
        for first in range(0, len(sessions), AT_A_TIME):
            if out_of_time():
                break
            steps += _improve(term, state, np.array(sessions[first : first + AT_A_TIME]), held)
        found = np.zeros(model.columns, dtype=np.int64)
        found[: len(state.taken)] = state.taken
        found = model.completed(found)
        if not steps or not model.feasible(found):
            return
        yield found, float(state.work[0]) * SECONDS_OF_A_FLIP


class _Term(NamedTuple):
    """A model as flat arrays, for compiled loops.

    Lists of lists are kept as in a CSR matrix: the entries of i are those from `ends[i]` to before `ends[i + 1]`.
    Groups are those of all of the model's blocks of `Levels`, numbered through.
    """

    ends: Ints
    """Shape (columns + 1,): where each column's entries are in `rows` and `coefficients`."""
    rows: Ints
    coefficients: Ints
    own: Ints
    """Of each column the group that it is a level of; -1 for visits and seats; shape (columns,)."""
    group_ends: Ints
    """Shape (groups + 1,): where the rows that bound each group are in `group_rows`."""
    group_rows: Ints
    first_level: Ints
    """Of each group the column of its first level, shape (groups,); the others follow it."""
    levels: Ints
    """Of each group how many levels it has, shape (groups,)."""
    ceiling: npt.NDArray[np.bool_]
    """Of each group as in `Levels`, shape (groups,)."""
    gains: tuple[Ints, ...]
    """Of each tier what each column adds to it, shape (columns,)."""
    signs: Ints
    """Of each tier 1 where more is better, -1 where less is."""
    first_seat: Ints
    """The column of each visit's first seat, shape (visits + 1,); the last is one behind all seats."""
    seat_visit: Ints
    seat_person: Ints
    visit_session: Ints
    session_ends: Ints
    """Shape (sessions + 1,): a session's visits stand together, so its entries are their columns."""
    person_ends: Ints
    """Shape (people + 1,): where the columns of each person's seats are in `person_seats`."""
    person_seats: Ints
    school: Ints
    """Of each session its school, shape (sessions,)."""
    school_ends: Ints
    """Shape (schools + 1,): where each school's sessions are in `school_sessions`."""
    school_sessions: Ints


class _State(NamedTuple):
    """A plan, and what follows from it."""

    taken: npt.NDArray[np.int8]
    """Of each visit and seat its value, 0 or 1, shape (visits + seats,); levels are kept in `filled` alone."""
    row: npt.NDArray[np.int32]
    """Of each row COUNT, LOW, HIGH and GROUP, shape (rows, 4): read together, so they stand together.

    A plain row has group -1, and its count is the sum of coefficient x column, to be kept between low and high. A row
    that bounds a group of levels has that group's number, and its count is what it counts, without the levels
    themselves: `constant + terms`, of a group that is no `ceiling` times -1.

    Example: a class that meets 3 people has a row with count 3; a volunteer with 2 sessions (load, no ceiling) one
    with count -2. Their groups have 3 and 2 levels filled, if they have so many.
    """
    filled: Ints
    """Of each group how many of its levels are 1, shape (groups,)."""
    running: Ints
    """Of each session the visit as which it runs, -1 if it does not; shape (sessions,)."""
    total: Ints
    """What was flipped since the last step that was kept: by how much all rows together are broken, then what each tier
    gained, more being better; shape (1 + tiers,)."""
    stack: Ints
    """Room for the columns still to be flipped by `_flip`: column + 1, below 0 where it becomes 0."""
    awake: npt.NDArray[np.bool_]
    """Of each session whether something has changed since its steps were last tried that may make one worth it."""
    work: Ints
    """How many visits and seats were flipped, as a measure of time; shape (1,)."""


def _term(model: Model) -> _Term:
    by_column = model.by_column
    visits = len(model.visits)
    group, own = _group(model), np.full(model.columns, -1, dtype=np.int64)
    first_level, levels, ceiling = (
        [np.zeros(0, dtype=np.int64)],
        [np.zeros(0, dtype=np.int64)],
        [np.zeros(0, dtype=bool)],
    )
    groups = 0
    for block in model.counting:
        own[block.columns] = groups + block.group
        start = int(block.columns[0]) if len(block.columns) else 0
        first_level.append(start + np.searchsorted(block.group, np.arange(block.groups)))
        levels.append(np.bincount(block.group, minlength=block.groups))
        ceiling.append(np.full(block.groups, block.ceiling))
        groups += block.groups
    feeding = np.flatnonzero(group >= 0)
    feeding = feeding[np.argsort(group[feeding], kind="stable")]
    by_person = np.argsort(model.seat_volunteer, kind="stable")
    school = np.array([model.school_index[each.school_id] for each in model.problem.sessions.values()], dtype=np.int64)
    by_school = np.argsort(school, kind="stable")
    return _Term(
        by_column.indptr,
        by_column.indices,
        by_column.data,
        own,
        np.searchsorted(group[feeding], np.arange(groups + 1)),
        feeding,
        np.concatenate(first_level),
        np.concatenate(levels),
        np.concatenate(ceiling),
        tuple(model.objective[tier] for tier in TIERS),
        np.array([1 if tier.maximised else -1 for tier in TIERS]),
        visits + np.searchsorted(model.seat_visit, np.arange(visits + 1)),
        model.seat_visit,
        model.seat_volunteer,
        model.visit_session,
        np.searchsorted(model.visit_session, np.arange(len(model.session_ids) + 1)),
        np.searchsorted(model.seat_volunteer[by_person], np.arange(len(model.volunteer_ids) + 1)),
        visits + by_person,
        school,
        np.searchsorted(school[by_school], np.arange(len(model.school_ids) + 1)),
        by_school,
    )


def _group(model: Model) -> Ints:
    """Of each row the group of levels that it bounds, as in `_Term`; -1 for a plain row; shape (rows,)."""
    group = np.full(model.rows, -1, dtype=np.int64)
    groups = 0
    for block in model.counting:
        group[block.first_row : block.first_row + len(block.row_group)] = groups + block.row_group
        groups += block.groups
    return group


def _state(model: Model, columns: Ints) -> _State:
    visits_and_seats = len(model.visits) + len(model.seats)
    counted = model.activity(columns)
    filled = []
    for block in model.counting:
        rows = slice(block.first_row, block.first_row + len(block.row_group))
        inside = np.bincount(block.group, columns[block.columns], minlength=block.groups).astype(np.int64)
        filled.append(inside)
        counted[rows] -= model.low[rows] - (1 if block.ceiling else -1) * inside[block.row_group]
    running = np.full(len(model.session_ids), -1, dtype=np.int64)
    run = np.flatnonzero(columns[: len(model.visits)])
    running[model.visit_session[run]] = run
    taken = columns[:visits_and_seats].astype(np.int8)
    columns_of_rows = (counted, model.low, model.high, _group(model))
    stack = np.zeros(2 * (model.columns - visits_and_seats) + 16, dtype=np.int64)
    return _State(
        taken,
        np.stack([np.clip(each, -FAR, FAR).astype(np.int32) for each in columns_of_rows], axis=1),
        np.concatenate([np.zeros(0, dtype=np.int64), *filled]),
        running,
        np.zeros(1 + len(TIERS), dtype=np.int64),
        stack,
        np.ones(len(model.session_ids), dtype=bool),
        np.zeros(1, dtype=np.int64),
    )


@compiled_inside
def _flip(term: _Term, state: _State, column: int, change: np.int64) -> None:
    """Takes a visit or seat (1) or gives it up (-1), and keeps up all that follows from it."""
    state.taken[column] += change
    state.work[0] += 1
    state.stack[0] = (column + 1) * change
    size = 1
    while size:
        size -= 1
        way = 1 if state.stack[size] > 0 else -1
        moving = abs(state.stack[size]) - 1
        for tier in range(len(term.signs)):
            state.total[1 + tier] += way * term.signs[tier] * term.gains[tier][moving]
        for entry in range(term.ends[moving], term.ends[moving + 1]):
            row = term.rows[entry]
            before, group = state.row[row, COUNT], state.row[row, GROUP]
            now = before + way * term.coefficients[entry]
            if group < 0:
                low, high = state.row[row, LOW], state.row[row, HIGH]
                state.row[row, COUNT] = now
                state.total[0] += max(0, low - now, now - high) - max(0, low - before, before - high)
            elif group != term.own[moving]:
                state.row[row, COUNT] = now
                filled = _filled(term, state, group)
                while state.filled[group] < filled:
                    state.stack[size] = term.first_level[group] + state.filled[group] + 1
                    size += 1
                    state.filled[group] += 1
                while state.filled[group] > filled:
                    state.filled[group] -= 1
                    state.stack[size] = -(term.first_level[group] + state.filled[group] + 1)
                    size += 1


@compiled_inside
def _filled(term: _Term, state: _State, group: int) -> int:
    """How many levels of a group are filled by what its rows count: as many as the lowest (or highest) says."""
    first, end = term.group_ends[group], term.group_ends[group + 1]
    count = state.row[term.group_rows[first], COUNT]
    for place in range(first + 1, end):
        other = state.row[term.group_rows[place], COUNT]
        count = min(count, other)  # the highest of a group that is no ceiling: its counts are negative
    if not term.ceiling[group]:
        count = -count
    return int(max(0, min(count, term.levels[group])))


@compiled_inside
def _fits(term: _Term, state: _State, column: int) -> bool:
    """Whether a column is free and taking it breaks no upper limit."""
    if state.taken[column]:
        return False
    for entry in range(term.ends[column], term.ends[column + 1]):
        row, more = term.rows[entry], term.coefficients[entry]
        if more > 0 and state.row[row, GROUP] < 0 and state.row[row, COUNT] + more > state.row[row, HIGH]:
            return False
    return True


@compiled_inside
def _better(total: Ints, best: Ints) -> bool:
    """Fewer rows broken, or no more and the tiers better in their order."""
    if total[0] != best[0]:
        return bool(total[0] < best[0])
    for tier in range(1, len(total)):
        if total[tier] != best[tier]:
            return bool(total[tier] > best[tier])
    return False


@compiled_inside
def _copy(total: Ints, best: Ints) -> None:
    for each in range(len(total)):
        best[each] = total[each]


@compiled_inside
def _kept(state: _State, held: int) -> bool:
    """Whether the step that was made since the last one is worth keeping; if so, the next one begins."""
    total = state.total
    if total[0]:
        return False
    for tier in range(1, 1 + held):
        if total[tier] < 0:
            return False
    for tier in range(1, len(total)):
        if total[tier]:
            if total[tier] < 0:
                return False
            for each in range(len(total)):
                total[each] = 0
            return True
    return False


@compiled_inside
def _wake_school(term: _Term, state: _State, visit: int) -> None:
    """Something changed about a visit: the sessions of its school are tried again."""
    school = term.school[term.visit_session[visit]]
    for place in range(term.school_ends[school], term.school_ends[school + 1]):
        state.awake[term.school_sessions[place]] = True


@compiled_inside
def _wake(term: _Term, state: _State, visit: int, person: int) -> None:
    """Somebody left a visit's team: the sessions at which they could be are tried again, too."""
    _wake_school(term, state, visit)
    visits = term.first_seat[0]
    for place in range(term.person_ends[person], term.person_ends[person + 1]):
        state.awake[term.visit_session[term.seat_visit[term.person_seats[place] - visits]]] = True


@compiled_inside
def _best_seat(term: _Term, state: _State, visit: int, best: Ints) -> int:
    """The seat of a visit that makes the plan better than `best` (which becomes that) when taken, -1 if none does."""
    found = -1
    for seat in range(term.first_seat[visit], term.first_seat[visit + 1]):
        if _fits(term, state, seat):
            _flip(term, state, seat, TAKE)
            if _better(state.total, best):
                _copy(state.total, best)
                found = seat
            _flip(term, state, seat, LEAVE)
    return found


@compiled_inside
def _team(term: _Term, state: _State, visit: int) -> Ints:
    """The seats of a visit that are taken."""
    first, end = term.first_seat[visit], term.first_seat[visit + 1]
    size = 0
    for seat in range(first, end):
        size += state.taken[seat]
    team = np.empty(size, np.int64)
    size = 0
    for seat in range(first, end):
        if state.taken[seat]:
            team[size] = seat
            size += 1
    return team


@compiled_inside
def _staff(term: _Term, state: _State, visit: int) -> None:
    """Lets those join a visit's team who are best for the plan, one by one, until nobody makes it better."""
    best = np.empty(len(state.total), np.int64)
    _copy(state.total, best)
    while True:
        seat = _best_seat(term, state, visit, best)
        if seat < 0:
            return
        _flip(term, state, seat, TAKE)


@compiled_inside
def _undo(term: _Term, state: _State, visit: int, team: Ints, change: np.int64) -> None:
    """Takes or gives up a visit and its team."""
    if change > 0:
        _flip(term, state, visit, TAKE)
    for seat in team:
        _flip(term, state, seat, change)
    if change < 0:
        _flip(term, state, visit, LEAVE)


@compiled_inside
def _other_slot(term: _Term, state: _State, session: int, held: int) -> bool:
    """Tries every slot of a session with a team chosen anew."""
    running = state.running[session]
    team = np.empty(0, np.int64)
    if running >= 0:
        team = _team(term, state, running)
        _undo(term, state, running, team, LEAVE)
    for visit in range(term.session_ends[session], term.session_ends[session + 1]):
        if _fits(term, state, visit):
            _flip(term, state, visit, TAKE)
            _staff(term, state, visit)
            if _kept(state, held):
                state.running[session] = visit
                _wake_school(term, state, visit)
                for seat in team:
                    _wake(term, state, visit, term.seat_person[seat - term.first_seat[0]])
                return True
            _undo(term, state, visit, _team(term, state, visit), LEAVE)
    if running >= 0:
        _undo(term, state, running, team, TAKE)
    return False


@compiled_inside
def _join(term: _Term, state: _State, visit: int, held: int) -> bool:
    """Lets one more join a team."""
    best = np.empty(len(state.total), np.int64)
    _copy(state.total, best)
    seat = _best_seat(term, state, visit, best)
    if seat < 0:
        return False
    _flip(term, state, seat, TAKE)
    if _kept(state, held):
        _wake_school(term, state, visit)
        return True
    _flip(term, state, seat, LEAVE)
    return False


@compiled_inside
def _replace(term: _Term, state: _State, visit: int, seat: int, held: int) -> bool:
    """Lets one leave a team, with another in their place or nobody."""
    _flip(term, state, seat, LEAVE)
    state.taken[seat] = 1  # so that it is not looked at
    best = np.empty(len(state.total), np.int64)
    _copy(state.total, best)
    other = _best_seat(term, state, visit, best)
    state.taken[seat] = 0
    if other >= 0:
        _flip(term, state, other, TAKE)
    if _kept(state, held):
        _wake(term, state, visit, term.seat_person[seat - term.first_seat[0]])
        return True
    if other >= 0:
        _flip(term, state, other, LEAVE)
    _flip(term, state, seat, TAKE)
    return False


@compiled_inside
def _seat_of(term: _Term, visit: int, person: int) -> int:
    """The seat of a person in a visit's team, -1 if there is none."""
    visits = term.first_seat[0]
    first, end = term.first_seat[visit], term.first_seat[visit + 1]
    while first < end:  # a visit's seats are in the order of their people
        middle = (first + end) // 2
        if term.seat_person[middle - visits] < person:
            first = middle + 1
        else:
            end = middle
    if first < term.first_seat[visit + 1] and term.seat_person[first - visits] == person:
        return int(first)
    return -1


@compiled_inside
def _exchange(term: _Term, state: _State, visit: int, seat: int, held: int) -> bool:
    """Lets one of a team change places with somebody elsewhere, or go there."""
    visits = term.first_seat[0]
    person = term.seat_person[seat - visits]
    _flip(term, state, seat, LEAVE)
    for place in range(term.person_ends[person], term.person_ends[person + 1]):
        there = term.person_seats[place]
        elsewhere = term.seat_visit[there - visits]
        if elsewhere == visit or not state.taken[elsewhere] or state.taken[there]:
            continue
        if _fits(term, state, there):
            _flip(term, state, there, TAKE)
            if _kept(state, held):
                _wake(term, state, visit, person)
                _wake_school(term, state, elsewhere)
                return True
            _flip(term, state, there, LEAVE)
        for theirs in _team(term, state, elsewhere):
            here = _seat_of(term, visit, term.seat_person[theirs - visits])
            if here < 0 or state.taken[here]:
                continue
            _flip(term, state, theirs, LEAVE)
            if _fits(term, state, there):
                _flip(term, state, there, TAKE)
                if _fits(term, state, here):
                    _flip(term, state, here, TAKE)
                    if _kept(state, held):
                        _wake(term, state, visit, person)
                        _wake(term, state, elsewhere, term.seat_person[theirs - visits])
                        return True
                    _flip(term, state, here, LEAVE)
                _flip(term, state, there, LEAVE)
            _flip(term, state, theirs, TAKE)
    _flip(term, state, seat, TAKE)
    return False


@compiled
def _improve(term: _Term, state: _State, sessions: Ints, held: int) -> int:
    """Tries all steps of these sessions; how many were kept."""
    steps = 0
    for session in sessions:
        state.awake[session] = False
        steps += _other_slot(term, state, session, held)
        visit = state.running[session]
        if visit < 0:
            continue
        while _join(term, state, visit, held):
            steps += 1
        for seat in _team(term, state, visit):
            steps += _replace(term, state, visit, seat, held)
        for seat in _team(term, state, visit):
            steps += _exchange(term, state, visit, seat, held)
    return steps
