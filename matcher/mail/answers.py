"""A mail server's answers, bounded: what has no end ends here.

`smtplib` waits for each piece of an answer anew and keeps as much of it as comes. Here an answer as a whole has the
connection's timeout, and so many bytes.
"""

from __future__ import annotations

import smtplib
import socket
import time
from typing import Any

LONGEST_ANSWER = 64 * 1024  # bytes, of all its lines
PIECE = 4096


class EndlessAnswer(OSError):
    """It is too long, or takes too long; the message says which. smtplib makes SMTPServerDisconnected of it."""


class _Lines:
    """What comes from the server, line by line; in place of the socket's own file."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._seconds = seconds
        self._left = b""
        self._taken = 0
        self._deadline = 0.0
        self.last = b""

    def begin_answer(self) -> None:
        self._taken = 0
        self._deadline = time.monotonic() + self._seconds

    def readline(self, _limit: int = -1) -> bytes:
        while b"\n" not in self._left:
            if self._taken + len(self._left) > LONGEST_ANSWER:
                raise EndlessAnswer(f"its answer does not end within {LONGEST_ANSWER // 1024} KiB")
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 and not self._taken and not self._left:
                raise TimeoutError(f"it said nothing for {self._seconds:g} seconds")
            if remaining <= 0:
                raise EndlessAnswer(f"its answer does not end within {self._seconds:g} seconds")
            self._sock.settimeout(remaining)
            try:
                piece = self._sock.recv(PIECE)
            except TimeoutError:
                continue  # and say so
            finally:
                self._sock.settimeout(self._seconds)
            if not piece:
                break
            self._left += piece
        line, end, self._left = self._left.partition(b"\n")
        self.last = line + end
        self._taken += len(self.last)
        if self._taken > LONGEST_ANSWER:
            raise EndlessAnswer(f"its answer does not end within {LONGEST_ANSWER // 1024} KiB")
        return self.last

    def close(self) -> None:
        """The socket is closed by whoever opened it."""


class _Bounded(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        """Code and words; code -1, and the whole line as words, if it is no answer at all."""
        if self.file is None:
            self.file: Any = _Lines(self.sock, self.timeout)  # type: ignore[arg-type]
        lines = self.file
        lines.begin_answer()
        code, words = super().getreply()
        return (code, words) if 100 <= code <= 999 else (-1, lines.last.strip())


class PlainSMTP(_Bounded):
    """`smtplib.SMTP` whose answers are bounded."""


class SMTPOverTLS(smtplib.SMTP_SSL, _Bounded):
    """`smtplib.SMTP_SSL` whose answers are bounded."""
