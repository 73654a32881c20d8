"""A published plan, and what happens to it: mended from the command line, with the past untouched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matcher.appointments import Attendee
from matcher.domain import REPAIR_TIERS
from matcher.publishing.published import Entry, Standing
from matcher.store import Workspace
from tests.cli.program import Said, here, well_here
from tests.cli.publishing_workspaces import publish_later, scenario_later

NOW = "--now"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return publish_later(tmp_path)


def said(db: Path, *arguments: object) -> Said:
    return here(*arguments, "--db", db)


def runs_in(db: Path) -> int:
    with Workspace.open(str(db)) as workspace:
        return len(workspace.runs())


def told(db: Path) -> tuple[Entry, ...]:
    with Workspace.open(str(db)) as workspace:
        return workspace.published()


def to_come(db: Path) -> list[Entry]:
    """The volunteers' appointments, in order of time."""
    return [each for each in told(db) if each.attendee is Attendee.VOLUNTEER and each.standing is Standing.CONFIRMED]


def just_after(entry: Entry) -> str:
    return f"{entry.start:%Y-%m-%dT%H:%M}"


def test_where_nothing_happened_there_is_nothing_to_repair_and_no_run(db: Path) -> None:
    found = said(db, "repair", "--yes")
    assert found.code == 0
    assert "Nothing to repair" in found.out
    assert runs_in(db) == 1


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_for_programs_each_line_is_json_also_where_nothing_is_kept(db: Path, options: tuple[str, ...]) -> None:
    found = said(db, "repair", "--json", *options)
    assert found.code == 0
    assert found.events[-1]["event"] == "result" and found.events[-1]["run"] is None
    assert said(db, "repair", "--quiet", *options).out == ""
    assert runs_in(db) == 1


@pytest.mark.parametrize("options", [(), ("--yes",)])
def test_a_published_term_is_not_planned_anew_by_mistake(db: Path, options: tuple[str, ...]) -> None:
    found = said(db, "solve", "--time-limit", 1, *options)
    assert found.code == 1
    assert "repair" in found.err and "--afresh" in found.err
    assert runs_in(db) == 1
    assert said(db, "solve", "--time-limit", 1, "--afresh", "--yes").code == 0
    assert runs_in(db) == 2


