from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations

import numpy as np
import numpy.typing as npt

from matcher.coordinates import METRE, distances_km
from matcher.domain import Finding, Limits, Mode, Plan, Problem, School, Slot
from matcher.geography import ROADS, Position, travel_minutes
from matcher.people_alike import same_people
from matcher.rules.base import Example, MustRule, called
from matcher.rules.load_limit import LoadLimit
from matcher.rules.model import UNBOUNDED, Bools, Ints, Model, Terms, ranges
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import day_text, time_text

HALF_NINE, TEN, ELEVEN = (
    slot("09:30", "10:30"),
    slot("10:00", "11:00"),
    slot("11:00", "12:00"),
)
MANY_PLACES = 64
SEATS_AT_A_TIME = 100_000
Bytes = npt.NDArray[np.uint8]
KM_PER_DEGREE, HALFWAY_ROUND_KM = 111.2, 20_016.0  # of the equator and its half, rounded up
SCHOOLS = (
    School("A", "School A", position=Position(52.92, -1.48)),
    School("B", "School B", position=Position(52.92, -1.40)),  # 5.36 km: 14 minutes
)
TWINS = (
    volunteer("V1", name="Zoë", email="zoe@example.org"),
    volunteer("V2", name="ZOE ", email="Zoe+visits@example.org"),
)


