"""Whatever is wrong with an address, or with where it stands: no piece of the password in it is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cli.program import FIRST_STEPS, Said, here, matcher
from tests.cli.publishing_workspaces import publish_later

# Letters that make no piece of an English word, and everything that means something in an address or a shell.
PASSWORDS = st.text(
    st.sampled_from("qxzjQXZJ0789é校🔑" + "@/:?#%&=+;,.!$ \\'\"[](){}<>|~^*`-_"), min_size=3, max_size=14
)
HOST = "127.0.0.1:1"  # where nobody listens

ADDRESSES: dict[str, Callable[[str], str]] = {
    "raw": lambda word: f"postgresql://user:{word}@{HOST}/term",
    "quoted": lambda word: f"postgresql://user:{quote(word, safe='')}@{HOST}/term",
    "half quoted": lambda word: f"postgresql://user:{quote(word, safe='/:?#')}@{HOST}/term",
    "no user": lambda word: f"postgresql://:{word}@{HOST}/term",
    "user with a slash": lambda word: f"postgresql://us/er:{word}@{HOST}/term",
    "user with an at": lambda word: f"postgresql://user@example.org:{word}@{HOST}/term",
    "no database": lambda word: f"postgresql://user:{word}@{HOST}",
    "bad port": lambda word: f"postgresql://user:{word}@127.0.0.1:port/term",
    "other driver": lambda word: f"mysql+nothing://user:{word}@{HOST}/term",
    "no such kind": lambda word: f"nothing://user:{word}@{HOST}/term",
    "setting": lambda word: f"postgresql://{HOST}/term?password={word}",
    "quoted setting": lambda word: f"postgresql://user@{HOST}/term?password={quote(word, safe='')}",
    "setting without a database": lambda word: f"postgresql://{HOST}?password={word}",
    "key of a certificate": lambda word: f"postgresql://user@{HOST}/term?sslmode=require&sslpassword={word}",
    "setting that is none": lambda word: f"postgresql://user@{HOST}/term?{quote(word, safe='')}={quote(word, safe='')}",
    "libpq": lambda word: f"host=127.0.0.1 port=1 user=user password={word}",
    "no scheme": lambda word: f"user:{word}@{HOST}/term",
    "no scheme but slashes": lambda word: f"//user:{word}@{HOST}/term",
    "one slash": lambda word: f"postgresql:/user:{word}@{HOST}/term",
    "no slash": lambda word: f"postgresql:user:{word}@{HOST}/term",
    "blank before": lambda word: f" postgresql://user:{word}@{HOST}/term",
    "quotation marks": lambda word: f'"postgresql://user:{word}@{HOST}/term"',
    "sqlite with a host": lambda word: f"sqlite://user:{word}@{HOST}/term",
    "sqlite with a setting": lambda word: f"sqlite:///term.db?{quote(word, safe='')}=1",
    "sqlite with a bad setting": lambda word: f"sqlite:///term.db?timeout={quote(word, safe='')}",
    "sqlite with a login": lambda word: f"sqlite:///user:{word}@{HOST}/term",
}


ADVICE = ("%40", "%2F", "%3A", "%3F", "%23")  # what to write for @ / : ? # in a password


def assert_kept(word: str, said: Said, form: str = "") -> None:
    assert said.code in (1, 2), said
    text = said.out + said.err
    assert "Traceback" not in text
    for spelt in {word, quote(word, safe=""), quote(word, safe="/:?#"), repr(word)[1:-1]}:
        for start in range(len(spelt) - 2):
            piece = spelt[start : start + 3]
            if any(char.isalnum() for char in piece) and piece not in form and piece not in ADVICE:
                assert piece not in text, (piece, text)


def say(form: str, word: str, *, where: str) -> Said:
    address = ADDRESSES[form](word)
    if where == "environment":
        return here("runs", MATCHER_DB=address)
    arguments: dict[str, tuple[object, ...]] = {
        "--db": ("runs", "--db", address),
        "--db=": ("outbox", f"--db={address}"),
        "import": ("import", FIRST_STEPS, "--yes", "--db", address),
        "dry run": ("import", FIRST_STEPS, "--dry-run", "--db", address),
    }
    return here(*arguments[where])


@pytest.mark.parametrize("form", ADDRESSES)
@pytest.mark.parametrize("where", ["--db", "environment"])
@settings(max_examples=12)
@given(word=PASSWORDS)
@example(word="p@zs/w#qd")
@example(word="zs/w#qd")
@example(word="qzx?jq=x@qzj")
@example(word="12/34x@56z")
@example(word="qzj%zz%")
@example(word="qzj://xzq")
def test_of_a_database(form: str, where: str, word: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    nothing = ADDRESSES[form]("")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.getbasetemp())
        assert_kept(word, say(form, word, where=where), nothing)


@pytest.mark.parametrize("form", ["raw", "quoted", "one slash", "sqlite with a setting", "sqlite with a bad setting"])
@pytest.mark.parametrize("where", ["--db=", "import", "dry run"])
def test_of_a_database_that_is_to_be_made(
    form: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_kept("p@zs/w#qd", say(form, "p@zs/w#qd", where=where), ADDRESSES[form](""))
    assert list(tmp_path.iterdir()) == []


MISPLACED: dict[str, Callable[[str], tuple[object, ...]]] = {
    "extra argument": lambda address: ("runs", address),
    "argument after": lambda address: ("runs", "--db", "x.db", address),
    "as a command": lambda address: (address,),
    "before the command": lambda address: ("--db", address, "runs"),
    "equals before the command": lambda address: (f"--db={address}", "runs"),
    "a number": lambda address: ("solve", "--time-limit", address),
    "a number, equals": lambda address: ("solve", f"--time-limit={address}"),
    "a run": lambda address: ("publish", address),
    "eaten option": lambda address: ("show", "--school", "--db", address),
    "a kind": lambda address: ("feed", "reset", address, "V1", "web"),
    "a scenario": lambda address: ("import", address),
    "a folder": lambda address: ("export", "--out", address),
    "a new scenario": lambda address: ("template", address),
    "misspelt option": lambda address: ("runs", f"--bd={address}"),
    "two addresses": lambda address: ("runs", "--db", address, address),
}


@pytest.mark.parametrize("place", MISPLACED)
@settings(max_examples=12)
@given(word=PASSWORDS, form=st.sampled_from(["raw", "quoted", "user with a slash"]))
@example(word="p@zs/w#qd", form="raw")
def test_of_a_database_in_the_wrong_place(
    place: str, word: str, form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    before = set(folder.iterdir())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert_kept(word, here(*MISPLACED[place](ADDRESSES[form](word))), ADDRESSES[form](""))
    assert set(folder.iterdir()) <= before


SERVERS: dict[str, Callable[[str], str]] = {
    "raw": lambda word: f"SCHEME://user:{word}@{HOST}/dav",
    "quoted": lambda word: f"SCHEME://user:{quote(word, safe='')}@{HOST}/dav",
    "no scheme": lambda word: f"user:{word}@{HOST}",
    "other scheme": lambda word: f"ftp://user:{word}@{HOST}",
    "setting": lambda word: f"SCHEME://{HOST}/dav?password={word}",
    "anything after": lambda word: f"SCHEME://{HOST}/dav?{word}",
    "fragment": lambda word: f"SCHEME://{HOST}/dav#x{word}",
    "bad port": lambda word: f"SCHEME://user:{word}@127.0.0.1:port",
    "as a port": lambda word: f"SCHEME://user:12{word}@127.0.0.1",
}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_later(tmp_path_factory.mktemp("servers"))


@pytest.mark.parametrize("form", SERVERS)
@pytest.mark.parametrize(
    ("command", "option", "scheme"),
    [
        ("send", "--smtp", "smtps"),
        ("send", "--smtp", "smtp"),
        ("push", "--caldav", "https"),
        ("push", "--caldav", "http"),
    ],
)
@settings(max_examples=12)
@given(word=PASSWORDS)
@example(word="p@zs/w#qd")
@example(word="/qzj34x@56z")
@example(word="p@qzj7/w#qd")
def test_of_a_server(db: Path, command: str, option: str, scheme: str, form: str, word: str) -> None:
    address = SERVERS[form](word).replace("SCHEME", scheme)
    assert_kept(word, here(command, option, address, "--db", db), SERVERS[form]("").replace("SCHEME", scheme))


def test_the_real_program_keeps_it_too(tmp_path: Path) -> None:
    said = matcher("runs", "--db", "postgresql://u:p@ss/w#rd@127.0.0.1/x", cwd=tmp_path)
    assert said.code == 1
    assert "cannot be read" in said.err
    for piece in ("ss/", "w#rd", "p@s"):
        assert piece not in said.out + said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["term@home.db", "a@b:c.db", "./zoë:term@home.db", "sub/a:b@c.db"], ids=["at", "at first", "path", "below"]
)
def test_a_file_may_have_such_a_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    db = name if name != "sub/a:b@c.db" else f"./{name}"
    assert here("import", FIRST_STEPS, "--db", db, "--quiet").code == 0
    assert here("runs", "--db", name).code == 0
