"""What the program talks about: the facts of a term (`Problem`) and one way to arrange it (`Plan`).

Everything here is immutable and knows no file, database, solver or calendar. Times are wall-clock (see `times`).
Gender and ethnicity are present only where the person consented to their use in matching.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any

from matcher.geography import Position, distance_km
from matcher.times import Span


class Mode(StrEnum):
    IN_PERSON = "in_person"
    VIRTUAL = "virtual"


class Decision(StrEnum):
    KEEP = "keep"
    NEVER = "never"


class Gender(StrEnum):
    """`OTHER` is any self-described gender: it is known, and neither of the two that goals ask about."""

    WOMAN = "woman"
    MAN = "man"
    OTHER = "other"


class EthnicGroup(StrEnum):
    """The five groups of the 2021 census of England and Wales."""

    ASIAN = "asian"
    BLACK = "black"
    MIXED = "mixed"
    WHITE = "white"
    OTHER = "other"


class GoalName(StrEnum):
    PEOPLE = "people"
    SECTORS = "sectors"
    WOMEN_IN_MALE_DOMINATED = "women_in_male_dominated"
    MEN_IN_FEMALE_DOMINATED = "men_in_female_dominated"
    ETHNIC_GROUPS = "ethnic_groups"
    MIXED_TEAM = "mixed_team"


class TierName(StrEnum):
    """What plans are compared by: the first two by a repair alone, before the five `TIERS`."""

    TOLD_REACH = "told_reach"
    CHANGES = "changes"
    REACH = "reach"
    ROLE_MODELS = "role_models"
    PREFERENCES = "preferences"
    LOAD = "load"
    TRAVEL = "travel"

    @property
    def maximised(self) -> bool:
        return self not in (TierName.CHANGES, TierName.LOAD, TierName.TRAVEL)


TIERS = (TierName.REACH, TierName.ROLE_MODELS, TierName.PREFERENCES, TierName.LOAD, TierName.TRAVEL)
"""The five tiers, in the order in which plans are compared."""
REPAIR_TIERS = (TierName.TOLD_REACH, TierName.CHANGES, *TIERS)
"""Those of a repair."""


@dataclass(frozen=True, slots=True)
class GoalSetting:
    """How many of something are wanted, and how much that matters; both are whole and not negative."""

    target: int
    weight: int


DEFAULT_GOALS: Mapping[GoalName, GoalSetting] = {
    GoalName.PEOPLE: GoalSetting(8, 1),
    GoalName.SECTORS: GoalSetting(6, 3),
    GoalName.WOMEN_IN_MALE_DOMINATED: GoalSetting(2, 4),
    GoalName.MEN_IN_FEMALE_DOMINATED: GoalSetting(2, 4),
    GoalName.ETHNIC_GROUPS: GoalSetting(3, 3),
    GoalName.MIXED_TEAM: GoalSetting(1, 2),
}


# Women's share of the people who do a kind of work, below and above which it is few women's, or few men's.
MALE_DOMINATED_BELOW, FEMALE_DOMINATED_ABOVE = 0.35, 0.65


def is_male_dominated(share_women: float | None) -> bool:
    """Whether few women do such work; of work whose share is not known, no."""
    return share_women is not None and share_women < MALE_DOMINATED_BELOW


def is_female_dominated(share_women: float | None) -> bool:
    """Whether few men do such work; of work whose share is not known, no."""
    return share_women is not None and share_women > FEMALE_DOMINATED_ABOVE


@dataclass(frozen=True, slots=True)
class Limits:
    """The programme's limits; each is described in the contract, section 2."""

    max_sessions: int = 3
    max_sessions_per_day: int = 2
    same_employer: int = 2
    arrival_minutes: int = 0
    travel_kmh: float = 30
    virtual_gap_minutes: int = 30
    unknown_km: float = 10