class OnePlaceAtATime(MustRule):
    """Nobody is in two places at once, and there is time to get from one to the next.

    Any two sessions of a volunteer are compared, not only neighbours: a virtual session in between shortens no road.
    Two ids that are one person's (`people_alike`) count as one volunteer.
    """

    name, place = "one place at a time", 5
    overridable = False
    barrier = "somewhere else at about that time"
    examples = (
        Example(
            "half an hour of overlap",
            problem([session("S1"), session("S2", HALF_NINE)], [volunteer("V1")]),
            plan(S1="V1", S2=(HALF_NINE, "V1")),
            amount=30,
        ),
        Example(
            "one after the other at the same school",
            problem([session("S1"), session("S2", TEN)], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=0,
        ),
        Example(
            "one after the other at two schools a quarter of an hour apart",
            problem([session("S1"), session("S2", TEN, school="B")], [volunteer("V1")], schools=SCHOOLS),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=14,
        ),
        Example(
            "and due ten minutes early",
            problem(
                [session("S1"), session("S2", TEN, ELEVEN, school="B")],
                [volunteer("V1")],
                schools=SCHOOLS,
                limits=Limits(arrival_minutes=10),
            ),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=24,
        ),
        Example(
            "from a classroom straight to the screen",
            problem([session("S1"), session("S2", TEN, ELEVEN, mode=Mode.VIRTUAL)], [volunteer("V1")]),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=30,
        ),
        Example(
            "two virtual sessions end to end",
            problem(
                [session("S1", mode=Mode.VIRTUAL), session("S2", TEN, mode=Mode.VIRTUAL, school="B")], [volunteer("V1")]
            ),
            plan(S1="V1", S2=(TEN, "V1")),
            amount=0,
        ),
        Example(
            "one session inside another",
            problem([session("S1"), session("S2", slot("09:10", "09:20"))], [volunteer("V1")]),
            plan(S1="V1", S2=(slot("09:10", "09:20"), "V1")),
            amount=10,
        ),
        Example(
            "half an hour of overlap of one person under two ids",
            problem([session("S1"), session("S2", HALF_NINE)], TWINS),
            plan(S1="V1", S2=(HALF_NINE, "V2")),
            amount=30,
        ),
        Example(
            "one person under three ids, and not enough time for the road",
            problem(
                [session("S1", team=(1, 2)), session("S2", TEN, ELEVEN, school="B")],
                [*TWINS, volunteer("v1", name="Zoë", max_sessions=1)],
                schools=SCHOOLS,
            ),
            plan(S1="V1", S2=(TEN, "v1")),
            amount=14,
        ),
        Example(
            "half an hour of overlap of two namesakes",
            problem([session("S1"), session("S2", HALF_NINE)], [TWINS[0], volunteer("V2", name="Zoë")]),
            plan(S1="V1", S2=(HALF_NINE, "V2")),
            amount=0,
        ),
    )

    def post(self, model: Model) -> None:
        """Rows of "at most one of these" over cliques of visits that clash pairwise, for each volunteer.

        Whether two visits clash does not depend on who would go, so the graph of clashes is made once. A volunteer's
        seats fall into its connected components (mostly days), and the cliques are found once for each set of visits
        of a component that some volunteer has seats at.

        Example: 9:00 to 10:00 (visit 0), 9:30 to 10:30 (1) and 10:00 to 11:00 (2), all at one school: 0 clashes with
        1, and 1 with 2. Whoever has a seat at each gets the rows "seat at 0 + seat at 1 <= 1" and "at 1 + at 2 <= 1".
        """
        clashes = _Clashes(model)
        seats = np.flatnonzero((clashes.component[model.seat_visit] >= 0) & ~_once_anyway(model, clashes.component))
        visit = model.seat_visit[seats]
        of_person = model.seat_volunteer[seats] * (1 + len(clashes.clashing)) + clashes.component[visit]
        order = np.lexsort((clashes.place[visit], of_person))
        seats, place, of_person = seats[order], clashes.place[visit][order], of_person[order]
        starts = np.flatnonzero(np.diff(of_person, prepend=-1))
        ends = np.append(starts[1:], len(seats))
        component = clashes.component[model.seat_visit[seats[starts]]].tolist()
        known: dict[tuple[int, bytes], Bytes] = {}
        for some in np.array_split(np.arange(len(starts)), 1 + len(seats) // SEATS_AT_A_TIME):
            if not len(some):
                continue
            mine = slice(starts[some[0]], ends[some[-1]])
            columns = np.full(
                (len(some), clashes.width), -1, dtype=np.int64
            )  # of each volunteer's component, place by place
            columns[np.repeat(np.arange(len(some)), (ends - starts)[some]), place[mine]] = model.seats[seats[mine]]
            found: list[Bytes] = []
            for n, places in zip(some.tolist(), np.packbits(columns >= 0, axis=1, bitorder="little"), strict=True):
                key = component[n], places.tobytes()
                if key not in known:
                    known[key] = _packed(clashes.groups(component[n], int.from_bytes(key[1], "little")), len(places))
                found.append(known[key])
            sizes = list(map(len, found))
            groups = np.unpackbits(np.concatenate(found), axis=1, count=clashes.width, bitorder="little").view(bool)
            row = np.repeat(np.arange(len(groups)), np.count_nonzero(groups, axis=1))
            components_before = np.repeat(np.arange(len(some)), sizes) - np.arange(len(groups))
            at = np.flatnonzero(groups) + (components_before * clashes.width)[row]
            model.add_rows(
                Terms.of(row, columns.ravel()[at]),
                low=np.full(len(groups), -UNBOUNDED),
                high=np.ones(len(groups)),
                lazy=True,
            )
        for ids in same_people(model.problem.volunteers.values()):
            self._post_twins(model, clashes, [model.volunteer_index[volunteer_id] for volunteer_id in ids])

    def _post_twins(self, model: Model, clashes: _Clashes, people: Sequence[int]) -> None:
        """At most one of each two seats of different ids of one person at visits that clash."""
        seats_at: list[dict[tuple[int, int], int]] = []
        """For each id: (component, place) -> the column of the seat."""
        for person in people:
            mine = np.flatnonzero(model.seat_volunteer == person)
            visit = model.seat_visit[mine]
            places = zip(clashes.component[visit].tolist(), clashes.place[visit].tolist(), strict=True)
            seats_at.append(dict(zip(places, model.seats[mine].tolist(), strict=True)))
        pairs = [
            (seat, theirs[component, other])
            for mine, theirs in permutations(seats_at, 2)
            for (component, place), seat in mine.items()
            if component >= 0
            for other in _bits(clashes.clashing[component][place])
            if (component, other) in theirs
        ]
        both = np.unique(np.sort(np.array(pairs, dtype=np.int64).reshape(-1, 2), axis=1), axis=0)
        model.add_rows(
            Terms.of(np.repeat(np.arange(len(both)), 2), both.ravel()),
            low=np.full(len(both), -UNBOUNDED),
            high=np.ones(len(both)),
            lazy=True,
        )

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        other = next((each for each in finding.sessions if each != session_id), session_id)
        twice = f"they stand in the list more than once, as {' and '.join(finding.people)}, and " * (
            len(finding.people) > 1
        )
        when = time_text(plan.visits[other].slot.start)
        return (
            f"{twice}they would have to be at {called(problem, other)} on {when} as well, and cannot be at both in time"
        )

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        """Each person's sessions in order of time, each against all that follow."""
        person = {volunteer_id: ids[0] for ids in same_people(problem.volunteers.values()) for volunteer_id in ids}
        diaries: dict[str, list[tuple[datetime, str, Slot, str]]] = {}
        for volunteer_id, session_id, when in plan.assignments():
            entry = when.start, session_id, when, volunteer_id
            diaries.setdefault(person.get(volunteer_id, volunteer_id), []).append(entry)
        for diary in diaries.values():
            diary.sort()
            for n, (_, first_id, first, who) in enumerate(diary):
                for _, second_id, second, also in diary[n + 1 :]:
                    if first_id == second_id:  # with two ids in one team, which is one place
                        continue
                    gap = self._gap(problem, first_id, second_id)
                    lacking = (min(first.end, second.end) + gap - second.start) // timedelta(minutes=1)
                    if first.end + gap > second.start:
                        yield Finding(
                            self.name,
                            (who, first_id, second_id) if who == also else (who, first_id, second_id, also),
                            max(1, lacking),
                            (who if who == also else f"{who}, who is also {also},")
                            + f" cannot be at {first_id} until {first.end:%H:%M} on {day_text(first.end)} "
                            f"and at {second_id} from {second.start:%H:%M}"
                            + (f": {gap // timedelta(minutes=1)} minutes are needed in between." if gap else "."),
                            people=(who,) if who == also else (who, also),
                            sessions=(first_id, second_id),
                        )

    @staticmethod
    def _gap(problem: Problem, first_id: str, second_id: str) -> timedelta:
        first, second, limits = problem.sessions[first_id], problem.sessions[second_id], problem.programme.limits
        if first.mode is not second.mode:
            return timedelta(minutes=limits.virtual_gap_minutes)
        if first.mode is Mode.VIRTUAL or first.school_id == second.school_id:
            return timedelta(0)
        km = problem.km_between_schools(first.school_id, second.school_id)
        return timedelta(minutes=travel_minutes(km, limits.travel_kmh) + limits.arrival_minutes)


class _Clashes:
    """The graph of visits of different sessions that nobody can both be at.

    In each connected component the visits are numbered by start from 0, their *places*; a set of its visits is a
    bitmask, a whole number whose bit `place` says whether that visit is in it.

    Example: in the one under `OnePlaceAtATime.post` all three are one component, at places 0, 1 and 2, and `clashing`
    is [[0b010, 0b101, 0b010]]: the middle one clashes with both others.
    """

    def __init__(self, model: Model) -> None:
        from scipy import sparse  # here, since who only checks a plan need not wait for it

        pairs = self._pairs(model)
        visits = len(model.visits)
        graph = sparse.csr_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), (visits, visits))
        _, self.component = sparse.csgraph.connected_components(graph, directed=False)
        clashes = np.bincount(pairs.ravel(), minlength=visits) > 0
        components, self.component[clashes] = np.unique(self.component[clashes], return_inverse=True)
        self.component[~clashes] = -1
        """Of each visit the number of its component, -1 where it clashes with none; shape (visits,)."""
        order = np.lexsort((model.visit_start, self.component))
        self.place = np.zeros(visits, dtype=np.int64)
        self.place[order] = np.arange(visits) - np.searchsorted(self.component[order], self.component[order])
        sizes = np.bincount(self.component[clashes], minlength=len(components))
        self.width = int(sizes.max(initial=0))
        """How many visits the largest component has."""
        self.clashing = [[0] * size for size in sizes.tolist()]
        """component -> place -> the bitmask of the places with which it clashes."""
        component, place = self.component.tolist(), self.place.tolist()
        for a, b in pairs.tolist():
            self.clashing[component[a]][place[a]] |= 1 << place[b]
            self.clashing[component[b]][place[b]] |= 1 << place[a]
        self.apart = [list(of_place) for of_place in self.clashing]
        """The same, with those of the same session: two slots of one session never happen together either."""
        slots: dict[tuple[int, int], int] = {}
        for visit, of in enumerate(model.visit_session.tolist()):
            slots[of, component[visit]] = slots.get((of, component[visit]), 0) | 1 << place[visit]
        for visit in np.flatnonzero(clashes).tolist():
            session = int(model.visit_session[visit])
            self.apart[component[visit]][place[visit]] |= slots[session, component[visit]] & ~(1 << place[visit])

    @staticmethod
    def _pairs(model: Model) -> Ints:
        """Visits that clash, shape (pairs, 2)."""
        limits = model.problem.programme.limits
        order = np.argsort(model.visit_start, kind="stable")
        after = np.searchsorted(model.visit_start[order], model.visit_end[order] + _longest_gap(model.problem))
        place = np.arange(len(order))
        count = np.maximum(0, after - place - 1)
        first, second = order[np.repeat(place, count)], order[ranges(place + 1, count)]
        other_session = model.visit_session[first] != model.visit_session[second]
        first, second = first[other_session], second[other_session]
        between = model.visit_start[second] - model.visit_end[first]
        in_person, school = model.visit_in_person, model.visit_school
        mixed, road = in_person[first] != in_person[second], in_person[first] & in_person[second]
        road &= school[first] != school[second]
        clash = between < np.where(mixed, limits.virtual_gap_minutes, 0)
        a, b, left = school[first[road]], school[second[road]], between[road] - limits.arrival_minutes
        clash[road] = _too_far(model, a, b, left)
        return np.stack([first[clash], second[clash]], axis=1)

    def groups(self, component: int, mine: int) -> list[int]:
        """An edge cover by cliques: bitmasks of places in `mine`, such that every two that clash are in one of them.

        The cliques are maximal, which makes fewer and stronger rows; with more than MANY_PLACES of them only as large
        as it takes to cover every edge, which is quicker. `mine` is a bitmask.

        Example: `groups(0, 0b111)` in the one above is [0b011, 0b110].
        """
        clashing, apart = self.clashing[component], self.apart[component]
        frugal = mine.bit_count() > MANY_PLACES
        covered = [0] * len(clashing)
        found: list[int] = []
        later = mine
        while later:
            bit = 1 << (later.bit_length() - 1) if frugal else later & -later  # backwards makes fewer and smaller sets
            later ^= bit
            place = bit.bit_length() - 1
            left = clashing[place] & later & ~covered[place]
            while left:
                group, members = bit, [place]
                possible = left if frugal else apart[place] & mine
                joining = left & -left
                while joining:
                    group |= joining
                    members.append(joining.bit_length() - 1)
                    possible &= apart[members[-1]]
                    joining = possible & -possible
                for member in members:
                    covered[member] |= group
                left &= ~group
                found.append(group)
        return found


