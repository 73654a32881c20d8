"""`matcher run`, as the contract's section 5 says it."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from matcher.authoring.generate import generate
from matcher.authoring.write import write_folder, write_workbook
from matcher.intake import read_scenario
from tests.cli.program import (
    DERBY,
    FIRST_STEPS,
    Said,
    assert_complete,
    contents,
    here,
    interrupted,
    matcher,
    on_terminal,
    rows,
    well,
    well_here,
)

TIERS = ["reach", "role_models", "preferences", "load", "travel"]


def test_one_session_is_spoken_of_as_one(tmp_path: Path) -> None:
    well_here("template", tmp_path / "one")
    said = well_here("run", tmp_path / "one", "--out", tmp_path / "plan", "--time-limit", 2)
    assert "1 of 1 session is delivered." in said.out


def test_a_folder_and_a_workbook_give_the_same_plan(tmp_path: Path) -> None:
    intake = read_scenario(FIRST_STEPS)
    write_workbook(intake.tables, tmp_path / "first-steps.xlsx")
    for scenario, out in ((FIRST_STEPS, "folder"), (tmp_path / "first-steps.xlsx", "workbook")):
        said = well("run", scenario, "--out", tmp_path / out, "--time-limit", 20)
        assert "3 of 4 sessions are delivered." in said.out
        assert "ELM-2" in said.err
        assert_complete(tmp_path / out, intake.problem)
    folder, workbook = contents(tmp_path / "folder"), contents(tmp_path / "workbook")
    assert folder.keys() == workbook.keys()
    assert all(folder[name] == workbook[name] for name in ("plan.csv", "sessions.csv"))
    scores = json.loads(folder["scores.json"])
    assert [tier["value"] for tier in scores["tiers"]] == [39600, 754160, 3, 8, 210]
    assert scores["status"] == "optimal"


def test_json_speaks_to_programs_a_line_at_a_time(tmp_path: Path) -> None:
    said = well("run", FIRST_STEPS, "--out", tmp_path / "plan", "--json")
    assert said.err == ""
    assert {event["event"] for event in said.events} == {"warning", "progress", "result"}
    assert [event["event"] for event in said.events].count("result") == 1
    result = said.events[-1]
    assert [tier["tier"] for tier in result["tiers"]] == TIERS
    kept = json.loads((tmp_path / "plan" / "scores.json").read_text())
    assert [tier["value"] for tier in result["tiers"]] == [tier["value"] for tier in kept["tiers"]]
    assert result["status"] == kept["status"] == "optimal"
    assert (result["delivered"], result["sessions"]) == (3, 4)


def test_quiet_is_silent(tmp_path: Path) -> None:
    said = well_here("run", FIRST_STEPS, "--out", tmp_path / "plan", "--quiet")
    assert said.out == ""
    assert all(line.startswith("warning: ") for line in said.err.splitlines())
    assert_complete(tmp_path / "plan", read_scenario(FIRST_STEPS).problem)


def test_plain_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    said = well_here("run", FIRST_STEPS, "--out", tmp_path / "plan")
    assert "\x1b" not in said.out
    for tier in TIERS:
        assert f" s  {tier} " in said.out


def test_a_second_on_derby_ends_with_an_audited_plan(tmp_path: Path) -> None:
    said = well("run", DERBY, "--out", tmp_path / "plan", "--time-limit", 1, "--json")
    plan = assert_complete(tmp_path / "plan", read_scenario(DERBY).problem)
    assert said.events[-1]["delivered"] == len(plan.visits) > 0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Too large to be proven in the moments that these tests give it."""
    folder = tmp_path_factory.mktemp("town") / "town"
    write_folder(generate(6, seed=5), folder)
    return folder


def test_ctrl_c_ends_the_search_with_the_best_plan_so_far(town: Path, tmp_path: Path) -> None:
    arguments = ("run", town, "--out", tmp_path / "plan", "--time-limit", 600)
    said = interrupted(arguments, signal.SIGINT, "reach")
    assert said.code == 0
    plan = assert_complete(tmp_path / "plan", read_scenario(town).problem)
    assert plan.visits
    assert f"{len(plan.visits)} of " in said.out


def test_a_live_table_on_a_terminal(town: Path, tmp_path: Path) -> None:
    said = on_terminal(("run", town, "--out", tmp_path / "plan", "--time-limit", 2))
    assert said.code == 0, said.out
    assert "\x1b[" in said.out
    for words in (*TIERS, "best possible", "gap", "seconds", "Written to"):
        assert words in said.out
    assert "Traceback" not in said.out
    assert_complete(tmp_path / "plan", read_scenario(town).problem)


