"""Who could step in at a visit, and what that would mean for them.

The rest of the plan stays as it stands. The rules' rows say at once who could join the team without breaking any of
them; those asked least come first. Nothing here looks at gender or ethnicity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matcher.audit import against
from matcher.domain import Mode, Plan, Problem, Slot, Visit, folded
from matcher.rules import MUST_RULES, Model
from matcher.rules.model import Ints
from matcher.rules.team_size import TeamSize

MOST_NEARLY = 5


@dataclass(frozen=True)
class StandIn:
    """Somebody who could come, with the rest of the plan as it is."""

    volunteer_id: str
    sessions: int
    """How many they have in the plan without this one, past ones included."""
    extra_km: float
    """How much further they would travel in all; 0 where they are at that school on that day anyway."""
    preference: int | None
    """What the table preferences says of the two; None: nothing."""
    new_sector: str
    """Their sector, if no class of the session has met anybody from it; else blank."""


@dataclass(frozen=True)
class Swap:
    """Somebody who could come if somebody else took over another visit of theirs."""

    volunteer_id: str
    other_session_id: str
    instead_id: str
    """Who could take that over."""


@dataclass(frozen=True)
class Nearly:
    """Somebody whom one rule keeps away."""

    volunteer_id: str
    rule: str
    words: str
    """Why, as the end of a sentence, with times and distances."""


@dataclass(frozen=True)
class StandIns:
    session_id: str
    slot: Slot
    team: tuple[str, ...]
    """Who is still to come."""
    lacks: tuple[str, ...]
    """Sectors that the session asks for, as `folded`, and that nobody who is still to come is from."""
    missing: int
    """How many more the session needs to run at all; 0: a stand-in would be a reserve."""
    room: int
    """How many more there is room for."""
    found: tuple[StandIn, ...]
    """Those asked least first."""
    swaps: tuple[Swap, ...]
    nearly: tuple[Nearly, ...]


class Substitutes:
    """Looks for stand-ins in one plan; what is the same for all sessions is worked out once."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        """The plan may have teams that are too small; its other parts have to keep the rules."""
        self.problem, self.plan = problem, plan
        self.sessions: dict[str, list[str]] = {}
        for session_id, visit in plan.visits.items():
            for volunteer_id in visit.team:
                self.sessions.setdefault(volunteer_id, []).append(session_id)

    @cached_property
    def model(self) -> Model:
        return Model(self.problem, [rule for rule in MUST_RULES if not isinstance(rule, TeamSize)])

    @cached_property
    def columns(self) -> Ints:
        """The plan as column values; people whom a rule keeps from their visit are left out."""
        model = self.model
        columns = np.zeros(model.columns, dtype=np.int64)
        number = {(session_id, slot.start): column for column, (session_id, slot) in enumerate(model.visits)}
        for session_id, visit in self.plan.visits.items():
            column = number.get((session_id, visit.slot.start))
            if column is not None:
                columns[column] = 1
                for seat in range(*np.searchsorted(model.seat_visit, [column, column + 1])):
                    if model.volunteer_ids[model.seat_volunteer[seat]] in visit.team:
                        columns[model.seats[seat]] = 1
        return columns

    def of(self, session_id: str, slot: Slot | None = None) -> StandIns:
        """Who could step in at a session, in the slot in which the plan has it unless said.

        Raises KeyError if the plan does not deliver it and no slot is said.
        """
        session = self.problem.sessions[session_id]
        visit = self.plan.visits.get(session_id)
        when = slot or (visit.slot if visit is not None else None)
        if when is None:
            raise KeyError(session_id)
        team = visit.team if visit is not None and visit.slot.start == when.start else ()
        sectors = {folded(self.problem.volunteers[each].sector) for each in team}
        lacks = tuple(sorted(session.required_sectors - sectors))
        missing = max(len(lacks), session.min_volunteers - len(team))
        only_from = set(lacks) if missing == len(lacks) else set()  # nobody else would let it run
        able = [each for each in self._able(session_id, when, self.columns) if each not in team]
        useful = [each for each in able if self._is_from(each, only_from)]
        found = sorted((self._means(each, session_id, when) for each in useful), key=self._order)
        swaps = [
            each
            for each in self._swaps(session_id, when, {*team, *able})
            if self._is_from(each.volunteer_id, only_from)
        ]
        away = {*team, *(each.volunteer_id for each in swaps)}
        return StandIns(
            session_id,
            when,
            team,
            lacks,
            missing,
            max(0, session.max_volunteers - len(team)),
            tuple(found),
            tuple(swaps) if len(found) < session.min_volunteers else (),
            () if found else tuple(self._nearly(session_id, when, away, only_from)),
        )

    def _is_from(self, volunteer_id: str, sectors: Collection[str]) -> bool:
        """Whether they are from one of these sectors; from any, if there are none."""
        return not sectors or folded(self.problem.volunteers[volunteer_id].sector) in sectors

    @staticmethod
    def _order(each: StandIn) -> tuple[object, ...]:
        return each.sessions, -(each.preference or 0), not each.new_sector, each.extra_km, each.volunteer_id

    def _able(self, session_id: str, slot: Slot, columns: Ints) -> Iterator[str]:
        """Those who could join without any row being broken that is not broken already."""
        model = self.model
        visit = self._column(session_id, slot)
        if visit is None:
            return
        columns = columns.copy()
        columns[np.flatnonzero(model.visit_session == model.session_index[session_id])] = 0
        columns[visit] = 1
        activity = model.activity(columns)
        for seat in range(*np.searchsorted(model.seat_visit, [visit, visit + 1])):
            if columns[model.seats[seat]]:
                continue
            mine = model.by_column[:, [model.seats[seat]]]
            after = activity[mine.indices] + mine.data
            low, high = model.low[mine.indices], model.high[mine.indices]
            before = activity[mine.indices]
            broken = np.maximum(0, np.maximum(low - after, after - high))
            if np.all(broken <= np.maximum(0, np.maximum(low - before, before - high))):
                yield model.volunteer_ids[model.seat_volunteer[seat]]

    def _column(self, session_id: str, slot: Slot) -> int | None:
        visits = enumerate(self.model.visits)
        return next((column for column, (key, each) in visits if key == session_id and each.start == slot.start), None)

    def _means(self, volunteer_id: str, session_id: str, slot: Slot) -> StandIn:
        problem, session = self.problem, self.problem.sessions[session_id]
        mine = [each for each in self.sessions.get(volunteer_id, []) if each != session_id]
        there = any(
            problem.sessions[each].school_id == session.school_id
            and problem.sessions[each].mode is Mode.IN_PERSON
            and self.plan.visits[each].slot.day == slot.day
            for each in mine
        )
        travels = session.mode is Mode.IN_PERSON and not there
        sector = problem.volunteers[volunteer_id].sector
        is_new = bool(sector) and all(folded(sector) not in self._met[each] for each in session.cohort_ids)
        return StandIn(
            volunteer_id,
            len(mine),
            problem.km_home_to_school(volunteer_id, session.school_id) if travels else 0.0,
            problem.preferences.get((volunteer_id, session_id)),
            sector if is_new else "",
        )

    @cached_property
    def _met(self) -> Mapping[str, set[str]]:
        """cohort_id -> the sectors that it meets in the plan or met earlier."""
        met: dict[str, set[str]] = {cohort_id: set() for cohort_id in self.problem.cohorts}
        for encounter in self.problem.encounters:
            met[encounter.cohort_id].add(folded(encounter.sector))
        for session_id, visit in self.plan.visits.items():
            for cohort_id in self.problem.sessions[session_id].cohort_ids:
                met[cohort_id].update(folded(self.problem.volunteers[each].sector) for each in visit.team)
        return met

    def _swaps(self, session_id: str, slot: Slot, known: set[str]) -> Iterator[Swap]:
        """Those who could come but for one other visit to come, which somebody else could take over."""
        model = self.model
        visit = self._column(session_id, slot)
        if visit is None:
            return
        for seat in range(*np.searchsorted(model.seat_visit, [visit, visit + 1])):
            person = model.volunteer_ids[model.seat_volunteer[seat]]
            if person in known:
                continue
            for other in self.sessions.get(person, []):
                if other == session_id or other in self.problem.past:
                    continue
                without = self.columns.copy()
                without[self._seat(person, other)] = 0
                if person in self._able(session_id, slot, without):
                    without[model.seats[seat]] = 1
                    without[visit] = 1
                    taken = {person, *self.plan.visits[other].team}
                    others = self._able(other, self.plan.visits[other].slot, without)
                    instead = [
                        self._means(each, other, slot)
                        for each in others
                        if each not in taken and self._breaks_nothing_new(without, each, other)
                    ]
                    if instead:
                        yield Swap(person, other, min(instead, key=self._order).volunteer_id)
                        break

    def _breaks_nothing_new(self, columns: Ints, volunteer_id: str, session_id: str) -> bool:
        """Whether with them at that session, too, no row is broken more than in the plan."""
        after = columns.copy()
        column = self._column(session_id, self.plan.visits[session_id].slot)
        mine = self._seat(volunteer_id, session_id)
        after[mine[self.model.seat_visit[mine - len(self.model.visits)] == column]] = 1
        return bool(np.all(self._broken(after) <= self._broken(self.columns)))

    def _broken(self, columns: Ints) -> Ints:
        """By how much each row is broken, shape (rows,)."""
        model, activity = self.model, self.model.activity(columns)
        found: Ints = np.maximum(0, np.maximum(model.low - activity, activity - model.high))
        return found

    def _seat(self, volunteer_id: str, session_id: str) -> Ints:
        model = self.model
        person, session = model.volunteer_index[volunteer_id], model.session_index[session_id]
        mine: Ints = model.seats[(model.seat_volunteer == person) & (model.seat_session == session)]
        return mine

    def _nearly(self, session_id: str, slot: Slot, away: Collection[str], sectors: Collection[str]) -> Iterator[Nearly]:
        """Those whom a single rule keeps away, a few of them, asked least first."""
        problem, visits = self.problem, dict(self.plan.visits)
        people = sorted(problem.volunteers, key=lambda each: (len(self.sessions.get(each, [])), each))
        found = 0
        for volunteer_id in people:
            if volunteer_id in away or not self._is_from(volunteer_id, sectors) or found == MOST_NEARLY:
                continue
            plan = Plan(
                {
                    **{each: visits[each] for each in self.sessions.get(volunteer_id, []) if each != session_id},
                    session_id: Visit(slot, (volunteer_id,)),
                }
            )
            found_against = list(against(problem, plan, volunteer_id, session_id))
            if len({rule.name for rule, _ in found_against}) == 1:
                rule, finding = found_against[0]
                found += 1
                yield Nearly(volunteer_id, rule.name, rule.words(problem, plan, finding, volunteer_id, session_id))
