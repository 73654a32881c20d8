"""The use cases of a term's data: reading a scenario, importing it into a workspace, inventing one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import BadInput, InputProblem
from matcher.usecases.looking import looks
from matcher.wording import one_line

if TYPE_CHECKING:
    from matcher.intake import Intake
    from matcher.store import Change, Workspace
    from matcher.tables import Tables

Warn = Callable[[Sequence[InputProblem]], None]


@dataclass(frozen=True)
class Importing:
    """What importing a scenario would do: to be shown, and then done as it was shown."""

    source: Path
    tables: Tables
    changes: tuple[Change, ...]
    """Empty: there is nothing to do."""
    is_first: bool
    """Whether the workspace holds nothing yet, so that everything is new."""
    consent: tuple[str, ...] = ()
    """The ids of those who consent again, after a no."""
    again: tuple[str, ...] = ()
    """The ids of those who were erased, and are volunteers again."""
    passed_over: tuple[str, ...] = ()
    """The ids of people who were erased, whose rows are left out."""
    stays_off: tuple[str, ...] = ()
    """The ids of people who withdrew their consent, for whom the spreadsheet says yes."""

    def lines(self) -> list[str]:
        """How many rows of which table are new, changed and gone; and, but for the first import, each of them."""
        from matcher.store import summary

        return [*summary(self.changes), *([] if self.is_first else map(str, self.changes))]


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    from matcher.advice.warnings import warnings
    from matcher.intake import read_scenario

    intake = read_scenario(scenario)
    warn([*intake.warnings, *warnings(intake.problem, intake.place)])
    return intake


@looks
def compare(
    workspace: Workspace, scenario: Path, tables: Tables, consent: Collection[str] = (), again: Collection[str] = ()
) -> Importing:
    """What importing these tables, which were read from there, would change.

    People who were erased are passed over, and consent that was withdrawn stays off, but for the ids in `again` (who
    are volunteers again) and in `consent` (who consent again). Raises BadInput where one of these cannot be meant.
    """
    from matcher.intake import build_problem
    from matcher.store import diff

    says = {str(row["volunteer_id"]): row["matching_consent"] for row in tables.rows.get("volunteers", ())}
    for each in consent:
        if says.get(each) != "yes":
            raise BadInput(
                f"{one_line(each)} cannot be taken to consent again: the spreadsheet has no volunteer of that id whose "
                "matching_consent is yes. Write yes there, or leave the id out. Nothing was imported."
            )
    for each in again:
        if each not in says or not workspace.was_forgotten(each):
            raise BadInput(
                f"{one_line(each)} cannot be a volunteer again: nobody of that id was erased and is in the "
                "spreadsheet. Leave the id out. Nothing was imported."
            )
    admitted = workspace.admit(tables, consent, again)
    if admitted.passed_over:
        build_problem(admitted.tables)  # which has to hang together without them, too
    before = workspace.load_tables()
    return Importing(
        scenario,
        admitted.tables,
        tuple(diff(before, admitted.tables)),
        before is None,
        tuple(consent),
        tuple(again),
        admitted.passed_over,
        admitted.stays_off,
    )


def take(workspace: Workspace, seen: Importing, actor: str | None = None) -> None:
    """Imports what was shown, and forgets what its people do not consent to (any more), also where nothing changed.

    Raises ChangedMeanwhile if it is not what would be done any more.
    """
    workspace.replace_tables(
        seen.tables, str(seen.source), agreed=seen.changes, consent=seen.consent, again=seen.again, actor=actor
    )


def write_template(out: Path, next_step: str) -> None:
    """Writes an empty scenario, a folder or a workbook; it says itself what to do once it is filled in."""
    from matcher.authoring.template import write_template

    write_template(out, next_step)


def invent(
    out: Path,
    schools: int,
    seed: int,
    *,
    volunteers: int | None = None,
    sessions: int | None = None,
    register: Path | None = None,
    authority: str | None = None,
) -> Mapping[str, int]:
    """Writes an invented scenario; table -> how many rows it has. `register` names a file of real schools."""
    from matcher.authoring.generate import generate
    from matcher.authoring.write import write_folder, write_workbook

    tables = generate(schools, seed, volunteers=volunteers, sessions=sessions, register=register, authority=authority)
    (write_workbook if out.suffix.lower() == ".xlsx" else write_folder)(tables, out)
    return {name: len(rows) for name, rows in tables.rows.items()}
