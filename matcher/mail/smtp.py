"""Letters handed to a mail server one at a time, so that whatever fails, it is known where every letter stands.

A letter is marked SENDING before its content goes and SENT once the server took it. What is found in SENDING later
may or may not have arrived: it goes again under the same Message-ID, with a header and a remark that say so.
"""

from __future__ import annotations

import os
import smtplib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path

from matcher.addresses import BadAddress, mail_address
from matcher.errors import ServerError
from matcher.mail.answers import EndlessAnswer, PlainSMTP, SMTPOverTLS
from matcher.mail.login import Login, is_this_machine, login, refuse_in_the_clear, split_address
from matcher.publishing.published import Letter, LetterState

REPEATED = b"X-Matcher-Repeated: yes\r\n"
PAUSES = (1.0, 5.0, 15.0)  # seconds before each attempt to reach the server anew
UNWILLING = 5  # after this many in a row that did not go, something is wrong with more than them: the rest is left
UNKNOWN_TO_IT = {530, 535, 538}  # it wants a login, or another: nothing that the letter could help
TIMEOUT = 60.0  # seconds for each answer as a whole
MAY_HAVE_ARRIVED = "it may have arrived, and goes again when you next send"

Mark = Callable[[str, LetterState, str], None]
"""Keeps where the letter of this Message-ID stands now, and what there is to say of it; lasting when it returns."""


class Security(StrEnum):
    NONE = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


DEFAULT_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters go, and as whom."""

    host: str
    port: int
    security: Security
    login: Login | None = None
    timeout: float = TIMEOUT

    @classmethod
    def at(cls, url: str, login_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Server:
        """From `smtp://`, `smtp+starttls://` or `smtps://` and a login file, or MATCHER_SMTP_USER and _PASSWORD."""
        parts = split_address(url, tuple(Security), "smtp+starttls://mail.example.org:587")
        security, host = Security(parts.scheme), parts.hostname or ""
        who = login(login_file, environ, "MATCHER_SMTP")
        if who and security is Security.NONE:
            refuse_in_the_clear(host, "smtp+starttls:// or smtps://")
        return cls(host, parts.port or DEFAULT_PORTS[security], security, who)

    def __str__(self) -> str:
        return f"{self.security}://{self.host}:{self.port}"

    @property
    def in_the_clear(self) -> bool:
        """Whether what goes there can be read on the way."""
        return self.security is Security.NONE and not is_this_machine(self.host)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one letter."""

    letter: Letter
    state: LetterState
    remark: str
    repeated: bool = False
    """It may have arrived before."""


@dataclass(frozen=True, slots=True)
class Outcome:
    deliveries: tuple[Delivery, ...]
    left: int
    """Letters that it did not come to; they wait."""
    stopped: str = ""
    """Why it did not come to them."""

    def count(self, state: LetterState) -> int:
        return sum(delivery.state is state for delivery in self.deliveries)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as `send` sees it; tests have their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def to_send(letters: Iterable[Letter]) -> tuple[Letter, ...]:
    """Those that wait, and those of which nobody knows; in their order."""
    return tuple(each for each in letters if each.state in (LetterState.WAITING, LetterState.SENDING))


def rehearse(letters: Iterable[Letter]) -> Outcome:
    """What `send` would do, told without a word to any server."""
    return Outcome(
        tuple(
            Delivery(letter, letter.state, "would go again: it may have arrived already", repeated=True)
            if letter.state is LetterState.SENDING
            else Delivery(letter, letter.state, "would go")
            for letter in to_send(letters)
        ),
        left=0,
    )


