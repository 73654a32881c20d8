"""What of a plan still stands, so that advice can be about it."""

from __future__ import annotations

from matcher.audit import findings
from matcher.domain import Plan, Problem, Visit
from matcher.rules.lost import lost, told_to_come


def still_told(problem: Problem) -> Plan:
    """What was told, without those who cannot or will not come any more; its teams may be too small."""
    if problem.under_way is None:
        return Plan({})
    gone = lost(problem)
    visits = {session_id: visit for session_id, visit in problem.past.items() if visit is not None}
    for session_id, visit in told_to_come(problem).items():
        if session_id not in gone.starts:
            team = tuple(each for each in visit.team if (each, session_id) not in gone.assignments)
            visits[session_id] = Visit(visit.slot, team)
    return Plan(visits)


def keeping_rules(problem: Problem, plan: Plan) -> Plan:
    """The visits of a plan, each in one of its session's open slots, with which no rule is broken."""
    visits = {}
    for session_id, visit in plan.visits.items():
        slots = problem.open_slots(problem.sessions[session_id])
        slot = next((each for each in slots if each.start == visit.slot.start), None)
        if slot is not None and visit.team:
            visits[session_id] = Visit(slot, visit.team)
    while True:
        wrong = {
            session_id
            for finding in findings(problem, Plan(visits))
            for session_id in [each for each in finding.sessions or finding.about if each in visits][-1:]
        } - problem.past.keys()
        if not wrong:
            return Plan(visits)
        visits = {key: visit for key, visit in visits.items() if key not in wrong}
