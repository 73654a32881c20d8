"""Mail servers whose answers are nonsense, or have no end: the letter is uncertain, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from matcher.errors import ServerError
from matcher.mail.smtp import Server
from matcher.publishing.published import LetterState
from tests.mail.mail_server import at, letters
from tests.mail.moody_server import DRIPPING, ENDLESS_BANNER, ENDLESS_LINE, ENDLESS_LINES, Moods, moody
from tests.mail.test_smtp import Outbox


def impatient(port: int) -> Server:
    return replace(at(port), timeout=1.0)


@pytest.mark.parametrize(
    "answer",
    [
        [b"banana\r\n"],
        [b"200 OK queued\r\n"],
        [b"251 will forward\r\n"],
        [b"354 go on\r\n"],
        [b"150 wait\r\n"],
        [b"999 what\r\n"],
        [b"-50 minus\r\n"],
        [b"\r\n"],
        [b"\xff\xfe\x00\r\n"],
        [b"25\r\n"],
        [b"250"],
        ENDLESS_LINES,
        ENDLESS_LINE,
        DRIPPING,
    ],
    ids=str,
)
def test_after_nonsense_the_letter_is_uncertain_and_goes_again_marked(answer: Iterable[bytes]) -> None:
    outbox = Outbox.of(letters("ada@example.org"))
    with moody(Moods(after_content=answer, pause=0.3 if answer is DRIPPING else 0)) as port:
        (delivery,) = outbox.send(impatient(port))
    assert outbox.states() == [LetterState.SENDING]
    assert "it may have arrived" in delivery.remark
    moods = Moods()
    with moody(moods) as port:
        outbox.send(impatient(port))
    assert outbox.states() == [LetterState.SENT]
    assert [repeated for _, repeated in moods.taken] == [True]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b"250 ok\r\n", LetterState.SENT),
        (b"250-ok\r\n250 queued\r\n", LetterState.SENT),
        (b"451 later\r\n", LetterState.WAITING),
        (b"552 full\r\n", LetterState.REFUSED),
    ],
)
def test_a_servers_word_is_taken(answer: bytes, state: LetterState) -> None:
    outbox = Outbox.of(letters("ada@example.org"))
    with moody(Moods(after_content=[answer])) as port:
        outbox.send(impatient(port))
    assert outbox.states() == [state]


@pytest.mark.parametrize("answer", [[b"banana\r\n"], [b"999 no\r\n"], ENDLESS_LINES, ENDLESS_LINE], ids=str)
def test_nonsense_before_the_content_puts_the_letter_off(answer: Iterable[bytes]) -> None:
    outbox = Outbox.of(letters("ada@example.org"))
    moods = Moods(recipient=answer)
    with moody(moods) as port:
        outbox.send(impatient(port))
    assert outbox.states() == [LetterState.WAITING]
    assert moods.taken == []


@pytest.mark.parametrize("banner", [[b"banana\r\n"], ENDLESS_BANNER, ENDLESS_LINE, DRIPPING], ids=str)
def test_a_banner_that_is_none_is_said_and_no_letter_goes(banner: Iterable[bytes]) -> None:
    outbox = Outbox.of(letters("ada@example.org"))
    with (
        moody(Moods(banner=banner, pause=0.3 if banner is DRIPPING else 0)) as port,
        pytest.raises(ServerError, match="does not answer as a mail server does"),
    ):
        outbox.send(impatient(port))
    assert outbox.states() == [LetterState.WAITING]
