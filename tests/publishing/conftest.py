"""A small fictional term around the end of summer time, 25 October 2026, and a plan for it made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from matcher.domain import (
    Cohort,
    EthnicGroup,
    Gender,
    GoalName,
    LedgerLine,
    Limits,
    Mode,
    Plan,
    Problem,
    Programme,
    Result,
    School,
    Session,
    Slot,
    TierName,
    TierScore,
    Visit,
    Volunteer,
)
from matcher.geography import Position

NASTY = '=HYPERLINK("http://x.invalid";"a,b\\c")\r\nEND:VEVENT\x00\x07 <script>alert(1)</script>'


def slot(day: date, start: str, end: str) -> Slot:
    return Slot(
        datetime.fromisoformat(f"{day.isoformat()}T{start}"), datetime.fromisoformat(f"{day.isoformat()}T{end}")
    )


def volunteer(volunteer_id: str, name: str, sector: str, **more: object) -> Volunteer:
    return Volunteer(volunteer_id, name, sector, max_sessions=3, max_sessions_per_day=2, **more)  # type: ignore[arg-type]


@pytest.fixture
def stamp() -> datetime:
    return datetime(2026, 8, 20, 9, 12, 30, 999, tzinfo=UTC)


@pytest.fixture
def problem() -> Problem:
    friday, monday = date(2026, 10, 23), date(2026, 10, 26)
    return Problem(
        Programme(
            "Autumn, in Derby; and around",
            date(2026, 10, 12),
            date(2026, 11, 6),
            closed=frozenset({date(2026, 10, 29), date(2026, 10, 30)}),
            limits=Limits(arrival_minutes=15),
        ),
        schools={
            "A": School(
                "A",
                "Alder Brook Primary",
                "DE1 1AA",
                "1 High Street,\nDerby; by the river",
                Position(52.92, -1.47),
                pupil_premium_percent=41.5,
                contact_name="Zoë O'Hara",
                contact_email="office@alder.invalid",
            ),
            "B": School("B", "学校 مدرسة 🏫", pupil_premium_percent=12),
            "C": School("C", NASTY, pupil_premium_percent=70),
        },
        cohorts={
            "A-5": Cohort("A-5", "A", "Kestrels", "5", 28),
            "A-6": Cohort("A-6", "A", "Year 6", "6", 1),
            "B-R": Cohort("B-R", "B", year_group="R"),
            "C-1": Cohort("C-1", "C"),
        },
        sessions={
            "S2": Session(
                "S2", "A", ("A-5", "A-6"), 1, 4, (slot(friday, "09:30", "10:30"),), "What's My Line?", "carousel"
            ),
            "S1": Session("S1", "A", ("A-5",), 1, 2, (slot(monday, "09:30", "10:30"),)),
            "S3": Session("S3", "B", ("B-R",), 1, 2, (slot(monday, "13:00", "14:00"),), "Panel", "panel", Mode.VIRTUAL),
            "S4": Session("S4", "C", ("C-1",), 1, 1, (slot(monday, "13:00", "14:00"),), NASTY, NASTY),
        },
        volunteers={
            "V1": volunteer(
                "V1",
                "Zoë, Ünal; \\New",
                "Rail",
                email="zoe@private.invalid",
                employer="Rolls & Sons",
                role="train driver",
                gender=Gender.WOMAN,
                ethnic_group=EthnicGroup.MIXED,
                share_women=0.1,
                position=Position(52.95, -1.5),
            ),
            "v1": volunteer("v1", "محمد", "Health", email="m@private.invalid", gender=Gender.MAN, share_women=0.9),
            "V 3": volunteer("V 3", NASTY, "Digital", employer="陈氏公司 👩‍🚀"),
            "V4": volunteer("V4", "Nobody's Turn", "Digital"),
        },
        preferences={("V1", "S2"): -3},
    )


@pytest.fixture
def result(problem: Problem) -> Result:
    sessions = problem.sessions
    visits = {
        "S3": Visit(sessions["S3"].slots[0], ("V 3", "v1")),
        "S1": Visit(sessions["S1"].slots[0], ("v1",)),
        "S2": Visit(sessions["S2"].slots[0], ("V 3", "V1", "v1")),
    }
    met = {
        "A-5": (4, 3, 1, 1, 1),
        "A-6": (3, 3, 1, 1, 1),
        "B-R": (2, 2, 0, 1, 0),
        "C-1": (0, 0, 0, 0, 0),
    }
    goals = list(problem.programme.goals)[:5]
    ledger = [
        LedgerLine(cohort_id, goal, count, problem.programme.goals[goal].target)
        for cohort_id, counts in met.items()
        for goal, count in zip(goals, counts, strict=True)
    ]
    ledger += [LedgerLine("", GoalName.MIXED_TEAM, met, 1) for met in (1, 0, 0)]
    return Result(
        Plan(visits),
        (
            TierScore(TierName.REACH, 38880, 38880),
            TierScore(TierName.ROLE_MODELS, 95000, 100000),
            TierScore(TierName.PREFERENCES, -3, None),
            TierScore(TierName.LOAD, 8, 0),
            TierScore(TierName.TRAVEL, 300, 290),
        ),
        12.34567,
        {"S4": "No digital volunteer is free on either date,\nnot even Zoë."},
        tuple(ledger),
    )


@pytest.fixture
def nothing_delivered(problem: Problem) -> Result:
    return Result(
        Plan({}),
        tuple(TierScore(tier, 0, None) for tier in TierName),
        0.5,
        dict.fromkeys(problem.sessions, "Nobody is free."),
        (),
    )
