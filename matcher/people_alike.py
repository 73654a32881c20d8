"""The same person under two ids, as lists of volunteers come by them when they are put together from several."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from matcher.domain import Volunteer


def same_person(one: Volunteer, other: Volunteer) -> bool:
    """Whether two rows are one person: the same mailbox and the same name, whatever the case and the accents."""
    return _who(one) is not None and _who(one) == _who(other)


def same_people(volunteers: Iterable[Volunteer]) -> list[tuple[str, ...]]:
    """The ids of each person who stands in the list more than once, in its order."""
    found: dict[tuple[str, str], list[str]] = {}
    for volunteer in volunteers:
        who = _who(volunteer)
        if who is not None:
            found.setdefault(who, []).append(volunteer.volunteer_id)
    return [tuple(ids) for ids in found.values() if len(ids) > 1]


def _who(volunteer: Volunteer) -> tuple[str, str] | None:
    """Mailbox and name as they are compared; None where either is blank."""
    mailbox, name = _plain(volunteer.email), _plain(volunteer.name)
    return (mailbox, name) if mailbox and name else None


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())
