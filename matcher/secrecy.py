"""What is nobody else's business: files that their owner alone may read, and words without the passwords in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from matcher.durable import to_disk

PRIVATE, PRIVATE_FOLDER = 0o600, 0o700
PUBLIC, PUBLIC_FOLDER = 0o644, 0o755
"""Modes of files: for their owner alone; for a web server, too."""

PIECE = 3
"""So many characters of a password in a row are a piece of it."""

_ADDRESS = re.compile(r"\s*[A-Za-z][\w+.-]*:/")
_LOGIN = re.compile(r":[^@]*@")  # whatever stands between: users and passwords hold every character
_NAMED = re.compile(r"pass(?:word|wd|phrase)?\s*=|pwd\s*=|secret\s*=|token\s*=", re.IGNORECASE)
_DRIVE = re.compile(r"^[A-Za-z]:(?=[\\/])" if os.name == "nt" else r"(?!)")


# --------------------------------------------------------------------------------------------------------- files


def write_new(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write a file that has this mode whatever the umask, and while half of it is there is its owner's alone.

    Its content is on the disk then. What was there before is replaced. Raises OSError.
    """
    path.unlink(missing_ok=True)  # its mode would stay, and whoever has it open would read on
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), PRIVATE), "wb"
    ) as file:
        file.write(content)
        file.flush()
        path.chmod(mode)
        to_disk(file.fileno())


def make_folders(path: Path, mode: int = PRIVATE_FOLDER) -> list[Path]:
    """Make a folder and those above it that are missing, with this mode; returns them, the innermost first."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        each.chmod(mode)
        to_disk(each.parent)
    path.mkdir(exist_ok=True)  # raises if it is a file
    return missing


def open_to_others(mode: int) -> bool:
    """Whether somebody else than its owner may read or write a file of this mode."""
    return bool(mode & 0o066)


# --------------------------------------------------------------------------------------------------------- words


def holds_login(text: str) -> bool:
    """Whether a password may stand in this address, good or broken: `user:...@`, or a setting of such a name."""
    return bool(_LOGIN.search(_DRIVE.sub("", text)) or _NAMED.search(text))


def is_address(text: str) -> bool:
    """Whether it begins as an address of a server does."""
    return bool(_ADDRESS.match(text))


def redacted(text: str, arguments: Iterable[str]) -> str:
    """The text without those of these arguments in which a password may stand, however they are quoted in it."""
    hidden = set()
    for argument in arguments:
        for part in (argument, argument.partition("=")[2]):
            if holds_login(part):
                hidden |= {part, repr(part)[1:-1], ascii(part)[1:-1], str(Path(part))}
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def shows(text: str, secrets: Iterable[str]) -> bool:
    """Whether a piece of any of these stands in the text."""
    return any(
        secret[start : start + PIECE] in text
        for secret in secrets
        if secret
        for start in range(max(1, len(secret) - PIECE + 1))
    )
