"""A programme's own words for its mails: used where given, and refused with file and line where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, meta

from matcher.domain import Problem, Result
from matcher.errors import LetterError
from matcher.publishing.mail_templates import NAMES
from tests.publishing.telling import opened, organised, part, post, text_of, to

GREETING = 'Subject: Ahoy {{ name }}\n\nCome to {{ school }} on {{ date }}.\n{% include "_signature.j2" %}\n'


def written(problem: Problem, result: Result, folder: Path) -> list[str]:
    """The letter to V1: its subject, its text and its HTML."""
    (letter,) = to(post(organised(problem), result.plan, templates=folder)[1], "V1")
    return [letter.subject, text_of(letter).replace("\r\n", "\n"), part(opened(letter), "text/html").get_content()]


def test_a_programme_can_say_it_in_its_own_words(problem: Problem, result: Result, tmp_path: Path) -> None:
    (tmp_path / "invitation.txt.j2").write_text(GREETING, encoding="utf-8")
    (tmp_path / "_signature.j2").write_text("Yours, {{ organiser }}", encoding="utf-8")
    subject, text, html = written(problem, result, tmp_path)
    assert subject == "Ahoy Zoë, Ünal; \\New"
    assert text == "Come to Alder Brook Primary on Friday 23 October 2026.\nYours, Zoë at the Hub\n"
    assert "Pupils are looking forward" in html  # the built-in one still


def test_names_are_text_in_html_whatever_they_hold(problem: Problem, result: Result) -> None:
    letters = post(organised(problem), result.plan)[1]
    for letter in to(letters, "V 3"):
        html = part(opened(letter), "text/html").get_content()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("invitation.txt.j2", "Subject: x\n\n{% if %}", "invitation.txt.j2, line 3: "),
        ("invitation.txt.j2", "Subject: x\n\nHello\n{{ firstname }}", "invitation.txt.j2, line 4: found 'firstname'"),
        ("invitation.txt.j2", "Hello {{ name }}", 'invitation.txt.j2, line 1: found "Hello'),
        ("invitation.txt.j2", "Subject:\n\nHello", 'invitation.txt.j2, line 1: found "Subject:"'),
        ("invitation.txt.j2", "", "invitation.txt.j2, line 1: "),
        ("invitation.html.j2", "<p>\n{{ others / 0 }}", "invitation.html.j2, line 2: found division by zero"),
        ("invitation.html.j2", "{{ name.__class__.__mro__ }}", "invitation.html.j2, line 1: "),
        ("invitation.html.j2", "\n{% include 'other.j2' %}", "invitation.html.j2, line 2: found"),
        ("invitation.html.j2", "{{ name | shout }}", "invitation.html.j2, line 1: found No filter named 'shout'"),
        ("invitation.html.j2", "{% for n in range(10**9) %}{% endfor %}", "invitation.html.j2, line 1: "),
        ("cancellation.html.j2", "{{ open", "cancellation.html.j2, line 1: "),
        ("invite.txt.j2", "Subject: x\n\nHello", "found the template invite.txt.j2; expected one or more of"),
    ],
)
def test_a_template_that_is_not_in_order_is_named_with_its_line(
    problem: Problem, result: Result, tmp_path: Path, name: str, content: str, found: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(LetterError) as error:
        written(problem, result, tmp_path)
    assert found in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_included_template_is_the_one_that_is_named(problem: Problem, result: Result, tmp_path: Path) -> None:
    (tmp_path / "invitation.txt.j2").write_text(GREETING, encoding="utf-8")
    for content in ("\n\n{{ nobody }}", "\n\n{% endif %}"):
        (tmp_path / "_signature.j2").write_text(content, encoding="utf-8")
        with pytest.raises(LetterError, match=r"_signature\.j2, line 3"):
            written(problem, result, tmp_path)


def test_a_template_in_another_encoding_is_named(problem: Problem, result: Result, tmp_path: Path) -> None:
    (tmp_path / "school.txt.j2").write_bytes("Subject: Zoë".encode("latin-1"))
    with pytest.raises(LetterError, match=r"school\.txt\.j2: found text that is not UTF-8"):
        written(problem, result, tmp_path)


@pytest.mark.parametrize("make", [False, True], ids=["no folder", "an empty one"])
def test_a_folder_without_templates_is_an_oversight(
    problem: Problem, result: Result, tmp_path: Path, make: bool
) -> None:
    if make:
        (tmp_path / "words").mkdir()
    with pytest.raises(LetterError, match="words: found no"):
        written(problem, result, tmp_path / "words")


def test_the_readme_of_the_templates_names_every_value_that_they_use() -> None:
    folder = Path(__file__).parents[2] / "matcher" / "publishing" / "templates"
    assert sorted(path.name for path in folder.glob("*.j2")) == sorted(NAMES)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    environment = Environment()
    environment.filters["counted"] = str
    for name in NAMES:
        used = meta.find_undeclared_variables(environment.parse((folder / name).read_text(encoding="utf-8")))
        assert not {each for each in used if f"`{each}`" not in readme}
