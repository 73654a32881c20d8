"""What people answered to what they were told, as a report needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from matcher.publishing.published import Answer


@dataclass(frozen=True, slots=True)
class WhoDeclined:
    """Somebody who said no to a visit to come."""

    volunteer: str
    """Their name."""
    session_id: str
    session: str
    school: str
    start: datetime
    still_coming: int
    fewest: int
    """With whom it can run."""


@dataclass(frozen=True, slots=True)
class WhoIsSilent:
    """Somebody who was told of visits to come and has not answered for so many."""

    volunteer: str
    """Their name."""
    visits: int
    first: datetime


@dataclass(frozen=True, slots=True)
class AnswersSoFar:
    """All answers so far; starts are on the programme's clock."""

    now: datetime
    answers: Mapping[tuple[str, str], Answer]
    """(volunteer_id, session_id) -> the answer, of those in the plan who were told of it."""
    declined: tuple[WhoDeclined, ...]
    silent: tuple[WhoIsSilent, ...]
