"""The contract's sections 3 and 4 once more, plain and slow: what a plan breaks and what it is worth.

Written from the contract's text alone, to cross-check the solver and the audit. It knows the types of `matcher.domain`
and nothing else of the program: distance, folding, steps and need are worked out again here. Keep it dull.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

from matcher.domain import (
    Decision,
    EthnicGroup,
    Gender,
    GoalName,
    Mode,
    Plan,
    Problem,
    School,
    Session,
    UnderWay,
    Visit,
    Volunteer,
)


def _folded(word: str) -> str:
    return word.strip().casefold()


def _employer(name: str) -> str:
    return " ".join(name.split()).casefold()


def _km(problem: Problem, a: School | Volunteer, b: School | Volunteer) -> float:
    """Section 2: haversine, R = 6371.0088 km; `unknown_km` where an end has no position; a school to itself 0."""
    if isinstance(a, School) and isinstance(b, School) and a.school_id == b.school_id:
        return 0.0
    if a.position is None or b.position is None:
        return float(problem.programme.limits.unknown_km)
    lat1, lon1 = math.radians(a.position.latitude), math.radians(a.position.longitude)
    lat2, lon2 = math.radians(b.position.latitude), math.radians(b.position.longitude)
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(h)))


def _free_throughout(volunteer: Volunteer, start: datetime, end: datetime) -> bool:
    """Whether at each instant of [start, end) some `yes` row covers and no `no` row does.

    Coverage only changes where some span begins or ends, so those instants and the start stand for all.
    """
    instants = [start]
    for row in volunteer.availability:
        for span in row.spans:
            instants += [edge for edge in (span.start, span.end) if start < edge < end]
    for instant in instants:
        yes = no = False
        for row in volunteer.availability:
            if any(span.start <= instant < span.end for span in row.spans):
                yes, no = yes or row.available, no or not row.available
        if not yes or no:
            return False
    return True


def _people(problem: Problem) -> dict[str, int]:
    """A number for each volunteer's id, the same for ids of one person.

    That is: of one name, but for case, accents and spaces, and of one mailbox, but for case and what follows a plus, or
    of ids that differ in nothing but case and Unicode form; and whoever is one person with one of them is so with all.
    """
    number = {volunteer_id: n for n, volunteer_id in enumerate(problem.volunteers)}
    named = [(_plain(person.name), person) for person in problem.volunteers.values()]
    for name_a, a in named:
        for name_b, b in named:
            if name_a and name_a == name_b and a is not b:
                box_a, box_b = _box(a.email), _box(b.email)
                if (box_a and box_a == box_b) or _form(a.volunteer_id) == _form(b.volunteer_id):
                    old, new = number[b.volunteer_id], number[a.volunteer_id]
                    number = {key: new if n == old else n for key, n in number.items()}
    return number


def _plain(name: str) -> str:
    letters = [letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter)]
    return " ".join("".join(letters).casefold().split())


def _box(email: str) -> str:
    local, _, domain = unicodedata.normalize("NFKC", email).casefold().strip().rpartition("@")
    return f"{local.split('+')[0]}@{domain}" if local and domain else ""


def _form(identifier: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", identifier).casefold())


def violations(problem: Problem, plan: Plan) -> list[str]:
    """A line for each must-rule broken, beginning with the rule's name in the contract's table; empty: it is a plan.

    Of a term under way (section 4a) a breach counts where a visit that is not past has a part in it.
    """
    found = _broken(problem, plan)
    if problem.under_way is None:
        return found
    past = problem.under_way.past
    over = Plan({session_id: visit for session_id, visit in plan.visits.items() if session_id in past})
    pins = tuple(pin for pin in problem.pins if pin.session_id in past)
    without_part = _broken(replace(problem, pins=pins), over)
    found = [line for line in found if line not in without_part]
    for session_id, stands in past.items():
        if plan.visits.get(session_id) != stands:
            found.append(f"under way: {session_id} does not stand as it took place")
    for session_id, visit in plan.visits.items():
        if session_id not in past:
            if visit.slot.start <= problem.under_way.now:
                found.append(f"under way: {session_id} starts at or before now")
            for volunteer_id in visit.team:
                if (volunteer_id, session_id) in problem.under_way.declined:
                    found.append(f"under way: {volunteer_id} declined {session_id}")
    return found


def _broken(problem: Problem, plan: Plan) -> list[str]:
    """The same of a term that is not under way."""
    limits = problem.programme.limits
    found: list[str] = []
    unknown = [f"slot: no session {session_id}" for session_id in plan.visits if session_id not in problem.sessions]
    unknown += [
        f"team size: no volunteer {volunteer_id}"
        for visit in plan.visits.values()
        for volunteer_id in visit.team
        if volunteer_id not in problem.volunteers
    ]
    if unknown:
        return unknown  # nothing else on this page has a meaning then

    assignments: list[tuple[Volunteer, Session, datetime, datetime]] = []
    for session_id, visit in plan.visits.items():
        session, school = problem.sessions[session_id], problem.schools[problem.sessions[session_id].school_id]
        start, end = visit.slot.start, visit.slot.end
        day = start.date()
        programme = problem.programme
        if not any(slot.start == start and slot.end == end for slot in session.slots):
            found.append(f"slot: {session_id} runs at {start}, which is none of its slots")
        if not programme.first_day <= day <= programme.last_day or day in programme.closed:
            found.append(f"slot: {session_id} runs on {day}, when no school opens")
        if day in school.closed:
            found.append(f"slot: {session_id} runs on {day}, when its school is closed")
        if len(set(visit.team)) != len(visit.team):
            found.append(f"team size: {session_id} lists somebody twice")
        if not session.min_volunteers <= len(visit.team) <= session.max_volunteers:
            found.append(f"team size: {session_id} has {len(visit.team)}")
        for sector in session.required_sectors:
            if not any(_folded(problem.volunteers[v].sector) == _folded(sector) for v in visit.team):
                found.append(f"required sector: {session_id} has nobody from {sector}")
        employers: dict[str, int] = {}
        for volunteer_id in visit.team:
            employer = _employer(problem.volunteers[volunteer_id].employer)
            if employer:
                employers[employer] = employers.get(employer, 0) + 1
        for employer, count in employers.items():
            if count > limits.same_employer:
                found.append(f"same employer: {session_id} has {count} of {employer}")
        for volunteer_id in visit.team:
            volunteer = problem.volunteers[volunteer_id]
            assignments.append((volunteer, session, start, end))
            early = limits.arrival_minutes if session.mode is Mode.IN_PERSON else 0
            if not _free_throughout(volunteer, start - timedelta(minutes=early), end):
                found.append(f"available: {volunteer_id} is not free for {session_id} at {start}")
            if session.mode not in volunteer.modes:
                found.append(f"mode and distance: {volunteer_id} does not offer the mode of {session_id}")
            if session.mode is Mode.IN_PERSON and volunteer.max_distance_km is not None:
                km = _km(problem, volunteer, school)
                if km > volunteer.max_distance_km:
                    found.append(f"mode and distance: {volunteer_id} lives {km} km from {session_id}")
            if not session.supervised and (volunteer.checked_until is None or volunteer.checked_until < day):
                found.append(f"safeguarding: {volunteer_id} is not checked for {session_id} on {day}")
            if school.school_id in volunteer.excluded_schools:
                found.append(f"excluded school: {volunteer_id} at {session_id}")
            for cohort_id in session.cohort_ids:
                for encounter in problem.encounters:
                    if encounter.volunteer_id == volunteer_id and encounter.cohort_id == cohort_id:
                        found.append(f"new faces: {cohort_id} met {volunteer_id} earlier, and again in {session_id}")

    people = _people(problem)
    for i, (volunteer, a, a_start, a_end) in enumerate(assignments):
        for other, b, b_start, b_end in assignments[i + 1 :]:
            if a.session_id == b.session_id or people[volunteer.volunteer_id] != people[other.volunteer_id]:
                continue
            who = f"{volunteer.volunteer_id} in {a.session_id} and {b.session_id}"
            if a_start < b_end and b_start < a_end:
                found.append(f"one place at a time: {who} overlap")
            else:
                gap = max(b_start - a_end, a_start - b_end)
                if a.mode is not b.mode:
                    needed = limits.virtual_gap_minutes
                elif a.mode is Mode.VIRTUAL or a.school_id == b.school_id:
                    needed = 0
                else:
                    km = _km(problem, problem.schools[a.school_id], problem.schools[b.school_id])
                    needed = math.ceil(60 * 1.3 * km / limits.travel_kmh) + limits.arrival_minutes
                if gap < timedelta(minutes=needed):
                    found.append(f"one place at a time: {who} need {needed} minutes between them, have {gap}")
            for cohort_id in set(a.cohort_ids) & set(b.cohort_ids):
                if volunteer.volunteer_id != other.volunteer_id:
                    continue
                found.append(f"new faces: {cohort_id} meets {who}")

    for volunteer in problem.volunteers.values():
        days = [start.date() for v, _, start, _ in assignments if v.volunteer_id == volunteer.volunteer_id]
        if len(days) > volunteer.max_sessions:
            found.append(f"load: {volunteer.volunteer_id} has {len(days)} sessions")
        for day in sorted(set(days)):
            if days.count(day) > volunteer.max_sessions_per_day:
                found.append(f"load: {volunteer.volunteer_id} has {days.count(day)} sessions on {day}")
        weeks = [day.isocalendar()[:2] for day in days]
        for week in sorted(set(weeks)):
            most = volunteer.max_sessions_per_week
            if most is not None and weeks.count(week) > most:
                found.append(f"spacing: {volunteer.volunteer_id} has {weeks.count(week)} sessions in week {week}")

    for cohort_id in problem.cohorts:
        days = [v.slot.day for s, v in plan.visits.items() if cohort_id in problem.sessions[s].cohort_ids]
        for day in sorted(set(days)):
            if days.count(day) > 1:
                found.append(f"cohort day: {cohort_id} has {days.count(day)} sessions on {day}")
    for school in problem.schools.values():
        days = [v.slot.day for s, v in plan.visits.items() if problem.sessions[s].school_id == school.school_id]
        for day in sorted(set(days)):
            if school.max_sessions_per_day is not None and days.count(day) > school.max_sessions_per_day:
                found.append(f"school day: {school.school_id} has {days.count(day)} sessions on {day}")

    for pin in problem.pins:
        pinned = plan.visits.get(pin.session_id)
        if pin.volunteer_id is not None:
            so = pinned is not None and pin.volunteer_id in pinned.team
        else:
            so = pinned is not None and pinned.slot.start == pin.start
        if so != (pin.decision is Decision.KEEP):
            found.append(f"pins: {pin} is not so")
    return found


def _steps(count: int) -> int:
    total = 0
    for n in range(1, count + 1):
        total += math.floor(120 / n)
    return total


def _need(school: School) -> int:
    return 100 + round(school.pupil_premium_percent)  # Python's round takes halves to even


def _forbidden(problem: Problem, session_id: str, visit: Visit) -> bool:
    """Section 4a: whether a rule that looks at this slot, or at this one assignment in it, or at it and past visits and
    earlier encounters, forbids it. No team's size, sectors or employers: those look at several assignments.
    """
    assert problem.under_way is not None
    stands = {key: each for key, each in problem.under_way.past.items() if each is not None}
    decided = []
    for pin in problem.pins:
        if pin.session_id == session_id:
            about_slot = pin.volunteer_id is None
            about_person = pin.decision is Decision.NEVER and pin.volunteer_id in visit.team
            if about_slot or about_person:
                decided.append(pin)
    alone = violations(replace(problem, pins=tuple(decided)), Plan({**stands, session_id: visit}))
    of_teams = ("team size", "required sector", "same employer")
    return any(not line.startswith(of_teams) for line in alone)


def _repair(problem: Problem, under_way: UnderWay, plan: Plan) -> dict[str, int]:
    """Section 4a: told reach and changes."""
    told_reach = 0
    for school in problem.schools.values():
        at = [s for s in plan.visits if problem.sessions[s].school_id == school.school_id]
        mine = [s for s in at if s in under_way.told.visits]
        told_reach += _need(school) * _steps(len(mine))

    changes = 0
    for session_id, told in under_way.told.visits.items():
        if session_id in under_way.past:
            continue
        session = problem.sessions.get(session_id)
        slots = [] if session is None else session.slots
        usable = [slot for slot in slots if not _forbidden(problem, session_id, Visit(slot, ()))]
        start_lost = all(slot.start != told.slot.start for slot in usable)
        session_lost = not usable
        new = plan.visits.get(session_id)
        moved = new is not None and new.slot.start != told.slot.start
        if not session_lost and (new is None or (moved and not start_lost)):
            changes += 2
        for volunteer_id in told.team:
            if start_lost or volunteer_id not in problem.volunteers:
                continue
            same_start = [slot for slot in usable if slot.start == told.slot.start]
            if all(_forbidden(problem, session_id, Visit(slot, (volunteer_id,))) for slot in same_start):
                continue
            if new is None or moved or volunteer_id not in new.team:
                changes += 2
        if new is not None:
            changes += len([volunteer_id for volunteer_id in new.team if volunteer_id not in told.team])
    return {"told_reach": told_reach, "changes": changes}


def score(problem: Problem, plan: Plan) -> dict[str, int]:
    """The five tiers' values of section 4, by name and in order, whether or not the plan breaks a rule."""
    goals = problem.programme.goals

    reach = 0
    for school in problem.schools.values():
        delivered = sum(1 for s in plan.visits if problem.sessions[s].school_id == school.school_id)
        reach += _need(school) * _steps(delivered)

    role_models = 0
    for cohort in problem.cohorts.values():
        # Everyone this cohort met: (sector, gender, group, share of women in their work), earlier or in this plan.
        met: list[tuple[str, Gender | None, EthnicGroup | None, float | None]] = []
        for encounter in problem.encounters:
            if encounter.cohort_id == cohort.cohort_id:
                met.append((encounter.sector, encounter.gender, encounter.ethnic_group, encounter.share_women))
        for session_id, visit in plan.visits.items():
            if cohort.cohort_id in problem.sessions[session_id].cohort_ids:
                for volunteer_id in visit.team:
                    person = problem.volunteers[volunteer_id]
                    met.append((person.sector, person.gender, person.ethnic_group, person.share_women))
        counts = {
            GoalName.PEOPLE: len(met),
            GoalName.SECTORS: len({_folded(sector) for sector, _, _, _ in met if _folded(sector)}),
            GoalName.WOMEN_IN_MALE_DOMINATED: sum(
                1 for _, gender, _, share in met if gender is Gender.WOMAN and share is not None and share < 0.35
            ),
            GoalName.MEN_IN_FEMALE_DOMINATED: sum(
                1 for _, gender, _, share in met if gender is Gender.MAN and share is not None and share > 0.65
            ),
            GoalName.ETHNIC_GROUPS: len({group for _, _, group, _ in met if group is not None}),
        }
        need = _need(problem.schools[cohort.school_id])
        for name, count in counts.items():
            role_models += need * goals[name].weight * _steps(min(goals[name].target, count))
    for session_id, visit in plan.visits.items():
        session = problem.sessions[session_id]
        if session.max_volunteers >= 2:
            genders = {problem.volunteers[volunteer_id].gender for volunteer_id in visit.team}
            mixed = 1 if Gender.WOMAN in genders and Gender.MAN in genders else 0
            goal = goals[GoalName.MIXED_TEAM]
            need = _need(problem.schools[session.school_id])
            role_models += need * goal.weight * _steps(min(goal.target, mixed))

    repair = {} if problem.under_way is None else _repair(problem, problem.under_way, plan)

    preferences = 0
    loads: dict[str, int] = {}
    trips: set[tuple[str, str, str]] = set()
    for session_id, visit in plan.visits.items():
        session = problem.sessions[session_id]
        for volunteer_id in visit.team:
            preferences += problem.preferences.get((volunteer_id, session_id), 0)
            loads[volunteer_id] = loads.get(volunteer_id, 0) + 1
            if session.mode is Mode.IN_PERSON:
                trips.add((volunteer_id, visit.slot.day.isoformat(), session.school_id))
    load = sum(n * (n + 1) // 2 for n in loads.values())
    travel = sum(round(10 * _km(problem, problem.volunteers[v], problem.schools[school])) for v, _, school in trips)

    return {
        **repair,
        "reach": reach,
        "role_models": role_models,
        "preferences": preferences,
        "load": load,
        "travel": travel,
    }
