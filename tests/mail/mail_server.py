"""A real SMTP server in this process, and what it can be told to do wrong."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from matcher.appointments import Attendee
from matcher.mail.smtp import Server
from matcher.publishing.published import Letter, LetterState

USER, PASSWORD = "organiser", "pa:ss word"


@dataclass
class Post:
    """What arrives, and by whose hand; and orders to fail, each a letter's recipient."""

    arrived: list[Envelope] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every recipient asked for, also of what did not arrive."""
    connections: int = 0
    refuse: dict[str, str] = field(default_factory=dict)
    """At RCPT."""
    refuse_content: dict[str, str] = field(default_factory=dict)
    """After the content."""
    drop_at_recipient: set[str] = field(default_factory=set)
    """Once each: the line goes dead."""
    drop_after_content: set[str] = field(default_factory=set)
    """Once each: taken, and the line goes dead before a word."""
    die_after_taking: set[str] = field(default_factory=set)
    """Once each: taken, answered with 250, then dead."""
    sender_refused: str = ""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_refused:
            return self.sender_refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen.append(address)
        if address in self.drop_at_recipient:
            self.drop_at_recipient.remove(address)
            drop(server)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (recipient,) = envelope.rcpt_tos
        if recipient in self.refuse_content:
            return self.refuse_content[recipient]
        self.arrived.append(envelope)
        if recipient in self.drop_after_content:
            self.drop_after_content.remove(recipient)
            drop(server)
        if recipient in self.die_after_taking:
            self.die_after_taking.remove(recipient)
            await server.push("250 OK")
            drop(server)
        return "250 OK"

    def recipients(self) -> list[str]:
        return [envelope.rcpt_tos[0] for envelope in self.arrived]

    def content(self, recipient: str) -> list[bytes]:
        return [bytes(each.original_content or b"") for each in self.arrived if each.rcpt_tos == [recipient]]


def drop(server: SMTP) -> None:
    transport: Any = server.transport
    transport.abort()
    raise ConnectionResetError("dropped on purpose")


def may_enter(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


@contextmanager
def running(post: Post, ssl_context: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Its port."""
    loop = asyncio.new_event_loop()
    listening = loop.create_server(lambda: SMTP(post, loop=loop, **options), "127.0.0.1", 0, ssl=ssl_context)
    server = loop.run_until_complete(listening)
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(_end, loop)
        thread.join()
        loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    asyncio.gather(*tasks, return_exceptions=True).add_done_callback(lambda _: loop.stop())
    if not tasks:
        loop.stop()


def at(port: int, scheme: str = "smtp", host: str = "127.0.0.1", **environ: str) -> Server:
    return Server.at(f"{scheme}://{host}:{port}", environ=environ)


def letter(recipient: str, number: int = 1, text: str = "See you there.", **changes: Any) -> Letter:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = "Autumn in Derby <organiser@example.org>"
    message["To"] = recipient
    message["Subject"] = f"Invitation {number}"
    message["Message-ID"] = f"<{number}@matcher.invalid>"
    message.set_content(text)
    given: dict[str, Any] = {
        "message_id": f"<{number}@matcher.invalid>",
        "version": 1,
        "attendee": Attendee.VOLUNTEER,
        "attendee_id": f"V{number}",
        "recipient": recipient,
        "subject": f"Invitation {number}",
        "content": message.as_bytes(),
        "state": LetterState.WAITING,
    }
    return Letter(**{**given, **changes})


def letters(*recipients: str) -> tuple[Letter, ...]:
    return tuple(letter(recipient, number) for number, recipient in enumerate(recipients, start=1))


def server_context(certificate: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
