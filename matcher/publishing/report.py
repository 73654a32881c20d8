"""The coordinator's page: what the plan does, for whom, how good it is, and what is still missing.

Everything that the page says is worked out here; the template only lays it out.

No demographic of a named person may be read off the page. The ledger counts role models by cohort, never by team or
name; where a cohort meets so few people that a count would point at one of them, it is not shown (`FEWEST_TO_COUNT`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from matcher.domain import (
    GoalName,
    LedgerLine,
    Mode,
    Problem,
    Result,
    School,
    Session,
    Slot,
    TierName,
    TierScore,
    Volunteer,
)
from matcher.publishing import charts
from matcher.publishing.calendars import cohort_name, session_name
from matcher.publishing.text import counted, day_month, listed, one_line, plain, short_day, weekday_day_month

FEWEST_TO_COUNT = 3
DEMOGRAPHIC_GOALS = frozenset(
    {GoalName.WOMEN_IN_MALE_DOMINATED, GoalName.MEN_IN_FEMALE_DOMINATED, GoalName.ETHNIC_GROUPS}
)

# What a goal is called in a heading, and what it asks of a cohort's year.
GOALS: Mapping[GoalName, tuple[str, str]] = {
    GoalName.PEOPLE: ("People", "Visitors met, each counted every time"),
    GoalName.SECTORS: ("Sectors", "Different kinds of work that visitors come from"),
    GoalName.WOMEN_IN_MALE_DOMINATED: (
        "Women in men’s fields",
        "Women met in work where fewer than 35 in 100 are women",
    ),
    GoalName.MEN_IN_FEMALE_DOMINATED: (
        "Men in women’s fields",
        "Men met in work where more than 65 in 100 are women",
    ),
    GoalName.ETHNIC_GROUPS: ("Ethnic groups", "Different ethnic groups that visitors belong to"),
}


@dataclass(frozen=True, slots=True)
class Score:
    title: str
    meaning: str
    points: str
    bound: str
    verdict: str
    proven: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    session_id: str
    day: str
    hours: str
    school: str
    name: str
    kind: str
    classes: list[str]
    team: list[tuple[str, str]]
    """(name, role and employer)"""


@dataclass(frozen=True, slots=True)
class Week:
    heading: str
    notes: list[str]
    rows: list[SessionRow]


@dataclass(frozen=True, slots=True)
class SchoolRow:
    name: str
    pupil_premium: str
    pupil_premium_width: float
    asked: int
    delivered: int
    comment: str


@dataclass(frozen=True, slots=True)
class LedgerCell:
    state: str
    """full, part, none, hidden or blank"""
    text: str
    missing: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    cohort: str
    cells: list[LedgerCell]


@dataclass(frozen=True, slots=True)
class GoalSummary:
    name: str
    meaning: str
    target: str
    full: int
    part: int
    none: int
    hidden: int


@dataclass(frozen=True, slots=True)
class LoadRow:
    sessions: int
    volunteers: int
    trips: int
    average_km: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    session_id: str
    school: str
    name: str
    classes: list[str]
    offered: list[str]
    reason: str


def report_html(problem: Problem, result: Result, stamp: datetime) -> bytes:
    """The whole page, with nothing outside it."""
    report = _Report(problem, result)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printable
    )
    environment.filters["counted"] = counted
    folder = resources.files("matcher.publishing")
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    made = stamp.astimezone(ZoneInfo(problem.programme.timezone))
    page = template.render(
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        programme=one_line(problem.programme.name),
        term=f"{_date(problem.programme.first_day)} to {_date(problem.programme.last_day)}",
        timezone=problem.programme.timezone,
        made=f"{weekday_day_month(made)} {made.year}, {made:%H:%M}",
        seconds=f"{result.seconds:,.1f}",
        facts=report.facts(),
        scores=report.scores(),
        undelivered=report.undelivered(),
        weeks=report.weeks(),
        schools=report.schools(),
        goals=report.goals,
        goal_names=[GOALS[goal][0] for goal in report.goals],
        goal_summaries=report.goal_summaries(),
        mixed_teams=report.mixed_teams(),
        ledger=report.ledger(),
        any_hidden=report.any_hidden,
        fewest=FEWEST_TO_COUNT,
        load=report.load(),
        unknown_km=f"{problem.programme.limits.unknown_km:g}",
        charts={name: Markup(svg) for name, svg in report.charts().items()},
    )
    return page.encode()


def verdict(score: TierScore) -> str:
    """How good a score is known to be, in words that the bound proves."""
    if score.proven:
        return "Proven best"
    if score.bound is None:
        return "No limit is proven yet"
    maximised = score.tier.maximised
    short = score.bound - score.value if maximised else score.value - score.bound
    if short < 0:
        return "Better than the limit given: please report this"
    # Rounded up, so that "at most" stays true. A percentage of nothing, or of a debt, means nothing.
    tenths = math.ceil(1000 * short / score.bound) if score.bound > 0 else None
    if tenths is None or tenths > 1000:
        return f"At most {counted(short, 'point')} {'below' if maximised else 'above'} the best possible"
    per_cent = "0.1" if tenths <= 1 else f"{tenths / 10:g}"
    return f"At most {per_cent} % {'below' if maximised else 'above'} the best possible"


class _Report:
    """Works out the page's parts from a problem and its result."""

    def __init__(self, problem: Problem, result: Result) -> None:
        self.problem, self.result = problem, result
        self.visits = result.plan.visits
        self.sessions_of: dict[str, list[str]] = defaultdict(list)
        self.people_of: dict[str, set[str]] = defaultdict(set)
        self.load_of: Counter[str] = Counter()
        self.trips: set[tuple[str, date, str]] = set()
        for session_id, visit in self.visits.items():
            session = problem.sessions[session_id]
            self.sessions_of[session.school_id].append(session_id)
            self.load_of.update(visit.team)
            for cohort_id in session.cohort_ids:
                self.people_of[cohort_id].update(visit.team)
            if session.mode is Mode.IN_PERSON:
                self.trips.update((volunteer_id, visit.slot.day, session.school_id) for volunteer_id in visit.team)
        self.asked_of = Counter(session.school_id for session in problem.sessions.values())
        self.lines = {(line.cohort_id, line.goal): line for line in result.ledger if line.cohort_id}
        self.goals = [
            goal for goal in GOALS if any(line.goal is goal and line.target > 0 for line in self.lines.values())
        ]

    # the headline

    def facts(self) -> list[tuple[str, str, str]]:
        """(figure, of how many, what)"""
        meetings = sum(len(v.team) * len(self.problem.sessions[s].cohort_ids) for s, v in self.visits.items())
        return [
            (f"{len(self.visits):,}", f"of {len(self.problem.sessions):,}", "sessions delivered"),
            (f"{len(self.sessions_of):,}", f"of {len(self.problem.schools):,}", "schools reached"),
            (f"{len(self.load_of):,}", f"of {len(self.problem.volunteers):,}", "volunteers take part"),
            (f"{meetings:,}", "", "times a class meets a person from the world of work"),
        ]

    def scores(self) -> list[Score]:
        words = {
            TierName.REACH: ("Reaching schools, those in greatest need first", self._reach_words()),
            TierName.ROLE_MODELS: ("Role models for every class", self._role_model_words()),
            TierName.PREFERENCES: ("Good matches", self._preference_words()),
            TierName.LOAD: ("Sharing the load", self._load_words()),
            TierName.TRAVEL: ("Short journeys", self._travel_words()),
        }
        return [
            Score(
                *words[score.tier],
                points=_number(score.value),
                bound="none" if score.bound is None else _number(score.bound),
                verdict=verdict(score),
                proven=score.proven,
            )
            for score in self.result.tiers
        ]

    def _reach_words(self) -> str:
        most = max((len(ids) for ids in self.sessions_of.values()), default=0)
        return (
            f"{len(self.sessions_of)} of {counted(len(self.problem.schools), 'school')} get at least one session; "
            f"no school gets more than {most}. Higher is better."
        )

    def _role_model_words(self) -> str:
        wanted = [line for line in self.lines.values() if line.target > 0]
        met = sum(line.missing == 0 for line in wanted)
        return f"Classes reach {met:,} of their {counted(len(wanted), 'goal')} in full. Higher is better."

    def _preference_words(self) -> str:
        if not self.problem.preferences:
            return "No pairing of a volunteer and a session was given a score."
        scored = sum((v, s) in self.problem.preferences for v, s, _ in self.result.plan.assignments())
        return (
            f"{counted(scored, 'place is', 'places are')} filled by a pairing that was given a score; "
            "the score is their sum. Higher is better."
        )

    def _load_words(self) -> str:
        if not self.load_of:
            return "Nobody has a session."
        most = max(self.load_of.values())
        busiest = sum(count == most for count in self.load_of.values())
        return (
            f"The most that anybody has is {counted(most, 'session')} ({counted(busiest, 'volunteer')}). "
            "A second session counts 2 points, a third 3, and so on. Lower is better."
        )

    def _travel_words(self) -> str:
        if not self.trips:
            return "Nobody travels."
        return (
            f"{counted(len(self.trips), 'trip')} from home to a school, {self._average_km(self.trips)} km each way on "
            "average as the crow flies. A point is 100 m. Lower is better."
        )

    def _average_km(self, trips: Iterable[tuple[str, date, str]]) -> str:
        kms = [self.problem.km_home_to_school(volunteer_id, school_id) for volunteer_id, _, school_id in sorted(trips)]
        return f"{math.fsum(kms) / len(kms):.1f}" if kms else "–"

    # what did not come about

    def undelivered(self) -> list[Undelivered]:
        missing = [session for session in self.problem.sessions.values() if session.session_id not in self.visits]
        missing.sort(key=lambda session: _by_need(self.problem.schools[session.school_id]))
        return [
            Undelivered(
                session.session_id,
                one_line(self.problem.schools[session.school_id].name),
                session_name(session),
                self._classes(session),
                [self._offered(slot) for slot in session.slots],
                one_line(self.result.reasons.get(session.session_id, "")),
            )
            for session in missing
        ]

    def _offered(self, slot: Slot) -> str:
        programme = self.problem.programme
        closed = (
            "" if programme.is_open(slot.day) else " (closed)" if slot.day in programme.closed else " (not in term)"
        )
        return f"{short_day(slot.day)}, {_hours(slot.start, slot.end)}{closed}"

    # week by week

    def weeks(self) -> list[Week]:
        rows: dict[date, list[tuple[object, SessionRow]]] = defaultdict(list)
        for session_id, visit in self.visits.items():
            session = self.problem.sessions[session_id]
            school = one_line(self.problem.schools[session.school_id].name)
            row = SessionRow(
                session_id,
                short_day(visit.slot.day),
                _hours(visit.slot.start, visit.slot.end),
                school,
                session_name(session),
                self._kind(session),
                self._classes(session),
                [_introduced(self.problem.volunteers[volunteer_id]) for volunteer_id in visit.team],
            )
            rows[_monday(visit.slot.day)].append(((visit.slot, school, session_id), row))
        return [
            Week(
                f"Week of {weekday_day_month(monday)} {monday.year}",
                self._week_notes(monday),
                [row for _, row in sorted(rows[monday], key=lambda each: each[0])],  # type: ignore[arg-type,return-value]
            )
            for monday in self._mondays()
        ]

    def _mondays(self) -> list[date]:
        first, last = _monday(self.problem.programme.first_day), _monday(self.problem.programme.last_day)
        return [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]

    def _school_week(self, monday: date) -> tuple[list[date], list[date]]:
        """The week's Mondays to Fridays inside the term: (open, closed)."""
        programme = self.problem.programme
        days = [monday + timedelta(days=n) for n in range(5)]
        days = [day for day in days if programme.first_day <= day <= programme.last_day]
        return [day for day in days if programme.is_open(day)], [day for day in days if not programme.is_open(day)]

    def _week_notes(self, monday: date) -> list[str]:
        notes: list[str] = []
        opened, closed = self._school_week(monday)
        if closed and not opened:
            notes.append("Schools are closed all week.")
        elif closed:
            notes.append(f"Schools are closed on {listed([weekday_day_month(day) for day in closed])}.")
        zone = ZoneInfo(self.problem.programme.timezone)
        for day in (monday + timedelta(days=n) for n in range(7)):
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            before = midnight.utcoffset() or timedelta()
            after = (midnight + timedelta(days=1)).utcoffset() or timedelta()
            if before != after:
                notes.append(f"The clocks go {'forward' if after > before else 'back'} on {weekday_day_month(day)}.")
        return notes

    def _kind(self, session: Session) -> str:
        kind = one_line(session.format)
        if session.mode is Mode.VIRTUAL and "online" not in kind.casefold():
            kind = f"{kind}, online" if kind else "online"
        return "" if kind.casefold() == session_name(session).casefold() else kind

    def _classes(self, session: Session) -> list[str]:
        return [cohort_name(self.problem.cohorts[cohort_id]) for cohort_id in session.cohort_ids]

    # schools

    def schools(self) -> list[SchoolRow]:
        rows: list[SchoolRow] = []
        for school in sorted(self.problem.schools.values(), key=_by_need):
            asked, delivered = self.asked_of[school.school_id], len(self.sessions_of.get(school.school_id, ()))
            if not asked:
                comment = "asked for none"
            elif not delivered:
                comment = "not reached"
            else:
                comment = "" if delivered == asked else f"{asked - delivered} not delivered"
            percent = school.pupil_premium_percent
            rows.append(
                SchoolRow(one_line(school.name), f"{percent:g} %", min(100.0, percent), asked, delivered, comment)
            )
        return rows

    # the ledger

    def _few(self, cohort_id: str) -> bool:
        """Whether a count of demographics in the cohort would be about very few people who are named elsewhere."""
        return 0 < len(self.people_of.get(cohort_id, ())) < FEWEST_TO_COUNT

    def _hidden(self, line: LedgerLine) -> bool:
        return line.goal in DEMOGRAPHIC_GOALS and self._few(line.cohort_id)

    @property
    def any_hidden(self) -> bool:
        return any(self._hidden(line) for line in self.lines.values() if line.target > 0)

    def goal_summaries(self) -> list[GoalSummary]:
        summaries: list[GoalSummary] = []
        for goal in self.goals:
            states = Counter(self._cell(cohort_id, goal).state for cohort_id in self.problem.cohorts)
            targets = {line.target for line in self.lines.values() if line.goal is goal}
            summaries.append(
                GoalSummary(
                    *GOALS[goal],
                    target=" or ".join(map(str, sorted(targets))),
                    full=states["full"],
                    part=states["part"],
                    none=states["none"],
                    hidden=states["hidden"],
                )
            )
        return summaries

    def mixed_teams(self) -> str:
        lines = [line for line in self.result.ledger if line.goal is GoalName.MIXED_TEAM and line.target > 0]
        if not lines:
            return ""
        if len(lines) < FEWEST_TO_COUNT:
            return "There are too few teams to say how many of them are mixed without pointing at people."
        mixed = sum(line.missing == 0 for line in lines)
        return f"{mixed} of {len(lines)} teams with room for two or more are known to have both women and men."

    def ledger(self) -> list[tuple[str, list[LedgerRow]]]:
        """(school, its cohorts), the schools in order of need."""
        cohorts_of: dict[str, list[str]] = defaultdict(list)
        for cohort in self.problem.cohorts.values():
            cohorts_of[cohort.school_id].append(cohort.cohort_id)
        return [
            (
                one_line(school.name),
                [
                    LedgerRow(
                        cohort_name(self.problem.cohorts[cohort_id]),
                        [self._cell(cohort_id, goal) for goal in self.goals],
                    )
                    for cohort_id in cohorts_of[school.school_id]
                ],
            )
            for school in sorted(self.problem.schools.values(), key=_by_need)
            if cohorts_of[school.school_id]
        ]

    def _cell(self, cohort_id: str, goal: GoalName) -> LedgerCell:
        line = self.lines.get((cohort_id, goal))
        if line is None or line.target <= 0:
            return LedgerCell("blank", "", "")
        if self._hidden(line):
            return LedgerCell("hidden", f"not shown, of {line.target}", "")
        # Beyond the target nothing more is told about who the people were.
        met = min(line.met, line.target) if goal in DEMOGRAPHIC_GOALS else line.met
        state = "full" if not line.missing else "part" if met else "none"
        return LedgerCell(state, f"{met} of {line.target}", f"{line.missing} to go" if line.missing else "")

    # volunteers

    def load(self) -> list[LoadRow]:
        trips_of: dict[int, list[tuple[str, date, str]]] = defaultdict(list)
        for trip in self.trips:
            trips_of[self.load_of[trip[0]]].append(trip)
        return [
            LoadRow(sessions, volunteers, len(trips_of[sessions]), self._average_km(trips_of[sessions]))
            for sessions, volunteers in enumerate(self._volunteers_by_sessions())
        ]

    def _volunteers_by_sessions(self) -> list[int]:
        counts = Counter(self.load_of[volunteer_id] for volunteer_id in self.problem.volunteers)
        return [counts[sessions] for sessions in range(max(counts, default=0) + 1)]

    def charts(self) -> dict[str, str]:
        if not self.visits:
            return {}
        modes: Counter[tuple[date, Mode]] = Counter(
            (_monday(visit.slot.day), self.problem.sessions[session_id].mode)
            for session_id, visit in self.visits.items()
        )
        weeks = []
        for monday in self._mondays():
            opened, closed = self._school_week(monday)
            weeks.append(
                charts.WeekBar(
                    " ".join(short_day(monday).split()[1:]),
                    modes[monday, Mode.IN_PERSON],
                    modes[monday, Mode.VIRTUAL],
                    bool(closed) and not opened,
                )
            )
        dots = [
            charts.SchoolDot(
                school.pupil_premium_percent,
                len(self.sessions_of.get(school.school_id, ())),
                self.asked_of[school.school_id],
            )
            for school in sorted(self.problem.schools.values(), key=_by_need)
        ]
        return {
            "weeks": charts.sessions_per_week(weeks),
            "reach": charts.reach_and_need(dots),
            "load": charts.load(self._volunteers_by_sessions()),
        }


def _printable(value: object) -> object:
    """What the template prints: strings lose what no page may hold; the rest is left to autoescape."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _introduced(volunteer: Volunteer) -> tuple[str, str]:
    more = ", ".join(part for part in map(one_line, (volunteer.role, volunteer.employer)) if part)
    return one_line(volunteer.name), more


def _by_need(school: School) -> tuple[float, str, str]:
    return -school.pupil_premium_percent, one_line(school.name), school.school_id


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _hours(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M}–{end:%H:%M}"


def _date(day: date) -> str:
    return f"{day_month(day)} {day.year}"


def _number(value: int) -> str:
    return f"{value:,}".replace("-", "−")
