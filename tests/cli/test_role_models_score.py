"""The exact score of role_models, from which people can be worked out, is for the coordinator's own files alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from matcher.domain import TierName
from matcher.publishing.disclosure import FEWEST_CONCERNED
from matcher.store import Workspace
from tests.cli.program import DERBY, FIRST_STEPS, on_terminal, well, well_here

SECRET = 754_160


def numbers(text: str) -> set[int]:
    """Every number in a text, however its digits are grouped and whatever a terminal is told between them."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", text)
    return {int(re.sub("[,.]", "", each)) for each in re.findall(r"\d[\d,.]*\d|\d", text)}


def score(out: Path) -> dict[str, object]:
    tiers = json.loads((out / "scores.json").read_text(encoding="utf-8"))["tiers"]
    return next(each for each in tiers if each["tier"] == "role_models")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> str:
    where = str(tmp_path_factory.mktemp("role models") / "matcher.db")
    well_here("import", FIRST_STEPS, "--db", where, "--quiet")
    return where


def test_scores_json_and_json_have_it_exactly(tmp_path: Path) -> None:
    said = well("run", FIRST_STEPS, "--out", tmp_path / "plan", "--time-limit", 2, "--json")
    kept = score(tmp_path / "plan")
    assert (kept["value"], kept["bound"], kept["proven"]) == (SECRET, SECRET, True)
    assert kept in said.events[-1]["tiers"]
    assert SECRET in {each.get("value") for each in said.events}


def test_no_screen_and_no_page_has_it(tmp_path: Path, db: str) -> None:
    short = ("--time-limit", 1)
    said = [
        well("run", FIRST_STEPS, "--out", tmp_path / "a", *short),
        on_terminal(("run", FIRST_STEPS, "--out", tmp_path / "b", *short)),
        on_terminal(("run", FIRST_STEPS, "--out", tmp_path / "c", "--quiet", *short)),
        well_here("solve", "--db", db, *short),
        well_here("solve", "--db", db, "--quiet", *short),
        on_terminal(("solve", "--db", db, *short)),
        well_here("runs", "--db", db),
        well_here("show", "--db", db),
        well_here("compare", 1, 2, "--db", db),
        well_here("export", "--db", db, "--out", tmp_path / "d"),
    ]
    told = [each.out + each.err for each in said]
    told += [(tmp_path / name / "report.html").read_text(encoding="utf-8") for name in "abcd"]
    for text in told:
        # Nothing of its size either, as a value or bound on the way there; other figures of that size there are none.
        assert not {each for each in numbers(re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)) if each > 300_000}
    assert all(score(tmp_path / name)["value"] == SECRET for name in "abcd")
    assert all("role_models" in text for text in (told[0], told[1], told[3], told[7], told[8]))


def test_a_comparison_leaves_open_what_would_tell_who_somebody_is(db: str) -> None:
    well_here("solve", "--db", db, "--quiet", "--time-limit", 1)
    with Workspace.open(db) as workspace:
        old = workspace.run(1)
        tables = workspace.load_tables(1)
        assert tables is not None
        visits = {key: each for key, each in old.plan.visits.items() if key != "OAK-2"}
        fewer = type(old.plan)(visits)
        for lost in (0, 1):
            tiers = tuple(
                type(each)(each.tier, each.value - lost if each.tier is TierName.ROLE_MODELS else each.value - 1, None)
                if each.tier is not TierName.REACH
                else each
                for each in old.tiers
            )
            workspace.save_run(tables, fewer, tiers, 1, old.status, {**old.reasons, "OAK-2": "left out"}, {})
        last = workspace.run().number
    same, differs = (well_here("compare", 1, number, "--db", db).out for number in (last - 1, last))
    assert "not shown: where the plans differ in few people" in same
    assert "run 1" not in next(line for line in same.splitlines() if "role_models" in line)
    assert same.replace(f"run {last - 1}", f"run {last}") == differs, "whether they differ in it is not told either"


def test_two_exported_pages_are_judged_together(tmp_path: Path) -> None:
    db = str(tmp_path / "matcher.db")
    well_here("import", DERBY, "--db", db, "--quiet")
    for seed in (0, 1):
        well_here("solve", "--db", db, "--quiet", "--time-limit", 1, "--seed", seed)
    pages = []
    for run in (1, 2, 1):
        well_here("export", "--db", db, "--run", run, "--out", tmp_path / "plan")
        text = (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
        pages.append(re.findall(r'<td class="(?:full|part|none|hidden)">.*?</td>', text))
        with Workspace.open(db) as workspace:
            told = workspace.told_figures()
    assert pages[0] == pages[2], "the same page again costs nothing"
    assert any("not shown" not in cell for cell in pages[1])
    assert told
    assert all(len(each.people) >= FEWEST_CONCERNED for each in told)
    assert len({(each.goal, tuple(each.people.items())) for each in told}) == len(told)
