"""Every kind of file that is written here, read by every client: the same UID, start and end in UTC from all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from tests.clients.calendar_clients import READERS, Span, by_calcurse, in_order
from tests.clients.odd_term import DAYS, LONDON, Versions, calendars_in, files_of_a_run, plan, span


@pytest.fixture(scope="module")
def written() -> Mapping[str, tuple[bytes, list[Span]]]:
    """Files, and what is in each by the plan alone: no calendar is parsed for its times.

    A run's calendars; invitations; then of a version that changes much, its letters, feeds and CalDAV objects.
    """
    versions = Versions()
    versions.publish(plan(versions.term))
    invitations = dict(list(calendars_in(versions.letters).items())[:6])
    first = {**files_of_a_run(versions.term, plan(versions.term)), **invitations}
    found = {name: (content, _planned(content, versions)) for name, content in first.items()}
    versions.publish(plan(versions.term, later=["S1", "S6"], without=["S2", "S7"]))
    second = {**calendars_in(versions.letters), **versions.feeds(), **dict(list(versions.pushed().items())[::4])}
    return {**found, **{name: (content, _planned(content, versions)) for name, content in second.items()}}


def _planned(content: bytes, versions: Versions) -> list[Span]:
    known = {entry.uid: span(entry) for entry in versions.entries}
    uids = re.findall(r"^UID:(.*)\r$", content.decode(), re.MULTILINE)
    return in_order([known[uid] for uid in uids])


@pytest.fixture(scope="module")
def files(written: Mapping[str, tuple[bytes, list[Span]]]) -> dict[str, bytes]:
    return {name: content for name, (content, _) in written.items()}


@pytest.fixture(scope="module")
def truth(written: Mapping[str, tuple[bytes, list[Span]]]) -> dict[str, list[Span]]:
    return {name: spans for name, (_, spans) in written.items()}


def test_the_files_say_what_they_should(files: Mapping[str, bytes], truth: Mapping[str, list[Span]]) -> None:
    """So that clients do not agree on too little."""
    kinds = ["calendars/volunteers/", "calendars/schools/", "feed of volunteer", "feed of school"]
    for kind in kinds:
        assert len([name for name in files if name.startswith(kind)]) == 3
    assert len(truth["feed of programme programme"]) == len(DAYS)
    assert {start.astimezone(LONDON).date() for _, start, _ in truth["feed of programme programme"]} == set(DAYS)
    for method in (b"METHOD:REQUEST", b"METHOD:CANCEL"):
        assert sum(method in content for content in files.values()) > 3
    for name, content in files.items():
        assert b"\n" not in content.replace(b"\r\n", b""), name
        events = content.partition(b"BEGIN:VEVENT")[2]
        assert not re.search(rb"^DT(START|END):\d{8}T\d{6}\r$", events, re.MULTILINE), f"{name}: a floating time"


@pytest.mark.parametrize("client", READERS)
def test_a_client_reads_what_was_planned(
    client: str, files: Mapping[str, bytes], truth: Mapping[str, list[Span]], tmp_path: Path
) -> None:
    assert READERS[client](files, tmp_path) == truth


def test_calcurse_reads_what_was_planned(
    files: Mapping[str, bytes], truth: Mapping[str, list[Span]], tmp_path: Path
) -> None:
    times: dict[str, list[tuple[datetime, datetime]]] = {
        name: sorted((start, end) for _, start, end in spans) for name, spans in truth.items()
    }
    assert by_calcurse(files, tmp_path) == times
