"""The use cases of a term's data: reading a scenario, and importing it into a workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from matcher.advice.warnings import warnings as advice_warnings
from matcher.errors import InputProblem, StoreError
from matcher.intake import Intake, build_problem, read_scenario
from matcher.publishing.text import one_line
from matcher.store import Admitted, Change, Workspace, diff
from matcher.tables import Tables

Warn = Callable[[Sequence[InputProblem]], None]


def read(scenario: Path, warn: Warn) -> Intake:
    """A scenario that can be used. Raises InputProblems if it cannot."""
    intake = read_scenario(scenario)
    warn([*intake.warnings, *advice_warnings(intake.problem, intake.place)])
    return intake


def admitted(
    workspace: Workspace, tables: Tables, consent: Collection[str] = (), again: Collection[str] = ()
) -> Admitted:
    """What of a spreadsheet is taken: not people who were erased, nor consent that was withdrawn.

    `consent` are the ids of those who consent again, `again` of those who are volunteers again. Raises StoreError where
    one of them cannot be meant.
    """
    says = {str(row["volunteer_id"]): row["matching_consent"] for row in tables.rows.get("volunteers", ())}
    for each in consent:
        if says.get(each) != "yes":
            raise StoreError(
                f"--consent {one_line(each)}: the spreadsheet has no volunteer of that id whose matching_consent is "
                "yes. Write yes there, or leave the id out. Nothing was imported."
            )
    for each in again:
        if each not in says or not workspace.was_forgotten(each):
            raise StoreError(
                f"--again {one_line(each)}: nobody of that id was erased and is in the spreadsheet again. Leave the id "
                "out. Nothing was imported."
            )
    found = workspace.admit(tables, consent, again)
    if found.passed_over:
        build_problem(found.tables)  # which has to hang together without them, too
    return found


def changes(workspace: Workspace, tables: Tables) -> Sequence[Change]:
    """What importing these tables would change."""
    return diff(workspace.load_tables(), tables)


def take(
    workspace: Workspace,
    tables: Tables,
    source: str,
    agreed: Sequence[Change],
    consent: Collection[str] = (),
    again: Collection[str] = (),
) -> None:
    """Imports a scenario whose changes were agreed to, and forgets what its people do not consent to (any more)."""
    workspace.replace_tables(tables, source, agreed=tuple(agreed), consent=consent, again=again)
