"""Taking one person's words out of what was written: texts, calendar events and whole mails, which stay readable."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Sequence
from email import message_from_bytes
from email.header import Header, decode_header
from email.message import Message

from matcher.wording import folded_line

STAND_IN = "a former volunteer"
FEWEST_LETTERS = 2
"""Shorter words are no names that could be told from other text."""


class Words:
    """What one person is called, however it is written: with other spaces or case, in HTML, in a calendar."""

    def __init__(self, words: Iterable[str]) -> None:
        """Names, introductions, addresses, numbers: any of them, the longest replaced first."""
        known = {" ".join(word.split()) for word in words}
        variants = {
            variant
            for word in known
            if len(word) >= FEWEST_LETTERS
            for variant in (word, html.escape(word), html.escape(word, quote=False), in_calendar(word), _numbered(word))
        }
        self._patterns = [
            re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, word.split())) + r"(?!\w)", re.IGNORECASE)
            for word in sorted(variants, key=lambda word: (-len(word), word))
        ]

    def out_of(self, text: str) -> str:
        """The text with the stand-in for each of them."""
        for pattern in self._patterns:
            text = pattern.sub(STAND_IN, text)
        return text

    def out_of_event(self, body: str) -> str:
        """The same of lines as RFC 5545 folds them; only lines that change are written anew."""
        if self.out_of(unfolded := re.sub(r"\r?\n[ \t]", "", body)) == unfolded:
            return body
        lines = []
        for line in re.findall(r"[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|$)", body):
            plain = re.sub(r"\r?\n[ \t]", "", line).rstrip("\r\n")
            changed = self.out_of(plain)
            lines.append(line if changed == plain else folded_line(changed))
        return "".join(lines)

    def out_of_mail(self, content: bytes) -> bytes:
        """The same of a whole message: its headers, texts and calendars; what does not change stays byte for byte."""
        mail = message_from_bytes(content)
        parts = [part for part in mail.walk() if not part.is_multipart()]
        if not any([self._out_of_headers(mail), *map(self._out_of_part, parts)]):
            return content
        text = mail.as_bytes().replace(b"\r\n", b"\n")
        return text.replace(b"\n", b"\r\n")

    def _out_of_headers(self, mail: Message) -> bool:
        found = False
        for name in set(mail.keys()):
            for value in mail.get_all(name, ()):
                plain = header_text(str(value))
                changed = self.out_of(plain)
                if changed != plain:
                    mail.replace_header(name, Header(changed, "utf-8").encode(linesep="\n"))
                    found = True
        return found

    def _out_of_part(self, part: Message) -> bool:
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return False
        is_event = part.get_content_subtype() in ("calendar", "ics")
        changed = self.out_of_event(text) if is_event else self.out_of(text)
        if changed == text:
            return False
        encoded = changed.encode()
        match str(part.get("Content-Transfer-Encoding", "")).lower():
            case "base64":
                part.set_payload(base64.encodebytes(encoded).decode("ascii"))
            case "quoted-printable":
                part.set_payload(binascii.b2a_qp(encoded, istext=True).decode("ascii"))
            case _:
                part.set_payload(changed)
        return True


def header_text(value: str) -> str:
    """A header as people read it."""
    pieces = decode_header(value.replace("\r\n", "").replace("\n", ""))
    return "".join(
        piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace") for piece, charset in pieces
    )


def in_calendar(text: str) -> str:
    r"""As RFC 5545 writes a TEXT: with \ before what separates."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _numbered(text: str) -> str:
    """Jinja's own escapes, which differ from Python's in how quotation marks are written."""
    return html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def introductions(name: str, role: str, employer: str) -> Sequence[str]:
    """How a school's list may name a visitor: with role and employer, as far as they are known."""
    full = [part for part in (name, role, employer) if part]
    return [", ".join(full[:count]) for count in range(len(full), 0, -1)] + [f"{name}, {employer}"] * bool(employer)
