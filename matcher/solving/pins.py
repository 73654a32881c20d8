"""Whether all pins can be kept, and which of them clash if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product

import numpy as np

from matcher.domain import Decision, Finding, Pin, Plan, Problem, Visit
from matcher.errors import PinsImpossible
from matcher.rules import MUST_RULES, Model, MustRule
from matcher.rules.pins import Pins
from matcher.rules.required_sector import RequiredSector
from matcher.rules.team_size import TeamSize
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.reduced import Scope

MOST_TRIED = 200  # combinations of times
NO_TEAMS = "No teams can be made up around all of them that keep every rule."


def plan_for_pins(problem: Problem, effort: Effort) -> Plan:
    """A plan of just the sessions that are past or that pins keep (all others can always stay undelivered).

    Raises PinsImpossible with the fewest pins that clash, and what stands against each that is impossible by itself.
    """
    plan, decided = _attempt(problem, problem.pins, effort)
    if plan is not None:
        return plan
    if not decided:
        raise PinsImpossible(
            f"Within {effort.seconds:.0f} seconds no plan was found that keeps all {len(problem.pins)} pins, "
            "and no proof that there is none. Allow more time, or take some pins out.",
            [str(pin) for pin in problem.pins],
            proven=False,
        )
    clash = list(problem.pins)
    for pin in problem.pins:  # whatever can be left out without losing the clash is not part of it
        rest = [other for other in clash if other is not pin]
        found, decided = _attempt(problem, rest, effort)
        if found is None and decided:
            clash = rest
    raise PinsImpossible(_message(problem, clash), [str(pin) for pin in clash])


def _attempt(problem: Problem, pins: Sequence[Pin], effort: Effort) -> tuple[Plan | None, bool]:
    """A plan that keeps these pins, if there is one, and whether that is certain."""
    kept = {pin.session_id for pin in pins if pin.decision is Decision.KEEP} | problem.past.keys()
    sessions = {name: session for name, session in problem.sessions.items() if name in kept}
    never = tuple(pin for pin in pins if pin.session_id in kept)
    model = Model(replace(problem, sessions=sessions, pins=never, preferences={}), MUST_RULES)
    if np.any((model.low > 0) & (np.diff(model.matrix.indptr) == 0)):
        return None, True
    reduced = Scope(model, []).everything()
    solved = maximise(reduced, np.zeros(len(reduced.free), dtype=np.int64), effort)
    if solved.values is None:
        return None, solved.closed
    columns = np.zeros(model.columns, dtype=np.int64)
    columns[reduced.free] = solved.values
    return model.plan_of(columns), True


def _message(problem: Problem, clash: Sequence[Pin]) -> str:
    if len(clash) > 1:
        lines = [f"These {len(clash)} pins cannot all be kept, though any {len(clash) - 1} of them can:"]
        lines += [f"  {pin}" for pin in clash]
        lines += ["What stands between them:", *(f"  {text}" for text in _between(problem, clash))]
        return "\n".join([*lines, "Take one of them out of the table pins, or change what stands between them."])
    (pin,) = clash
    session = problem.sessions[pin.session_id]
    lines = [f"The pin “{pin}” cannot be kept:"]
    if pin.volunteer_id is None:
        lines.append(f"  no team of {session.min_volunteers} can be made up for that time.")
    else:
        team = (pin.volunteer_id,)
        against = [
            f"  {finding.text}"
            for slot in problem.open_slots(session)
            for rule in MUST_RULES
            for finding in rule.check(replace(problem, pins=()), Plan({pin.session_id: Visit(slot, team)}))
            if pin.volunteer_id in finding.about
        ]
        lines += against or [f"  no team of {session.min_volunteers} with {pin.volunteer_id} in it can be made up."]
    return "\n".join([*dict.fromkeys(lines), "Take the pin out of the table pins, or change what stands against it."])


def _between(problem: Problem, clash: Sequence[Pin]) -> list[str]:
    """What the rules find wrong about those who are kept, at the first times at which each team is right by itself."""
    problem = replace(problem, pins=tuple(clash))
    visits: list[list[tuple[str, Visit]]] = []
    for session_id in dict.fromkeys(pin.session_id for pin in clash if pin.decision is Decision.KEEP):
        mine = [pin for pin in clash if pin.session_id == session_id]
        team = tuple(sorted({pin.volunteer_id for pin in mine if pin.volunteer_id and pin.decision is Decision.KEEP}))
        possible = [(session_id, Visit(slot, team)) for slot in problem.open_slots(problem.sessions[session_id])]
        visits.append([each for each in possible if not _wrong(problem, [each], mine)])
        if not visits[-1]:
            return _wrong(problem, possible[:1], mine) or [NO_TEAMS]
    found: list[str] = []
    for together in islice(product(*visits), MOST_TRIED):
        wrong = _wrong(problem, together, clash)
        if not wrong:
            return [NO_TEAMS]
        found = found or wrong
    return found


def _wrong(problem: Problem, visits: Sequence[tuple[str, Visit]], pins: Sequence[Pin]) -> list[str]:
    """What is wrong about these visits whoever else may come to them."""
    problem = replace(problem, pins=tuple(pins))
    plan = Plan(dict(visits))
    found: list[str] = []
    for rule in MUST_RULES:
        for finding in rule.check(problem, plan):
            if isinstance(rule, Pins):
                found.append("One says the opposite of another.")
            elif not _can_be_mended(problem, plan, rule, finding):
                found.append(finding.text)
    return list(dict.fromkeys(found))


def _can_be_mended(problem: Problem, plan: Plan, rule: MustRule, finding: Finding) -> bool:
    """Whether somebody more in the team could put it right."""
    if not isinstance(rule, TeamSize | RequiredSector):
        return False
    session_id = finding.about[0]
    return len(plan.visits[session_id].team) < problem.sessions[session_id].max_volunteers
