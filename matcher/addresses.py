"""E-mail addresses: which can be written to, and what is wrong with the others."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST, _LONGEST_LOCAL = 254, 64  # RFC 5321


class BadAddress(ValueError):
    """The text is no address that every mail server takes; the message says why, in a few words."""


def mail_address(text: str) -> str:
    """The one address in this text, as mail servers want it (a domain such as "schüle.de" in its ASCII form).

    Raises BadAddress. Quoted local parts and such beyond ASCII are refused, since servers are free to refuse them.
    """
    text = text.strip()
    if not text:
        raise BadAddress("no e-mail address")
    if any(char.isspace() or char in ",;<>" for char in text):
        raise BadAddress("not a single plain address")
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or "@" in local:
        raise BadAddress("not of the form name@place")
    if not _LOCAL.fullmatch(local):
        raise BadAddress("a character or dot before the @ that mail servers may refuse")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        raise BadAddress("a place after the @ that cannot be") from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress("a place after the @ that cannot be")
    if len(local) > _LONGEST_LOCAL or len(local) + 1 + len(ascii_domain) > _LONGEST:
        raise BadAddress("longer than an address may be")
    return f"{local}@{ascii_domain}"
