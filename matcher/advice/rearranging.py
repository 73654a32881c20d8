"""Small solves around a few sessions of a plan: what would bring a visit or a person there, with the fewest changes.

All other sessions stay delivered, at the times that they have; some near ones may change their teams. What a solve
may relax are facts that somebody could be asked to change: another time, more kilometres, one visit more, a new person.
Each of these is a *switch*, a column of the model, so that one solve finds the smallest change. Every answer is judged
by the rules' own checks before it is given, on the problem with the change made.

Gender and ethnicity play no part: whoever asks takes them out first (`impartial`), so nothing said can tell of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import ClassVar, TypeAlias

import numpy as np

from matcher.audit import findings
from matcher.domain import TIERS, Mode, Plan, Problem, Session, Slot, TierName, Volunteer
from matcher.domain import Availability as AvailabilityRow
from matcher.errors import AuditRefused
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.base import Example, Rule
from matcher.rules.model import UNBOUNDED, Ints, Seats, Terms, ints
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.reduced import Hold, Scope
from matcher.times import Span, days

EFFORT = Effort(4, deterministic=True)
MOST_NEAR = 16  # sessions that may change their teams
MOST_TIMES = 8  # times that are tried besides those offered
MOST_FURTHER, MOST_KM = 30, 30  # people, and how many km more somebody is asked for at most
NEW_PEOPLE = 3
A_CHANGE, A_DETAIL = 10**6, 10**3  # what a switch costs, and its details; an assignment that changes costs 1


@dataclass(frozen=True, slots=True)
class MoreTime:
    """One more slot for a session."""

    session_id: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Further:
    """So many km more for somebody."""

    volunteer_id: str
    km: int


@dataclass(frozen=True, slots=True)
class Oftener:
    """One session more for somebody: in the "term", in each "week" or on each "day"."""

    volunteer_id: str
    per: str


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who is not in the list yet, for one session at one time."""

    volunteer_id: str
    sector: str
    """As `folded`; "": any."""
    session_id: str
    slot: Slot


Adjustment: TypeAlias = MoreTime | Further | Oftener | NewPerson
KINDS: tuple[type[Adjustment], ...] = (MoreTime, Further, Oftener, NewPerson)


@dataclass(frozen=True)
class Way:
    """Changes that bring what was asked for, and the plan that they allow."""

    changes: tuple[Adjustment, ...]
    problem: Problem
    """With the changes made."""
    plan: Plan


def impartial(problem: Problem) -> Problem:
    """The problem without anybody's gender and ethnicity: what is worked out from it tells nothing of them."""
    return replace(
        problem,
        volunteers={
            key: replace(each, gender=None, ethnic_group=None) if each.gender or each.ethnic_group else each
            for key, each in problem.volunteers.items()
        },
        encounters=tuple(replace(each, gender=None, ethnic_group=None) for each in problem.encounters),
    )


def made(problem: Problem, changes: Sequence[Adjustment]) -> Problem:
    """The problem with these changes made."""
    sessions, volunteers = dict(problem.sessions), dict(problem.volunteers)
    for change in changes:
        if isinstance(change, MoreTime):
            session = sessions[change.session_id]
            sessions[change.session_id] = replace(session, slots=tuple(sorted({*session.slots, change.slot})))
        elif isinstance(change, Further):
            person = volunteers[change.volunteer_id]
            volunteers[change.volunteer_id] = replace(person, max_distance_km=(person.max_distance_km or 0) + change.km)
        elif isinstance(change, Oftener):
            volunteers[change.volunteer_id] = _oftener(volunteers[change.volunteer_id], {change.per})
        else:
            session = sessions[change.session_id]
            volunteers[change.volunteer_id] = _newcomer(
                problem, change.volunteer_id, change.sector, [(session, change.slot)]
            )
    return replace(problem, sessions=sessions, volunteers=volunteers)


def _oftener(person: Volunteer, per: Collection[str]) -> Volunteer:
    week = person.max_sessions_per_week
    return replace(
        person,
        max_sessions=person.max_sessions + ("term" in per),
        max_sessions_per_day=person.max_sessions_per_day + ("day" in per),
        max_sessions_per_week=week + 1 if week is not None and "week" in per else week,
    )


