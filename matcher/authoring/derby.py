"""How `scenarios/derby` and `scenarios/derby.xlsx` were made, and are made again:

    python -m matcher.authoring.derby england_primary_schools.csv scenarios

The register is not part of this project; the 33 schools' public facts stand in the scenario, each with its source in
the README beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from matcher.authoring.generate import Recipe, generate
from matcher.authoring.write import write_folder, write_workbook
from matcher.errors import MatcherError
from matcher.tables import Tables

SCHOOLS = 33
SEED = 2026
RECIPE = Recipe(name="Derby, autumn 2026", volunteers=300, sessions_per_school=200 / SCHOOLS)
"""Everything else as the generator's defaults, which were chosen with this city in mind."""


def derby(register: Path) -> Tables:
    """The 33 most deprived primary schools of Derby, 200 sessions, 300 invented volunteers."""
    return generate(SCHOOLS, SEED, register=register, authority="Derby", recipe=RECIPE)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m matcher.authoring.derby REGISTER FOLDER\n")
        return 2
    register, folder = map(Path, arguments)
    try:
        tables = derby(register)
        write_folder(tables, folder / "derby")
        write_workbook(tables, folder / "derby.xlsx")
    except MatcherError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
