"""What one attendee is told of a visit, as facts: kept with each version, compared, and only then put into words.

Two versions differ for somebody where facts differ that matter to them; in which words they were told is nobody's news.
Texts in here are on one line, as people typed them: a word of ours never stands in a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

FORM = 1
"""Of facts as JSON; a later form may have more of them."""


class Attendee(StrEnum):
    VOLUNTEER = "volunteer"
    SCHOOL = "school"


class Fact(StrEnum):
    """What can change, by the name that people have for it."""

    TIME = "time"
    TIME_ZONE = "time zone"
    PLACE = "place"
    ARRIVAL = "time of arrival"
    MAP = "place on the map"
    TITLE = "title"
    SCHOOL = "school"
    VISITORS = "visitors"
    CONTACT = "contact"
    BRING = "what to bring"
    FORMAT = "format"
    PUPILS = "pupils"
    TEAM = "team size"
    PROGRAMME = "organiser"


MOVES = frozenset({Fact.TIME, Fact.TIME_ZONE, Fact.PLACE})
"""What makes it another appointment in a calendar, and whoever said yes is asked again."""

_FOR_VOLUNTEERS = frozenset({Fact.MAP, Fact.SCHOOL, Fact.CONTACT, Fact.BRING, Fact.TEAM})
MATTERS: Mapping[Attendee, frozenset[Fact]] = {
    Attendee.VOLUNTEER: frozenset(Fact) - {Fact.VISITORS},
    Attendee.SCHOOL: frozenset(Fact) - _FOR_VOLUNTEERS,
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A volunteer as the school is told of them."""

    volunteer_id: str = ""
    name: str = ""
    role: str = ""
    employer: str = ""


@dataclass(frozen=True, slots=True)
class PupilGroup:
    """A class that takes part."""

    name: str = ""
    year_group: str = ""
    """Such as "5", "R" or "Nursery"."""
    pupils: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One attendee's visit; blank where nothing is known."""

    start: datetime
    """Start, end and arrival on the wall clock of `timezone`."""
    end: datetime
    timezone: str = ""
    arrival: datetime | None = None
    """When visitors should be there; None if nobody says so, or nobody has to travel."""
    title: str = ""
    format: str = ""
    online: bool = False
    school: str = ""
    address: str = ""
    """With the postcode; blank online."""
    latitude: float | None = None
    longitude: float | None = None
    contact: str = ""
    contact_email: str = ""
    bring: str = ""
    pupils: tuple[PupilGroup, ...] = ()
    fewest: int = 0
    """The team as it is planned for, from `fewest` to `most`."""
    most: int = 0
    visitors: tuple[Visitor, ...] = ()
    """For the school alone: a volunteer's facts say nothing of the others."""
    programme: str = ""
    form: int = FORM
    partial: bool = False
    """Only what an event says by itself; an earlier matcher kept no facts, and nothing tells them any more."""
    more: Mapping[str, object] = field(default_factory=dict)
    """Facts of a later form, kept as they are."""

    def to_json(self) -> dict[str, Any]:
        """As values that JSON has, each under its own name."""
        found: dict[str, Any] = dict(self.more)
        for name in _KINDS:
            value = getattr(self, name)
            if isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = [{each.name: getattr(part, each.name) for each in fields(part)} for part in value]
            found[name] = value
        return found

    @classmethod
    def from_json(cls, found: object) -> Facts:
        """The facts that `to_json` gave: what is missing has its default, what is not known here is kept.

        Raises ValueError if they are none.
        """
        if not isinstance(found, dict):
            raise ValueError("facts are named")
        known = {name: read(found[name]) for name, read in _KINDS.items() if name in found}
        if not {"start", "end"} <= known.keys():
            raise ValueError("no time")
        return cls(**known, more={name: value for name, value in found.items() if name not in _KINDS})


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visit as one attendee is to be told of it."""

    attendee: Attendee
    attendee_id: str
    session_id: str
    facts: Facts


def differences(attendee: Attendee, told: Facts, now: Facts) -> tuple[Fact, ...]:
    """What is new for that attendee, the most important first.

    What follows from something else is not named beside it: another place is also another one on the map.
    """
    if told.partial or now.partial:
        return (Fact.TIME,) if _VALUES[Fact.TIME](told) != _VALUES[Fact.TIME](now) else ()
    found = [fact for fact, value in _VALUES.items() if fact in MATTERS[attendee] and value(told) != value(now)]
    if Fact.PLACE in found:
        implied = {Fact.MAP, Fact.SCHOOL} | ({Fact.ARRIVAL} if now.online else set())
        found = [fact for fact in found if fact not in implied]
    return tuple(found)


def _visitors(facts: Facts) -> list[tuple[str, str, str]]:
    return sorted((each.name, each.role, each.employer) for each in facts.visitors)


def _pupils(facts: Facts) -> list[tuple[str, str, int]]:
    return sorted((each.name, each.year_group, -1 if each.pupils is None else each.pupils) for each in facts.pupils)


_VALUES: Mapping[Fact, Callable[[Facts], object]] = {
    Fact.TIME: lambda facts: (facts.start, facts.end),
    Fact.TIME_ZONE: lambda facts: facts.timezone,
    Fact.PLACE: lambda facts: (facts.online, () if facts.online else (facts.school, facts.address)),
    Fact.ARRIVAL: lambda facts: facts.start - facts.arrival if facts.arrival else None,  # moves along with the start
    Fact.MAP: lambda facts: (facts.latitude, facts.longitude),
    Fact.TITLE: lambda facts: facts.title,
    Fact.SCHOOL: lambda facts: facts.school,
    Fact.VISITORS: _visitors,
    Fact.CONTACT: lambda facts: (facts.contact, facts.contact_email),
    Fact.BRING: lambda facts: facts.bring,
    Fact.FORMAT: lambda facts: facts.format,
    Fact.PUPILS: _pupils,
    Fact.TEAM: lambda facts: (facts.fewest, facts.most),
    Fact.PROGRAMME: lambda facts: facts.programme,
}
"""In the order in which they are named."""


# How each fact is read back from JSON


def _is(kind: type, value: object) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"something else than {kind.__name__}")
    return value


def _text(value: object) -> Any:
    return _is(str, value)


def _whole(value: object) -> Any:
    return _is(int, value)


def _yes_or_no(value: object) -> Any:
    return _is(bool, value)


def _moment(value: object) -> Any:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is not None:
        raise ValueError("a time with a zone")
    return moment


def _degrees(value: object) -> Any:
    return float(_is(int, value)) if isinstance(value, int) else _is(float, value)


def _or_none(read: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda value: None if value is None else read(value)


def _parts(kind: type, **reads: Callable[[object], Any]) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        parts = [_is(dict, part) for part in _is(list, value)]
        return tuple(kind(**{name: read(part[name]) for name, read in reads.items() if name in part}) for part in parts)

    return read


_KINDS: Mapping[str, Callable[[object], Any]] = {
    "form": _whole,
    "title": _text,
    "format": _text,
    "start": _moment,
    "end": _moment,
    "timezone": _text,
    "arrival": _or_none(_moment),
    "online": _yes_or_no,
    "school": _text,
    "address": _text,
    "latitude": _or_none(_degrees),
    "longitude": _or_none(_degrees),
    "contact": _text,
    "contact_email": _text,
    "bring": _text,
    "pupils": _parts(PupilGroup, name=_text, year_group=_text, pupils=_or_none(_whole)),
    "fewest": _whole,
    "most": _whole,
    "visitors": _parts(Visitor, volunteer_id=_text, name=_text, role=_text, employer=_text),
    "programme": _text,
}