def _newcomer(problem: Problem, key: str, sector: str, visits: Sequence[tuple[Session, Slot]]) -> Volunteer:
    arrival = timedelta(minutes=problem.programme.limits.arrival_minutes)
    spans = tuple(
        Span(slot.start - (arrival if session.mode is Mode.IN_PERSON else timedelta(0)), slot.end)
        for session, slot in visits
    )
    name = "a new person" + (f" from {problem.sector_name(sector)}" if sector else "")
    return Volunteer(
        key,
        name,
        problem.sector_name(sector) if sector else "",
        max_sessions=1,
        max_sessions_per_day=1,
        checked_until=max([problem.programme.last_day, *(slot.day for _, slot in visits)]),
        availability=(AvailabilityRow(spans),) if spans else (),
    )


class Trial:
    """A few sessions of a plan, and what could be changed so that something holds of them.

    `sessions` are those asked about, all to come; `kinds` what may be relaxed; `sectors` those of new people, "" for
    any. With `goals` the model can compare plans by all tiers (else by rules alone, which is faster). The plan breaks
    no rule.
    """

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        sessions: Sequence[str],
        *,
        kinds: Collection[type[Adjustment]] = (),
        sectors: Sequence[str] = (),
        goals: bool = False,
        first: Collection[str] = (),
    ) -> None:
        self.problem, self.plan, self.sessions = problem, plan, tuple(sessions)
        self.first = frozenset(first)
        """Whose sessions are looked at before others'."""
        self.offered = {each: set(problem.open_slots(problem.sessions[each])) for each in self.sessions}
        relaxed = problem
        if MoreTime in kinds:
            relaxed = self._with_more_times(relaxed)
        self.times = {each: relaxed.open_slots(relaxed.sessions[each]) for each in self.sessions}
        self.further = self._further() if Further in kinds else {}
        for volunteer_id, km in self.further.items():
            relaxed = made(relaxed, [Further(volunteer_id, km)])
        alone = replace(relaxed, sessions={each: relaxed.sessions[each] for each in self.sessions}, pins=())
        seats = Seats(alone, MUST_RULES)
        self.able = {seats.volunteer_ids[n] for n in np.unique(seats.seat_volunteer).tolist()}
        """Who could be at one of the sessions, whatever else they do."""
        self.oftener = self._oftener() if Oftener in kinds else []
        for switch in self.oftener:
            relaxed = made(relaxed, [switch])
        self.newcomers = self._newcomers(sectors) if NewPerson in kinds and any(self.times.values()) else {}
        relaxed = replace(relaxed, volunteers={**relaxed.volunteers, **self._newcomers_in_person()})
        delivered = {
            key: replace(relaxed.sessions[key], slots=(visit.slot,))
            for key, visit in plan.visits.items()
            if key not in self.sessions
        }
        kept = {**delivered, **{each: relaxed.sessions[each] for each in self.sessions}}
        relaxed = replace(
            relaxed,
            sessions=kept,
            pins=tuple(pin for pin in problem.pins if pin.session_id in kept),
            preferences={pair: score for pair, score in problem.preferences.items() if pair[1] in kept},
        )
        self.switches = _Switches(self)
        rules: list[Rule] = [*MUST_RULES, *(GOALS if goals else ()), self.switches]
        self.model = Model(relaxed, rules)
        self.base = self.model.columns_of(plan)
        self.base[self.switches.columns] = 0
        self.scope = Scope(self.model, TIERS if goals else [])

    # What could be different

    def _with_more_times(self, problem: Problem) -> Problem:
        """With times like those offered on other open days: those at which most people are left, the nearest first."""
        sessions = dict(problem.sessions)
        for key in self.sessions:
            session = sessions[key]
            own = sorted({(slot.start.time(), slot.end.time()) for slot in session.slots})
            near = [slot.day for slot in session.slots]
            weekdays = {*range(5), *(day.weekday() for day in near)}
            every = [
                Slot(datetime.combine(day, start), datetime.combine(day, end))
                for day in days(problem.programme.first_day, problem.programme.last_day)
                if day.weekday() in weekdays
                for start, end in own
            ]
            possible = replace(session, slots=tuple(sorted({*every} - {*session.slots})))
            seats = Seats(replace(problem, sessions={key: possible}, pins=()), MUST_RULES)
            left = np.bincount(seats.seat_visit, minlength=len(seats.visits)).tolist()
            enough = [
                slot for (_, slot), count in zip(seats.visits, left, strict=True) if count >= session.min_volunteers
            ]
            enough.sort(key=lambda slot: (_days_away(slot.day, near), slot))
            sessions[key] = replace(session, slots=tuple(sorted({*session.slots, *enough[:MOST_TIMES]})))
        return replace(problem, sessions=sessions)

    def _further(self) -> dict[str, int]:
        """For those whom nothing but distance keeps away from a session, how many km more they would go."""
        km: dict[str, int] = {}
        for key in self.sessions:
            session = self.problem.sessions[key]
            if session.mode is not Mode.IN_PERSON:
                continue
            for person in self.problem.volunteers.values():
                if person.max_distance_km is None or Mode.IN_PERSON not in person.modes or not person.max_sessions:
                    continue
                more = ceil(
                    self.problem.km_home_to_school(person.volunteer_id, session.school_id) - person.max_distance_km
                )
                if 0 < more <= MOST_KM:
                    km[person.volunteer_id] = max(more, km.get(person.volunteer_id, 0))
        everybody = replace(
            self.problem,
            volunteers={
                key: replace(self.problem.volunteers[key], max_distance_km=None)
                for key in self.problem.volunteers
                if key in km
            },
            sessions={key: replace(self.problem.sessions[key], slots=tuple(self.times[key])) for key in self.sessions},
            pins=tuple(pin for pin in self.problem.pins if pin.session_id in self.sessions and pin.volunteer_id in km),
            overrides=frozenset(),
        )
        if everybody.under_way:
            everybody = replace(everybody, under_way=replace(everybody.under_way, past={}))
        seats = Seats(everybody, MUST_RULES)
        able = {seats.volunteer_ids[n] for n in np.unique(seats.seat_volunteer).tolist()}
        return dict(
            sorted(((key, more) for key, more in km.items() if key in able), key=lambda each: each[1])[:MOST_FURTHER]
        )

    def _oftener(self) -> list[Oftener]:
        """One more for those who could come and have all that they offered, in the term, in a week or on a day."""
        load = Counter(person for person, _, _ in self.plan.assignments())
        found = []
        for key in sorted(self.able, key=lambda key: (load[key], key)):
            person = self.problem.volunteers[key]
            if not person.max_sessions or not person.max_sessions_per_day or person.max_sessions_per_week == 0:
                continue  # they are not to be asked at all
            mine = [visit.slot for visit in self.plan.visits.values() if key in visit.team]
            if len(mine) >= person.max_sessions:
                found.append(Oftener(key, "term"))
            on_day = Counter(slot.day for slot in mine)
            in_week = Counter(_monday(slot.day) for slot in mine)
            slots = [slot for each in self.times.values() for slot in each]
            if any(on_day[slot.day] >= person.max_sessions_per_day for slot in slots):
                found.append(Oftener(key, "day"))
            most = person.max_sessions_per_week
            if most is not None and any(in_week[_monday(slot.day)] >= most for slot in slots):
                found.append(Oftener(key, "week"))
        return found

    def _newcomers(self, sectors: Sequence[str]) -> dict[str, str]:
        """id -> sector."""
        known = self.problem.volunteers
        wanted = [sector for sector in sectors for _ in range(1 if sector else NEW_PEOPLE)]
        return {_unused(f"new person {n}", known): sector for n, sector in enumerate(wanted, 1)}

    def _newcomers_in_person(self) -> dict[str, Volunteer]:
        visits = [(self.problem.sessions[key], slot) for key, slots in self.times.items() for slot in slots]
        return {key: _newcomer(self.problem, key, sector, visits) for key, sector in self.newcomers.items()}

    # Solving

    def _near(self) -> list[str]:
        """The sessions whose teams may change: where those who could come are now, on the nearest days."""
        wanted = [slot.day for slots in self.times.values() for slot in slots]
        found = []
        for key, visit in self.plan.visits.items():
            if key in self.sessions or key in self.problem.past:
                continue
            mine = self.first.intersection(visit.team)
            others = self.able.intersection(visit.team)
            if mine or others:
                found.append((not mine, _days_away(visit.slot.day, wanted), -len(others), key))
        return [key for *_, key in sorted(found)[:MOST_NEAR]]

    def delivered(self) -> Ints:
        """The columns of the visits asked about."""
        return np.flatnonzero(np.isin(self.model.visit_session, self._numbers(self.sessions)))

    def seats_of(self, people: Collection[str]) -> Ints:
        """The columns of these people's seats at the sessions asked about."""
        model = self.model
        whose = [model.volunteer_index[each] for each in people if each in model.volunteer_index]
        mine = np.isin(model.seat_volunteer, whose) & np.isin(model.seat_session, self._numbers(self.sessions))
        return model.seats[mine]

    def _numbers(self, sessions: Collection[str]) -> list[int]:
        return [self.model.session_index[each] for each in sessions]

    def smallest(
        self,
        wanted: Ints,
        kinds: Collection[type[Adjustment]] = (),
        most: int = 0,
        *,
        tiers: bool = False,
    ) -> Way | None:
        """The smallest changes of these kinds, `most` at most, with which one of the wanted columns is 1; None: none.

        Sessions that the plan delivers stay delivered. Among equals the fewest assignments change, and then, with
        `tiers`, the tiers are as good as they can be.
        """
        model, switches = self.model, self.switches
        if not len(wanted):
            return None
        free, stays = self._free(self._near())
        allowed = np.array([isinstance(each, tuple(kinds)) for each in switches.list], dtype=bool) if kinds else None
        on = switches.columns[allowed] if allowed is not None else switches.columns[:0]
        free = np.union1d(free, on)
        seat_columns = np.intersect1d(free, model.seats)
        price = np.zeros(model.columns, dtype=np.int64)
        price[seat_columns] = np.where(self.base[seat_columns] > 0, 1, -1)
        price[switches.columns] = -A_CHANGE - A_DETAIL * np.array(switches.details, dtype=np.int64)
        holds = [Hold(_marked(model, wanted, 1), 1), *stays]
        if len(on) > most:
            holds.append(Hold(_marked(model, on, -1), -most))
        goals: list[Ints] = [price]
        if tiers:
            free = np.union1d(free, self.scope.with_counts(free))
            signed = [model.objective[tier] * (1 if tier.maximised else -1) for tier in TIERS]
            goals = [price, *signed[1:]]
        values: Ints | None = None
        for number, gain in enumerate(goals):
            if number and not np.any(gain[free]):
                continue
            reduced = self.scope.reduced(free, self.base, holds)
            solved = maximise(reduced, gain[free], EFFORT, values)
            if solved.values is None:
                if values is None:
                    return None
                break
            values = solved.values
            found = self.base.copy()
            found[free] = values
            holds.append(Hold(gain, int(gain @ found)))
        assert values is not None
        return self._way(found, on)

    def _free(self, near: Sequence[str]) -> tuple[Ints, list[Hold]]:
        model = self.model
        asked, around = self._numbers(self.sessions), self._numbers(near)
        of_asked = np.isin(model.seat_session, asked)
        around_seats = np.isin(model.seat_session, around)
        if self.newcomers or self.further:
            outside = [model.volunteer_index[each] for each in (*self.newcomers, *self.further)]
            for seat in np.flatnonzero(around_seats & np.isin(model.seat_volunteer, outside)).tolist():
                around_seats[seat] = self._as_offered(model, seat)
        visits = np.flatnonzero(np.isin(model.visit_session, asked))
        stays = [
            Hold(_marked(model, np.flatnonzero(model.visit_session == model.session_index[each]), 1), 1)
            for each in self.sessions
            if each in self.plan.visits
        ]
        return np.concatenate([visits, model.seats[of_asked | around_seats]]), stays

    def _as_offered(self, model: Model, seat: int) -> bool:
        """Whether somebody could be there without what is relaxed for them."""
        person = self.problem.volunteers.get(model.volunteer_ids[int(model.seat_volunteer[seat])])
        if person is None:
            return False
        session = self.problem.sessions[model.session_ids[int(model.seat_session[seat])]]
        km = self.problem.km_home_to_school(person.volunteer_id, session.school_id)
        return session.mode is Mode.VIRTUAL or person.max_distance_km is None or km <= person.max_distance_km

    def _way(self, columns: Ints, on: Ints) -> Way:
        plan = self.model.plan_of(columns)
        changes = []
        for change in (self.switches.list[n] for n in np.flatnonzero(columns[self.switches.columns]).tolist()):
            if isinstance(change, NewPerson):
                where = next(
                    key for key in self.sessions if key in plan.visits and change.volunteer_id in plan.visits[key].team
                )
                change = replace(change, session_id=where, slot=plan.visits[where].slot)
            changes.append(change)
        problem = made(self.problem, changes)
        wrong = [finding.text for finding in findings(problem, plan)]
        if wrong:
            raise AuditRefused(
                "An answer did not pass its audit, so it is not given. This is a defect of matcher, not of your data: "
                "please report it with the scenario.\n" + "\n".join(f"  {line}" for line in wrong)
            )
        return Way(tuple(changes), problem, plan)


