"""The tables of a scenario: their columns, what a cell may hold, and the line of help a coordinator reads.

This is the contract's section 2 as data. Reading (`intake`), the database (`store`), templates, workbooks and the
generator (`authoring`) all work from it, so a column is added here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum

from matcher.times import days


class Kind(Enum):
    """What a cell holds, and the Python value it is read as; a blank cell is None."""

    TEXT = "text"  # str
    ID = "id"  # str, compared exactly
    ID_LIST = "ids"  # tuple[str, ...], separated by ";"
    WORD_LIST = "words"  # tuple[str, ...], separated by ";", compared without case
    WHOLE = "whole number"  # int >= 0
    SIGNED = "whole number, may be negative"  # int
    NUMBER = "number"  # float >= 0
    PERCENT = "per cent, 0 to 100"  # float
    SHARE = "share, 0 to 1"  # float
    LATITUDE = "latitude"  # float
    LONGITUDE = "longitude"  # float
    DATE = "date"  # datetime.date
    DAYS = "days"  # tuple[str, ...], each 2026-10-26 or 2026-10-26..2026-10-30, in order and apart: see `days_of`
    MOMENT = "local date and time"  # datetime.datetime without zone
    CLOCK = "time of day"  # int, minutes since midnight, 0 to 1440
    CHOICE = "choice"  # str, one of `choices`
    CHOICE_LIST = "choices"  # tuple[str, ...], each one of `choices`


class Purpose(StrEnum):
    """What a column may be used for. Whatever its purpose, erasing a person takes out all that is about them."""

    MATCHING_WITH_CONSENT = "matching, with the person's consent"
    """Chosen by the person; never shown of anybody, and gone when consent is."""
    ARRANGING = "arranging visits"
    """To plan who can go where and when, and to write to them; of it others learn no more than the plan says."""
    INTRODUCING = "introducing visitors to the school they visit"
    """Read by that school, in its calendar and letters."""
    COORDINATOR_ONLY = "the coordinator alone"
    """Shown to nobody else, or by name to the one school whose pupils' safety rests on it."""
    VISITORS = "telling visitors where to go"
    """Read by those who visit the school, in their calendars and letters."""
    PUBLIC = "anybody: it is about schools, classes and work, and about nobody"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    help: str
    required: bool = False
    default: str = ""
    """What a blank cell means, as the cell's text; "" where blank stays blank."""
    choices: tuple[str, ...] = ()
    personal: bool = False
    """A demographic: its value is never echoed in a message."""
    safety: bool = False
    """Somebody's safety or consent rests on it: a heading that only resembles it ends the reading."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    help: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """The columns that identify a row, if any do; two rows may not share them."""
    optional: bool = False
    """Whether the file or sheet may be absent."""

    @property
    def safety(self) -> bool:
        return any(column.safety for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


YES_NO = ("yes", "no")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

SCHOOLS = Table(
    "schools",
    "One row for each school.",
    (
        Column("school_id", Kind.ID, "A short name that never changes, such as S01.", required=True),
        Column("name", Kind.TEXT, "The school's name, as visitors will read it.", required=True),
        Column("postcode", Kind.TEXT, "For the calendar entry."),
        Column("address", Kind.TEXT, "Street and town, for the calendar entry."),
        Column("latitude", Kind.LATITUDE, "In degrees, such as 52.9225; distances need both."),
        Column("longitude", Kind.LONGITUDE, "In degrees, such as -1.4746; west is negative."),
        Column("ward", Kind.TEXT, "The electoral ward."),
        Column("urn", Kind.TEXT, "The school's number in the national register."),
        Column("pupil_premium_percent", Kind.PERCENT, "Pupils on pupil premium, 0 to 100.", default="0"),
        Column("max_sessions_per_day", Kind.WHOLE, "The most sessions on one day; blank: no limit."),
        Column("contact_name", Kind.TEXT, "Whom visitors ask for at reception."),
        Column("contact_email", Kind.TEXT, "The contact's e-mail address."),
        Column(
            "closed",
            Kind.DAYS,
            "Days on which it takes nobody, such as 2026-10-05 or 2026-10-26..2026-10-30; ; between.",
        ),
    ),
    key=("school_id",),
)

COHORTS = Table(
    "cohorts",
    "One row for each class or year group that meets volunteers together.",
    (
        Column("cohort_id", Kind.ID, "A short name that never changes, such as S01-Y5.", required=True),
        Column("school_id", Kind.ID, "The school, as in the table schools.", required=True),
        Column("name", Kind.TEXT, "Such as Year 5 or Kestrels."),
        Column("year_group", Kind.TEXT, "Such as 5."),
        Column("pupils", Kind.WHOLE, "How many pupils."),
    ),
    key=("cohort_id",),
)

SESSIONS = Table(
    "sessions",
    "One row for each visit a school asks for.",
    (
        Column("session_id", Kind.ID, "A short name that never changes, such as S01-1.", required=True),
        Column("cohort_ids", Kind.ID_LIST, "Who takes part, all of one school, such as S01-Y5;S01-Y6.", required=True),
        Column("title", Kind.TEXT, "What the calendar calls it, such as What's My Line."),
        Column("format", Kind.TEXT, "Such as assembly, carousel, classroom chat, virtual panel."),
        Column("mode", Kind.CHOICE, "in_person or virtual.", default="in_person", choices=("in_person", "virtual")),
        Column("min_volunteers", Kind.WHOLE, "The fewest volunteers it can run with, 1 or more.", required=True),
        Column("max_volunteers", Kind.WHOLE, "The most volunteers it has room for.", required=True),
        Column("required_sectors", Kind.WORD_LIST, "Sectors that must be in the team, such as Rail;Health."),
        Column(
            "supervised",
            Kind.CHOICE,
            "no: volunteers are alone with pupils, so only checked ones may come.",
            default="yes",
            choices=YES_NO,
            safety=True,
        ),
        Column("what_to_bring", Kind.TEXT, "What visitors should bring; blank: what the programme says."),
    ),
    key=("session_id",),
)

SLOTS = Table(
    "slots",
    "One row for each time at which a session could run; give several where the school can.",
    (
        Column("session_id", Kind.ID, "The session, as in the table sessions.", required=True),
        Column("start", Kind.MOMENT, "Such as 2026-10-14T09:30, on the school's clock.", required=True),
        Column("end", Kind.MOMENT, "Later on the same day.", required=True),
    ),
)

VOLUNTEERS = Table(
    "volunteers",
    "One row for each person from the world of work.",
    (
        Column("volunteer_id", Kind.ID, "A short name that never changes, such as V001.", required=True),
        Column("name", Kind.TEXT, "The volunteer's name.", required=True),
        Column("email", Kind.TEXT, "Where invitations go."),
        Column("employer", Kind.TEXT, "Who they work for."),
        Column("role", Kind.TEXT, "Their job title, as pupils will hear it."),
        Column("occupation", Kind.TEXT, "Their kind of work, as in the table occupations."),
        Column("sector", Kind.TEXT, "Such as Rail, Health, Digital.", required=True),
        Column(
            "gender",
            Kind.TEXT,
            "By choice: woman, man, or the person's own word. Used only with consent.",
            personal=True,
        ),
        Column(
            "ethnicity",
            Kind.TEXT,
            "By choice: asian, black, mixed, white, other, or a label of the 2021 census. Used only with consent.",
            personal=True,
        ),
        Column(
            "matching_consent",
            Kind.CHOICE,
            "yes: gender and ethnicity may be used so that pupils meet many kinds of people.",
            default="no",
            choices=YES_NO,
            safety=True,
        ),
        Column("postcode", Kind.TEXT, "Home or work, wherever they set out from."),
        Column("latitude", Kind.LATITUDE, "In degrees; distances need both."),
        Column("longitude", Kind.LONGITUDE, "In degrees; west is negative."),
        Column("max_distance_km", Kind.NUMBER, "The furthest school they would travel to; blank: any."),
        Column(
            "modes",
            Kind.CHOICE_LIST,
            "in_person, virtual or in_person;virtual; blank: both.",
            default="in_person;virtual",
            choices=("in_person", "virtual"),
        ),
        Column("max_sessions", Kind.WHOLE, "The most sessions this term; blank: the programme's limit."),
        Column("max_sessions_per_day", Kind.WHOLE, "The most sessions on one day; blank: the programme's limit."),
        Column("max_sessions_per_week", Kind.WHOLE, "The most sessions in a week, Monday to Sunday; blank: no limit."),
        Column("checked_until", Kind.DATE, "The last day on which their safeguarding check holds.", safety=True),
        Column("excluded_schools", Kind.ID_LIST, "Schools they must not be sent to, such as S03;S07.", safety=True),
    ),
    key=("volunteer_id",),
)

AVAILABILITY = Table(
    "availability",
    "When volunteers are free: one row for each weekday, date or time from day to day. No row with yes: never.",
    (
        Column("volunteer_id", Kind.ID, "The volunteer, as in the table volunteers.", required=True),
        Column(
            "weekday",
            Kind.CHOICE,
            "mon to sun, every week; or give a date instead; neither: every day.",
            choices=WEEKDAYS,
        ),
        Column("date", Kind.DATE, "One day; or give a weekday instead; neither: every day."),
        Column("from", Kind.CLOCK, "Such as 09:00; blank: from midnight.", default="00:00"),
        Column("to", Kind.CLOCK, "Such as 12:30; blank: to midnight.", default="24:00"),
        Column(
            "first_day",
            Kind.DATE,
            "The row counts from this day; blank: from the term's first. For every day, give this or last_day.",
        ),
        Column("last_day", Kind.DATE, "The row counts to this day; blank: to the term's last."),
        Column(
            "available",
            Kind.CHOICE,
            "no: not free then, whatever other rows say.",
            default="yes",
            choices=YES_NO,
            safety=True,
        ),
    ),
)

SECTORS = Table(
    "sectors",
    "Women's share of the people who work in a sector.",
    (
        Column("sector", Kind.TEXT, "As in the table volunteers.", required=True),
        Column("share_women", Kind.SHARE, "0 to 1, such as 0.13, or 13%.", required=True),
        Column("source", Kind.TEXT, "Where the figure is from."),
    ),
    key=("sector",),
    optional=True,
)

OCCUPATIONS = Table(
    "occupations",
    "Women's share of the people who do a kind of work; goes before the sector's.",
    (
        Column("occupation", Kind.TEXT, "As in the table volunteers.", required=True),
        Column("share_women", Kind.SHARE, "0 to 1, such as 0.13, or 13%.", required=True),
        Column("source", Kind.TEXT, "Where the figure is from."),
    ),
    key=("occupation",),
    optional=True,
)

ENCOUNTERS = Table(
    "encounters",
    "Whom cohorts met earlier in the year, recorded with consent.",
    (
        Column("cohort_id", Kind.ID, "The cohort, as in the table cohorts.", required=True),
        Column("date", Kind.DATE, "When they met."),
        Column("session_id", Kind.ID, "The session at which they met."),
        Column("volunteer_id", Kind.ID, "Whom they met."),
        Column("sector", Kind.TEXT, "That person's sector."),
        Column("occupation", Kind.TEXT, "That person's kind of work."),
        Column("gender", Kind.TEXT, "woman, man, or the person's own word.", personal=True),
        Column("ethnicity", Kind.TEXT, "A census group or label.", personal=True),
        Column(
            "matching_consent",
            Kind.CHOICE,
            "Whether the goals may use the two before; blank: what the table volunteers says of that person.",
            choices=YES_NO,
            safety=True,
        ),
    ),
    optional=True,
)

PINS = Table(
    "pins",
    "What you have decided already: the plan is made around it.",
    (
        Column("session_id", Kind.ID, "The session, as in the table sessions.", required=True),
        Column("volunteer_id", Kind.ID, "A volunteer; or give a start instead."),
        Column("start", Kind.MOMENT, "The start of one of the session's slots; or give a volunteer instead."),
        Column("decision", Kind.CHOICE, "keep or never.", required=True, choices=("keep", "never"), safety=True),
    ),
    optional=True,
)

VISITS = Table(
    "visits",
    "What took place, as far as it was written down; several rows of a session where its classes are counted apart.",
    (
        Column("session_id", Kind.ID, "The session, as in the table sessions, or of an earlier term.", required=True),
        Column("happened", Kind.CHOICE, "no: it did not take place.", required=True, choices=YES_NO),
        Column("cohort_id", Kind.ID, "Whose pupils are counted; blank: all of the session's."),
        Column("pupils_present", Kind.WHOLE, "How many pupils were there."),
        Column("staff_present", Kind.WHOLE, "How many of the school's staff were there."),
        Column("came", Kind.ID_LIST, "The volunteers who came, such as V001;V007; blank: those who were told."),
    ),
    optional=True,
)

PREFERENCES = Table(
    "preferences",
    "Who would be a good or a poor fit where.",
    (
        Column("volunteer_id", Kind.ID, "The volunteer, as in the table volunteers.", required=True),
        Column("session_id", Kind.ID, "The session, as in the table sessions.", required=True),
        Column("score", Kind.SIGNED, "A whole number: more is better, below 0 is worse than nothing.", required=True),
    ),
    key=("volunteer_id", "session_id"),
    optional=True,
)

OVERRIDABLE = (
    "team size",
    "mode and distance",
    "load",
    "required sector",
    "same employer",
    "spacing",
    "new faces",
    "cohort day",
    "school day",
)
"""The must-rules that a coordinator may set aside: those that are `overridable`."""

OVERRIDES = Table(
    "overrides",
    "A rule that you set aside knowingly, for one volunteer at one session.",
    (
        Column("session_id", Kind.ID, "The session, as in the table sessions.", required=True),
        Column("volunteer_id", Kind.ID, "The volunteer, as in the table volunteers.", required=True),
        Column(
            "rule",
            Kind.CHOICE,
            "The rule by its name, such as load.",
            required=True,
            choices=OVERRIDABLE,
        ),
        Column("reason", Kind.TEXT, "Why, for whoever reads the plan.", required=True),
    ),
    key=("session_id", "volunteer_id", "rule"),
    optional=True,
)

PROGRAMME = "programme"
"""What the programme's keys and values are called where tables are: a sheet, a file, a line of what changed."""

