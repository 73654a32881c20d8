"""Whether all pins can be kept, and which of them clash if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from matcher.domain import Decision, Pin, Plan, Problem, Visit
from matcher.errors import PinsImpossible
from matcher.rules import MUST_RULES, Draft
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.reduced import Scope


def plan_for_pins(problem: Problem, effort: Effort) -> Plan:
    """A plan of just the sessions that pins keep (all others can always stay undelivered).

    Raises PinsImpossible with the fewest pins that clash, and what stands against each that is impossible by itself.
    """
    plan, decided = _attempt(problem, problem.pins, effort)
    if plan is not None:
        return plan
    if not decided:
        raise PinsImpossible(
            f"Within {effort.seconds:.0f} seconds no plan was found that keeps all {len(problem.pins)} pins, "
            "and no proof that there is none. Allow more time with --time-limit, or take some pins out.",
            [str(pin) for pin in problem.pins],
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
    kept = {pin.session_id for pin in pins if pin.decision is Decision.KEEP}
    sessions = {name: session for name, session in problem.sessions.items() if name in kept}
    never = tuple(pin for pin in pins if pin.session_id in kept)
    draft = Draft(replace(problem, sessions=sessions, pins=never, preferences={}), MUST_RULES)
    if np.any((draft.low > 0) & (np.diff(draft.matrix.indptr) == 0)):
        return None, True
    scope = Scope(draft, [])
    reduced = scope.reduced(scope.columns, np.zeros(draft.columns, dtype=np.int64))
    answer = maximise(reduced, np.zeros(len(reduced.free), dtype=np.int64), effort)
    if answer.values is None:
        return None, answer.closed
    columns = np.zeros(draft.columns, dtype=np.int64)
    columns[reduced.free] = answer.values
    return draft.plan_of(columns), True


def _message(problem: Problem, clash: Sequence[Pin]) -> str:
    if len(clash) > 1:
        lines = [f"These {len(clash)} pins cannot all be kept, though any {len(clash) - 1} of them can:"]
        lines += [f"  {pin}" for pin in clash]
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