@dataclass(frozen=True, slots=True)
class Programme:
    name: str
    first_day: date
    last_day: date
    timezone: str = "Europe/London"
    closed: frozenset[date] = frozenset()
    limits: Limits = Limits()
    goals: Mapping[GoalName, GoalSetting] = field(default_factory=lambda: DEFAULT_GOALS)
    organiser_name: str = ""
    """Who signs the mails; blank: the programme."""
    organiser_email: str = ""
    """Whom invitations come from and answers go to; without it there are no mails."""
    reply_to: str = ""
    what_to_bring: str = ""
    letters_kept_days: int | None = None
    """After how many days the bodies of letters may be deleted; None: never."""

    def is_open(self, day: date) -> bool:
        """Whether sessions can take place on that day: inside the term and not closed."""
        return self.first_day <= day <= self.last_day and day not in self.closed


@dataclass(frozen=True, slots=True)
class School:
    school_id: str
    name: str
    postcode: str = ""
    address: str = ""
    position: Position | None = None
    ward: str = ""
    urn: str = ""
    pupil_premium_percent: float = 0
    max_sessions_per_day: int | None = None
    contact_name: str = ""
    contact_email: str = ""
    closed: frozenset[date] = frozenset()
    """Days on which this school takes nobody."""

    @property
    def need(self) -> int:
        """100 and the pupil premium in per cent, rounded half to even."""
        return 100 + round(self.pupil_premium_percent)


@dataclass(frozen=True, slots=True)
class Cohort:
    cohort_id: str
    school_id: str
    name: str = ""
    year_group: str = ""
    pupils: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Slot(Span):
    """A candidate start and end of a session, both on the same day."""

    @property
    def day(self) -> date:
        return self.start.date()


@dataclass(frozen=True, slots=True)
class Session:
    session_id: str
    school_id: str
    cohort_ids: tuple[str, ...]
    min_volunteers: int
    max_volunteers: int
    slots: tuple[Slot, ...]
    """In order of start; some may lie outside the term or on a closed day, see `Problem.open_slots`."""
    title: str = ""
    format: str = ""
    mode: Mode = Mode.IN_PERSON
    required_sectors: frozenset[str] = frozenset()
    """As `folded`."""
    supervised: bool = True
    what_to_bring: str = ""
    """Goes before the programme's."""


@dataclass(frozen=True, slots=True)
class Availability:
    """One row of the availability table, as the spans of wall-clock time that it covers."""

    spans: tuple[Span, ...]
    available: bool = True


@dataclass(frozen=True, slots=True)
class Volunteer:
    volunteer_id: str
    name: str
    sector: str
    max_sessions: int
    max_sessions_per_day: int
    email: str = ""
    employer: str = ""
    role: str = ""
    occupation: str = ""
    gender: Gender | None = None
    """None without consent or when not given; so is `ethnic_group`."""
    ethnic_group: EthnicGroup | None = None
    share_women: float | None = None
    """Women's share of the people who do this work, 0 to 1: by occupation, else by sector, else unknown."""
    position: Position | None = None
    max_distance_km: float | None = None
    modes: frozenset[Mode] = frozenset(Mode)
    max_sessions_per_week: int | None = None
    """Monday to Sunday; None: no limit."""
    checked_until: date | None = None
    excluded_schools: frozenset[str] = frozenset()
    availability: tuple[Availability, ...] = ()


@dataclass(frozen=True, slots=True)
class Encounter:
    """Somebody whom a cohort met earlier in the year; blank where it was not recorded."""

    cohort_id: str
    volunteer_id: str = ""
    sector: str = ""
    gender: Gender | None = None
    ethnic_group: EthnicGroup | None = None
    share_women: float | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """A coordinator's decision about a session and either a volunteer or a start."""

    session_id: str
    decision: Decision
    volunteer_id: str | None = None
    start: datetime | None = None
    place: str = field(default="", compare=False)
    """Where it stands in the input, in words such as "pins.csv, row 3"; "" where that is not known."""

    def __str__(self) -> str:
        """Such as "keep V7 at S3 (pins.csv, row 3)" or "never S3 at 2026-10-01T09:30"."""
        if self.volunteer_id is not None:
            words = f"{self.decision} {self.volunteer_id} at {self.session_id}"
        else:
            assert self.start is not None
            words = f"{self.decision} {self.session_id} at {self.start:%Y-%m-%dT%H:%M}"
        return f"{words} ({self.place})" if self.place else words


