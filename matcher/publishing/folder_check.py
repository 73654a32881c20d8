"""Whether the files of a plan's folder still say the same, as they did when they were written together."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import icalendar

from matcher.domain import REPAIR_TIERS, TIERS, TierName
from matcher.errors import OutputError
from matcher.publishing.plan_files import OVERRIDE_COLUMNS, PLAN_COLUMNS, SESSION_COLUMNS
from matcher.tables import OVERRIDABLE
from matcher.wording import counted, one_line

_FILES = ("plan.csv", "sessions.csv", "scores.json", "report.html")


def folder_faults(folder: Path) -> list[str]:
    """A sentence for each thing that is wrong with a folder that `run` or `export` wrote."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if len(missing) == len(_FILES):
        raise OutputError(f"{folder} holds no plan. Name a folder that a plan was written to.")
    try:
        return [f"{name} is missing." for name in missing] or _faults(folder)
    except OSError as error:
        raise OutputError(f"{error.filename or folder} cannot be read: {error.strerror}.") from error


def event_fault(body: str) -> str:
    """What is wrong with an event as text; blank if nothing is."""
    try:
        event = icalendar.Event.from_ical(body)
        event.decoded("DTSTART"), event.decoded("DTEND")
    except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
        return type(error).__name__
    return ""


def _faults(folder: Path) -> list[str]:
    found: list[str] = []
    plan, said = _rows(folder / "plan.csv", PLAN_COLUMNS)
    found += said
    sessions, said = _rows(folder / "sessions.csv", SESSION_COLUMNS)
    found += said
    if (folder / "overrides.csv").exists():
        overrides, said = _rows(folder / "overrides.csv", OVERRIDE_COLUMNS)
        found += said
        found += [
            f"overrides.csv: {one_line(row['rule'])} is no rule that can be set aside."
            for row in overrides
            if row["rule"] not in OVERRIDABLE
        ]
    found += _score_faults(folder / "scores.json")
    if not (folder / "report.html").read_text(encoding="utf-8", errors="replace").rstrip().endswith("</html>"):
        found.append("report.html is cut off.")
    if found:
        return found
    times = {(row["session_id"], row["start"], row["end"]) for row in plan}
    delivered = {(r["session_id"], r["start"], r["end"]) for r in sessions if r["status"] == "delivered"}
    for session_id in sorted({each[0] for each in times ^ delivered}):
        found.append(f"plan.csv and sessions.csv do not say the same of the session {one_line(session_id)}.")
    teams = Counter(row["volunteer_id"] for row in plan)
    return found + _calendar_faults(folder / "calendars", sorted(teams.values()), len(delivered))


def _rows(file: Path, columns: tuple[str, ...]) -> tuple[list[dict[str, str]], list[str]]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error):
        return [], [f"{file.name} is no CSV file."]
    if tuple(reader.fieldnames or ()) != columns:
        return [], [f"{file.name} does not have the columns {', '.join(columns)}."]
    found = []
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values() or not row["session_id"]:
            found.append(f"{file.name}, row {number}: there is a cell too many or too few.")
            continue
        for column in sorted({"start", "end"}.intersection(columns)):
            if row[column] or row.get("status", "delivered") == "delivered":
                try:
                    datetime.strptime(row[column], "%Y-%m-%dT%H:%M")
                except ValueError:
                    found.append(f"{file.name}, row {number}, column {column}: this is no date and time.")
    return rows, found


def _score_faults(file: Path) -> list[str]:
    try:
        scores: Any = json.loads(file.read_text(encoding="utf-8"))
        tiers = [TierName(each["tier"]) for each in scores["tiers"]]
        values = [(each["value"], each["bound"], each["proven"]) for each in scores["tiers"]]
        status = scores["status"]
    except (ValueError, KeyError, TypeError):
        return [f"{file.name} is damaged."]
    if tuple(tiers) not in (TIERS, REPAIR_TIERS):
        return [f"{file.name} does not hold the five scores."]
    found = []
    for tier, (value, bound, proven) in zip(tiers, values, strict=True):
        if not isinstance(value, int) or not isinstance(bound, int | None) or proven is not (value == bound):
            found.append(f"{file.name}: what it says of {tier} does not hang together.")
        elif bound is not None and (value > bound if tier.maximised else value < bound):
            found.append(f"{file.name}: {tier} is beyond its bound.")
    if status != ("optimal" if all(proven for *_, proven in values) else "feasible"):
        found.append(f"{file.name}: the status does not hang together with the scores.")
    return found


def _calendar_faults(folder: Path, events_each: list[int], visits: int) -> list[str]:
    found: list[str] = []
    counts: dict[str, list[int]] = {"volunteers": [], "schools": []}
    for kind, counted_events in counts.items():
        for file in sorted((folder / kind).glob("*.ics")):
            try:
                calendar = icalendar.Calendar.from_ical(file.read_bytes())
                events = calendar.walk("VEVENT")
                for event in events:
                    event.decoded("DTSTART"), event.decoded("DTEND")
                counted_events.append(len(events))
            except (KeyError, ValueError, IndexError, TypeError, AttributeError):
                found.append(f"calendars/{kind}/{one_line(file.name)} is no calendar.")
    told = sorted(counts["volunteers"])
    if not found and told != events_each:
        people = counted(len(told), "person", "people")
        found.append(
            f"calendars/volunteers holds {counted(sum(told), 'visit')} of {people}, plan.csv {sum(events_each)} of "
            f"{len(events_each)}."
        )
    if not found and sum(counts["schools"]) != visits:
        found.append(f"calendars/schools holds {counted(sum(counts['schools']), 'visit')}, sessions.csv {visits}.")
    return found
