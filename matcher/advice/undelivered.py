"""Why a session is not delivered, in one sentence, found by the rules' own checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from matcher.domain import Decision, Plan, Problem, Session, Slot, Visit, folded
from matcher.rules import MUST_RULES, Draft
from matcher.solving.cpsat import Effort, maximise
from matcher.solving.greedy import greedy
from matcher.solving.reduced import Scope
from matcher.times import day_text, time_text


def why_never(problem: Problem, session_id: str) -> str | None:
    """Why no plan at all can deliver a session, or None if some plan can."""
    session = problem.sessions[session_id]
    alone = _alone(problem, session)
    if _team_exists(alone):
        return None
    slots = problem.open_slots(session)
    if not session.slots:
        return "No slot was offered for it."
    if not slots:
        return "None of its slots lies on an open day of the term."
    slots = [slot for slot in slots if not _ruled_out(problem, session, slot)]
    if not slots:
        return "Pins rule out every one of its slots."
    barriers = {slot: _barriers(alone, session, slot, Plan({})) for slot in slots}
    for sector in sorted(session.required_sectors):
        name = problem.sector_name(sector)
        ids = [person.volunteer_id for person in problem.volunteers.values() if folded(person.sector) == sector]
        if not ids:
            return f"It asks for somebody from {name}, and no volunteer works there."
        least = [_least(barriers, person) for person in ids]
        if all(least):
            return f"No {name} volunteer can come {_times(slots)}: {_told(least)}."
    best = max(slots, key=lambda slot: sum(not found for found in barriers[slot].values()))
    able = sum(not found for found in barriers[best].values())
    if not able:
        return f"Nobody can come {_times(slots)}: {_told(_least(barriers, person) for person in problem.volunteers)}."
    if able < session.min_volunteers:
        few = f"Only {able} of the {session.min_volunteers} volunteers it needs"
        return f"{few} can come {_times(slots)}: {_told(barriers[best].values())}."
    return f"No team of {session.min_volunteers} can be made up {_times(slots)} from those who could come."


def why_not_delivered(problem: Problem, plan: Plan, session_id: str) -> str:
    """Why this plan does not deliver a session."""
    never = why_never(problem, session_id)
    if never is not None:
        return never
    session = problem.sessions[session_id]
    alone = _alone(problem, session)
    slots = [slot for slot in problem.open_slots(session) if not _ruled_out(problem, session, slot)]
    told: list[tuple[int, Slot, str]] = []
    for slot in slots:
        together = Plan({**plan.visits, session_id: Visit(slot, ())})
        full = [
            finding.text
            for rule in MUST_RULES
            if rule.name in ("cohort day", "school day")
            for finding in rule.check(problem, together)
        ]
        if full:
            told.append((-1, slot, f"on {day_text(slot.start)} it would be one session too many there: {full[0]}"))
            continue
        barriers = _barriers(replace(problem, encounters=alone.encounters, pins=alone.pins), session, slot, plan)
        able = sum(not found for found in barriers.values())
        told.append((able, slot, _told(barriers.values())))
    able, slot, what = max(told)
    if able < 0:
        return f"Others go first: {what}"
    if able >= session.min_volunteers:
        volunteers = "1 volunteer" if able == 1 else f"{able} volunteers"
        return (
            f"Leaving it out was best, as far as the search went: {volunteers} could come on "
            f"{day_text(slot.start)}, but not as a team that suits all rules, or others would lose more."
        )
    count = "nobody is" if not able else "1 is" if able == 1 else f"only {able} are"
    return (
        f"Its volunteers are needed elsewhere: on {time_text(slot.start)} {count} left of the "
        f"{session.min_volunteers} it needs; {what}."
    )


def _alone(problem: Problem, session: Session) -> Problem:
    """The problem as if there were no other session, and none of the decisions to keep something."""
    never = tuple(
        pin for pin in problem.pins if pin.session_id == session.session_id and pin.decision is Decision.NEVER
    )
    mine = set(session.cohort_ids)
    met = tuple(encounter for encounter in problem.encounters if encounter.cohort_id in mine)
    return replace(problem, sessions={session.session_id: session}, pins=never, encounters=met, preferences={})


def _ruled_out(problem: Problem, session: Session, slot: Slot) -> bool:
    pins = [pin for pin in problem.pins if pin.session_id == session.session_id and pin.start is not None]
    return any((pin.start == slot.start) == (pin.decision is Decision.NEVER) for pin in pins)


def _barriers(problem: Problem, session: Session, slot: Slot, plan: Plan) -> dict[str, list[str]]:
    """For each volunteer, what stands against them at that time beside the plan: the rules' barriers."""
    found: dict[str, list[str]] = {}
    diary: dict[str, dict[str, Visit]] = {}
    for session_id, visit in plan.visits.items():
        for person in visit.team:
            diary.setdefault(person, {})[session_id] = Visit(visit.slot, (person,))
    rules = [rule for rule in MUST_RULES if rule.barrier]
    for person in problem.volunteers:
        together = Plan({**diary.get(person, {}), session.session_id: Visit(slot, (person,))})
        found[person] = [
            rule.barrier for rule in rules if any(person in finding.about for finding in rule.check(problem, together))
        ]
    return found


def _team_exists(alone: Problem) -> bool:
    """Whether the only session of a problem can be delivered: what is not known for certain counts as yes."""
    draft = Draft(alone, MUST_RULES)
    if greedy(draft).any():
        return True
    reduced = Scope(draft, []).everything()
    gain = np.where(reduced.free < len(draft.visits), 1, 0)
    answer = maximise(reduced, gain, Effort(5))
    return answer.values is None or bool(answer.values @ gain) or not answer.closed


def _least(barriers: Mapping[Slot, Mapping[str, list[str]]], person: str) -> list[str]:
    """What stands against a person at the time at which least does."""
    return min((found[person] for found in barriers.values()), key=len)


def _times(slots: Sequence[Slot]) -> str:
    if len(slots) == 1:
        return f"on {time_text(slots[0].start)}"
    return "at either of its times" if len(slots) == 2 else f"at any of its {len(slots)} times"


def _told(barriers: Iterable[Sequence[str]]) -> str:
    """Such as "210 are not free then, 1 is too far away": each person by the first thing that stands against them."""
    counts = Counter(found[0] for found in barriers if found)
    return ", ".join(f"{count} {'is' if count == 1 else 'are'} {what}" for what, count in counts.most_common(3))