TABLES: tuple[Table, ...] = (
    SCHOOLS,
    COHORTS,
    SESSIONS,
    SLOTS,
    VOLUNTEERS,
    AVAILABILITY,
    SECTORS,
    OCCUPATIONS,
    ENCOUNTERS,
    PINS,
    VISITS,
    PREFERENCES,
    OVERRIDES,
)

PURPOSES: Mapping[Purpose, Mapping[str, str]] = {
    Purpose.MATCHING_WITH_CONSENT: {
        "volunteers": "gender ethnicity",
        "encounters": "gender ethnicity",
    },
    Purpose.INTRODUCING: {
        "volunteers": "name employer role",
    },
    Purpose.COORDINATOR_ONLY: {
        "volunteers": "matching_consent checked_until excluded_schools",
        "encounters": "cohort_id date session_id volunteer_id sector occupation matching_consent",
        "preferences": "volunteer_id session_id score",
        "visits": "session_id happened cohort_id pupils_present staff_present came",
        "overrides": "session_id volunteer_id rule reason",
    },
    Purpose.ARRANGING: {
        "volunteers": "volunteer_id email occupation sector postcode latitude longitude max_distance_km modes "
        "max_sessions max_sessions_per_day max_sessions_per_week",
        "availability": "volunteer_id weekday date from to first_day last_day available",
        "pins": "session_id volunteer_id start decision",
    },
    Purpose.VISITORS: {
        "schools": "contact_name contact_email",
    },
    Purpose.PUBLIC: {
        "schools": "school_id name postcode address latitude longitude ward urn pupil_premium_percent "
        "max_sessions_per_day closed",
        "cohorts": "cohort_id school_id name year_group pupils",
        "sessions": "session_id cohort_ids title format mode min_volunteers max_volunteers required_sectors supervised "
        "what_to_bring",
        "slots": "session_id start end",
        "sectors": "sector share_women source",
        "occupations": "occupation share_women source",
    },
}
"""What each column of each table is for: each stands here once."""


