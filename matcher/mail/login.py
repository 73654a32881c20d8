"""Who we are to a server: from a file or the environment, never from an address that ends up in logs."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from matcher.errors import Remedy, ServerError
from matcher.secrecy import holds_login, open_to_others


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str = field(repr=False)


def login(file: Path | None, environ: Mapping[str, str], prefix: str) -> Login | None:
    """From the file (user and password on two lines, or user:password), else PREFIX_USER and PREFIX_PASSWORD."""
    if file is not None:
        return _from_file(file)
    user, password = environ.get(f"{prefix}_USER", ""), environ.get(f"{prefix}_PASSWORD", "")
    if bool(user) != bool(password):
        lacking = f"{prefix}_PASSWORD" if user else f"{prefix}_USER"
        raise ServerError(f"The environment has half a login: {lacking} is missing. Set both, or neither.")
    return Login(user, password) if user else None


def _from_file(file: Path) -> Login:
    expected = "expected a user and a password, on two lines or as user:password"
    try:
        with file.open(encoding="utf-8-sig") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if os.name == "posix" and stat.S_ISREG(mode) and open_to_others(mode):
                raise ServerError(
                    f"The login file {file} is open to others on this machine (its mode is {stat.S_IMODE(mode):04o}); "
                    f"expected one that only you may read. Make it so, and use the command again: chmod 600 {file}"
                )
            lines = stream.read().splitlines()
    except OSError as error:
        raise ServerError(f"The login file {file} cannot be read ({error.strerror}); {expected}.") from error
    except UnicodeDecodeError as error:
        raise ServerError(f"The login file {file} is not UTF-8 text; {expected}.") from error
    filled = [line for line in lines if line.strip()]
    parts = filled[0].split(":", 1) if len(filled) == 1 else filled
    if len(parts) != 2 or not all(part.strip() for part in parts):
        raise ServerError(f"The login file {file} has {len(filled)} filled lines; {expected}.")
    return Login(parts[0].strip(), parts[1].strip())


def split_address(url: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    """The parts of a server's address; one with a login in it is refused without repeating it."""
    expected = f"expected {' or '.join(f'{scheme}://' for scheme in schemes)}, such as {example}"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise ServerError(f"The server's address cannot be read: {expected}, with a port from 1 to 65535.") from error
    if "@" in url or holds_login(url):  # with a / or # in a password, what stands before an @ need not be the netloc
        raise ServerError(
            "The server's address has a login in it, which logs and shell histories would keep. "
            "Leave it out, and give it in a file or the environment. (In a path, write %40 for @.)",
            Remedy.LOGIN_FILE,
        )
    if parts.query or parts.fragment:
        raise ServerError(f"The server's address has something after ? or # in it: {expected}, without that.")
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise ServerError(f"The server's address {url!r} cannot be used: {expected}.")
    return parts


def is_this_machine(host: str) -> bool:
    """Whether what goes there never leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold().rstrip(".") == "localhost"


def unencrypted_host(url: str) -> str:
    """The other machine to which an `http://` address would send everything in the clear, else ""."""
    if "@" in url or holds_login(url):  # refused by whoever reads it as an address: its host may be of a password
        return ""
    try:
        parts = urlsplit(url.strip())
    except ValueError:  # refused, in words, by whoever reads it as an address
        return ""
    return (parts.hostname or "") if parts.scheme == "http" and not is_this_machine(parts.hostname or "") else ""


def refuse_in_the_clear(host: str, better: str) -> None:
    """A password goes over the network only where nobody on the way can read it."""
    if not is_this_machine(host):
        raise ServerError(f"A password would go to {host} for all to read. Use {better}.")
