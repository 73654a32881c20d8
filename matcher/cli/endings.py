"""How a command ends before it is done: a signal asks it to, or nobody reads any more what it says.

Neither may cost a plan that hours were spent on. While a plan is searched for, the first signal (Ctrl-C, SIGTERM, or
SIGHUP of a closed terminal) and a standard output that cannot be written to are remembered, and the search ends with
the best plan so far. At any other time a signal raises `Ended`, which undoes what is half done on its way out.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self, TextIO

NAMES = {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP (a closed terminal)"}
AT_ONCE = ("SIGINT", "SIGTERM")  # not SIGHUP, which the shell and the terminal send one each
ONE_WISH_SECONDS = 1.0  # the same signal comes twice from some senders, such as `timeout`; people need longer


class Ended(BaseException):
    """A signal asked for the end. Not an Exception, so that nobody takes it for an error of their own."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"Ended by {NAMES[signal.Signals(number).name]} before it was done. Nothing is half-written.")

    @property
    def exit_code(self) -> int:
        return 128 + self.number


class Output(io.TextIOWrapper):
    """A standard stream that goes quiet where it cannot be written to, and remembers why."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if self.lost is None:
            self.lost = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # where what is left in it may go


class Ending:
    """Whether somebody asked for the end. In a `with`, signals are heeded and standard streams survive."""

    def __init__(self) -> None:
        self.out: Output | None = None
        self.cut_short = False
        """Whether a search was told to stop."""
        self._asked: float | None = None
        self._heeded = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._asked, self._heeded, self.cut_short = None, False, False
        self.out = _guard_streams()
        if threading.current_thread() is threading.main_thread():
            for name in NAMES:
                number = getattr(signal, name, None)  # Windows has no SIGHUP
                if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # nohup
                    continue
                self._before[number] = signal.signal(number, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    @property
    def lost(self) -> OSError | None:
        """Why standard output cannot be written to any more."""
        return self.out.lost if self.out is not None else None

    def asked_to_stop(self) -> bool:
        """For a search that keeps its best plan; from the first time it asks, signals are left to it."""
        self._heeded = True
        if self._asked is not None or self.lost is not None:
            self.cut_short = True
        return self.cut_short

    def _signalled(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked is None:
            self._asked = now
            if not self._heeded:
                raise Ended(number)
        elif signal.Signals(number).name in AT_ONCE and now - self._asked >= ONE_WISH_SECONDS:
            _exit_at_once(number)


def _exit_at_once(number: int) -> None:
    """No plan is waited for; what was written stays whole, as after a kill."""
    try:
        if os.isatty(1):
            os.write(1, b"\x1b[?25h\r\n")  # the cursor, which a live table hides
        os.write(2, f"matcher: Ended at once by {NAMES[signal.Signals(number).name]}.\n".encode())
    finally:
        os._exit(128 + number)


def _guard_streams() -> Output | None:
    """Standard output as one that survives, unless a test has put another in its place."""
    for name in ("stdin", "stdout", "stderr"):  # in this order, so that each closed one gets its own number
        stream: TextIO | None = getattr(sys, name)
        if stream is None:  # closed from the beginning: the next file to be opened would get what is said
            number = os.open(os.devnull, os.O_RDONLY)  # writing there fails, as it should
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper:
            encoding, by_line, through = stream.encoding, stream.line_buffering, stream.write_through
            # a name that the output has no letters for is no reason to fail
            errors = "replace" if name == "stdout" else stream.errors
            guarded = Output(stream.detach(), encoding, errors, line_buffering=by_line, write_through=through)
            setattr(sys, name, guarded)
    return sys.stdout if isinstance(sys.stdout, Output) else None
