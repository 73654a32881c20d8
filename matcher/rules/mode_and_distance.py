from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from matcher.domain import Finding, Limits, Mode, Plan, Problem, School
from matcher.geography import Position, distance_km
from matcher.rules.base import Example, MustRule
from matcher.rules.draft import Draft, Ints
from matcher.rules.tiny import plan, problem, session, volunteer

DERBY, NOTTINGHAM = Position(52.92, -1.48), Position(52.95, -1.15)  # 22.4 km apart
AT_DERBY = School("A", "School A", position=DERBY)
KM_PER_DEGREE = 111.0  # no degree of latitude is shorter on the sphere of `geography`


class ModeAndDistance(MustRule):
    """A volunteer offers the session's mode, and in person travels no further than they said."""

    name = "mode and distance"
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

    def propose(self, draft: Draft) -> tuple[Ints, Ints]:
        """Schools in a band of latitude and longitude around home, then by the exact distance."""
        problem = draft.problem
        schools = list(problem.schools.values())
        placed = np.array([school.position is not None for school in schools], dtype=bool)
        latitude = np.array([school.position.latitude if school.position else 0.0 for school in schools])
        longitude = np.array([school.position.longitude if school.position else 0.0 for school in schools])
        in_person, virtual = np.flatnonzero(draft.visit_in_person), np.flatnonzero(~draft.visit_in_person)
        by_school = in_person[np.argsort(draft.visit_school[in_person], kind="stable")]
        bounds = np.searchsorted(draft.visit_school[by_school], np.arange(len(schools) + 1))
        everyone_in_person = np.arange(len(schools))

        people: list[Ints] = []
        visits: list[Ints] = []
        for index, person in enumerate(problem.volunteers.values()):
            found: list[Ints] = []
            if Mode.IN_PERSON in person.modes:
                near = everyone_in_person
                limit = person.max_distance_km
                if limit is not None:
                    unknown = problem.programme.limits.unknown_km <= limit
                    if person.position is None:
                        near = everyone_in_person if unknown else everyone_in_person[:0]
                    else:
                        home, reach = person.position, limit / KM_PER_DEGREE
                        band = np.abs(latitude - home.latitude) <= reach
                        widest = np.cos(np.radians(min(89.0, abs(home.latitude) + reach)))
                        apart = np.abs((longitude - home.longitude + 180) % 360 - 180)
                        polar = abs(home.latitude) + reach > 88
                        band &= polar | (apart <= reach / widest * 1.1)
                        near = np.array(
                            [
                                school
                                for school in np.flatnonzero((band & placed) | (unknown & ~placed))
                                if not placed[school]
                                or distance_km(home, Position(latitude[school], longitude[school])) <= limit
                            ],
                            dtype=np.int64,
                        )
                found.extend(by_school[bounds[school] : bounds[school + 1]] for school in near)
            if Mode.VIRTUAL in person.modes:
                found.append(virtual)
            if found:
                mine = np.concatenate(found)
                people.append(np.full(len(mine), index))
                visits.append(mine)
        if not people:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return np.concatenate(people), np.concatenate(visits)

    def post(self, draft: Draft) -> None:
        """Nothing to add: whoever is too far away has no seat."""

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        for volunteer_id, session_id, _ in plan.assignments():
            volunteer, session = problem.volunteers[volunteer_id], problem.sessions[session_id]
            about = (volunteer_id, session_id)
            if session.mode not in volunteer.modes:
                how = "in person" if session.mode is Mode.IN_PERSON else "virtually"
                yield Finding(
                    self.name, about, 1, f"{volunteer_id} does not offer to take part {how}, as {session_id} asks."
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
                    )