@dataclass(frozen=True, slots=True)
class Override:
    """A must-rule that the coordinator set aside knowingly, for one assignment; see `overridable` of the rules."""

    session_id: str
    volunteer_id: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class VisitRecord:
    """A row of what took place: the table visits."""

    session_id: str
    happened: bool
    cohort_id: str = ""
    """Whose pupils are counted; blank: all of the session's."""
    pupils_present: int | None = None
    staff_present: int | None = None
    came: tuple[str, ...] | None = None
    """Volunteer ids; None: the published team."""


@dataclass(frozen=True)
class UnderWay:
    """What holds of a term once people were told of a plan: the contract, section 4a."""

    now: datetime
    """On the programme's clock: nothing that is not past starts at or before it."""
    told: Plan
    """What the newest version told and is to come, and the past visits that stand."""
    past: Mapping[str, Visit | None]
    """session_id -> how each past session stands; None: not delivered. Nothing changes them."""
    declined: frozenset[tuple[str, str]] = frozenset()
    """(volunteer_id, session_id) of those who said no, and have not said yes since."""
    erased: frozenset[str] = frozenset()
    """The stand-in ids of people who were erased: they count for people, new faces and load alone."""


@dataclass(frozen=True)
class Problem:
    """Everything that is known about a term; ids are the keys, in the order of the input."""

    programme: Programme
    schools: Mapping[str, School]
    cohorts: Mapping[str, Cohort]
    sessions: Mapping[str, Session]
    volunteers: Mapping[str, Volunteer]
    encounters: tuple[Encounter, ...] = ()
    """Earlier ones only: those of sessions of this scenario are passed over."""
    pins: tuple[Pin, ...] = ()
    preferences: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(volunteer_id, session_id) -> score."""
    sector_names: Mapping[str, str] = field(default_factory=dict)
    """Sectors that sessions require, as `folded` -> as written."""
    records: tuple[VisitRecord, ...] = ()
    """What was recorded of visits that took place, or did not."""
    overrides: frozenset[Override] = frozenset()
    under_way: UnderWay | None = None
    """None: nothing was told yet, and there is no now."""

    @property
    def past(self) -> Mapping[str, Visit | None]:
        """session_id -> how each past session stands (None: not delivered); nothing of a term not under way."""
        return self.under_way.past if self.under_way else {}

    def with_those_of(self, other: Problem) -> Problem:
        """The same with the schools, classes, sessions and people that only the other one has."""
        return replace(
            self,
            schools={**self.schools, **other.schools, **self.schools},
            cohorts={**self.cohorts, **other.cohorts, **self.cohorts},
            sessions={**self.sessions, **other.sessions, **self.sessions},
            volunteers={**self.volunteers, **other.volunteers, **self.volunteers},
        )

    def open_slots(self, session: Session) -> list[Slot]:
        """The slots in which a session may run: inside the term, on days that are not closed, and to come.

        Of a past session, the one in which it took place.
        """
        if session.session_id in self.past:
            visit = self.past[session.session_id]
            return [visit.slot] if visit else []
        closed = self.schools[session.school_id].closed
        return [
            slot
            for slot in session.slots
            if self.programme.is_open(slot.day)
            and slot.day not in closed
            and (self.under_way is None or slot.start > self.under_way.now)
        ]

    def sector_name(self, sector: str) -> str:
        """A sector, given as `folded`, as somebody wrote it: for messages."""
        written = (person.sector for person in self.volunteers.values() if folded(person.sector) == sector)
        return " ".join((next(written, None) or self.sector_names.get(sector, sector)).split())

    def km(self, a: Position | None, b: Position | None) -> float:
        """The distance between two places that are not one and the same, unknown ones included."""
        return self.programme.limits.unknown_km if a is None or b is None else distance_km(a, b)

    def km_home_to_school(self, volunteer_id: str, school_id: str) -> float:
        return self.km(self.volunteers[volunteer_id].position, self.schools[school_id].position)

    def km_between_schools(self, a: str, b: str) -> float:
        return 0.0 if a == b else self.km(self.schools[a].position, self.schools[b].position)

    @cached_property
    def worked_out(self) -> dict[str, Any]:
        """What others have worked out from the problem, by what it is called: it never changes, so once is enough."""
        return {}

    @cached_property
    def cohort_sessions(self) -> Mapping[str, tuple[str, ...]]:
        """cohort_id -> the ids of the sessions that it takes part in."""
        found: dict[str, list[str]] = {cohort_id: [] for cohort_id in self.cohorts}
        for session in self.sessions.values():
            for cohort_id in session.cohort_ids:
                found[cohort_id].append(session.session_id)
        return {cohort_id: tuple(ids) for cohort_id, ids in found.items()}


@dataclass(frozen=True, slots=True)
class Visit:
    """A delivered session: when it runs and who goes, ids in order."""

    slot: Slot
    team: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """session_id -> visit, for each delivered session; a session that is not here is not delivered."""

    visits: Mapping[str, Visit]

    def assignments(self) -> Iterable[tuple[str, str, Slot]]:
        """Every (volunteer_id, session_id, slot)."""
        for session_id, visit in self.visits.items():
            for volunteer_id in visit.team:
                yield volunteer_id, session_id, visit.slot


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken must-rule: which rule, the ids (and the day) it is about, by how much (> 0), and a sentence with ids."""

    rule: str
    about: tuple[str, ...]
    amount: int
    text: str
    people: tuple[str, ...] = ()
    """The volunteers whose part in the sessions it is (one person may have two ids); none: that of whole teams."""
    sessions: tuple[str, ...] = ()
    """The sessions that take part in it, whatever it is about."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One cohort's progress towards one goal (`mixed_team`: one session's, with `cohort_id` blank)."""

    cohort_id: str
    goal: GoalName
    met: int
    """Not cut off at the target."""
    target: int

    @property
    def missing(self) -> int:
        return max(0, self.target - self.met)