def _bits(number: int) -> Iterator[int]:
    """The places of the ones in a number."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def _once_anyway(model: Model, component: Ints) -> Bools:
    """Of each seat whether it needs no row here, because `LoadLimit` already allows its volunteer but one; (seats,).

    That is so for whoever gives one session in the term, and for whoever gives one a day where all visits that clash
    with this one, directly or by way of others, are on one day.
    """
    people = model.problem.volunteers.values()
    if not any(isinstance(rule, LoadLimit) for rule in model.rules) or not len(model.visits):
        return np.zeros(len(model.seats), dtype=bool)
    once = np.array([person.max_sessions <= 1 for person in people], dtype=bool)
    once_a_day = np.array([person.max_sessions_per_day <= 1 for person in people], dtype=bool)
    first = np.full(
        int(component.max()) + 2, model.visit_day.max()
    )  # of each component the first day; the last entry is for visits of none
    last = np.zeros_like(first)
    np.minimum.at(first, component, model.visit_day)
    np.maximum.at(last, component, model.visit_day)
    in_a_day = (first == last)[component]
    return np.asarray(once[model.seat_volunteer] | once_a_day[model.seat_volunteer] & in_a_day[model.seat_visit])


def _too_far(model: Model, a: Ints, b: Ints, left: Ints) -> Bools:
    """Whether the journey between two schools takes longer than the minutes left; to the minute as in `check`."""
    problem, limits = model.problem, model.problem.programme.limits
    km = distances_km(model.school_degrees[a], model.school_degrees[b])
    km[np.isnan(km)] = limits.unknown_km
    reach = np.maximum(left, -1) * (limits.travel_kmh / (60 * ROADS))
    far: Bools = km > reach
    for n in np.flatnonzero(np.abs(km - reach) <= METRE).tolist():
        exact = problem.km_between_schools(model.school_ids[a[n]], model.school_ids[b[n]])
        far[n] = travel_minutes(exact, limits.travel_kmh) > left[n]
    return far


def _packed(sets: Sequence[int], size: int) -> Bytes:
    """Which places are in which set, eight a byte, shape (sets, size)."""
    packed = np.frombuffer(bytearray().join(each.to_bytes(size, "little") for each in sets), dtype=np.uint8)
    return packed.reshape(len(sets), size)


def _longest_gap(problem: Problem) -> int:
    """No gap between two sessions is longer, in minutes: from the box around all schools."""
    limits = problem.programme.limits
    places = [school.position for school in problem.schools.values() if school.position is not None]
    km = limits.unknown_km
    if places:
        height = max(p.latitude for p in places) - min(p.latitude for p in places)
        width = max(p.longitude for p in places) - min(p.longitude for p in places)
        km = max(km, min(HALFWAY_ROUND_KM, (height + width) * KM_PER_DEGREE))
    return max(travel_minutes(km, limits.travel_kmh) + limits.arrival_minutes, limits.virtual_gap_minutes)
