"""A calendar server's answers, bounded: in bytes, in seconds as a whole, and in how often it sends us on.

The CalDAV library takes whatever comes, for as long as it comes, and follows wherever it is sent, with the login.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any
from urllib.parse import urljoin, urlsplit

from matcher.errors import ServerError

LONGEST = 64 * 1024 * 1024  # bytes of one answer: some hundred times a large term
PATIENCE = 120.0  # seconds for one answer, from the request to its last byte
REDIRECTS = 5
SENT_ON = (301, 302, 303, 307, 308)
PIECE = 64 * 1024


def bound(client: Any, name: str, patience: float) -> None:
    """Makes the library's client raise ServerError, in which the server is called `name`, for what has no end."""
    session = client.session
    ask = session.request

    def request(method: str, url: str, **options: Any) -> Any:
        headers = {**options.pop("headers", {}), "Accept-Encoding": "identity"}  # 64 KiB may unpack to any size
        for _ in range(REDIRECTS + 1):
            answer = _within(
                patience,
                partial(_answer, ask, name, method, url, headers=headers, **options),
                f"{name} does not end its answer within {patience:g} seconds. Check the address; try again later.",
            )
            if answer.status_code not in SENT_ON or "Location" not in answer.headers:
                return answer
            url = _next(url, str(answer.headers["Location"]), name)
        raise ServerError(f"{name} sends us on more than {REDIRECTS} times. Check the address.")

    session.request = request


def _next(url: str, location: str, name: str) -> str:
    """Only to the same host, and never from encrypted to not: the login goes along."""
    onward = urljoin(url, location)
    before, after = urlsplit(url), urlsplit(onward)
    if after.hostname != before.hostname or after.scheme not in (before.scheme, "https"):
        raise ServerError(
            f"{name} sends us on to {after.scheme}://{after.hostname or '?'}, another place. If your calendars are "
            "there, give that address."
        )
    return onward


def _answer(ask: Callable[..., Any], name: str, method: str, url: str, **options: Any) -> Any:
    """The answer with its content, which the library would read without an end."""
    answer = ask(method, url, stream=True, allow_redirects=False, **options)
    packed = str(answer.headers.get("Content-Encoding", "identity")).strip().lower()
    if packed not in ("", "identity"):
        answer.close()
        raise ServerError(f"{name} packs its answer ({packed[:40]!r}) though it was asked not to. Check the address.")
    pieces, length = [], 0
    for piece in answer.iter_content(PIECE):
        length += len(piece)
        if length > LONGEST:
            answer.close()
            raise ServerError(
                f"{name} answers with more than {LONGEST // 1024 // 1024} MB, which no calendar of ours has. "
                "Check the address."
            )
        pieces.append(piece)
    answer._content = b"".join(pieces)
    answer._content_consumed = True
    return answer


def _within(seconds: float, do: Callable[[], Any], otherwise: str) -> Any:
    """What `do` gives, or ServerError after so long. (It is then left to itself, and ends with the program: no
    timeout of the library is for an answer as a whole, its head included.)"""
    done: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(do())
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    with suppress(IndexError):
        raise failed[0]
    if not done:
        raise ServerError(otherwise)
    return done[0]
