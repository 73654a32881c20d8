"""An SMTP server that answers a letter's content with whatever it is told to, byte by byte."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import cast


@dataclass
class Moods:
    """What it says, in pieces as they go over the wire; and what it took."""

    banner: Iterable[bytes] = (b"220 test ESMTP\r\n",)
    recipient: Iterable[bytes] = (b"250 ok\r\n",)
    after_content: Iterable[bytes] = (b"250 taken\r\n",)
    pause: float = 0.0
    """Seconds between two pieces."""
    holding: threading.Event | None = None
    """It says nothing after a letter's content until this is set."""
    content_came: threading.Event = field(default_factory=threading.Event)
    taken: list[tuple[str, bool]] = field(default_factory=list)
    """Message-ID of each letter whose content came, and whether it was marked as repeated."""


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):
            self.talk(cast("_Server", self.server))

    def talk(self, server: _Server) -> None:
        moods = server.moods
        self.say(server, moods.banner)
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.say(server, [b"354 go\r\n"])
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                found = re.search(rb"(?im)^Message-ID: (.*?)\r", content)
                moods.taken.append((found[1].decode() if found else "", b"X-Matcher-Repeated" in content))
                moods.content_came.set()
                if moods.holding is not None:
                    moods.holding.wait()
                self.say(server, moods.after_content)
            elif word == b"RCPT":
                self.say(server, moods.recipient)
            elif word == b"QUIT":
                return self.say(server, [b"221 bye\r\n"])
            else:
                self.say(server, [b"250 ok\r\n"])
        return None

    def say(self, server: _Server, pieces: Iterable[bytes]) -> None:
        for number, piece in enumerate(pieces):
            if number and server.moods.pause:
                server.closing.wait(server.moods.pause)
            if server.closing.is_set():
                return
            self.wfile.write(piece)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, moods: Moods) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.moods = moods
        self.closing = threading.Event()


@contextmanager
def moody(moods: Moods) -> Iterator[int]:
    """Its port."""
    with _Server(moods) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.closing.set()
            if moods.holding is not None:
                moods.holding.set()
            server.shutdown()
            thread.join()


ENDLESS_LINES = repeat(b"250-" + b"A" * 500 + b"\r\n")
ENDLESS_BANNER = repeat(b"220-" + b"A" * 500 + b"\r\n")
ENDLESS_LINE = repeat(b"2" * 500)
DRIPPING = repeat(b"2")
