"""Invented scenarios: the size asked for, the same each time, readable, with the register's facts in them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from matcher.authoring.generate import Recipe, generate
from matcher.authoring.world import ETHNIC_SHARES, JOBS, OCCUPATION_SHARES, SECTOR_SHARES
from matcher.authoring.write import write_folder, write_workbook
from matcher.domain import Decision, Plan, Visit
from matcher.errors import InputProblems, MatcherError
from matcher.intake import read_scenario
from tests.counting import calls_made
from tests.oracle import violations

HEADINGS = (
    "URN,EstablishmentName,LA (name),AdministrativeWard (name),Town,Postcode,Easting,Northing,"
    "Latitude,Longitude,NumberOfPupils,PercentageFSM,IMD2019Decile\n"
)
SCHOOLS = (
    "1,Alpha Primary School,Northby,Hill,Northby,NB1 1AA,1,1,53.1,-1.2,210,20.5,2\n"
    "2,Beta Infant School,Northby,Dale,Northby,NB1 1AB,1,1,53.2,-1.3,90,61,1\n"
    '3,"Gamma, the Third",Northby,Dale,Northby,NB1 1AC,1,1,53.3,-1.4,,30.5,2\n'
    "4,Delta,Northby,Dale,Northby,NB1 1AD,1,1,,,210,99,1\n"
    "5,Elsewhere School,Southby,Dale,Southby,SB1 1AD,1,1,51.3,-1.4,300,80,1\n"
)


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.csv"
    path.write_text(HEADINGS + SCHOOLS, encoding="utf-8")
    return path


def test_same_seed_same_tables_and_another_seed_others() -> None:
    assert generate(5, 7) == generate(5, 7)
    assert generate(5, 7).rows != generate(5, 8).rows


@pytest.mark.parametrize(("schools", "sessions", "volunteers"), [(1, 6, 9), (10, 61, 91), (33, 200, 300)])
def test_sizes(schools: int, sessions: int, volunteers: int) -> None:
    rows = generate(schools, 3).rows
    assert [len(rows[name]) for name in ("schools", "sessions", "volunteers")] == [schools, sessions, volunteers]


@pytest.mark.parametrize(("schools", "sessions"), [(40, 120), (40, 7), (2, 30)])
def test_as_many_sessions_as_asked_for(schools: int, sessions: int) -> None:
    assert len(generate(schools, 3, sessions=sessions).rows["sessions"]) == sessions


def test_asking_for_the_usual_number_of_sessions_changes_nothing() -> None:
    assert generate(10, 3, sessions=61) == generate(10, 3)


def test_overrides() -> None:
    rows = generate(4, 3, volunteers=17, sessions_per_school=2.5).rows
    assert [len(rows[name]) for name in ("schools", "sessions", "volunteers")] == [4, 10, 17]


@pytest.mark.parametrize("schools", [1, 2, 12])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reads_back_as_it_was(tmp_path: Path, schools: int, seed: int) -> None:
    tables = generate(schools, seed)
    write_folder(tables, tmp_path / "out")
    write_workbook(tables, tmp_path / "out.xlsx")
    folder, workbook = read_scenario(tmp_path / "out"), read_scenario(tmp_path / "out.xlsx")
    assert folder.tables == tables
    assert workbook.tables == tables
    assert folder.problem == workbook.problem


@pytest.mark.parametrize("seed", range(4))
def test_the_pins_can_be_kept(tmp_path: Path, seed: int) -> None:
    write_folder(generate(20, seed, recipe=Recipe(pinned_sessions=0.1)), tmp_path / "out")
    problem = read_scenario(tmp_path / "out").problem
    keep = [pin for pin in problem.pins if pin.decision is Decision.KEEP]
    assert len(keep) >= 10
    chosen: dict[str, Visit] = {}
    pinned = {pin.volunteer_id for pin in keep}
    for pin in keep:
        session = problem.sessions[pin.session_id]
        chosen[pin.session_id] = next(
            visit
            for slot in session.slots
            for person in ([pin.volunteer_id] if pin.volunteer_id else problem.volunteers)
            if pin.volunteer_id or (slot.start == pin.start and person not in pinned)
            for visit in [Visit(slot, (person,))]
            if not [
                line for line in violations(problem, Plan({pin.session_id: visit})) if not line.startswith("pins: keep")
            ]
        )
        pinned |= set(chosen[pin.session_id].team)
    assert violations(problem, Plan(chosen)) == []


def test_a_registers_facts_come_through_most_deprived_first(register: Path) -> None:
    rows = generate(3, 1, register=register, authority="northby").rows["schools"]
    assert [row["urn"] for row in rows] == ["2", "3", "1"]
    gamma = rows[1]
    facts = ("name", "postcode", "address", "ward", "latitude", "longitude", "pupil_premium_percent")
    assert [gamma[fact] for fact in facts] == ["Gamma, the Third", "NB1 1AC", "Northby", "Dale", 53.3, -1.4, 30.5]


def test_without_an_authority_the_whole_register_counts(register: Path) -> None:
    assert [row["urn"] for row in generate(2, 1, register=register).rows["schools"]] == ["5", "2"]


def test_infants_are_infants(register: Path) -> None:
    years = {row["year_group"] for row in generate(1, 1, register=register, authority="Northby").rows["cohorts"]}
    assert years <= {"R", "1", "2"}


@pytest.mark.parametrize(
    ("content", "authority", "says"),
    [
        (None, None, "register.csv"),
        ("URN,EstablishmentName\n1,A\n", None, "no such heading"),
        (HEADINGS + SCHOOLS, "Northbi", "Did you mean Northby or"),
        (HEADINGS + SCHOOLS, "Derby", "no school of 'Derby'"),
        (HEADINGS + SCHOOLS, "Southby", "at most 1 schools"),
        (HEADINGS + SCHOOLS.replace("53.2", "north"), "Northby", "row 3, column Latitude"),
        (HEADINGS + SCHOOLS.replace(",61,1", ",nan,1"), "Northby", "column PercentageFSM"),
        ("\0\0", None, "not text"),
    ],
)
def test_a_bad_register_says_where(tmp_path: Path, content: str | None, authority: str | None, says: str) -> None:
    path = tmp_path / "register.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputProblems) as caught:
        generate(2, 1, register=path, authority=authority)
    assert says in str(caught.value)


def test_a_register_in_the_departments_own_encoding(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes((HEADINGS + SCHOOLS.replace("Alpha", "Élan’s")).encode("cp1252"))
    names = {row["name"] for row in generate(3, 1, register=path, authority="Northby").rows["schools"]}
    assert "Élan’s Primary School" in names


@pytest.mark.parametrize(
    "options",
    [{"schools": 0}, {"volunteers": 0}, {"sessions": 0}, {"sessions_per_school": 0.0}, {"authority": "Derby"}],
)
def test_impossible_wishes_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(MatcherError):
        generate(**options)  # type: ignore[arg-type]


def test_people_are_as_the_published_shares(tmp_path: Path) -> None:
    rows = generate(40, 11, volunteers=4000).rows["volunteers"]
    consenting = [row for row in rows if row["matching_consent"] == "yes"]
    assert 0.77 < len(consenting) / len(rows) < 0.83
    others = [row for row in rows if row["matching_consent"] != "yes"]
    assert all(row["gender"] is None and row["ethnicity"] is None for row in others)
    nurses = Counter(row["gender"] for row in consenting if row["occupation"] == "nurse")
    assert abs(nurses["woman"] / (nurses["woman"] + nurses["man"]) - OCCUPATION_SHARES["nurse"].share) < 0.06
    groups = Counter(row["ethnicity"] for row in consenting if row["ethnicity"])
    for group, percent in ETHNIC_SHARES[""].items():
        assert abs(100 * groups[group] / groups.total() - percent) < 3


def test_names_tell_nothing() -> None:
    """Nobody's first name is drawn with an eye to gender: all names of the pool turn up with both."""
    genders: dict[str, set[object]] = {}
    for row in generate(40, 12, volunteers=6000).rows["volunteers"]:
        if row["gender"] in ("woman", "man"):
            genders.setdefault(str(row["name"]).split()[0], set()).add(row["gender"])
    assert all(len(found) == 2 for found in genders.values())


def test_every_share_has_a_source_and_every_job_a_share() -> None:
    for share in (*SECTOR_SHARES.values(), *OCCUPATION_SHARES.values()):
        assert 0 <= share.share <= 1 and share.source
    assert {job.sector for job in JOBS} <= set(SECTOR_SHARES)


def test_another_term() -> None:
    recipe = Recipe(first_day=date(2027, 1, 5), last_day=date(2027, 3, 25), closed=(date(2027, 2, 15),))
    tables = generate(3, 1, recipe=recipe)
    assert tables.programme["first_day"] == date(2027, 1, 5)
    starts = [str(row["start"]) for row in tables.rows["slots"]]
    assert min(starts) >= "2027-01-05" and max(starts) < "2027-03-26"


def test_a_term_eight_times_as_large_takes_eight_times_the_work() -> None:
    large = calls_made(lambda: generate(400, 1))
    assert large < 10 * calls_made(lambda: generate(50, 1))
