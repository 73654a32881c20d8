"""A small fictional term around the end of summer time, 25 October 2026, and a plan for it made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from matcher.domain import (
    TIERS,
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
from matcher.times import days

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
        tuple(TierScore(tier, 0, None) for tier in TIERS),
        0.5,
        dict.fromkeys(problem.sessions, "Nobody is free."),
        (),
    )


def full_size_term() -> tuple[Problem, Result]:
    """33 schools, 200 sessions, 300 volunteers, and teams put together without regard to any rule."""
    random = Random(7)
    sectors = ("Rail", "Health", "Digital", "Building", "Law", "Retail", "Energy", "Arts")
    first, last = date(2026, 9, 7), date(2026, 12, 18)
    closed = frozenset(date(2026, 10, 26) + timedelta(days=n) for n in range(5)) | {date(2026, 11, 27)}
    programme = Programme("Primary Futures, Derby: autumn 2026", first, last, closed=closed, limits=Limits(3, 2, 2, 15))
    words = ("Alder", "Beech", "Cedar", "Dale", "Elm", "Fern", "Grove", "Hazel", "Ivy", "Juniper", "Kestrel")
    ends = ("Brook Primary School", "Lane Nursery and Infant School", "Hill Church of England (VA) Primary Academy")
    schools, cohorts, sessions, volunteers = {}, {}, {}, {}
    visits: dict[str, Visit] = {}
    for n in range(33):
        school_id = f"S{n + 1:02}"
        place = Position(52.88 + random.random() / 12, -1.55 + random.random() / 7)
        schools[school_id] = School(
            school_id,
            f"{words[n % 11]} {ends[n // 11]}",
            f"DE{n % 9 + 1} {n % 7 + 1}AB",
            f"{n + 3} Fictional Street, Derby",
            place,
            pupil_premium_percent=round(random.uniform(8, 68), 1),
            contact_name=f"Contact {n + 1}",
            contact_email=f"office@s{n + 1}.invalid",
        )
        for year in (3, 4, 5, 6):
            cohort_id = f"{school_id}-Y{year}"
            cohorts[cohort_id] = Cohort(cohort_id, school_id, f"Year {year}", str(year), random.randint(22, 31))
    names = ("Zoë", "Maya", "Tom", "Ngozi", "محمد", "Ravi", "Siân", "Li Wei", "Ewa", "Kofi")
    roles = ("engineer", "nurse", "software developer", "site manager", "solicitor", "buyer", "fitter", "designer")
    for n in range(300):
        volunteer_id, sector = f"V{n + 1:03}", n % 8
        volunteers[volunteer_id] = volunteer(
            volunteer_id,
            f"{names[n % 10]} {words[n * 7 % 11]}{'son' if n % 3 else ''}",
            sectors[sector],
            employer=f"{words[n // 5 % 11]} {sectors[sector]} Ltd",
            role=roles[sector],
            position=Position(52.86 + random.random() / 8, -1.6 + random.random() / 5),
        )
    free = [each for each in volunteers for _ in range(random.choice((0, 1, 2, 2, 3, 3, 3, 3)))]
    random.shuffle(free)
    days_open = [day for day in days(first, last) if programme.is_open(day) and day.weekday() < 5]
    formats = (("What’s My Line", "assembly"), ("Meet the experts", "carousel"), ("", "classroom chat"))
    for n in range(200):
        session_id, school_id = f"S{n % 33 + 1:02}-{n // 33 + 1}", f"S{n % 33 + 1:02}"
        own = [f"{school_id}-Y{year}" for year in random.sample((3, 4, 5, 6), random.choice((1, 1, 2)))]
        times = tuple(slot(random.choice(days_open), f"{hour:02}:30", f"{hour + 1:02}:30") for hour in (9, 10, 13))
        title, form = formats[n % 3]
        mode = Mode.VIRTUAL if n % 9 == 4 else Mode.IN_PERSON
        size = random.choice((2, 3, 4, 6))
        sessions[session_id] = Session(
            session_id, school_id, tuple(sorted(own)), 1, size, tuple(sorted(times)), title, form, mode
        )
        if random.random() < 0.93:
            team = {free.pop() for _ in range(min(size, len(free)))}
            visits[session_id] = Visit(times[0], tuple(sorted(team)))
    problem = Problem(programme, schools, cohorts, sessions, volunteers)
    people = dict.fromkeys(cohorts, 0)
    for session_id, visit in visits.items():
        for cohort_id in sessions[session_id].cohort_ids:
            people[cohort_id] += len(visit.team)
    ledger = [
        LedgerLine(cohort_id, goal, min(count, random.randint(0, count)) if goal != GoalName.PEOPLE else count, aim)
        for cohort_id, count in people.items()
        for goal, aim in zip(GoalName, (8, 6, 2, 2, 3), strict=False)
    ]
    ledger += [LedgerLine("", GoalName.MIXED_TEAM, random.randint(0, 1), 1) for _ in visits]
    reasons = {each: "No digital volunteer is free on either date." for each in sessions if each not in visits}
    tiers = (
        TierScore(TierName.REACH, 4_012_345, 4_012_345),
        TierScore(TierName.ROLE_MODELS, 58_612_345, 59_810_000),
        TierScore(TierName.PREFERENCES, 0, 0),
        TierScore(TierName.LOAD, 1_042, 1_001),
        TierScore(TierName.TRAVEL, 31_012, 9_001),
    )
    return problem, Result(Plan(visits), tiers, 61.234, reasons, tuple(ledger))


@pytest.fixture(scope="session")
def full_size() -> tuple[Problem, Result]:
    return full_size_term()