def purpose_of(table: str, column: str) -> Purpose:
    """Raises StopIteration if nobody said so."""
    return next(purpose for purpose, tables in PURPOSES.items() if column in tables.get(table, "").split())


def days_of(written: Iterable[str]) -> list[date]:
    """The days that a cell of the kind DAYS means; raises ValueError where it was not written by this program."""
    found: list[date] = []
    for each in written:
        first, _, last = each.partition("..")
        found += days(date.fromisoformat(first), date.fromisoformat(last or first))
    return found


Value = None | str | int | float | date | datetime | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: a value for each column of its table (defaults not filled in), and where it stood."""

    number: int
    """As a spreadsheet counts: the heading is row 1."""
    values: Mapping[str, Value]

    def __getitem__(self, column: str) -> Value:
        return self.values[column]


@dataclass(frozen=True)
class Tables:
    """A whole scenario as typed rows, before it is known to hang together.

    `programme` has dotted keys as in a workbook's programme sheet ("name", "first_day", "limits.same_employer",
    "goals.sectors.target"); days are `date`, `closed` a tuple of them, numbers int or float. `rows` has every table of
    `TABLES`, empty where it was absent. Demographics without consent have been blanked.
    """

    programme: Mapping[str, object]
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


def canonical(values: Mapping[str, object]) -> str:
    """One line for a row, the same for every row with the same values: `3` is `3.0`, and a blank cell is not there."""
    return json.dumps({key: _as_json(value) for key, value in values.items() if value is not None}, sort_keys=True)


def _as_json(value: object) -> object:
    match value:
        case float() if value.is_integer():
            return int(value)
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case tuple():
            return [_as_json(item) for item in value]
    return value
