"""What differs between two plans."""

from __future__ import annotations

from datetime import datetime

from matcher.comparison import Move, compare
from matcher.domain import Plan, Slot, Visit


def at(hour: int) -> Slot:
    return Slot(datetime(2026, 10, 14, hour), datetime(2026, 10, 14, hour + 1))


OLD = Plan({"S1": Visit(at(9), ("V1", "V2")), "S2": Visit(at(10), ("V3",)), "S3": Visit(at(11), ("V4",))})
NEW = Plan({"S4": Visit(at(9), ("V1",)), "S3": Visit(at(12), ("V4",)), "S1": Visit(at(9), ("V2", "V5"))})


def test_sessions_are_delivered_dropped_and_moved_and_teams_change() -> None:
    found = compare(OLD, NEW)
    assert found.delivered == ("S4",)
    assert found.dropped == ("S2",)
    assert found.moved == (Move("S3", at(11), at(12)),)
    assert found.added == (("S1", "V5"), ("S4", "V1"))
    assert found.removed == (("S1", "V1"), ("S2", "V3"))
    assert not found.is_empty


def test_the_other_way_round_is_the_opposite() -> None:
    there, back = compare(OLD, NEW), compare(NEW, OLD)
    assert (there.delivered, there.added) == (back.dropped, back.removed)
    assert back.moved == (Move("S3", at(12), at(11)),)


def test_the_order_of_sessions_and_of_a_team_does_not_count() -> None:
    again = Plan({"S3": OLD.visits["S3"], "S2": OLD.visits["S2"], "S1": Visit(at(9), ("V2", "V1"))})
    assert compare(OLD, again).is_empty