def test_before_anything_was_told_there_is_nothing_to_repair(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    well_here("import", scenario_later(tmp_path), "--db", db, "--quiet")
    for command in ("repair", "trade-off"):
        found = said(db, command)
        assert found.code == 1 and "matcher solve" in found.err
    assert said(db, "solve", "--time-limit", 1, NOW, "2046-10-01T09:00").code == 0, "accepted before anything is told"


def test_one_who_declines_is_replaced_or_missing_and_nobody_else_hears_of_it(db: Path) -> None:
    before = to_come(db)
    first = before[0]
    well_here("answer", first.attendee_id, first.session_id, "no", "--yes", "--db", db)
    assert said(db, "repair", "--dry-run").code == 0
    assert runs_in(db) == 1
    found = said(db, "repair", "--yes")
    assert found.code == 0, found.err
    assert "proven" in found.out and "matcher publish" in found.out
    out = db.parent / "out"
    well_here("export", "--out", out, "--db", db)
    assert well_here("verify", out).code == 0
    tiers = [each["tier"] for each in json.loads((out / "scores.json").read_text(encoding="utf-8"))["tiers"]]
    assert tiers == [*REPAIR_TIERS]
    assert "told of" in (out / "report.html").read_text(encoding="utf-8")
    assert "run 2" in well_here("compare", 1, 2, "--db", db).out
    rehearsed = said(db, "publish", "--dry-run", "--no-letters")
    assert rehearsed.code == 0 and "dry run" in rehearsed.out
    well_here("publish", "--yes", "--no-letters", "--db", db)
    after = {(each.attendee_id, each.session_id): each for each in told(db) if each.attendee is Attendee.VOLUNTEER}
    assert after[first.attendee_id, first.session_id].standing is Standing.CANCELLED
    touched = {key[1] for key, each in after.items() if each.since == 2}
    assert touched <= {first.session_id}
    assert "Nothing to repair" in said(db, "repair").out, "and it stays so"


def test_the_past_is_as_it_was_whatever_is_planned_after_it(db: Path) -> None:
    before = told(db)
    first = to_come(db)[0]
    now = just_after(first)
    well_here("solve", "--afresh", "--time-limit", 1, "--quiet", "--db", db, NOW, now)
    assert said(db, "publish", "--yes", "--no-letters", NOW, now).code == 0
    after = {each.uid: each for each in told(db)}
    over = [each for each in before if each.start <= first.start]
    assert over
    assert all(after[each.uid] == each for each in over)
    with Workspace.open(str(db)) as workspace:
        run = workspace.run()
    assert run.begun is not None
    assert {name: run.plan.visits.get(name) for name in run.begun.past} == dict(run.begun.past)
    assert first.session_id in run.plan.visits, "what is over is a part of the plan"


def test_nothing_is_planned_at_or_before_now(db: Path) -> None:
    last = to_come(db)[-1]
    well_here("solve", "--afresh", "--time-limit", 1, "--quiet", "--db", db, NOW, just_after(last))
    with Workspace.open(str(db)) as workspace:
        run = workspace.run()
    assert run.begun is not None
    assert all(name in run.begun.past or visit.slot.start > last.start for name, visit in run.plan.visits.items())


@pytest.mark.parametrize("command", [("repair",), ("solve", "--afresh"), ("publish", "--yes"), ("trade-off",)])
def test_a_now_before_what_was_published_last_is_refused(db: Path, command: tuple[str, ...]) -> None:
    found = said(db, *command, NOW, "2020-01-01T09:00")
    assert found.code == 1
    assert "before version 1 was published" in found.err
    assert runs_in(db) == 1


@pytest.mark.parametrize("moment", ["whenever", "2046-13-01T09:00", "2046-03-25T01:30", ""])
def test_what_is_no_moment_is_not_taken_for_one(db: Path, moment: str) -> None:
    found = said(db, "repair", NOW, moment)
    assert found.code == 1
    assert "2026-10-14T09:30" in found.err


def test_a_version_is_dated_by_its_now_and_the_same_moment_again_is_allowed(tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    well_here("import", scenario_later(tmp_path), "--db", db, "--quiet")
    well_here("solve", "--time-limit", 1, "--quiet", "--db", db)
    now = "2046-08-01T09:00"
    assert said(db, "publish", "--yes", "--no-letters", NOW, now).code == 0
    with Workspace.open(str(db)) as workspace:
        (version,) = workspace.versions()
    assert f"{version.made:%Y-%m-%dT%H:%M}" == "2046-08-01T08:00", "in UTC, an hour behind London in summer"
    assert said(db, "repair", NOW, now).code == 0
    assert said(db, "publish", "--yes", "--no-letters", NOW, now).code == 0


def test_a_first_version_in_mid_term_names_what_has_begun_and_writes_to_nobody_about_it(tmp_path: Path) -> None:
    db, scenario = tmp_path / "a.db", scenario_later(tmp_path)
    programme = scenario / "programme.toml"
    organiser = 'organiser_email = "visits@example.org"\n'
    programme.write_text(organiser + programme.read_text(encoding="utf-8"), encoding="utf-8")
    well_here("import", scenario, "--db", db, "--quiet")
    well_here("solve", "--deterministic", "--quiet", "--db", db)
    with Workspace.open(str(db)) as workspace:
        visits = sorted(workspace.run().plan.visits.items(), key=lambda each: each[1].slot.start)
    (begun, first), *coming = visits
    found = said(db, "publish", "--yes", NOW, f"{first.slot.start:%Y-%m-%dT%H:%M}")
    assert found.code == 0, found.err
    assert "began already" in found.out and begun in found.out.split("began already")[1].split("Version 1")[0]
    with Workspace.open(str(db)) as workspace:
        letters = workspace.letters()
        uids = {each.uid for each in workspace.published() if each.session_id == begun}
    assert uids and coming
    assert not [letter for letter in letters if letter.uid in uids]


def test_what_more_changes_would_buy_is_shown_point_by_point_and_keeps_nothing(db: Path) -> None:
    found = said(db, "trade-off", "--changes", "0,2", "--time-limit", 2)
    assert found.code == 0, found.err
    rows = [line.split("│")[1].strip() for line in found.out.splitlines() if line.startswith("│")]
    assert rows == ["0", "2"]
    assert runs_in(db) == 1
    for wrong in ("many", "-1", ""):
        assert said(db, "trade-off", "--changes", wrong).code == 1
