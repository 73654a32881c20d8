"""What people do with the program, as functions: one file a subject. The command line calls nothing else.

A use case knows no terminal and no page: progress and questions go through callables, and what it returns any face can
show. It reads one state of the workspace, and does all that it does or nothing. Who acts (`actor`) is kept with what
they did; None where nobody said.

terms.py            a term's data: reading a scenario, importing it, inventing one
planning.py         plans: making, keeping, comparing and exporting them; keeper.py keeps one while it is searched
living.py           living with a plan: small edits, their journal, what took place
advising.py         advice: why, who instead, whom to recruit, what is due
today.py            the term as it stands now: what is past, and when now is
told.py             what people were told by the versions published, and what of it cannot be any more
publishing.py       from a plan to what people are told: versions and their letters
mailing.py          letters out, answers in
subscriptions.py    feeds, and calendars on a CalDAV server
safekeeping.py      backups
privacy.py          erasing people, and what is old
guide.py            the pages of the guide
looking.py          how use cases that only look see one moment

    from matcher import usecases

    with usecases.open_workspace("matcher.db") as workspace:
        usecases.planning.runs(workspace)

Each file is loaded when it is first asked for: whoever wants help need not wait for a solver.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matcher.store import Workspace
    from matcher.usecases import advising as advising
    from matcher.usecases import guide as guide
    from matcher.usecases import living as living
    from matcher.usecases import mailing as mailing
    from matcher.usecases import planning as planning
    from matcher.usecases import privacy as privacy
    from matcher.usecases import publishing as publishing
    from matcher.usecases import safekeeping as safekeeping
    from matcher.usecases import subscriptions as subscriptions
    from matcher.usecases import terms as terms
    from matcher.usecases import today as today
    from matcher.usecases import told as told

SUBJECTS = (
    "terms",
    "planning",
    "living",
    "advising",
    "today",
    "told",
    "publishing",
    "mailing",
    "subscriptions",
    "safekeeping",
    "privacy",
    "guide",
)


def __getattr__(name: str) -> ModuleType:
    if name in SUBJECTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")


def open_workspace(address: str, *, create: bool = False) -> Workspace:
    """The workspace in this SQLite file or at this SQLAlchemy URL; with `create`, a new one where there is none.

    Raises NotThere, or StoreError where it cannot be opened.
    """
    from matcher.store import Workspace

    return Workspace.open(address, create=create)


def is_missing(address: str) -> bool:
    """Whether there is certainly no workspace at the address yet."""
    from matcher.store import Workspace

    return Workspace.is_missing(address)
