"""The coordinator's page: what the plan does, for whom, how good it is, and what is still missing.

Everything that the page says is worked out here; the template only lays it out.

No demographic of a named person may be read off the page, though teams and roles stand on it. So a figure about women,
men or ethnic groups, and how good role_models is, are shown only as far as `disclosure` allows. A cell beside them then
says "not shown", and no total includes it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from itertools import groupby
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from matcher.domain import (
    FEMALE_DOMINATED_ABOVE,
    MALE_DOMINATED_BELOW,
    Encounter,
    EthnicGroup,
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
    folded,
)
from matcher.publishing import charts
from matcher.publishing.alternatives import Figure, Trait
from matcher.publishing.answered import AnswersSoFar
from matcher.publishing.disclosure import (
    DEMOGRAPHIC_GOALS,
    NOT_SHOWN,
    SUCH_WORK,
    Told,
    could_count,
    how_good,
    safe_figures,
)
from matcher.publishing.handing_over import ANSWERED
from matcher.publishing.sentences import cohort_name, session_name
from matcher.times import day_text, time_text
from matcher.wording import counted, day_month, listed, one_line, plain, weekday_day_month

# What a goal is called in a heading, and what it asks of a cohort's year.
GOALS: Mapping[GoalName, tuple[str, str]] = {
    GoalName.PEOPLE: ("People", "Visitors met, each counted every time"),
    GoalName.SECTORS: ("Sectors", "Different kinds of work that visitors come from"),
    GoalName.WOMEN_IN_MALE_DOMINATED: (
        "Women in men’s fields",
        f"Women met in work where fewer than {100 * MALE_DOMINATED_BELOW:g} in 100 are women",
    ),
    GoalName.MEN_IN_FEMALE_DOMINATED: (
        "Men in women’s fields",
        f"Men met in work where more than {100 * FEMALE_DOMINATED_ABOVE:g} in 100 are women",
    ),
    GoalName.ETHNIC_GROUPS: ("Ethnic groups", "Different ethnic groups that visitors belong to"),
}


FIRST_NAMED = 5
MOST_NAMED = 60
OFTEN = 3  # visits of one volunteer: fewer is nothing to speak of


@dataclass(frozen=True, slots=True)
class Score:
    title: str
    meaning: str
    verdict: str
    proven: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    title: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class SessionRow:
    session_id: str
    day: str
    hours: str
    school: str
    name: str
    kind: str
    classes: list[str]
    team: list[tuple[str, str, str]]
    """(name, role and employer, what they answered)"""


@dataclass(frozen=True, slots=True)
class Week:
    heading: str
    notes: list[str]
    rows: list[SessionRow]
    """None for a run of weeks without a session, which the heading then says."""


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
    together: str
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


def report_and_figures(
    problem: Problem,
    result: Result,
    stamp: datetime,
    told: Sequence[Told] = (),
    heard: AnswersSoFar | None = None,
) -> tuple[bytes, tuple[Told, ...]]:
    """The whole page, with nothing outside it, and the figures about what people said of themselves that stand on it.

    `told` are those on pages of the same term before it. `heard` is what people answered; None: nobody was told.
    """
    report = _Report(problem, result, told, heard)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_printable
    )
    environment.filters["counted"] = counted
    folder = resources.files("matcher.publishing")
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    made = stamp.astimezone(ZoneInfo(problem.programme.timezone))
    page = template.render(
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),  # nosec B704 # a file of ours
        programme=one_line(problem.programme.name),
        term=f"{_date(problem.programme.first_day)} to {_date(problem.programme.last_day)}",
        timezone=problem.programme.timezone,
        made=f"{weekday_day_month(made)} {made.year}, {made:%H:%M}",
        seconds=f"{result.seconds:,.1f}",
        facts=report.facts(),
        next_steps=report.next_steps(),
        overrides=report.overrides(),
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
        load=report.load(),
        unknown_km=f"{problem.programme.limits.unknown_km:g}",
        charts={name: Markup(svg) for name, svg in report.charts().items()},  # nosec B704 # drawn and escaped by us
    )
    return page.encode(), tuple(report.told)


def verdict(score: TierScore) -> str:
    """How good a score is known to be, in words that the bound proves."""
    if score.proven:
        return "Proven fewest" if score.tier is TierName.CHANGES else "Proven best"
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

    def __init__(
        self, problem: Problem, result: Result, told: Sequence[Told] = (), heard: AnswersSoFar | None = None
    ) -> None:
        self.problem, self.result, self.heard = problem, result, heard
        self.visits = result.plan.visits
        self.sessions_of: dict[str, list[str]] = defaultdict(list)
        self.met_by: dict[str, Counter[str]] = defaultdict(Counter)
        self.load_of: Counter[str] = Counter()
        self.trips: set[tuple[str, date, str]] = set()
        for session_id, visit in self.visits.items():
            session = problem.sessions[session_id]
            self.sessions_of[session.school_id].append(session_id)
            self.load_of.update(visit.team)
            for cohort_id in session.cohort_ids:
                self.met_by[cohort_id].update(visit.team)
            if session.mode is Mode.IN_PERSON:
                self.trips.update((volunteer_id, visit.slot.day, session.school_id) for volunteer_id in visit.team)
        self.asked_of = Counter(session.school_id for session in problem.sessions.values())
        self.lines = {(line.cohort_id, line.goal): line for line in result.ledger if line.cohort_id}
        self.goals = [
            goal for goal in GOALS if any(line.goal is goal and line.target > 0 for line in self.lines.values())
        ]
        self.shown: set[tuple[str, GoalName]] = set()
        """(cohort_id, or "" for all classes together; goal) of the figures about demographics that give nobody away."""
        self.told: list[Told] = []
        """The figures among them that are about anybody."""
        for goal in self.goals:
            if goal in DEMOGRAPHIC_GOALS:
                self._show(goal, [each for each in told if each.goal is goal])

    # the headline

    def facts(self) -> list[tuple[str, str, str]]:
        """(figure, of how many, what)"""
        meetings = sum(len(v.team) * len(self.problem.sessions[s].cohort_ids) for s, v in self.visits.items())
        sessions, schools, volunteers = map(len, (self.problem.sessions, self.problem.schools, self.problem.volunteers))
        return [
            (f"{len(self.visits):,}", f"of {sessions:,}", f"{_word(sessions, 'session')} delivered"),
            (f"{len(self.sessions_of):,}", f"of {schools:,}", f"{_word(schools, 'school')} reached"),
            (f"{len(self.load_of):,}", f"of {volunteers:,}", f"{_word(volunteers, 'volunteer')} taking part"),
            (f"{meetings:,}", "", f"{_word(meetings, 'time')} a class meets a person from the world of work"),
        ]

    def scores(self) -> list[Score]:
        words = {
            TierName.TOLD_REACH: ("Keeping the visits that schools were told of", self._told_reach_words()),
            TierName.CHANGES: ("Few changes to what people were told", self._change_words()),
            TierName.REACH: ("Reaching schools, those in greatest need first", self._reach_words()),
            TierName.ROLE_MODELS: ("Role models for every class", self._role_model_words()),
            TierName.PREFERENCES: ("Good matches", self._preference_words()),
            TierName.LOAD: ("Sharing the load", self._load_words()),
            TierName.TRAVEL: ("Short journeys", self._travel_words()),
        }
        return [
            self._role_models(score, *words[score.tier])
            if score.tier is TierName.ROLE_MODELS
            else Score(
                *words[score.tier],
                verdict=verdict(score),
                proven=score.proven,
            )
            for score in self.result.tiers
        ]

    def _role_models(self, score: TierScore, title: str, meaning: str) -> Score:
        good = how_good(score, could_count(self.problem, self.result.plan))
        return Score(title, meaning, good[:1].upper() + good[1:], proven=False)

    def _told_reach_words(self) -> str:
        told = self.problem.under_way.told.visits if self.problem.under_way else {}
        kept = sum(session_id in self.result.plan.visits for session_id in told)
        return f"{kept} of the {counted(len(told), 'visit')} that people were told of take place."

    def _change_words(self) -> str:
        value = next((score.value for score in self.result.tiers if score.tier is TierName.CHANGES), 0)
        return (
            f"{counted(value, 'change')} to what people were told. Whoever is taken away or moved counts 2, a visit "
            "cancelled or moved 2, whoever comes new 1; what cannot be kept counts nothing."
        )

    def _reach_words(self) -> str:
        most = max((len(ids) for ids in self.sessions_of.values()), default=0)
        sessions = len(self.problem.sessions)
        return (
            f"{len(self.visits)} of {counted(sessions, 'visit')} {'takes' if sessions == 1 else 'take'} place. "
            f"{len(self.sessions_of)} of {counted(len(self.problem.schools), 'school')} "
            f"{'gets' if len(self.problem.schools) == 1 else 'get'} at least one session; "
            f"no school gets more than {most}."
        )

    def _role_model_words(self) -> str:
        wanted = [line for line in self.lines.values() if line.target > 0]
        told = [line for line in wanted if not self._hidden(line)]
        met = sum(line.missing == 0 for line in told)
        rest = f"; {len(wanted) - len(told):,} more are not shown below" if len(told) < len(wanted) else ""
        return f"Classes reach {met:,} of their {counted(len(told), 'goal')} in full{rest}."

    def _preference_words(self) -> str:
        if not self.problem.preferences:
            return "No pairing of a volunteer and a session was given a score."
        scored = sum((v, s) in self.problem.preferences for v, s, _ in self.result.plan.assignments())
        return (
            f"{counted(scored, 'place is', 'places are')} filled by a pairing that was given a score; "
            "the higher their sum, the better."
        )

    def _load_words(self) -> str:
        if not self.load_of:
            return "Nobody has a session."
        most = max(self.load_of.values())
        busiest = sum(count == most for count in self.load_of.values())
        return (
            f"The most that anybody has is {counted(most, 'session')} ({counted(busiest, 'volunteer')}). "
            "A second session counts 2 points, a third 3, and so on."
        )

    def _travel_words(self) -> str:
        if not self.trips:
            return "Nobody travels."
        return (
            f"{counted(len(self.trips), 'trip')} from home to a school, {self._average_km(self.trips)} km each way on "
            "average as the crow flies. A point is 100 m."
        )

    def _average_km(self, trips: Iterable[tuple[str, date, str]]) -> str:
        kms = [self.problem.km_home_to_school(volunteer_id, school_id) for volunteer_id, _, school_id in sorted(trips)]
        return f"{math.fsum(kms) / len(kms):.1f}" if kms else "–"

    # what to do next

    def next_steps(self) -> list[NextStep]:
        """What a coordinator does with this page: the most pressing first, nothing that there is no cause for."""
        steps = [*self._gaps(), *self._silent(), *self._barely_staffed(), *self._missing(), *self._unused()]
        return [*steps, *self._often_asked()]

    def _gaps(self) -> Iterator[NextStep]:
        declined = self.heard.declined if self.heard else ()
        if declined:
            yield NextStep(
                f"Find somebody for {counted(len({each.session_id for each in declined}), 'visit')}: people said no.",
                [
                    one_line(
                        f"{each.volunteer}: {each.session} at {each.school}, {time_text(each.start)}; "
                        f"{each.still_coming} still coming, at least {each.fewest} needed "
                        f"({each.session_id})"
                    )
                    for each in declined
                ],
            )

    def _silent(self) -> Iterator[NextStep]:
        silent = sorted(self.heard.silent, key=lambda each: (each.first, each.volunteer)) if self.heard else []
        if silent:
            names = [
                one_line(
                    f"{each.volunteer} ({counted(each.visits, 'visit')}, the first on {day_text(each.first.date())})"
                )
                for each in silent
            ]
            yield NextStep(
                f"Ask {counted(len(silent), 'person who has', 'people who have')} not answered yet.", [_some(names)]
            )

    def _barely_staffed(self) -> Iterator[NextStep]:
        to_come = {key: each for key, each in self.visits.items() if key not in self.problem.past}
        if self.heard:
            to_come = {key: each for key, each in to_come.items() if each.slot.start > self.heard.now}
        barely = [
            (visit.slot.start, session.session_id)
            for session_id, visit in to_come.items()
            if len(visit.team) <= (session := self.problem.sessions[session_id]).min_volunteers
        ]
        if barely:
            first = [
                f"{session_name(self.problem.sessions[each])} at "
                f"{one_line(self.problem.schools[self.problem.sessions[each].school_id].name)}, {time_text(start)}"
                for start, each in sorted(barely)[:FIRST_NAMED]
            ]
            yield NextStep(
                f"{len(barely):,} of {counted(len(to_come), 'visit')}{' to come' if self.heard else ''} "
                f"{'stands' if len(barely) == 1 else 'stand'} at the smallest team: if one person drops out, it cannot "
                "run. A reserve is good to have.",
                [f"{'The first' if len(barely) > FIRST_NAMED else 'They are'}: {'; '.join(first)}."],
            )

    def _missing(self) -> Iterator[NextStep]:
        missing = self.undelivered()
        if missing:
            alike: dict[str, list[Undelivered]] = defaultdict(list)
            for row in missing:
                alike[row.reason].append(row)
            most = sorted(alike.items(), key=lambda each: -len(each[1]))[:FIRST_NAMED]
            yield NextStep(
                f"{counted(len(missing), 'visit does', 'visits do')} not take place. "
                "These are the reasons, and with them whom to recruit first.",
                [
                    f"{rows[0].name} at {rows[0].school}"
                    + (f" and {len(rows) - 1} more" if len(rows) > 1 else "")
                    + f": {reason or 'No reason was recorded.'}"
                    for reason, rows in most
                ],
            )

    def _unused(self) -> Iterator[NextStep]:
        unused = [one_line(each.name) for key, each in self.problem.volunteers.items() if not self.load_of[key]]
        if unused:
            yield NextStep(
                f"{counted(len(unused), 'volunteer has', 'volunteers have')} no visit: ask them to step in.",
                [_some(sorted(unused))],
            )

    def _often_asked(self) -> Iterator[NextStep]:
        most = max(self.load_of.values(), default=0)
        if most >= OFTEN:
            often = [
                one_line(self.problem.volunteers[key].name) for key, count in self.load_of.items() if count == most
            ]
            yield NextStep(
                f"{counted(len(often), 'volunteer is', 'volunteers are')} asked most often, {most} times each.",
                [_some(sorted(often))],
            )

    def overrides(self) -> list[tuple[str, str, str, str]]:
        """(session and school, person, rule, reason) of each must-rule that was set aside knowingly."""
        return [
            (
                f"{session_name(session)} at {one_line(self.problem.schools[session.school_id].name)}",
                one_line(self.problem.volunteers[each.volunteer_id].name),
                each.rule.replace("_", " "),
                one_line(each.reason),
            )
            for each in sorted(self.problem.overrides, key=lambda each: (each.session_id, each.volunteer_id, each.rule))
            for session in [self.problem.sessions[each.session_id]]
        ]

    def _member(self, volunteer_id: str, session_id: str) -> tuple[str, str, str]:
        answer = self.heard.answers.get((volunteer_id, session_id)) if self.heard else None
        name, more = _introduced(self.problem.volunteers[volunteer_id])
        return name, more, ANSWERED[answer] if answer else ""

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
                [self._offered(session, slot) for slot in session.slots],
                one_line(self.result.reasons.get(session.session_id, "")),
            )
            for session in missing
        ]

    def _offered(self, session: Session, slot: Slot) -> str:
        programme = self.problem.programme
        closed = ""
        if slot.day in programme.closed or slot.day in self.problem.schools[session.school_id].closed:
            closed = " (closed)"
        elif not programme.is_open(slot.day):
            closed = " (not in term)"
        return f"{day_text(slot.day)}, {_hours(slot.start, slot.end)}{closed}"

    # week by week

    def weeks(self) -> list[Week]:
        rows: dict[date, list[tuple[object, SessionRow]]] = defaultdict(list)
        for session_id, visit in self.visits.items():
            session = self.problem.sessions[session_id]
            school = one_line(self.problem.schools[session.school_id].name)
            row = SessionRow(
                session_id,
                day_text(visit.slot.day),
                _hours(visit.slot.start, visit.slot.end),
                school,
                session_name(session),
                self._kind(session),
                self._classes(session),
                [self._member(volunteer_id, session_id) for volunteer_id in visit.team],
            )
            rows[_monday(visit.slot.day)].append(((visit.slot, school, session_id), row))
        weeks: list[Week] = []
        for empty, run in groupby(self._mondays(), key=lambda monday: not rows[monday]):
            mondays = list(run)
            if empty:
                weeks.append(Week(self._without_sessions(mondays), [], []))
                continue
            weeks += [
                Week(
                    f"Week of {weekday_day_month(monday)} {monday.year}",
                    self._week_notes(monday),
                    [row for _, row in sorted(rows[monday], key=lambda each: each[0])],  # type: ignore[arg-type,return-value]
                )
                for monday in mondays
            ]
        return weeks

    def _without_sessions(self, mondays: list[date]) -> str:
        """Such as "Weeks of 12 October to 9 November 2026: no sessions; schools are closed …"."""
        first, last = mondays[0], mondays[-1]
        if first == last:
            when = f"Week of {_date(first)}"
        else:
            start = _date(first) if first.year != last.year else day_month(first)
            when = f"{len(mondays)} weeks, those of {start} to {_date(last)}"
        shut = [monday for monday in mondays if not self._school_week(monday)[0]]
        if not shut:
            return f"{when}: no sessions."
        if len(shut) == len(mondays):
            return f"{when}: no sessions, schools are closed."
        return f"{when}: no sessions; schools are closed in the week of {listed([day_month(day) for day in shut])}."

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

    def _show(self, goal: GoalName, told: Sequence[Told]) -> None:
        """Settles which figures for a demographic goal, all classes' together first, are shown."""
        traits: dict[str, Trait] = {
            each.volunteer_id: self._trait(goal, each) for each in self.problem.volunteers.values()
        }
        met_earlier: dict[str, list[str]] = defaultdict(list)
        for index, encounter in enumerate(self.problem.encounters):
            if self._is_concerned(goal, encounter):
                trait, who = self._trait(goal, encounter), encounter.volunteer_id
                if who not in traits or traits[who] != trait:
                    who = f"{who}\nearlier {index}"
                    traits[who] = trait
                met_earlier[encounter.cohort_id].append(who)
        target = self.problem.programme.goals[goal].target
        of_kinds = goal is GoalName.ETHNIC_GROUPS
        together = Figure(dict.fromkeys(self._concerned(goal, self.load_of), 1), target if of_kinds else None, of_kinds)
        figures = {"": together} if together.people else {}
        for cohort_id in self._by_school():
            met = Counter(self._concerned(goal, self.met_by[cohort_id])) + Counter(met_earlier[cohort_id])
            figures[cohort_id] = Figure(dict(met), target, of_kinds)
        # A class that met nobody earlier, and in this plan nobody in such work, has a 0 that tells nothing.
        earlier = {encounter.cohort_id for encounter in self.problem.encounters}
        asked = {each: figure for each, figure in figures.items() if figure.people or each not in earlier}
        possible: list[str | bool] = [*EthnicGroup] if of_kinds else [False, True]
        safe = safe_figures(list(asked.values()), traits, possible, told)
        for (cohort_id, figure), fine in zip(asked.items(), safe, strict=True):
            if fine:
                self.shown.add((cohort_id, goal))
                if figure.people:
                    self.told.append(Told(goal, figure.people, figure.most, figure.value(traits)))

    def _trait(self, goal: GoalName, person: Volunteer | Encounter) -> Trait:
        """What a goal's figure counts a person by."""
        return person.ethnic_group if goal is GoalName.ETHNIC_GROUPS else person.gender is SUCH_WORK[goal][0]

    def _is_concerned(self, goal: GoalName, person: Volunteer | Encounter) -> bool:
        """Whether a goal's figure could be about a person, as everybody knows."""
        return goal is GoalName.ETHNIC_GROUPS or SUCH_WORK[goal][1](person.share_women)

    def _concerned(self, goal: GoalName, met: Mapping[str, int]) -> dict[str, int]:
        """Of the people met, those whom the goal's figure could be about, and how often it would count each."""
        of_kinds = goal is GoalName.ETHNIC_GROUPS
        return {
            each: 1 if of_kinds else times
            for each, times in met.items()
            if self._is_concerned(goal, self.problem.volunteers[each])
        }

    def _hidden(self, line: LedgerLine) -> bool:
        return line.goal in DEMOGRAPHIC_GOALS and (line.cohort_id, line.goal) not in self.shown

    def _together(self, goal: GoalName) -> str:
        """What all classes together meet in this plan, people counted once."""
        people = [self.problem.volunteers[each] for each in self.load_of]
        if goal is GoalName.PEOPLE:
            return counted(len(people), "person", "people")
        if goal is GoalName.SECTORS:
            return counted(len({folded(person.sector) for person in people}), "sector")
        if ("", goal) not in self.shown:
            return NOT_SHOWN
        if goal is GoalName.ETHNIC_GROUPS:
            groups = len({person.ethnic_group for person in people if person.ethnic_group})
            target = self.problem.programme.goals[goal].target
            return counted(groups, "group") if groups < target else f"{counted(target, 'group')} or more"
        gender, _ = SUCH_WORK[goal]
        such = self._concerned(goal, dict.fromkeys(self.load_of, 1))
        counting = sum(self.problem.volunteers[each].gender is gender for each in such)
        return f"{counting:,} of {len(such):,} in such work"

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
                    together=self._together(goal),
                    full=states["full"],
                    part=states["part"],
                    none=states["none"],
                    hidden=states["hidden"],
                )
            )
        return summaries

    def mixed_teams(self) -> str:
        if not any(line.goal is GoalName.MIXED_TEAM and line.target > 0 for line in self.result.ledger):
            return ""
        return "How many teams have both women and men is not shown, since it would point at people."

    def ledger(self) -> list[tuple[str, list[LedgerRow]]]:
        """(school, its cohorts), the schools in order of need."""
        rows: dict[str, list[LedgerRow]] = {}
        for cohort_id in self._by_school():
            cohort = self.problem.cohorts[cohort_id]
            row = LedgerRow(cohort_name(cohort), [self._cell(cohort_id, goal) for goal in self.goals])
            rows.setdefault(cohort.school_id, []).append(row)
        return [(one_line(self.problem.schools[school_id].name), own) for school_id, own in rows.items()]

    def _by_school(self) -> list[str]:
        """The cohorts, those of schools in greatest need first."""
        cohorts = self.problem.cohorts.values()
        return [
            cohort.cohort_id
            for cohort in sorted(cohorts, key=lambda cohort: _by_need(self.problem.schools[cohort.school_id]))
        ]

    def _cell(self, cohort_id: str, goal: GoalName) -> LedgerCell:
        line = self.lines.get((cohort_id, goal))
        if line is None or line.target <= 0:
            return LedgerCell("blank", "", "")
        if self._hidden(line):
            return LedgerCell("hidden", f"{NOT_SHOWN}, of {line.target}", "")
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
                    " ".join(day_text(monday).split()[1:]),
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


def _some(names: Sequence[str]) -> str:
    """All of them, or so many that a page has room for them."""
    more = len(names) - MOST_NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST_NAMED])} and {more:,} more"


def _word(count: int, one: str) -> str:
    return one if count == 1 else f"{one}s"


def _by_need(school: School) -> tuple[float, str, str]:
    return -school.pupil_premium_percent, one_line(school.name), school.school_id


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _hours(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M}–{end:%H:%M}"


def _date(day: date) -> str:
    return f"{day_month(day)} {day.year}"
