"""What rules do differently where there is much of something is right too, seen on terms small enough to look at."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from matcher.coordinates import METRE, degrees, distances_km
from matcher.domain import TIERS, Plan, School, Visit
from matcher.geography import Position, distance_km
from matcher.rules import GOALS, MUST_RULES, Model, model, one_place
from matcher.rules.load_limit import LoadLimit
from matcher.rules.mode_and_distance import ModeAndDistance
from matcher.rules.one_place import OnePlaceAtATime
from matcher.rules.tiny import problem, session, volunteer
from tests.planning.random_terms import Size, random_term

BUSY = Size(schools=4, sessions=9, slots=3, volunteers=4, largest_team=2)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("many", [1, 64])
@pytest.mark.parametrize("together", [1, 10**6])
def test_two_seats_share_a_row_of_one_place_just_when_nobody_can_take_both(
    seed: int, many: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_place, "MANY_PLACES", many)
    monkeypatch.setattr(one_place, "SEATS_AT_A_TIME", together)
    term = random_term(Random(seed), BUSY, 0)
    rule = OnePlaceAtATime()
    rows = Model(term, [rule])
    for person in range(len(rows.volunteer_ids)):
        mine = np.flatnonzero(rows.seat_volunteer == person)
        for pair in combinations(mine.tolist(), 2):
            (a, slot_a), (b, slot_b) = (rows.visits[rows.seat_visit[seat]] for seat in pair)
            if a == b:
                continue
            team = (rows.volunteer_ids[person],)
            both = Plan({a: Visit(slot_a, team), b: Visit(slot_b, team)})
            assert rows.feasible(rows.columns_of(both)) == (not list(rule.check(term, both)))


@pytest.mark.parametrize("seed", range(8))
def test_one_place_leaves_to_load_what_load_forbids_anyway(seed: int) -> None:
    term = random_term(Random(seed), BUSY, 0)
    rules = [OnePlaceAtATime(), LoadLimit()]
    rows = Model(term, rules)
    for person in range(len(rows.volunteer_ids)):
        mine = np.flatnonzero(rows.seat_volunteer == person)
        for pair in combinations(mine.tolist(), 2):
            (a, slot_a), (b, slot_b) = (rows.visits[rows.seat_visit[seat]] for seat in pair)
            if a != b:
                team = (rows.volunteer_ids[person],)
                both = Plan({a: Visit(slot_a, team), b: Visit(slot_b, team)})
                wrong = [finding for rule in rules for finding in rule.check(term, both)]
                assert rows.feasible(rows.columns_of(both)) == (not wrong)


@pytest.mark.parametrize("seed", range(8))
def test_a_draft_is_the_same_however_many_pairs_are_looked_at_together(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    term = random_term(Random(seed), BUSY, 0)
    whole = Model(term, [*MUST_RULES, *GOALS])
    monkeypatch.setattr(model, "PAIRS_AT_A_TIME", 2)
    parts = Model(term, [*MUST_RULES, *GOALS])
    assert (whole.seat_volunteer == parts.seat_volunteer).all()
    assert (whole.seat_visit == parts.seat_visit).all()
    assert (whole.matrix != parts.matrix).nnz == 0
    assert all((whole.objective[tier] == parts.objective[tier]).all() for tier in TIERS)


@pytest.mark.parametrize("seed", range(8))
def test_what_the_rule_of_distance_proposes_is_what_it_admits(seed: int) -> None:
    rule = ModeAndDistance()
    rows = Model(random_term(Random(seed), BUSY, 0), [rule])
    people, visits = (each.ravel() for each in np.indices((len(rows.volunteer_ids), len(rows.visits))))
    admitted = rule.admits(rows, people, visits)
    order = np.lexsort((people[admitted], visits[admitted]))
    assert (people[admitted][order] == rows.seat_volunteer).all()
    assert (visits[admitted][order] == rows.seat_visit).all()


def _anywhere(dice: Random) -> Position:
    return Position(
        dice.choice([90.0, -90.0, 0.0, dice.uniform(-90, 90)]), dice.choice([180.0, -180.0, dice.uniform(-180, 180)])
    )


def test_distances_in_bulk_are_true_to_the_metre_and_unknown_places_stay_unknown() -> None:
    dice = Random(1)
    pairs = [(_anywhere(dice), _anywhere(dice)) for _ in range(500)]
    found = distances_km(degrees(a for a, _ in pairs), degrees(b for _, b in pairs))
    assert np.abs(found - [distance_km(a, b) for a, b in pairs]).max() < METRE
    assert np.isnan(distances_km(degrees([None]), degrees([Position(1, 1)]))).all()


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_near_enough_has_a_seat_also_at_the_poles_and_across_the_date_line(seed: int) -> None:
    dice = Random(seed)
    schools = [School(name, name, position=_anywhere(dice)) for name in "ABCDEFGH"]
    homes = [_anywhere(dice) for _ in range(6)]
    sessions = [session(f"S{school.school_id}", school=school.school_id) for school in schools]
    people = []
    for number, home in enumerate(homes):
        km = [distance_km(home, school.position) for school in schools if school.position]
        people.append(volunteer(f"V{number}", position=home, max_distance_km=dice.choice(km)))  # just near enough
    term = problem(sessions, people, schools=schools)
    rows = Model(term, [ModeAndDistance()])
    seats = {
        (rows.volunteer_ids[person], rows.visits[visit][0])
        for person, visit in zip(rows.seat_volunteer.tolist(), rows.seat_visit.tolist(), strict=True)
    }
    assert seats == {
        (person, session_id)
        for person, facts in term.volunteers.items()
        for session_id, asked in term.sessions.items()
        if term.km_home_to_school(person, asked.school_id) <= (facts.max_distance_km or 0.0)
    }