class _Switches(Rule):
    """What is relaxed holds only where its switch is on."""

    name = "switches"
    examples: ClassVar[tuple[Example, ...]] = ()

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.list: list[Adjustment] = []
        self.details: list[int] = []
        """What makes one change of a kind smaller than another, 0 to 900."""

    def post(self, model: Model) -> None:
        trial = self.trial
        problem = trial.problem
        parts: list[tuple[Ints, int]] = []  # the columns of a row, and how many may be 1 without the switch
        of: list[int] = []

        def switch(change: Adjustment, detail: int) -> int:
            self.list.append(change)
            self.details.append(min(detail, 900))
            return len(self.list) - 1

        def at_most(columns: Ints, high: int, number: int) -> None:
            if len(columns) > high:
                parts.append((columns, high))
                of.append(number)

        for visit, (key, slot) in enumerate(model.visits):
            if key in trial.offered and slot not in trial.offered[key]:
                away = _days_away(slot.day, [each.day for each in problem.sessions[key].slots])
                at_most(np.array([visit]), 0, switch(MoreTime(key, slot), away))
        at_asked = np.isin(model.seat_session, [model.session_index[each] for each in trial.sessions])

        def mine(key: str, asked: bool = False) -> Ints:
            whose = model.seat_volunteer == model.volunteer_index[key]
            return np.flatnonzero(whose & at_asked if asked else whose)

        for key, km in trial.further.items():
            seats = mine(key, asked=True)
            near = np.array([trial._as_offered(model, seat) for seat in seats.tolist()], dtype=bool)
            number = switch(Further(key, km), km * 10)
            for seat in seats[~near].tolist():
                at_most(model.seats[[seat]], 0, number)
        load = Counter(person for person, _, _ in trial.plan.assignments())
        for each in trial.oftener:
            seats = mine(each.volunteer_id)
            person = problem.volunteers[each.volunteer_id]
            number = switch(each, load[each.volunteer_id])
            day = model.visit_day[model.seat_visit[seats]]
            if each.per == "term":
                at_most(model.seats[seats], person.max_sessions, number)
            else:
                group = day if each.per == "day" else (day - 1) // 7  # ordinal 1 is a Monday
                most = person.max_sessions_per_day if each.per == "day" else person.max_sessions_per_week or 0
                for one in np.unique(group):
                    at_most(model.seats[seats[group == one]], most, number)
        for n, (key, sector) in enumerate(trial.newcomers.items()):
            some, slots = next((each, slots) for each, slots in trial.times.items() if slots)
            number = switch(NewPerson(key, sector, some, slots[0]), n + (10 if sector else 0))
            for seat in mine(key, asked=True).tolist():
                at_most(model.seats[[seat]], 0, number)
        count = len(self.list)
        nothing = ints([])
        self.columns = model.levels(
            Terms.of([], []), nothing, nothing, np.arange(count, dtype=np.int64), tier=TierName.TOLD_REACH
        )
        rows = np.arange(len(parts), dtype=np.int64)
        sizes = ints(len(columns) for columns, _ in parts)
        columns = np.concatenate([columns for columns, _ in parts]) if parts else nothing
        model.add_rows(
            Terms.joined([Terms.of(np.repeat(rows, sizes), columns), Terms.of(rows, self.columns[ints(of)], -1)]),
            low=np.full(len(parts), -UNBOUNDED),
            high=ints(high for _, high in parts),
        )


def _marked(model: Model, columns: Ints, value: int) -> Ints:
    gain = np.zeros(model.columns, dtype=np.int64)
    gain[columns] = value
    return gain


def _days_away(day: date, others: Collection[date]) -> int:
    return min((abs((day - other).days) for other in others), default=0)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _unused(name: str, known: Collection[str]) -> str:
    while name in known:
        name += "'"
    return name
