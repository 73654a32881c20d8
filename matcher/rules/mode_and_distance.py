from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matcher.coordinates import METRE, distances_km, on_globe
from matcher.domain import Finding, Limits, Mode, Plan, Problem, School
from matcher.geography import EARTH_RADIUS_KM, Position
from matcher.rules.base import Example, MustRule
from matcher.rules.model import Bools, Ints, Model, Seats
from matcher.rules.tiny import plan, problem, session, volunteer

DERBY, NOTTINGHAM = Position(52.92, -1.48), Position(52.95, -1.15)  # 22.4 km apart
AT_DERBY = School("A", "School A", position=DERBY)
HALFWAY_ROUND_KM = np.pi * EARTH_RADIUS_KM


class ModeAndDistance(MustRule):
    """A volunteer offers the session's mode, and in person travels no further than they said."""

    name, place = "mode and distance", 4
    barrier = "too far away or not offering to come that way"
    examples = (
        Example(
            "near enough",
            problem([session("S1")], [volunteer("V1", position=NOTTINGHAM, max_distance_km=22.5)], schools=[AT_DERBY]),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "more than 2 km further than they said",
            problem([session("S1")], [volunteer("V1", position=NOTTINGHAM, max_distance_km=20.0)], schools=[AT_DERBY]),
            plan(S1="V1"),
            amount=3,
        ),
        Example(
            "far away, but on the screen",
            problem(
                [session("S1", mode=Mode.VIRTUAL)],
                [volunteer("V1", position=NOTTINGHAM, max_distance_km=1.0)],
                schools=[AT_DERBY],
            ),
            plan(S1="V1"),
            amount=0,
        ),
        Example(
            "only ever on the screen",
            problem([session("S1")], [volunteer("V1", modes=frozenset({Mode.VIRTUAL}))]),
            plan(S1="V1"),
            amount=1,
        ),
        Example(
            "nobody knows where they live",
            problem(
                [session("S1")],
                [volunteer("V1", max_distance_km=5.0)],
                schools=[AT_DERBY],
                limits=replace(Limits(), unknown_km=4.9),
            ),
            plan(S1="V1"),
            amount=0,
        ),
    )

    def propose(self, seats: Seats) -> Iterator[Ints]:
        """In-person visits at the schools around home, found in a tree of places, and all virtual ones."""
        schools = range(len(seats.school_ids))
        in_person, virtual = np.flatnonzero(seats.visit_in_person), np.flatnonzero(~seats.visit_in_person)
        by_school = in_person[np.argsort(seats.visit_school[in_person], kind="stable")]
        bounds = np.searchsorted(seats.visit_school[by_school], np.arange(len(schools) + 1)).tolist()
        near = self._near(seats)
        for index, person in enumerate(seats.problem.volunteers.values()):
            found = [virtual] if Mode.VIRTUAL in person.modes else []
            if Mode.IN_PERSON in person.modes and index not in near:
                found.append(in_person)
            elif Mode.IN_PERSON in person.modes:
                found += [by_school[bounds[school] : bounds[school + 1]] for school in near[index]]
            yield np.concatenate(found) if found else virtual[:0]

    @staticmethod
    def _near(seats: Seats) -> dict[int, list[int]]:
        """For each volunteer with a limit, the schools within it."""
        from scipy.spatial import KDTree  # here, since who only checks a plan need not wait for it

        unknown_km = seats.problem.programme.limits.unknown_km
        limit = {
            index: person.max_distance_km
            for index, person in enumerate(seats.problem.volunteers.values())
            if person.max_distance_km is not None
        }
        school_at, home_at = seats.school_degrees, seats.home_degrees
        placed = np.flatnonzero(~np.isnan(school_at[:, 0]))
        nowhere = np.flatnonzero(np.isnan(school_at[:, 0])).tolist()
        everywhere = list(range(len(seats.school_ids)))
        near = {index: everywhere if unknown_km <= km else [] for index, km in limit.items()}
        people = np.array([index for index in limit if not np.isnan(home_at[index, 0])], dtype=np.int64)
        if not len(people) or not len(placed):
            return near
        furthest = np.minimum(np.array([limit[index] for index in people.tolist()]) + METRE, HALFWAY_ROUND_KM)
        chords = 2 * np.sin(furthest / EARTH_RADIUS_KM / 2)
        tree = KDTree(on_globe(school_at[placed]))
        around = tree.query_ball_point(on_globe(home_at[people]), chords * (1 + 1e-9) + 1e-9, return_sorted=True)
        whose = np.repeat(people, [len(places) for places in around])
        school = placed[np.array([place for places in around for place in places], dtype=np.int64)]
        within = _within(seats, whose, school)
        whose, school = whose[within], school[within]
        parts = np.split(school, np.searchsorted(whose, people[1:]))
        for index, part in zip(people.tolist(), parts, strict=True):
            near[index] = [*part.tolist(), *(nowhere if unknown_km <= limit[index] else [])]
        return near

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools:
        people = seats.problem.volunteers.values()
        offers = np.array([(Mode.VIRTUAL in each.modes, Mode.IN_PERSON in each.modes) for each in people], dtype=bool)
        in_person = seats.visit_in_person[visit]
        admitted: Bools = offers.reshape(-1, 2)[volunteer, in_person.astype(np.int64)]
        limited = np.array([each.max_distance_km is not None for each in people], dtype=bool)
        asked = np.flatnonzero(admitted & in_person & limited[volunteer])
        admitted[asked] = _within(seats, volunteer[asked], seats.visit_school[visit[asked]])
        return admitted

    def post(self, model: Model) -> None:
        """Nothing to add: whoever is too far away has no seat."""

    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        volunteer, session = problem.volunteers[volunteer_id], problem.sessions[session_id]
        if session.mode not in volunteer.modes:
            return "they do not offer to take part " + ("in person" if session.mode is Mode.IN_PERSON else "online")
        km = problem.km_home_to_school(volunteer_id, session.school_id)
        return f"the school is {km:.1f} km from them, and they travel at most {volunteer.max_distance_km:g} km"

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for volunteer_id, session_id, _ in plan.assignments():
            volunteer, session = problem.volunteers[volunteer_id], problem.sessions[session_id]
            about = (volunteer_id, session_id)
            if session.mode not in volunteer.modes:
                how = "in person" if session.mode is Mode.IN_PERSON else "virtually"
                yield Finding(
                    self.name,
                    about,
                    1,
                    f"{volunteer_id} does not offer to take part {how}, as {session_id} asks.",
                    people=(volunteer_id,),
                    sessions=(session_id,),
                )
            elif session.mode is Mode.IN_PERSON and volunteer.max_distance_km is not None:
                km = problem.km_home_to_school(volunteer_id, session.school_id)
                excess = km - volunteer.max_distance_km
                if excess > 0:
                    yield Finding(
                        self.name,
                        about,
                        int(excess) + 1,
                        f"{session_id} is {km:.1f} km from {volunteer_id}, who travels at most "
                        f"{volunteer.max_distance_km:g} km.",
                        people=(volunteer_id,),
                        sessions=(session_id,),
                    )


def _within(seats: Seats, volunteer: Ints, school: Ints) -> Bools:
    """Whether the schools are within the volunteers' limits: by exact distance where a metre decides."""
    problem = seats.problem
    limit = np.array([each.max_distance_km or 0.0 for each in problem.volunteers.values()])[volunteer]
    km = distances_km(seats.home_degrees[volunteer], seats.school_degrees[school])
    km[np.isnan(km)] = problem.programme.limits.unknown_km
    within: Bools = km <= limit
    for n in np.flatnonzero(np.abs(km - limit) <= METRE).tolist():
        exact = problem.km_home_to_school(seats.volunteer_ids[volunteer[n]], seats.school_ids[school[n]])
        within[n] = exact <= limit[n]
    return within
