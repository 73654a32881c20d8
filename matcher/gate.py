"""Judges what people were told, or are to be told, by the term as it is now.

A plan keeps every rule by the data that it was made from. A check that runs out, a school that is excluded, somebody
who leaves: afterwards the same plan may send a person where they must not be. Each rule's own check says so, over what
still exists of the plan; nothing here knows a rule better than the rule itself. What is over counts, as part of
somebody's load or as whom a class has met, but is never in breach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from matcher.domain import Finding, Mode, Plan, Problem, Slot, Visit, folded
from matcher.rules import MUST_RULES
from matcher.times import day_text, time_text

_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Breach:
    """An appointment to come that cannot be as things are now."""

    volunteer_id: str
    """Blank if it is a session as such that a pin wants otherwise."""
    session_id: str
    slot: Slot | None
    """None: the plan has no such appointment, but a pin wants it."""
    reasons: tuple[str, ...]
    """Each as the end of a sentence, with names and dates."""


def breaches(now: Problem, plan: Plan, at: datetime, then: Problem) -> tuple[Breach, ...]:
    """What of the plan that is to come after `at` (wall clock) cannot be as the term is `now`, in order of time.

    `then` is the term for which the plan was made. Pins that the plan does not keep are breaches too.
    """
    return tuple(_Judge(now, plan, at, then).breaches())


class _Judge:
    def __init__(self, now: Problem, plan: Plan, at: datetime, then: Problem) -> None:
        self.now, self.plan, self.then = now, plan, then
        self.coming = {name: visit for name, visit in plan.visits.items() if visit.slot.start > at}
        self.left = Plan(
            {
                name: Visit(visit.slot, tuple(each for each in visit.team if each in now.volunteers))
                for name, visit in plan.visits.items()
                if name in now.sessions
            }
        )
        """What still exists of the plan."""
        self.reasons: dict[_Pair, list[str]] = {}

    def breaches(self) -> Iterator[Breach]:
        self._gone()
        for finding in (each for rule in MUST_RULES for each in rule.check(self.now, self.left)):
            for pair in self._taking_part(finding):
                self._add(pair, _WORDS.get(finding.rule, _as_it_says)(self.now, self.left, finding, pair))

        def in_order(pair: _Pair) -> tuple[bool, datetime, str, str]:
            visit = self.coming.get(pair[1])
            return visit is None, visit.slot.start if visit else datetime.min, pair[1], pair[0]

        for volunteer_id, session_id in sorted(self.reasons, key=in_order):
            visit = self.coming.get(session_id)
            planned = visit is not None and volunteer_id in visit.team
            slot = visit.slot if visit is not None and planned else None
            yield Breach(volunteer_id, session_id, slot, tuple(self.reasons[volunteer_id, session_id]))

    def _add(self, pair: _Pair, reason: str) -> None:
        reasons = self.reasons.setdefault(pair, [])
        if reason not in reasons:
            reasons.append(reason)

    def _gone(self) -> None:
        """Whom and what the term no longer has, or has elsewhere than people were told."""
        for session_id, visit in self.coming.items():
            why = self._no_longer_so(session_id)
            for volunteer_id in visit.team:
                if volunteer_id not in self.now.volunteers:
                    self._add((volunteer_id, session_id), "they are no longer among the volunteers")
                if why:
                    self._add((volunteer_id, session_id), why)

    def _no_longer_so(self, session_id: str) -> str:
        """The rules judge a session by place and way as they are now: people have to have been told the same."""
        session, before = self.now.sessions.get(session_id), self.then.sessions[session_id]
        if session is None:
            return "the session is no longer asked for"
        if session.school_id != before.school_id:
            return f"the session is at {self.now.schools[session.school_id].name} now"
        if session.mode is not before.mode:
            return "the session is " + ("in person now" if session.mode is Mode.IN_PERSON else "online now")
        return ""

    def _taking_part(self, finding: Finding) -> list[_Pair]:
        """The appointments to come that a finding is about; none if only what is over takes part in it."""
        pairs = [
            (volunteer_id, session_id)
            for session_id in finding.sessions
            if session_id in self.coming
            for volunteer_id in self.left.visits[session_id].team
            if not finding.people or volunteer_id in finding.people
        ]
        if pairs or finding.rule != "pins":
            return pairs
        over = all(name in self.plan.visits and name not in self.coming for name in finding.sessions)
        return [] if over else [(next(iter(finding.people), ""), finding.sessions[0])]


# Words: how each rule's finding reads to those who know people and schools by their names

_Words = Callable[[Problem, Plan, Finding, _Pair], str]


def _day(day: date) -> str:
    return f"{day_text(day)} {day.year}"


def _name(now: Problem, session_id: str) -> str:
    session = now.sessions[session_id]
    return f"“{session.title or session.format or session_id}” at {now.schools[session.school_id].name}"


def _as_it_says(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return f"{finding.rule}: {finding.text.removesuffix('.')}"


def _slot(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    slot, session = plan.visits[pair[1]].slot, now.sessions[pair[1]]
    when = f"{slot.start:%H:%M} to {slot.end:%H:%M} on {_day(slot.day)}"
    if not any((each.start, each.end) == (slot.start, slot.end) for each in session.slots):
        return f"{when} is none of the session's times any more"
    if slot.day in now.programme.closed:
        return f"{_day(slot.day)} is a closed day now"
    return f"{_day(slot.day)} is not in the term any more"


def _team_size(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    session, size = now.sessions[pair[1]], len(plan.visits[pair[1]].team)
    if size < session.min_volunteers:
        return f"only {size} of the {session.min_volunteers} volunteers that the session needs can be counted on"
    return f"{size} volunteers are to come, and the session has room for {session.max_volunteers}"


def _available(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return "they are not free then any more"


def _mode_and_distance(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    volunteer, session = now.volunteers[pair[0]], now.sessions[pair[1]]
    if session.mode not in volunteer.modes:
        return "they do not offer to take part " + ("in person" if session.mode is Mode.IN_PERSON else "online")
    km = now.km_home_to_school(pair[0], session.school_id)
    return f"the school is {km:.1f} km from them, and they travel at most {volunteer.max_distance_km:g} km"


def _one_place(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    other = next((each for each in finding.sessions if each != pair[1]), pair[1])
    twice = f"they stand in the list more than once, as {' and '.join(finding.people)}, and " * (
        len(finding.people) > 1
    )
    return (
        f"{twice}they would have to be at {_name(now, other)} on {time_text(plan.visits[other].slot.start)} as well, "
        "and cannot be at both in time"
    )


def _load_limit(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return f"they have {len(finding.sessions)} sessions, {finding.amount} more than they are to have" + (
        f" on {_day(plan.visits[pair[1]].slot.day)}" if " on a day " in finding.text else " in the term"
    )


def _required_sector(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    present = {folded(now.volunteers[each].sector) for each in plan.visits[pair[1]].team}
    lacking = [now.sector_name(each) for each in sorted(now.sessions[pair[1]].required_sectors - present)]
    return f"the session asks for somebody from {' and from '.join(lacking)}, and nobody in the team is"


def _same_employer(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return f"too many of the team are of one employer: the most is {now.programme.limits.same_employer}"


def _safeguarding(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    until = now.volunteers[pair[0]].checked_until
    check = f"their safeguarding check ends on {_day(until)}" if until else "they have no safeguarding check"
    return f"{check}, and this session is not supervised"


def _excluded_school(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return f"{now.schools[now.sessions[pair[1]].school_id].name} is on their list of excluded schools"


def _new_faces(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    cohort = now.cohorts[finding.about[1]]
    return f"they would meet the class {cohort.name or cohort.cohort_id} {finding.amount + 1} times"


def _cohort_day(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    cohort = now.cohorts[finding.about[0]]
    day = _day(plan.visits[pair[1]].slot.day)
    return f"the class {cohort.name or cohort.cohort_id} would have {len(finding.sessions)} sessions on {day}"


def _school_day(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    school, day = now.schools[finding.about[0]], _day(plan.visits[pair[1]].slot.day)
    most = school.max_sessions_per_day
    return f"{school.name} would have {len(finding.sessions)} sessions on {day}, and the most is {most}"


def _pins(now: Problem, plan: Plan, finding: Finding, pair: _Pair) -> str:
    return finding.text.replace("The plan does not respect", "it goes against").removesuffix(".")


_WORDS: Mapping[str, _Words] = {
    "slot": _slot,
    "team size": _team_size,
    "available": _available,
    "mode and distance": _mode_and_distance,
    "one place at a time": _one_place,
    "load": _load_limit,
    "required sector": _required_sector,
    "same employer": _same_employer,
    "safeguarding": _safeguarding,
    "excluded school": _excluded_school,
    "new faces": _new_faces,
    "cohort day": _cohort_day,
    "school day": _school_day,
    "pins": _pins,
}
