"""Consent: gender and ethnicity without it go no further than the reading of a scenario.

Where `matching_consent` of a volunteer is not yes, the two are unknown. An earlier encounter has a consent of its own;
where that is blank the volunteer's counts, and of somebody who was written down without an id the programme has it.
"""

from __future__ import annotations

from dataclasses import replace

from matcher.intake.notes import Notes, counted_rows
from matcher.tables import ENCOUNTERS, VOLUNTEERS, Row, Table


def withhold(rows: dict[str, tuple[Row, ...]], notes: Notes) -> None:
    """Blank gender and ethnicity without consent, and say so of encounters; doing it again changes nothing."""
    consent = {row.values.get("volunteer_id"): row.values.get("matching_consent") for row in rows.get("volunteers", ())}
    if "volunteers" in rows:
        rows["volunteers"] = tuple(
            row if row.values.get("matching_consent") == "yes" else _blanked(VOLUNTEERS, row)
            for row in rows["volunteers"]
        )
    if "encounters" not in rows:
        return
    kept: list[Row] = []
    refused: list[int] = []
    unknown: list[int] = []
    for row in rows["encounters"]:
        volunteer_id = row.values.get("volunteer_id")
        own = row.values.get("matching_consent")
        if (own or ("yes" if volunteer_id is None else consent.get(volunteer_id))) == "yes":
            kept.append(row)
            continue
        blanked = _blanked(ENCOUNTERS, row)
        if blanked != row:
            (refused if own or volunteer_id in consent else unknown).append(row.number)
        kept.append(blanked)
    rows["encounters"] = tuple(kept)
    for numbers, who in (
        (refused, "of people who have not consented to matching"),
        (unknown, "of people whom the table volunteers does not know, without a yes of their own"),
    ):
        if numbers:
            notes.warning(
                "encounters",
                numbers[0],
                "matching_consent",
                f"gender or ethnicity {who}, in {counted_rows(numbers)}",
                "yes, here or in the table volunteers",
                "These meetings count, but without the two, which are not kept. Write yes where the person agreed.",
            )


def _blanked(table: Table, row: Row) -> Row:
    values = {
        column.name: None for column in table.columns if column.personal and row.values.get(column.name) is not None
    }
    return replace(row, values={**row.values, **values}) if values else row
