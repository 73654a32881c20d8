"""The words of the mails: Jinja2 templates, each of which a programme can put its own in place of.

A mail has two, NAME.txt.j2 and NAME.html.j2. The first begins with a line "Subject: …" and an empty one. What they may
use is listed in templates/README.md.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from matcher.errors import LetterError
from matcher.wording import counted, one_line

MAILS = ("invitation", "cancellation", "school")
NAMES = tuple(f"{mail}.{form}.j2" for mail in MAILS for form in ("txt", "html"))
_SUBJECT = "Subject:"


@dataclass(frozen=True, slots=True)
class Wording:
    """A mail's words."""

    subject: str
    text: str
    html: str


class Templates:
    """The templates in force: those of `folder`, and the built-in ones for whatever it does not have."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        loaders: list[jinja2.BaseLoader] = []
        if folder is not None:
            _check(folder)
            loaders.append(jinja2.FileSystemLoader(folder))
        built_in = resources.files("matcher.publishing") / "templates"
        loaders.append(jinja2.FunctionLoader(lambda name: _built_in(built_in / name) if name in NAMES else None))
        self._environment = SandboxedEnvironment(
            loader=jinja2.ChoiceLoader(loaders),
            autoescape=lambda name: bool(name and name.endswith(".html.j2")),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["counted"] = counted
        self._templates = {name: self._load(name) for name in NAMES}

    def wording(self, mail: str, facts: Mapping[str, object]) -> Wording:
        """One of MAILS in words. Raises LetterError where a template cannot be followed."""
        written = self._render(f"{mail}.txt.j2", facts)
        head, _, text = written.partition("\n")
        subject = one_line(head.removeprefix(_SUBJECT))
        if not head.startswith(_SUBJECT) or not subject:
            where = self._where(f"{mail}.txt.j2", 1)
            raise LetterError(
                f'{where}: found "{one_line(head)[:80]}"; expected a line such as "{_SUBJECT} Invitation: …". '
                "Begin the template with it, then an empty line, then the mail."
            )
        return Wording(subject, text.strip("\n") + "\n", self._render(f"{mail}.html.j2", facts))

    def _load(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise self._refused(error.name or name, error.lineno, error.message or "not a template") from error
        except UnicodeDecodeError as error:
            raise self._refused(name, None, "text that is not UTF-8") from error
        except OSError as error:
            raise self._refused(name, None, f"a file that cannot be read ({error.strerror or error})") from error

    def _render(self, name: str, facts: Mapping[str, object]) -> str:
        try:
            return self._templates[name].render(facts)
        except jinja2.TemplateSyntaxError as error:  # in a file that this one includes
            raise self._refused(error.name or name, error.lineno, error.message or "not a template") from error
        except Exception as error:  # whatever a template sets off is the template's
            raise self._refused(*self._culprit(name, error), f"{error}" or type(error).__name__) from error

    def _culprit(self, name: str, error: Exception) -> tuple[str, int | None]:
        """The template and line at which it went wrong: the innermost that Jinja's traceback tells of."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            file = Path(frame.filename)
            if file.name.endswith(".j2") or frame.filename == "<template>":
                return (file.name if file.name.endswith(".j2") else name), frame.lineno
        return name, None

    def _where(self, name: str, line: int | None) -> str:
        own = self._folder is not None and (self._folder / name).is_file()
        place = str(self._folder / name) if own and self._folder is not None else f"the built-in template {name}"
        return f"{place}, line {line}" if line else place

    def _refused(self, name: str, line: int | None, found: str) -> LetterError:
        return LetterError(
            f"{self._where(name, line)}: found {one_line(found)}; expected a Jinja2 template that uses the values in "
            "templates/README.md. Correct it, or delete it to use the built-in one. No mail has been written."
        )


def _built_in(path: object) -> str:
    return path.read_text(encoding="utf-8")  # type: ignore[attr-defined,no-any-return]


def _check(folder: Path) -> None:
    """A misspelt name would silently change nothing."""
    if not folder.is_dir():
        raise LetterError(f"{folder}: found no folder; expected one with mail templates, such as {NAMES[0]}.")
    found = sorted(path.name for path in folder.glob("*.j2"))
    odd = [name for name in found if name not in NAMES and not name.startswith("_")]
    if odd or not found:
        raise LetterError(
            f"{folder}: found {f'the template {odd[0]}' if odd else 'no template'}; expected one or more of "
            f"{', '.join(NAMES)} (and any others for these to include, whose names begin with _). Rename it, or look "
            "for the folder elsewhere."
        )
