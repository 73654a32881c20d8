"""Every command that writes something, with a term in the middle of its life for it to write about."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from matcher.store import Workspace, connection, versions
from tests.cli.program import FIRST_STEPS, Said, contents, here, well_here
from tests.cli.publishing_workspaces import scenario_later
from tests.cli.test_odd_names import rewrite
from tests.cli.test_publishing_commands import answer
from tests.mail.mail_server import Post, running

FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "run": ("run {given}/now --out {out}/plan --time-limit 1 --quiet", ("plan",)),
    "demo": ("demo --out {out}/plan --time-limit 1", ("plan",)),
    "export": ("export --out {out}/plan --db {db}", ("plan",)),
    "template folder": ("template {out}/new", ("new",)),
    "template workbook": ("template {out}/new.xlsx", ("new.xlsx",)),
    "scenario folder": ("scenario {out}/new --schools 3", ("new",)),
    "scenario workbook": ("scenario {out}/new.xlsx --schools 3", ("new.xlsx",)),
    "workbook": ("workbook {out}/new.xlsx --db {db}", ("new.xlsx",)),
    "close-term": ("close-term {out}/new.xlsx --db {db}", ("new.xlsx",)),
    "feed write": ("feed write {out}/web --db {db} --yes", ("web",)),
    "feed links": ("feed write {given}/web --links {out}/links.csv --db {db} --yes", ("links.csv",)),
    "backup": ("backup {out}/spare.db --db {db} --yes", ("spare.db",)),
}
"""What writes files: the command, and what it writes in the folder `out`."""

WORKSPACE = {
    "import": "import {given}/next --db {db} --yes",
    "solve": "solve --afresh --db {db} --time-limit 1 --quiet",
    "repair": "repair --db {db} --time-limit 1 --quiet",
    "publish": "publish --db {db} --yes",
    "outbox --write": "outbox --write 1 --db {db} --yes",
    "send": "send --smtp smtp://127.0.0.1:{port} --per-minute 0 --db {db}",
    "reply": "reply {given}/answer.eml --db {db}",
    "answer": "answer ADA {session} no --db {db}",
    "feed write": "feed write {given}/web --db {db} --yes",
    "feed reset": "feed reset volunteer ADA {given}/web --db {db}",
    "restore": "restore {given}/backup.db --db {db} --yes",
}
"""What writes to the workspace."""


@dataclass(frozen=True)
class Desk:
    """Where a coordinator works: what they are given, a folder `out` with what was written before, and the workspace.

    The workspace has two versions, of which the first has no letters and the second no feeds yet, and a run that is not
    published.
    """

    given: Path
    out: Path
    db: Path
    session: str
    """That ADA is invited to."""
    post: Post
    port: int

    def does(self, command: str, **env: str) -> Said:
        return here(*self.typed(command), **env)

    def kept(self) -> list[str]:
        """What the workspace holds, but for who is at it."""
        with closing(sqlite3.connect(self.db)) as connection:
            return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "leases"')]

    def typed(self, command: str) -> list[str]:
        places = {name: str(place) for name, place in vars(self).items()}
        return [word.format_map(places) for word in shlex.split(command)]


def older_workspace(file: Path) -> Path:
    """Makes an empty one of an earlier version."""
    file.parent.mkdir(exist_ok=True)
    engine = connection.make_engine(connection.database_url(str(file)), 5)
    with connection.writing(engine, 5) as rows:
        versions.upgrade(rows, "0002")
    engine.dispose()
    return file


@contextmanager
def desk(folder: Path, out: Path, db_folder: Path | None = None) -> Iterator[Desk]:
    """A desk of its own: `out` and the workspace's folder may be anywhere; they are filled here."""
    made, session = _made()
    post = Post()
    db_folder = db_folder or folder / "kept"
    for name, place in (("given", folder / "given"), ("out", out), ("kept", db_folder)):
        for path, content in made.items():
            top, _, inside = path.partition("/")
            if top == name:
                (place / inside).parent.mkdir(parents=True, exist_ok=True)
                (place / inside).write_bytes(content)
                (place / inside).chmod(0o644 if top == "given" else 0o600)
    with running(post) as port:
        yield Desk(folder / "given", out, db_folder / "matcher.db", session, post, port)


@cache
def _made() -> tuple[dict[str, bytes], str]:
    with TemporaryDirectory() as name:
        given, out, kept = (Path(name, each) for each in ("given", "out", "kept"))
        given.mkdir()
        kept.mkdir()
        out.mkdir()
        term, db = given / "now", kept / "matcher.db"
        scenario_later(given).rename(term)
        programme = term / "programme.toml"
        programme.write_text(f'organiser_email = "visits@example.org"\n{programme.read_text(encoding="utf-8")}')
        for number in range(3):
            if number:
                rewrite(term / "schools.csv", {"OAK": {"name": f"Oak School {number}"}})
            well_here("import", term, "--db", db, "--quiet", "--yes")
            well_here("solve", "--afresh", "--db", db, "--deterministic", "--quiet")
            if number == 1:
                shutil.copy(db, given / "backup.db")
            if number < 2:
                well_here("publish", "--db", db, "--yes", *([] if number else ["--no-letters"]))
            if not number:
                well_here("feed", "write", given / "web", "--links", out / "links.csv", "--db", db, "--yes")
        shutil.copytree(term, given / "next")
        rewrite(given / "next" / "schools.csv", {"ELM": {"name": "Elm Tree School"}})
        well_here("run", FIRST_STEPS, "--out", out / "plan", "--time-limit", 1, "--quiet")
        well_here("backup", out / "spare.db", "--db", db)
        shutil.copytree(given / "web", out / "web")
        with Workspace.open(str(db)) as workspace:
            letter = next(each for each in workspace.letters() if each.recipient == "ada@example.org")
            session = next(each.session_id for each in workspace.published() if each.uid == letter.uid)
        answer(letter, "DECLINED", given / "answer.eml")
        return contents(Path(name)), session
