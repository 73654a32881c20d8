from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.spatial import KDTree

from matcher.domain import Finding, Limits, Mode, Plan, Problem, School
from matcher.geography import EARTH_RADIUS_KM, METRE, Position, distance_km, distances_km, on_globe
from matcher.rules.base import Example, MustRule
from matcher.rules.draft import Draft, Ints
from matcher.rules.tiny import plan, problem, session, volunteer

DERBY, NOTTINGHAM = Position(52.92, -1.48), Position(52.95, -1.15)  # 22.4 km apart
AT_DERBY = School("A", "School A", position=DERBY)
HALFWAY_ROUND_KM = np.pi * EARTH_RADIUS_KM


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

    def propose(self, draft: Draft) -> Iterator[Ints]:
        """In-person visits at the schools around home, found in a tree of places, and all virtual ones."""
        schools = range(len(draft.school_ids))
        in_person, virtual = np.flatnonzero(draft.visit_in_person), np.flatnonzero(~draft.visit_in_person)
        by_school = in_person[np.argsort(draft.visit_school[in_person], kind="stable")]
        bounds = np.searchsorted(draft.visit_school[by_school], np.arange(len(schools) + 1)).tolist()
        near = self._near(draft)
        for index, person in enumerate(draft.problem.volunteers.values()):
            found = [virtual] if Mode.VIRTUAL in person.modes else []
            if Mode.IN_PERSON in person.modes and index not in near:
                found.append(in_person)
            elif Mode.IN_PERSON in person.modes:
                found += [by_school[bounds[school] : bounds[school + 1]] for school in near[index]]
            yield np.concatenate(found) if found else virtual[:0]

    @staticmethod
    def _near(draft: Draft) -> dict[int, list[int]]:
        """For each volunteer with a limit, the schools within it."""
        unknown_km = draft.problem.programme.limits.unknown_km
        limit = {
            index: person.max_distance_km
            for index, person in enumerate(draft.problem.volunteers.values())
            if person.max_distance_km is not None
        }
        school_at, home_at = draft.school_degrees, draft.home_degrees
        placed = np.flatnonzero(~np.isnan(school_at[:, 0]))
        nowhere = np.flatnonzero(np.isnan(school_at[:, 0])).tolist()
        everywhere = list(range(len(draft.school_ids)))
        near = {index: everywhere if unknown_km <= km else [] for index, km in limit.items()}
        people = np.array([index for index in limit if not np.isnan(home_at[index, 0])], dtype=np.int64)
        if not len(people) or not len(placed):
            return near
        furthest = np.minimum(np.array([limit[index] for index in people.tolist()]) + METRE, HALFWAY_ROUND_KM)
        chords = 2 * np.sin(furthest / EARTH_RADIUS_KM / 2)
        tree = KDTree(on_globe(school_at[placed]))
        around = tree.query_ball_point(on_globe(home_at[people]), chords * (1 + 1e-9) + 1e-9, return_sorted=True)
        for index, places in zip(people.tolist(), around, strict=True):
            some = placed[np.array(places, dtype=np.int64)]
            km = distances_km(home_at[index], school_at[some])
            sure = km <= limit[index] - METRE
            for doubtful in np.flatnonzero(~sure & (km <= limit[index] + METRE)).tolist():
                home, school = Position(*home_at[index].tolist()), Position(*school_at[some[doubtful]].tolist())
                sure[doubtful] = distance_km(home, school) <= limit[index]
            near[index] = [*some[sure].tolist(), *(nowhere if unknown_km <= limit[index] else [])]
        return near

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
