"""Which sessions to free together, so that a solver can rearrange them while all others stay.

Each kind of neighbourhood picks sessions until their seats come to a size. Kinds that have paid lately are picked more
often, and each kind's size grows while its neighbourhoods are solved to the end and shrinks when they are not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.rules.draft import Draft, Ints, ints

FIRST_SIZE, SMALLEST, GROWTH, SHRINKAGE = 4000, 300, 1.15, 0.7
Floats = npt.NDArray[np.float64]
GUIDED = ("lagging", "between")  # kinds that need a relaxation
PIECE = 40_000  # seats whose relaxation takes seconds
TAKEN = 1e-6  # of a seat, by a relaxation
FADING = 0.9  # how much of what a kind paid before still counts after one more trial


@dataclass
class Kind:
    name: str
    size: float = FIRST_SIZE
    paid: float = 1.0


@dataclass(frozen=True)
class Neighbourhood:
    kind: Kind
    sessions: Ints
    seats: Ints | None = None
    """The only seats of the sessions that may change, as columns; None: all."""
    whole: bool = False
    """Whether nothing else can move, so that its best is the best there is."""


@dataclass
class Neighbourhoods:
    draft: Draft
    random: random.Random
    only_lagging: bool = False
    """Whether a tier is all about the few schools that are behind."""
    kinds: list[Kind] = field(
        default_factory=lambda: [
            Kind(name) for name in ("schools", "sessions", "weeks", "people", "lagging", "between")
        ]
    )

    def __post_init__(self) -> None:
        draft = self.draft
        self.seats_of = np.bincount(draft.seat_session, minlength=len(draft.session_ids))
        with_seats = np.flatnonzero(self.seats_of)
        self.sessions: list[int] = with_seats.tolist()
        self.total = int(self.seats_of.sum())
        self.school_of = {int(s): int(k) for s, k in zip(draft.visit_session, draft.visit_school, strict=True)}
        self.at_school: dict[int, list[int]] = {}
        for session in self.sessions:
            self.at_school.setdefault(self.school_of[session], []).append(session)
        self.day_of = {int(s): int(day) for s, day in zip(draft.visit_session, draft.visit_day, strict=True)}
        order = np.argsort(draft.seat_volunteer, kind="stable")
        bounds = np.searchsorted(draft.seat_volunteer[order], np.arange(len(draft.volunteer_ids) + 1))
        sessions = draft.seat_session[order]
        self.sessions_for = [
            np.unique(sessions[bounds[v] : bounds[v + 1]]).tolist() for v in range(len(draft.volunteer_ids))
        ]
        self.school_of_column = _schools(draft)
        self.pieces = pieces(draft, self.at_school, self.seats_of)
        self.able = [v for v, found in enumerate(self.sessions_for) if found]

    def next(self, columns: Ints, lag: Ints | None, relaxed: Floats | None = None) -> Neighbourhood:
        """A neighbourhood of the plan; `lag` says how far each session is behind the relaxation, if that is known."""
        kinds = self.kinds if lag is not None else [kind for kind in self.kinds if kind.name not in GUIDED]
        if lag is not None and self.only_lagging:
            kinds = [kind for kind in self.kinds if kind.name == "lagging"]
        kind = self.random.choices(kinds, [0.05 + kind.paid for kind in kinds])[0]
        if kind.size >= self.total:
            return self.whole(kind)
        walks = {
            "schools": self._schools(),
            "sessions": self._any(),
            "weeks": self._weeks(),
            "people": self._people(),
            "lagging": self._lagging(columns, lag),
            "between": self._any(),
        }
        chosen: dict[int, None] = {}
        size = 0
        for session in walks[kind.name]:
            if session not in chosen and self.seats_of[session]:
                chosen[session] = None
                size += int(self.seats_of[session])
                if size >= kind.size:
                    break
        if kind.name == "between" and relaxed is not None:
            wholly = np.array(list(chosen), dtype=np.int64)
            return self.between(columns, relaxed, kind, self.random.choice(self.pieces), wholly)
        whole = len(chosen) == len(self.sessions)
        return Neighbourhood(kind, np.array(list(chosen), dtype=np.int64), whole=whole)

    def whole(self, kind: Kind) -> Neighbourhood:
        """All sessions at once."""
        return Neighbourhood(kind, np.array(self.sessions, dtype=np.int64), whole=True)

    def between(self, columns: Ints, relaxed: Floats, kind: Kind, piece: Ints, wholly: Ints) -> Neighbourhood:
        """A piece's sessions, but only the seats that the plan or the relaxation takes (RINS: Danna et al., 2005).

        And all seats of the sessions that are `wholly` free.
        """
        seats, session = self.draft.seats, self.draft.seat_session
        taken = (columns[seats] > 0) | (relaxed[seats] > TAKEN) | np.isin(session, wholly)
        taken &= np.isin(session, piece) if len(self.pieces) > 1 else True
        return Neighbourhood(kind, piece, seats[taken])

    def learn(self, kind: Kind, *, closed: bool, gained: float) -> None:
        """What came of a neighbourhood: whether it was solved to the end; its gain as a share of the best lately."""
        kind.size = max(SMALLEST, kind.size * (GROWTH if closed else SHRINKAGE))
        kind.paid = FADING * kind.paid + (1 - FADING) * gained

    def _schools(self) -> Iterator[int]:
        schools = list(self.at_school)
        self.random.shuffle(schools)
        for school in schools:
            yield from self.at_school[school]

    def _any(self) -> Iterator[int]:
        yield from self.random.sample(self.sessions, len(self.sessions))

    def _weeks(self) -> Iterator[int]:
        """Sessions that may run at about the same time."""
        centre = self.day_of[self.random.choice(self.sessions)]
        yield from sorted(self.sessions, key=lambda session: (abs(self.day_of[session] - centre), self.random.random()))

    def _people(self) -> Iterator[int]:
        """Where a few volunteers could be, the sessions at which they are first."""
        while True:
            for person in self.random.sample(self.able, min(3, len(self.able))):
                yield from self.random.sample(self.sessions_for[person], min(6, len(self.sessions_for[person])))
            yield self.random.choice(self.sessions)

    def _lagging(self, columns: Ints, lag: Ints | None) -> Iterator[int]:
        """A school that is behind, and the sessions that hold the people it could use."""
        assert lag is not None
        draft = self.draft
        weights = [1 + max(0, int(lag[session])) for session in self.sessions]
        seed = self.random.choices(self.sessions, weights)[0]
        mine = self.at_school[self.school_of[seed]]
        yield from mine
        wanted = np.zeros(len(draft.volunteer_ids), dtype=bool)
        wanted[draft.seat_volunteer[np.isin(draft.seat_session, mine)]] = True
        taken = np.flatnonzero(columns[draft.seats])
        rivals = draft.seat_session[taken[wanted[draft.seat_volunteer[taken]]]]
        count = np.bincount(rivals, minlength=len(draft.session_ids))
        yield from sorted(self.sessions, key=lambda session: (-count[session] * self.random.random(), session))


def _schools(draft: Draft) -> Ints:
    """For each column the school that it is about, -1 where it is about none (a volunteer's load, say)."""
    school = np.full(draft.columns, -1, dtype=np.int64)
    school[: len(draft.visits)] = draft.visit_school
    school[draft.seats] = draft.visit_school[draft.seat_visit]
    for block, rows in zip(draft.counting, draft.counting_rows, strict=True):
        if not block.ceiling:
            continue
        row, column = rows.tocoo().coords
        known = school[column] >= 0
        of_group = np.full(block.groups, -1, dtype=np.int64)
        of_group[block.row_group[row[known]]] = school[column[known]]
        school[block.columns] = of_group[block.group]
    return school


def pieces(draft: Draft, at_school: Mapping[int, Sequence[int]], seats_of: Ints) -> list[Ints]:
    """Sessions of schools that lie together, in pieces of at most about PIECE seats: halves of halves of the map."""
    schools = list(draft.problem.schools.values())

    def place(school: int) -> tuple[float, float]:
        position = schools[school].position
        return (position.latitude, 0.6 * position.longitude) if position else (0.0, 0.0)

    def split(group: list[int]) -> list[list[int]]:
        if len(group) < 2 or sum(int(seats_of[s]) for school in group for s in at_school[school]) <= PIECE:
            return [group]
        spread = [
            max(place(school)[axis] for school in group) - min(place(school)[axis] for school in group)
            for axis in (0, 1)
        ]
        axis = int(spread[1] > spread[0])
        group = sorted(group, key=lambda school: (place(school)[axis], school))
        half = len(group) // 2
        return [*split(group[:half]), *split(group[half:])]

    return [ints(s for school in group for s in at_school[school]) for group in split(list(at_school)) if group]
