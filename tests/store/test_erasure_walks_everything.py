"""Nothing that a database keeps is passed over by whoever erases: each column is walked, or it is said why not."""

from __future__ import annotations

import sqlalchemy as sa

from matcher.store.erasure import NOT_WALKED, OTHER_IDS, PERSON_IDS, walked_columns
from matcher.store.schema import metadata
from matcher.tables import PURPOSES, TABLES, Kind


def columns_with_words() -> set[str]:
    found = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            own = getattr(column.type, "impl", column.type)
            if isinstance(own, sa.String | sa.JSON | sa.LargeBinary):
                found.add(f"{table.name}.{column.name}")
    return found


def test_every_text_json_and_bytes_is_walked_or_listed_with_the_reason() -> None:
    walked = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in walked_columns(table)}
    assert walked.isdisjoint(NOT_WALKED)
    assert walked | NOT_WALKED.keys() == columns_with_words(), "NOT_WALKED names a column that is not there (any more)"
    assert all(len(reason.split()) > 1 for reason in NOT_WALKED.values())


def test_letters_events_reasons_and_whatever_people_type_are_walked() -> None:
    walked = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in walked_columns(table)}
    assert walked > {
        *("letters.content", "letters.subject", "letters.recipient", "letters.remark", "entries.body"),
        *("run_reasons.reason", "runs.settings", "imports.source", "replies.note", "replies.taken_by"),
        *("sessions.what_to_bring", "programme.value", "volunteers.role"),
    }


def test_a_walked_column_is_no_part_of_a_key() -> None:
    """A reworded key would lose what belongs to it."""
    keys = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in walked_columns(table)
        if column.primary_key
    }
    assert not keys


def test_of_every_column_of_ids_it_is_known_whose_they_are() -> None:
    ids = {each.name for table in TABLES for each in table.columns if each.kind in (Kind.ID, Kind.ID_LIST)}
    assert ids == PERSON_IDS | OTHER_IDS
    assert PERSON_IDS.isdisjoint(OTHER_IDS)


def test_every_column_of_every_table_has_one_purpose() -> None:
    said = [
        (table, column)
        for tables in PURPOSES.values()
        for table, columns in tables.items()
        for column in columns.split()
    ]
    assert sorted(said) == sorted((table.name, column.name) for table in TABLES for column in table.columns)


def test_what_is_personal_is_for_matching_with_consent_and_nothing_else_is() -> None:
    personal = {(table.name, column.name) for table in TABLES for column in table.columns if column.personal}
    found = {
        (table, column)
        for purpose, tables in PURPOSES.items()
        if purpose.name == "MATCHING_WITH_CONSENT"
        for table, columns in tables.items()
        for column in columns.split()
    }
    assert found == personal