@dataclass(frozen=True, slots=True)
class TierScore:
    """What a plan reached in a tier, and what any plan could reach with the earlier tiers held at their values."""

    tier: TierName
    value: int
    bound: int | None = None

    @property
    def proven(self) -> bool:
        return self.bound == self.value


class Status(Enum):
    OPTIMAL = "optimal"
    FEASIBLE = "feasible"


@dataclass(frozen=True)
class Result:
    """An audited plan with its scores, ready to be kept and published."""

    plan: Plan
    tiers: tuple[TierScore, ...]
    seconds: float
    reasons: Mapping[str, str]
    """session_id -> one sentence, for each session that is not delivered."""
    ledger: tuple[LedgerLine, ...]

    @property
    def status(self) -> Status:
        return Status.OPTIMAL if all(tier.proven for tier in self.tiers) else Status.FEASIBLE


def folded(word: str) -> str:
    """How sectors, occupations and fixed words are compared: without case and the spaces around them."""
    return word.strip().casefold()


def employer_key(name: str) -> str:
    """How employers are compared: as `folded`, and runs of spaces count as one."""
    return " ".join(name.split()).casefold()


def steps(count: int) -> int:
    """⌊120/1⌋ + ⌊120/2⌋ + … + ⌊120/count⌋: the first of anything counts most."""
    return sum(120 // n for n in range(1, count + 1))
