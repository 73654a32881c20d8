"""The commands of advice."""

from __future__ import annotations

from typing import Annotated

import typer

from matcher import usecases
from matcher.cli.options import DEFAULT_DB, Database, Now
from matcher.times import time_text
from matcher.wording import counted, one_line

app = typer.Typer()


@app.command(short_help="Whose safeguarding check runs out soon")
def due(
    db: Database = DEFAULT_DB,
    days: Annotated[int, typer.Option(min=0, max=3650, help="How far ahead to look.")] = 60,
    now: Now = None,
) -> None:
    """Lists whose safeguarding check runs out soon or has, with the visits to come at which they need one.

    For the coordinator alone.
    """
    with usecases.open_workspace(db) as workspace:
        found = usecases.advising.due(workspace, days, now)
        if not found:
            print(f"Nobody's check runs out within {counted(days, 'day')}.")
        for each in found:
            person = each.volunteer
            runs_out = "ran out after" if each.has_run_out else "holds until"
            email = f", {one_line(person.email)}" if person.email else ""
            name = f"{one_line(person.name)} ({one_line(person.volunteer_id)}{email})"
            print(f"{name}: {runs_out} {each.until:%Y-%m-%d}")
            for visit in each.visits:
                late = ", after it has run out" if visit.too_late else ""
                print(
                    f"  needs it for {one_line(visit.session.title or visit.session.session_id)} at "
                    f"{one_line(visit.school.name)}, {time_text(visit.slot.start)} {visit.slot.day.year}{late}"
                )
