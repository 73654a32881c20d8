"""Columns that seem to have been exchanged: nothing is put right, but it is said what it probably is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median

from matcher.domain import Gender, folded
from matcher.geography import Position, distance_km
from matcher.intake.ethnicity import ethnic_group
from matcher.intake.notes import Notes, counted_rows
from matcher.tables import Row

BRITISH_ZONES = ("Europe/London", "Europe/Belfast", "Europe/Jersey", "Europe/Guernsey", "Europe/Isle_of_Man", "GB")
FAR_KM, NEAR_KM = 500, 200
_GENDER_WORDS = frozenset(("woman", "man", "female", "male", "f", "m", "non-binary", "nonbinary"))


def mostly_swapped(
    table: str, first: str, second: str, rows: Iterable[Row], is_swapped: Callable[[Row], bool | None], notes: Notes
) -> set[int]:
    """The rows that have two columns the wrong way round, if that is most of them; then one problem says so.

    `is_swapped` says None of rows that do not count because a cell is blank.
    """
    asked = {row.number: swapped for row in rows if (swapped := is_swapped(row)) is not None}
    wrong = [number for number, swapped in asked.items() if swapped]
    if len(wrong) < 2 or 2 * len(wrong) <= len(asked):
        return set()
    notes.problem(
        table,
        None,
        first,
        f"{second} before or below {first} in {len(wrong):,} of {len(asked):,} rows",
        f"{first} first",
        f"The columns {first} and {second} seem to be swapped: exchange their two headings.",
    )
    return set(wrong)


def warn_of_positions(places: Mapping[str, Mapping[int, Position]], zone: str | None, notes: Notes) -> None:
    """Latitude and longitude that seem to be swapped, by table and row number.

    In Britain that is where a position is outside and, swapped, inside; elsewhere where it is far from where most of
    the schools and volunteers are and, swapped, is near.
    """
    everywhere = [position for rows in places.values() for position in rows.values()]
    if not everywhere:
        return
    middle = Position(median(each.latitude for each in everywhere), median(each.longitude for each in everywhere))
    for table, rows in places.items():
        wrong = [
            number
            for number, position in rows.items()
            if abs(position.longitude) <= 90 and _seems_swapped(position, None if zone in BRITISH_ZONES else middle)
        ]
        if wrong:
            all_rows = len(wrong) > 1 and 2 * len(wrong) > len(rows)
            notes.warning(
                table,
                None if all_rows else wrong[0],
                "latitude",
                f"latitude and longitude that seem to be swapped, in {counted_rows(wrong)}",
                "a latitude such as 52.9 and a longitude such as -1.5"
                if zone in BRITISH_ZONES
                else "positions near the others",
                "They are used as they stand: exchange the two headings."
                if all_rows
                else "They are used as they stand: exchange the two cells.",
            )


def _seems_swapped(position: Position, middle: Position | None) -> bool:
    turned = Position(position.longitude, position.latitude)
    if middle is None:
        return not _in_britain(position) and _in_britain(turned)
    return distance_km(position, middle) > FAR_KM and distance_km(turned, middle) < NEAR_KM


def _in_britain(position: Position) -> bool:
    """Or on an island near it."""
    return 49 <= position.latitude <= 61.5 and -9 <= position.longitude <= 2.5


def demographics_swapped(gender: str, ethnicity: str) -> bool:
    """Whether a gender stands under ethnicity or an ethnicity under gender; "other" is a word of both."""
    word = folded(gender)
    is_group = word not in ("", Gender.OTHER) and ethnic_group(gender) is not None
    return is_group or folded(ethnicity) in _GENDER_WORDS
