"""What is different between two plans."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.domain import Plan, Slot


@dataclass(frozen=True, slots=True)
class Move:
    """A session that both plans deliver, at other times."""

    session_id: str
    before: Slot
    after: Slot


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sessions by id and assignments as (session_id, volunteer_id), each in order.

    A session that moved with its team is a move and no change of assignments; the teams of delivered and dropped
    sessions are among those added and removed.
    """

    delivered: tuple[str, ...]
    """Sessions that only the later plan delivers."""
    dropped: tuple[str, ...]
    """Sessions that only the earlier plan delivers."""
    moved: tuple[Move, ...]
    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]

    @property
    def is_empty(self) -> bool:
        return not (self.delivered or self.dropped or self.moved or self.added or self.removed)


def compare(before: Plan, after: Plan) -> Comparison:
    """How `after` differs from `before`; the order of sessions and within a team does not count."""
    old, new = before.visits, after.visits
    teams_old, teams_new = (
        {(session_id, volunteer_id) for volunteer_id, session_id, _ in plan.assignments()} for plan in (before, after)
    )
    return Comparison(
        delivered=tuple(sorted(new.keys() - old.keys())),
        dropped=tuple(sorted(old.keys() - new.keys())),
        moved=tuple(
            Move(session_id, old[session_id].slot, new[session_id].slot)
            for session_id in sorted(old.keys() & new.keys())
            if old[session_id].slot != new[session_id].slot
        ),
        added=tuple(sorted(teams_new - teams_old)),
        removed=tuple(sorted(teams_old - teams_new)),
    )
