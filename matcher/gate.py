"""Judges what people were told, or are to be told, by the term as it is now.

A plan keeps every rule by the data that it was made from. A check that runs out, a school that is excluded, somebody
who leaves: afterwards the same plan may send a person where they must not be. Each rule's own check says so, over what
still exists of the plan; nothing here knows a rule better than the rule itself. What is over counts, as part of
somebody's load or as whom a class has met, but is never in breach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from matcher.domain import Finding, Mode, Plan, Problem, Slot, Visit
from matcher.rules import MUST_RULES, MustRule
from matcher.rules.pins import Pins

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
        for rule in MUST_RULES:
            for finding in rule.breaches(self.now, self.left):
                for pair in self._taking_part(rule, finding):
                    self._add(pair, rule.words(self.now, self.left, finding, *pair))

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

    def _taking_part(self, rule: MustRule, finding: Finding) -> list[_Pair]:
        """The appointments to come that a finding is about; none if only what is over takes part in it."""
        pairs = [
            (volunteer_id, session_id)
            for session_id in finding.sessions
            if session_id in self.coming
            for volunteer_id in self.left.visits[session_id].team
            if not finding.people or volunteer_id in finding.people
        ]
        if pairs or not isinstance(rule, Pins):
            return pairs
        over = all(name in self.plan.visits and name not in self.coming for name in finding.sessions)
        return [] if over else [(next(iter(finding.people), ""), finding.sessions[0])]