def test_the_same_input_and_seed_give_the_same_bytes(town: Path, tmp_path: Path) -> None:
    """In processes that hash their strings differently, and whatever else the machine does."""
    out = {}
    for hash_seed in ("1", "2"):
        where = tmp_path / hash_seed
        settings = ("--deterministic", "--time-limit", 0.1, "--seed", 3, "--workers", 2, "--quiet")
        well("run", town, "--out", where, *settings, PYTHONHASHSEED=hash_seed)
        out[hash_seed] = contents(where)
    for name in ("plan.csv", "sessions.csv"):
        assert out["1"][name] == out["2"][name]
    first, second = (json.loads(each["scores.json"]) for each in out.values())
    assert (first["tiers"], first["status"]) == (second["tiers"], second["status"])


# What goes wrong


USAGES: list[list[object]] = [
    [],
    ["nonsense"],
    ["run", FIRST_STEPS],
    ["run", "--out", "plan"],
    ["run", FIRST_STEPS, "--out", "plan", "--no-such-option"],
    ["run", FIRST_STEPS, "--out", "plan", "--time-limit", "soon"],
    ["run", FIRST_STEPS, "--out", "plan", "--time-limit", "0"],
    ["run", FIRST_STEPS, "--out", "plan", "--workers", "0"],
    ["run", FIRST_STEPS, FIRST_STEPS, "--out", "plan"],
    ["compare", "1"],
    ["export"],
]


@pytest.mark.parametrize("arguments", USAGES, ids=lambda usage: " ".join(Path(str(each)).name for each in usage))
def test_wrong_usage_is_2_and_writes_nothing(
    arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = here(*arguments)
    assert said.code == 2
    assert said.out + said.err
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_is_2_in_a_process_of_its_own(tmp_path: Path) -> None:
    said = matcher("run", FIRST_STEPS, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "--out" in said.err


def spoilt(where: Path, **files: tuple[str, str]) -> Path:
    """First steps with some text replaced in some files."""
    scenario = where / "spoilt"
    shutil.copytree(FIRST_STEPS, scenario)
    for name, (old, new) in files.items():
        file = scenario / (f"{name}.toml" if name == "programme" else f"{name}.csv")
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return scenario


def refused(scenario: Path, where: Path, run: Callable[..., Said] = here) -> str:
    """What standard error says of a scenario that cannot be used; nothing is written."""
    out = where / "plan"
    said = run("run", scenario, "--out", out)
    assert said.code == 1
    assert not out.exists()
    assert said.err.count("matcher: ") == 1
    return said.err


def test_every_problem_of_bad_input_is_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    scenario = spoilt(
        tmp_path,
        programme=("2026-12-18", "2026-08-01"),
        schools=("52.90", "North"),
        sessions=("in_person,1,2", "in_person,3,2"),
        volunteers=("NICK,Nick", "DEE,Nick"),
        slots=("OAK-1,", "OAK-9,"),
        preferences=("FRED", "FREDA"),
    )
    told = refused(scenario, tmp_path, matcher)
    for where in ("programme.toml", "schools.csv", "sessions.csv", "volunteers.csv", "slots.csv", "preferences.csv"):
        assert where in told
    assert "problems in the input:" in told
    assert told.count("; expected ") >= 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing", None),
        ("empty.xlsx", b""),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("notes.txt", b"hello"),
    ],
    ids=["missing", "empty", "picture", "text"],
)
def test_what_is_no_scenario_is_refused(name: str, content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert name in refused(tmp_path / name, tmp_path)


def test_pins_that_clash_are_refused_by_name(tmp_path: Path) -> None:
    scenario = spoilt(tmp_path)
    (scenario / "pins.csv").write_text(
        "session_id,volunteer_id,start,decision\n"
        "OAK-1,DEE,,keep\nELM-1,DEE,,keep\nELM-1,,2026-10-05T10:00,keep\nOAK-2,RAFI,,never\n"
    )
    told = refused(scenario, tmp_path)
    assert "keep DEE at OAK-1" in told
    assert "keep ELM-1 at 2026-10-05T10:00" in told
    assert "RAFI" not in told.split("pins cannot all be kept")[1]


def test_a_place_that_cannot_be_written_is_told_before_anything_is_planned(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("mine")
    said = here("run", FIRST_STEPS, "--out", tmp_path / "plan", "--json")
    assert said.code == 1
    assert "there is a file where a folder is needed" in said.err
    assert all(event["event"] == "warning" for event in said.events)
    assert (tmp_path / "plan").read_text() == "mine"


def test_pins_are_kept(tmp_path: Path) -> None:
    scenario = spoilt(tmp_path)
    (scenario / "pins.csv").write_text(
        "session_id,volunteer_id,start,decision\nELM-1,,2026-10-05T10:00,keep\nOAK-2,FRED,,never\n"
    )
    well_here("run", scenario, "--out", tmp_path / "plan", "--quiet")
    assert_complete(tmp_path / "plan", read_scenario(scenario).problem)
    plan = rows(tmp_path / "plan" / "plan.csv")
    assert {row["start"] for row in plan if row["session_id"] == "ELM-1"} == {"2026-10-05T10:00"}
    assert not [row for row in plan if (row["session_id"], row["volunteer_id"]) == ("OAK-2", "FRED")]