def send(
    letters: Iterable[Letter],
    server: Server,
    mark: Mark,
    *,
    per_minute: float = 0,
    told: Callable[[Delivery], None] = lambda _: None,
    clock: Clock | None = None,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Hands over every letter that waits or is uncertain, at most `per_minute` of them a minute (0: no limit).

    Once `asked_to_stop` it ends before the next letter.

    ServerError if the server cannot be reached or does not let us in at the start. Later a dropped line is taken up
    again; if that fails, or the server takes nothing more for now, the rest is left and the outcome says why.
    """
    clock = clock or Clock()
    waiting = to_send(letters)
    if not waiting:
        return Outcome((), 0)
    line = _Line(server, clock)
    line.open()
    deliveries: list[Delivery] = []
    held: set[str] = set()  # recipients whose earlier letter has not gone: the later must not overtake it
    unwilling = 0
    earliest = clock.now()
    stopped = ""
    try:
        for letter in waiting:
            if asked_to_stop():
                stopped = "It was asked to stop."
                break
            if letter.recipient.casefold() in held:
                delivery = Delivery(letter, letter.state, "waits for an earlier letter to the same address")
            else:
                if (wait := earliest - clock.now()) > 0:
                    clock.sleep(wait)
                    line.check()
                earliest = clock.now() + (60 / per_minute if per_minute else 0)
                try:
                    line.reopen()
                except ServerError as error:
                    stopped = str(error)
                    break
                try:
                    delivery = _deliver(letter, line, mark)
                except _SenderRefused as refused:
                    stopped = f"{server} takes no letters from {refused}. Check organiser_email, and the login."
                    break
                unwilling = 0 if delivery.state is LetterState.SENT else unwilling + 1
            if delivery.state in (LetterState.WAITING, LetterState.SENDING):
                held.add(letter.recipient.casefold())
            deliveries.append(delivery)
            told(delivery)
            if unwilling >= UNWILLING:
                stopped = f"{server} took none of the last {unwilling} letters ({delivery.remark}). Send again later."
                break
    except BaseException:  # such as Ctrl-C within a letter's content: no word more to the server
        line.lost()
        raise
    line.close()
    return Outcome(tuple(deliveries), len(waiting) - len(deliveries), stopped)


class _Line:
    """The connection to the server, opened anew when it was lost."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self.server = server
        self.clock = clock
        self.smtp: smtplib.SMTP | None = None

    def open(self) -> None:
        """ServerError if it cannot be."""
        self.smtp = _connected(self.server)

    def reopen(self) -> None:
        """Open if it is not, with some patience."""
        for pause in PAUSES:
            if self.smtp is not None:
                return
            self.clock.sleep(pause)
            try:
                self.open()
            except ServerError:
                if pause == PAUSES[-1]:
                    raise

    def check(self) -> None:
        """After a wait: servers hang up on whoever says nothing for long."""
        if self.smtp is not None:
            try:
                _expect(self.smtp.noop(), 250)
            except (_Answered, OSError, smtplib.SMTPException):
                self.lost()

    def lost(self) -> None:
        if self.smtp is not None:
            self.smtp.close()
            self.smtp = None

    def close(self) -> None:
        if self.smtp is not None:
            try:
                self.smtp.quit()
            except (OSError, smtplib.SMTPException):
                self.smtp.close()
            self.smtp = None


def _connected(server: Server) -> smtplib.SMTP:
    smtp: smtplib.SMTP | None = None
    try:
        if server.security is Security.TLS:
            context = ssl.create_default_context()
            smtp = SMTPOverTLS(server.host, server.port, timeout=server.timeout, context=context)
        else:
            smtp = PlainSMTP(server.host, server.port, timeout=server.timeout)
        if server.security is Security.STARTTLS:
            smtp.starttls(context=ssl.create_default_context())
        if server.login:
            smtp.login(server.login.user, server.login.password)
        smtp.ehlo_or_helo_if_needed()
        return smtp
    except (OSError, smtplib.SMTPException, ValueError) as error:
        if smtp is not None:
            smtp.close()
        raise ServerError(_why_not(server, error)) from error


def _why_not(server: Server, error: Exception) -> str:
    match error:
        case smtplib.SMTPAuthenticationError():
            return (
                f"{server} refused the login of {server.login.user if server.login else 'nobody'} "
                f"({_said(error.smtp_code, error.smtp_error)}). Check the user and the password; "
                "some providers want a password made for one application."
            )
        case ssl.SSLCertVerificationError():
            return (
                f"{server} shows a certificate that cannot be trusted ({error.verify_message}). Use the host name that "
                "the certificate is for; for a private authority, set SSL_CERT_FILE to its certificate."
            )
        case ssl.SSLError():
            return (
                f"{server} does not speak TLS here ({error.reason or error}). "
                "Port 465 is usually smtps://, port 587 smtp+starttls://, port 25 smtp://."
            )
        case smtplib.SMTPNotSupportedError() if server.login and "AUTH" in str(error):
            return f"{server} takes no login here. Leave the login out, or use smtp+starttls:// or smtps://."
        case smtplib.SMTPNotSupportedError():
            return f"{server} offers no STARTTLS. Use smtps:// if it has TLS from the start (often port 465)."
        case smtplib.SMTPResponseException() if not _is_refusal(error.smtp_code):
            return (
                f"{server} does not answer as a mail server does ({_said(error.smtp_code, error.smtp_error)}). "
                "Check the host and the port."
            )
        case smtplib.SMTPServerDisconnected() if isinstance(error.__context__, EndlessAnswer):
            return f"{server} does not answer as a mail server does: {error.__context__}. Check the host and the port."
        case smtplib.SMTPResponseException():
            return f"{server} turned us away ({_said(error.smtp_code, error.smtp_error)}). Ask whoever runs it."
        case ValueError():
            return f"{server} cannot be used: its login or name has letters that it has no way to take."
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{server} cannot be reached ({reason}). Check the host and the port, and that the network lets us out."


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join((f"{code} {text}" if code >= 0 else text).split())[:300]


class _Answered(Exception):
    """The server did not do what it was asked."""

    def __init__(self, code: int, words: bytes) -> None:
        self.code = code
        self.said = _said(code, words)


class _SenderRefused(Exception):
    """It takes no letters from us at all; says from whom, and its words."""


def _deliver(letter: Letter, line: _Line, mark: Mark) -> Delivery:
    repeated = letter.state is LetterState.SENDING
    content = REPEATED + letter.content if repeated else letter.content
    smtp = line.smtp
    assert smtp is not None
    begun = False

    def became(state: LetterState, remark: str) -> Delivery:
        mark(letter.message_id, state, remark)
        return Delivery(letter, state, remark, repeated)

    # Until this attempt's content is on its way, a failure leaves the letter as it was.
    before = letter.state
    try:
        _envelope(smtp, letter, content)
        mark(letter.message_id, LetterState.SENDING, letter.remark)
        _expect(smtp.docmd("DATA"), 354)
        begun = True
        _expect(_content(smtp, content), 250)
    except _Answered as answer:
        if answer.code == 421 or not _is_refusal(answer.code):
            line.lost()  # after nonsense nobody knows what the next answer would be to
        else:
            _start_afresh(line)
        if begun and not _is_refusal(answer.code):
            return became(LetterState.SENDING, f"the server's answer was none ({answer.said}): {MAY_HAVE_ARRIVED}")
        if _is_refusal(answer.code) and answer.code >= 500 and answer.code not in UNKNOWN_TO_IT:
            return became(LetterState.REFUSED, f"{letter.recipient}: {answer.said}")
        return became(before, f"put off: {answer.said}")
    except (OSError, smtplib.SMTPException) as error:
        line.lost()
        if begun:
            endless = f" ({error.__context__})" if isinstance(error.__context__, EndlessAnswer) else ""
            return became(LetterState.SENDING, f"the server's word never came{endless}: {MAY_HAVE_ARRIVED}")
        cause = error.__context__ if isinstance(error.__context__, EndlessAnswer) else error
        reason = "" if isinstance(cause, smtplib.SMTPServerDisconnected) else f" ({cause})"
        return became(before, f"put off: the line dropped before it went{reason}")
    except BadAddress as error:
        return became(LetterState.REFUSED, f"{letter.recipient!r} cannot be written to: {error}")
    return became(LetterState.SENT, "sent again: it may have arrived before" if repeated else "")


def _envelope(smtp: smtplib.SMTP, letter: Letter, content: bytes) -> None:
    sender = parseaddr(str(BytesHeaderParser(policy=policy.SMTP).parsebytes(content).get("From", "")))[1]
    options = [] if letter.content.isascii() or not smtp.has_extn("8bitmime") else ["BODY=8BITMIME"]
    recipient = mail_address(letter.recipient)  # nothing that smtplib could read as two, or as a command
    code, words = smtp.mail(sender, options)
    if _is_refusal(code) and code >= 500:
        raise _SenderRefused(f"{sender} ({_said(code, words)})")
    _expect((code, words), 250)
    _expect(smtp.rcpt(recipient), 250, 251)


def _content(smtp: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
    if not content.isascii() and not smtp.has_extn("8bitmime"):
        sevenbit = policy.SMTP.clone(cte_type="7bit")
        content = BytesParser(policy=sevenbit).parsebytes(content).as_bytes()
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    stuffed = (b"\r\n" + lines.removesuffix(b"\r\n")).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n")
    smtp.send(stuffed + b"\r\n.\r\n")
    return smtp.getreply()


def _is_refusal(code: int) -> bool:
    """For now (4xx) or for good (5xx)."""
    return 400 <= code < 600


def _expect(reply: tuple[int, bytes], *codes: int) -> None:
    if reply[0] not in codes:
        raise _Answered(*reply)


def _start_afresh(line: _Line) -> None:
    """After a refusal the line is as good as new, or it is given up."""
    if line.smtp is not None:
        try:
            _expect(line.smtp.rset(), 250)
        except (_Answered, OSError, smtplib.SMTPException):
            line.lost()
