"""Which sessions to free together, so that a solver can rearrange them while all others stay.

Large neighbourhood search (Shaw, 1998): an *operator* picks sessions until their seats come to its size, either with
all their slots, or with the slots as they are and only the teams to choose again, so that more sessions come together.
Operators that gained most a second lately are picked more often, and an operator's size grows while its neighbourhoods
are solved in a moment, or to the end for nothing, and shrinks when they are not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from matcher.rules.model import Floats, Ints, Model

FIRST_SIZE, SMALLEST, GROWTH, SHRINKAGE = 4000, 300, 1.15, 0.7
CANDIDATES = 60  # people who are looked at for a visit at a time, more or less, chosen at random
MOMENT = 1.0  # seconds in which a neighbourhood is best solved
POOL = 40_000  # seats among which neighbours are looked for
PIECE = 15_000  # seats of schools that a bound on reach looks at together
TAKEN = 0.1  # the value that a relaxation gives a seat, above which it counts as taken
FADING = 0.9  # how much of what an operator paid before still counts after one more trial


@dataclass
class Operator:
    """A way to pick neighbourhoods, and what came of those that it picked."""

    name: str
    same_slots: bool = False
    """Whether every session keeps its slot and only teams change."""
    size: float = FIRST_SIZE
    """About how many seats it frees."""
    paid: float = 1.0
    """What its neighbourhoods gained a second lately, as a share of the best there was: 0 to 1."""


@dataclass(frozen=True)
class Neighbourhood:
    operator: Operator
    columns: Ints
    """The visits and seats that may change."""
    whole: bool = False
    """Whether these are all there are, so that its best is the best there is."""


@dataclass
class Neighbourhoods:
    model: Model
    random: random.Random
    only_lagging: bool = False
    """Whether a tier is all about the few schools that are behind."""
    operators: list[Operator] = field(
        default_factory=lambda: [
            *(
                Operator(name, same_slots)
                for name in ("schools", "sessions", "weeks", "people", "lagging")
                for same_slots in (False, True)
            ),
            Operator("between"),
        ]
    )

    def __post_init__(self) -> None:
        model = self.model
        count = len(model.session_ids)
        # visits stand in the order of their sessions and seats in that of their visits
        self.first_visit = np.searchsorted(model.visit_session, np.arange(count + 1))
        self.first_seat = np.searchsorted(model.seat_visit, np.arange(len(model.visits) + 1))
        self.seats_of = np.diff(self.first_seat[self.first_visit])
        self.some_of_visit = np.minimum(CANDIDATES, np.diff(self.first_seat))
        self.some_of = np.zeros(count, dtype=np.int64)
        np.add.at(self.some_of, model.visit_session, self.some_of_visit)
        self.sessions: list[int] = np.flatnonzero(self.seats_of).tolist()
        self.total = int(self.seats_of.sum())
        self.school_of = {int(s): int(k) for s, k in zip(model.visit_session, model.visit_school, strict=True)}
        self.at_school: dict[int, list[int]] = {}
        for session in self.sessions:
            self.at_school.setdefault(self.school_of[session], []).append(session)
        self.day_of = {int(s): int(day) for s, day in zip(model.visit_session, model.visit_day, strict=True)}
        order = np.argsort(model.seat_volunteer, kind="stable")
        bounds = np.searchsorted(model.seat_volunteer[order], np.arange(len(model.volunteer_ids) + 1))
        sessions = model.seat_session[order]
        self.sessions_for = [
            np.unique(sessions[bounds[v] : bounds[v + 1]]).tolist() for v in range(len(model.volunteer_ids))
        ]
        self.school_of_column = _schools(model)
        self.places = _places(model, list(self.at_school))

    def next(self, columns: Ints, lag: Ints | None, relaxed: Floats | None = None) -> Neighbourhood:
        """A neighbourhood of the plan; `lag` says how far each session is behind what could be, if that is known."""
        missing = {"lagging": lag is None, "between": relaxed is None}
        operators = [operator for operator in self.operators if not missing.get(operator.name)]
        if lag is not None and self.only_lagging:
            operators = [
                operator for operator in self.operators if operator.name == "lagging" and not operator.same_slots
            ]
        operator = self.random.choices(operators, [0.05 + operator.paid for operator in operators])[0]
        if operator.size >= self.total and not operator.same_slots:
            return self.whole(operator)
        seed = self._seed(lag if operator.name == "lagging" else None)
        pool = self._around(seed)
        walks = {
            "schools": self._schools,
            "sessions": self._any,
            "weeks": self._weeks,
            "people": self._people,
            "lagging": lambda pool: self._lagging(pool, seed, columns),
            "between": self._any,
        }
        visit = self._visit(columns)
        sizes = np.where(visit >= 0, self.some_of_visit[visit], 0) if operator.same_slots else self.some_of
        if self.only_lagging:  # whoever makes the difference is not to be missed
            sizes = self.seats_of
        chosen: dict[int, None] = {}
        size = 0
        for session in walks[operator.name](pool):
            if session not in chosen and sizes[session]:
                chosen[session] = None
                size += int(sizes[session])
                if size >= operator.size:
                    break
        if operator.name == "between" and relaxed is not None:
            return self.between(columns, relaxed, operator, pool, list(chosen))
        if operator.same_slots:
            mine = visit[list(chosen)]
            seats = self.model.seats[_ranges(self.first_seat[mine], self.first_seat[mine + 1])]
            return Neighbourhood(operator, self._some(seats, columns))
        if len(chosen) == len(self.sessions):
            return self.whole(operator)
        free = self._columns(list(chosen))
        return Neighbourhood(operator, free if self.only_lagging else self._some(free, columns))

    def whole(self, operator: Operator) -> Neighbourhood:
        """All sessions at once."""
        return Neighbourhood(operator, self._columns(self.sessions), whole=True)

    def between(
        self, columns: Ints, relaxed: Floats, operator: Operator, pool: Sequence[int], wholly: Sequence[int]
    ) -> Neighbourhood:
        """A pool of sessions, but only the seats that the plan or the relaxation takes (RINS: Danna et al., 2005).

        And all seats of the sessions that are `wholly` free.
        """
        mine = self._columns(pool)
        taken = (columns[mine] > 0) | (relaxed[mine] > TAKEN) | (mine < len(self.model.visits))
        return Neighbourhood(operator, np.union1d(mine[taken], self._columns(wholly)))

    def pieces(self, behind: Callable[[], Ints]) -> Iterator[tuple[Ints, Ints]]:
        """Schools that are behind, each with those nearest to it, up to PIECE seats; no school is in two pieces.

        `behind` says of each school by how much it is behind all that it asks for, in the tier's units, shape
        (schools,), and is asked before each piece: the school furthest behind is next. Ends when none that is left is
        behind. Yields the schools' numbers, and the columns of their visits and seats.
        """
        model = self.model
        schools, school = np.unique(model.visit_school, return_inverse=True)
        places = _places(model, schools.tolist())
        seats = np.bincount(school, np.diff(self.first_seat), len(schools))
        left = np.ones(len(schools), dtype=bool)
        while left.any():
            lag = np.where(left, behind()[schools], 0)
            seed = int(np.argmax(lag))
            if lag[seed] <= 0:
                return
            nearest = np.argsort(((places - places[seed]) ** 2).sum(axis=1), kind="stable")
            nearest = nearest[left[nearest]]
            piece = nearest[: 1 + int(np.searchsorted(np.cumsum(seats[nearest]), PIECE))]
            left[piece] = False
            visits = np.flatnonzero(np.isin(school, piece))
            mine = _ranges(self.first_seat[visits], self.first_seat[visits + 1])
            yield schools[piece], np.append(visits, model.seats[mine])

    def around(self) -> list[int]:
        """The sessions at the schools around one of them, as many as a relaxation or a solver may look at together."""
        return self._around(self._seed(None))

    def learn(self, operator: Operator, *, closed: bool, seconds: float, paid: float) -> None:
        """What came of a neighbourhood: whether it was solved to the end, and its gain a second beside the best's."""
        if closed and (seconds < MOMENT or not paid):
            operator.size *= GROWTH
        elif not closed:
            operator.size = max(SMALLEST, operator.size * SHRINKAGE)
        operator.paid = FADING * operator.paid + (1 - FADING) * paid

    def _columns(self, sessions: Sequence[int]) -> Ints:
        """The visits and seats of some sessions."""
        first, end = self.first_visit[sessions], self.first_visit[np.array(sessions, dtype=np.int64) + 1]
        visits = _ranges(first, end)
        return np.append(visits, self.model.seats[_ranges(self.first_seat[visits], self.first_seat[visits + 1])])

    def _some(self, mine: Ints, columns: Ints) -> Ints:
        """Of the seats among these columns those that the plan takes, and about CANDIDATES others of each visit."""
        visits = len(self.model.visits)
        seat = mine >= visits
        share = np.ones(len(mine))
        share[seat] = CANDIDATES / np.diff(self.first_seat)[self.model.seat_visit[mine[seat] - visits]]
        if share.min(initial=1.0) >= 1:
            return mine
        drawn = np.random.default_rng(self.random.getrandbits(32)).random(len(mine)) < share
        return mine[drawn | (columns[mine] > 0)]

    def _visit(self, columns: Ints) -> Ints:
        """For each session the visit as which it runs, -1 if it does not."""
        running = np.flatnonzero(columns[: len(self.model.visits)])
        visit = np.full(len(self.model.session_ids), -1, dtype=np.int64)
        visit[self.model.visit_session[running]] = running
        return visit

    def _seed(self, lag: Ints | None) -> int:
        """A session, rather one that is behind."""
        weights = None if lag is None else [1 + max(0, int(lag[session])) for session in self.sessions]
        return self.random.choices(self.sessions, weights)[0]

    def _around(self, seed: int) -> list[int]:
        """The sessions at the schools nearest to the seed's, until they have POOL seats."""
        if self.total <= POOL:
            return self.sessions
        schools = list(self.at_school)
        here = self.places[schools.index(self.school_of[seed])]
        nearest = np.argsort(((self.places - here) ** 2).sum(axis=1), kind="stable")
        pool: list[int] = []
        size = 0
        for place in nearest.tolist():
            mine = self.at_school[schools[place]]
            pool += mine
            size += int(self.seats_of[mine].sum())
            if size >= POOL:
                break
        return pool

    def _schools(self, pool: list[int]) -> Iterator[int]:
        schools = list(dict.fromkeys(self.school_of[session] for session in pool))
        self.random.shuffle(schools)
        for school in schools:
            yield from self.at_school[school]

    def _any(self, pool: list[int]) -> Iterator[int]:
        yield from self.random.sample(pool, len(pool))

    def _weeks(self, pool: list[int]) -> Iterator[int]:
        """Sessions that may run at about the same time."""
        centre = self.day_of[self.random.choice(pool)]
        yield from sorted(pool, key=lambda session: (abs(self.day_of[session] - centre), self.random.random()))

    def _people(self, pool: list[int]) -> Iterator[int]:
        """Where a few volunteers could be, the sessions at which they are first."""
        near = set(pool)
        able = [v for v, sessions in enumerate(self.sessions_for) if not near.isdisjoint(sessions)]
        while near:
            for person in self.random.sample(able, min(3, len(able))):
                theirs = [session for session in self.sessions_for[person] if session in near]
                met = self.random.sample(theirs, min(6, len(theirs)))
                near.difference_update(met)
                yield from met
            if near:
                met = [self.random.choice(sorted(near))]
                near.difference_update(met)
                yield from met

    def _lagging(self, pool: list[int], seed: int, columns: Ints) -> Iterator[int]:
        """A school that is behind, and the sessions that hold the people it could use."""
        model = self.model
        mine = self.at_school[self.school_of[seed]]
        yield from mine
        wanted = np.zeros(len(model.volunteer_ids), dtype=bool)
        columns_here = self._columns(mine)
        wanted[model.seat_volunteer[columns_here[columns_here >= len(model.visits)] - len(model.visits)]] = True
        taken = np.flatnonzero(columns[model.seats])
        rivals = model.seat_session[taken[wanted[model.seat_volunteer[taken]]]]
        count = np.bincount(rivals, minlength=len(model.session_ids))
        yield from sorted(pool, key=lambda session: (-count[session] * self.random.random(), session))


def _ranges(first: Ints, end: Ints) -> Ints:
    """All whole numbers from each first to before its end."""
    sizes = end - first
    return np.repeat(first - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())


def _schools(model: Model) -> Ints:
    """For each column the school that it is about, -1 where it is about none (a volunteer's load, say)."""
    school = np.full(model.columns, -1, dtype=np.int64)
    school[: len(model.visits)] = model.visit_school
    school[model.seats] = model.visit_school[model.seat_visit]
    for block, rows in zip(model.counting, model.counting_rows, strict=True):
        if not block.ceiling:
            continue
        row, column = rows.tocoo().coords
        known = school[column] >= 0
        of_group = np.full(block.groups, -1, dtype=np.int64)
        of_group[block.row_group[row[known]]] = school[column[known]]
        school[block.columns] = of_group[block.group]
    return school


def _places(model: Model, schools: Sequence[int]) -> Floats:
    """Where schools are, shape (schools, 2), in degrees of latitude or as much to the east."""
    every = list(model.problem.schools.values())
    positions = [every[school].position for school in schools]
    return np.array([(p.latitude, 0.6 * p.longitude) if p else (0.0, 0.0) for p in positions]).reshape(-1, 2)
