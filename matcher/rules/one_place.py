from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from matcher.domain import Finding, Limits, Mode, Plan, Problem, School, Slot
from matcher.geography import Position, travel_minutes
from matcher.rules.base import Example, MustRule
from matcher.rules.draft import UNBOUNDED, Draft, Ints, Terms
from matcher.rules.tiny import plan, problem, session, slot, volunteer
from matcher.times import day_text

NINE, HALF_NINE, TEN, ELEVEN = (
    slot("09:00", "10:00"),
    slot("09:30", "10:30"),
    slot("10:00", "11:00"),
    slot("11:00", "12:00"),
)
KM_PER_DEGREE, HALFWAY_ROUND_KM = 111.2, 20_016.0  # of the equator and its half, rounded up
SCHOOLS = (
    School("A", "School A", position=Position(52.92, -1.48)),
    School("B", "School B", position=Position(52.92, -1.40)),  # 5.36 km: 14 minutes
)


class OnePlaceAtATime(MustRule):
    """Nobody is in two places at once, and there is time to get from one to the next.

    Any two sessions of a volunteer are compared, not only neighbours: a virtual session in between shortens no road.
    """

    name = "one place at a time"
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
    )

    def post(self, draft: Draft) -> None:
        """Rows of "at most one of these" over groups of visits that clash pairwise, for each volunteer and spell.

        Whether two visits clash does not depend on who would go, so the clashes are found once, and the groups once
        for each set of visits that some volunteer could be at in one spell.
        """
        clashes = _Clashes(draft)
        if not clashes.of:
            return
        order = np.lexsort((draft.visit_start[draft.seat_visit], draft.seat_volunteer))
        bounds = np.searchsorted(draft.seat_volunteer[order], np.arange(len(draft.volunteer_ids) + 1))
        known: dict[bytes, list[Ints]] = {}
        parts: list[Ints] = []
        for person in range(len(draft.volunteer_ids)):
            mine = order[bounds[person] : bounds[person + 1]]
            visits = draft.seat_visit[mine]
            busy_until = np.maximum.accumulate(draft.visit_end[visits])
            rests = np.flatnonzero(draft.visit_start[visits][1:] >= busy_until[:-1] + clashes.longest_gap) + 1
            for spell in np.split(np.arange(len(mine)), rests):
                key = visits[spell].tobytes()
                if key not in known:
                    known[key] = clashes.groups(visits[spell])
                parts.extend(mine[spell[group]] for group in known[key])
        sizes = np.array([len(part) for part in parts], dtype=np.int64)
        draft.add_rows(
            self.name,
            Terms.of(
                np.repeat(np.arange(len(parts)), sizes),
                draft.seats[np.concatenate(parts)] if parts else np.zeros(0, dtype=np.int64),
            ),
            low=np.full(len(parts), -UNBOUNDED),
            high=np.ones(len(parts)),
            lazy=True,
        )

    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        """Each volunteer's sessions in order of time, each against all that follow."""
        diaries: dict[str, list[tuple[datetime, str, Slot]]] = {}
        for volunteer_id, session_id, when in plan.assignments():
            diaries.setdefault(volunteer_id, []).append((when.start, session_id, when))
        for volunteer_id, diary in diaries.items():
            diary.sort()
            for n, (_, first_id, first) in enumerate(diary):
                for _, second_id, second in diary[n + 1 :]:
                    gap = self._gap(problem, first_id, second_id)
                    lacking = (min(first.end, second.end) + gap - second.start) // timedelta(minutes=1)
                    if first.end + gap > second.start:
                        yield Finding(
                            self.name,
                            (volunteer_id, first_id, second_id),
                            max(1, lacking),
                            f"{volunteer_id} cannot be at {first_id} until {first.end:%H:%M} on {day_text(first.end)} "
                            f"and at {second_id} from {second.start:%H:%M}"
                            + (f": {gap // timedelta(minutes=1)} minutes are needed in between." if gap else "."),
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
    """Which visits of different sessions nobody can both be at."""

    def __init__(self, draft: Draft) -> None:
        problem = draft.problem
        limits, ids = problem.programme.limits, draft.school_ids
        roads: dict[tuple[int, int], int] = {}
        in_person, school = draft.visit_in_person.tolist(), draft.visit_school.tolist()
        start, end = draft.visit_start.tolist(), draft.visit_end.tolist()

        def gap(first: int, second: int) -> int:
            if in_person[first] != in_person[second]:
                return limits.virtual_gap_minutes
            a, b = sorted((school[first], school[second]))
            if not in_person[first] or a == b:
                return 0
            if (a, b) not in roads:
                roads[a, b] = travel_minutes(problem.km_between_schools(ids[a], ids[b]), limits.travel_kmh)
            return roads[a, b] + limits.arrival_minutes

        self.session = draft.visit_session.tolist()
        self.longest_gap = _longest_gap(problem)
        self.of: dict[int, set[int]] = {}
        order = np.argsort(draft.visit_start, kind="stable")
        starts = draft.visit_start[order]
        for place, first in enumerate(order.tolist()):
            last = int(np.searchsorted(starts, end[first] + self.longest_gap, side="left"))
            for second in order[place + 1 : last].tolist():
                if self.session[first] != self.session[second] and end[first] + gap(first, second) > start[second]:
                    self.of.setdefault(first, set()).add(second)
                    self.of.setdefault(second, set()).add(first)

    def groups(self, visits: Ints) -> list[Ints]:
        """Groups of places in `visits`, such that every two of them that clash stand together in some group.

        Two slots of one session never happen together either, so they may share a group.
        """
        place = {visit: n for n, visit in enumerate(visits.tolist())}
        clashing = {visit: self.of.get(visit, set()) & place.keys() for visit in place}
        slots: dict[int, set[int]] = {}
        for visit in place:
            slots.setdefault(self.session[visit], set()).add(visit)
        apart = {visit: clashing[visit] | slots[self.session[visit]] for visit in place}
        covered: set[tuple[int, int]] = set()
        found: list[Ints] = []
        for visit in place:
            for other in sorted(clashing[visit], key=place.__getitem__):
                if place[other] < place[visit] or (visit, other) in covered:
                    continue
                group = [visit, other]
                for third in sorted(apart[visit] & apart[other], key=place.__getitem__):
                    if third not in group and all(third in apart[member] for member in group):
                        group.append(third)
                covered.update((a, b) for a in group for b in group)
                found.append(np.array(sorted(place[member] for member in group), dtype=np.int64))
        return found


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
