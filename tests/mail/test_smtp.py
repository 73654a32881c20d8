"""Letters to a real mail server, which does whatever servers do: nothing is lost, and no letter goes twice unmarked."""

from __future__ import annotations

import email
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email import policy
from pathlib import Path
from typing import Any

import pytest
import trustme

from matcher.errors import MatcherError, ServerError
from matcher.mail.smtp import Clock, Delivery, Server, rehearse, send
from matcher.publishing.published import Letter, LetterState
from tests.mail.mail_server import PASSWORD, USER, Post, at, letter, letters, may_enter, running, server_context

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd of its own smtps

WAITING, SENDING, SENT, REFUSED = LetterState.WAITING, LetterState.SENDING, LetterState.SENT, LetterState.REFUSED


@dataclass
class Outbox:
    """Where letters stand, as a database would keep it, and every mark that was made."""

    letters: dict[str, Letter]
    marks: list[tuple[str, LetterState]] = field(default_factory=list)

    @classmethod
    def of(cls, letters: tuple[Letter, ...]) -> Outbox:
        return cls({each.message_id: each for each in letters})

    def mark(self, message_id: str, state: LetterState, remark: str) -> None:
        self.letters[message_id] = replace(self.letters[message_id], state=state, remark=remark)
        self.marks.append((self.letters[message_id].recipient, state))

    def states(self) -> list[LetterState]:
        return [each.state for each in self.letters.values()]

    def send(self, server: Server, **options: Any) -> list[Delivery]:
        options.setdefault("clock", FakeClock().clock)
        return list(send(list(self.letters.values()), server, self.mark, **options).deliveries)


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self.clock = Clock(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def port(post: Post) -> Iterator[int]:
    with running(post) as port:
        yield port


def is_repeat(content: bytes) -> bool:
    return email.message_from_bytes(content)["X-Matcher-Repeated"] == "yes"


def test_every_letter_arrives_as_it_was_written(post: Post, port: int) -> None:
    text = ".\r\n..a dot first\r\nand Zoë, 学校, 🚂\r\n"
    written = tuple(letter(f"{name}@example.org", number, text) for number, name in enumerate("abc"))
    outbox = Outbox.of(written)
    outbox.send(at(port))
    assert outbox.states() == [SENT] * 3
    assert post.connections == 1
    assert [post.content(each.recipient) for each in written] == [[each.content] for each in written]
    assert {envelope.mail_from for envelope in post.arrived} == {"organiser@example.org"}


def test_a_letter_is_marked_before_it_goes_and_after(port: int) -> None:
    outbox = Outbox.of(letters("a@example.org", "b@example.org"))
    outbox.send(at(port))
    assert outbox.marks == [
        ("a@example.org", SENDING),
        ("a@example.org", SENT),
        ("b@example.org", SENDING),
        ("b@example.org", SENT),
    ]


def test_what_was_sent_or_refused_does_not_go_again(post: Post, port: int) -> None:
    first, second = letters("a@example.org", "b@example.org")
    outbox = Outbox.of((replace(first, state=SENT), replace(second, state=REFUSED)))
    assert outbox.send(at(port)) == []
    assert post.connections == 0


def test_one_address_refused_keeps_no_other_from_its_letter(post: Post, port: int) -> None:
    post.refuse["b@example.org"] = "550 5.1.1 No such person here"
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    deliveries = outbox.send(at(port))
    assert outbox.states() == [SENT, REFUSED, SENT]
    assert post.recipients() == ["a@example.org", "c@example.org"]
    assert deliveries[1].remark == "b@example.org: 550 5.1.1 No such person here"


@pytest.mark.parametrize("where", ["refuse", "refuse_content"])
def test_a_letter_put_off_waits_and_goes_the_next_time(post: Post, port: int, where: str) -> None:
    getattr(post, where)["b@example.org"] = "451 4.7.1 Greylisted, come back in five minutes"
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    deliveries = outbox.send(at(port))
    assert outbox.states() == [SENT, WAITING, SENT]
    assert "Greylisted" in deliveries[1].remark

    getattr(post, where).clear()
    outbox.send(at(port))
    assert outbox.states() == [SENT] * 3
    assert post.recipients() == ["a@example.org", "c@example.org", "b@example.org"]
    assert not is_repeat(post.content("b@example.org")[0])


def test_a_line_that_drops_before_the_letter_went_is_taken_up_again(post: Post, port: int) -> None:
    post.drop_at_recipient.add("b@example.org")
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    outbox.send(at(port))
    assert outbox.states() == [SENT, WAITING, SENT]
    assert post.connections == 2
    outbox.send(at(port))
    assert sorted(post.recipients()) == ["a@example.org", "b@example.org", "c@example.org"]
    assert not is_repeat(post.content("b@example.org")[0])


def test_a_letter_that_may_have_arrived_goes_again_with_a_mark_that_says_so(post: Post, port: int) -> None:
    post.drop_after_content.add("b@example.org")
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    deliveries = outbox.send(at(port))
    assert outbox.states() == [SENT, SENDING, SENT]
    assert "may have arrived" in deliveries[1].remark

    (again,) = outbox.send(at(port))
    assert again.repeated and "again" in again.remark
    assert outbox.states() == [SENT] * 3
    first, second = post.content("b@example.org")
    assert not is_repeat(first) and is_repeat(second)
    assert second.replace(b"X-Matcher-Repeated: yes\r\n", b"") == first  # the same Message-ID, and all else


def test_a_server_that_takes_a_letter_and_dies_has_it(post: Post, port: int) -> None:
    post.die_after_taking.add("a@example.org")
    outbox = Outbox.of(letters("a@example.org", "b@example.org"))
    outbox.send(at(port))
    outbox.send(at(port))
    assert outbox.states() == [SENT, SENT]
    assert post.recipients() == ["a@example.org", "b@example.org"]


def test_a_sender_killed_between_two_marks_leaves_one_letter_uncertain_and_none_lost(post: Post, port: int) -> None:
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))

    class Killed(BaseException):
        pass

    def mark(message_id: str, state: LetterState, remark: str) -> None:
        if (outbox.letters[message_id].recipient, state) == ("b@example.org", SENT):
            raise Killed
        outbox.mark(message_id, state, remark)

    with pytest.raises(Killed):
        send(list(outbox.letters.values()), at(port), mark)
    assert outbox.states() == [SENT, SENDING, WAITING]
    outbox.send(at(port))
    assert outbox.states() == [SENT] * 3
    assert [[is_repeat(each) for each in post.content(f"{name}@example.org")] for name in "abc"] == [
        [False],
        [False, True],
        [False],
    ]


def test_an_uncertain_letter_that_is_put_off_stays_uncertain(post: Post, port: int) -> None:
    post.refuse["a@example.org"] = "451 Later"
    outbox = Outbox.of((letter("a@example.org", state=SENDING),))
    outbox.send(at(port))
    assert outbox.states() == [SENDING]
    post.refuse.clear()
    outbox.send(at(port))
    assert is_repeat(post.content("a@example.org")[0])


def test_a_server_that_is_gone_for_good_leaves_the_rest_for_another_time(post: Post) -> None:
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    with running(post) as port:
        seen: list[Delivery] = []

        def told(delivery: Delivery) -> None:
            seen.append(delivery)
            gone.close()

        gone = Relay(port)
        clock = FakeClock()
        outcome = send(list(outbox.letters.values()), at(gone.port), outbox.mark, told=told, clock=clock.clock)
    assert outcome.stopped and "reached" in outcome.stopped
    assert outbox.states()[0] is SENT and len(post.arrived) == 1
    assert set(outbox.states()[1:]) == {WAITING}
    assert len(outcome.deliveries) + outcome.left == 3
    assert len(clock.slept) == 3  # with patience


class Relay:
    """A way to a server that can be cut, and closed for good."""

    def __init__(self, target: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = target
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inner, _ = self.listener.accept()
                outer = socket.create_connection(("127.0.0.1", self.target))
                self.sockets += [inner, outer]
                for one, other in ((inner, outer), (outer, inner)):
                    self.threads.append(threading.Thread(target=self._pump, args=(one, other)))
                    self.threads[-1].start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)

    def cut(self) -> None:
        while self.sockets:
            each = self.sockets.pop()
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
        for thread in self.threads:
            thread.join()


def test_a_server_that_hangs_up_while_we_wait_puts_no_letter_off(post: Post, port: int) -> None:
    relay = Relay(port)
    clock = FakeClock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        relay.cut()

    outbox = Outbox.of(letters("a@example.org", "b@example.org", "c@example.org"))
    outbox.send(at(relay.port), per_minute=1, clock=Clock(clock.clock.now, sleep))
    relay.close()
    assert outbox.states() == [SENT] * 3
    assert outbox.marks == [(f"{name}@example.org", state) for name in "abc" for state in (SENDING, SENT)]


def test_a_server_that_takes_nothing_is_not_hammered(post: Post, port: int) -> None:
    names = [f"v{number}@example.org" for number in range(30)]
    post.refuse = dict.fromkeys(names[3:], "451 4.3.2 Too many letters today")
    outbox = Outbox.of(letters(*names))
    outcome = send(list(outbox.letters.values()), at(port), outbox.mark)
    assert "Too many letters today" in outcome.stopped
    assert len(post.seen) < 12
    assert outbox.states() == [SENT] * 3 + [WAITING] * 27
    post.refuse.clear()
    outbox.send(at(port))
    assert sorted(post.recipients()) == sorted(names)


def test_a_server_that_wants_another_sender_refuses_no_letter_for_good(post: Post, port: int) -> None:
    post.sender_refused = "550 5.7.1 You may not write as organiser@example.org"
    outbox = Outbox.of(letters("a@example.org", "b@example.org"))
    outcome = send(list(outbox.letters.values()), at(port), outbox.mark)
    assert outbox.states() == [WAITING, WAITING]
    assert "You may not write as" in outcome.stopped and "organiser_email" in outcome.stopped


def test_a_later_letter_does_not_overtake_an_earlier_one_to_the_same_person(post: Post, port: int) -> None:
    post.refuse["a@example.org"] = "451 Later"
    outbox = Outbox.of(letters("a@example.org", "b@example.org", "A@example.org"))
    deliveries = outbox.send(at(port))
    assert outbox.states() == [WAITING, SENT, WAITING]
    assert "earlier letter" in deliveries[2].remark
    post.refuse.clear()
    outbox.send(at(port))
    assert post.recipients() == ["b@example.org", "a@example.org", "A@example.org"]


def test_no_more_letters_a_minute_than_were_allowed(post: Post, port: int) -> None:
    clock = FakeClock()
    outbox = Outbox.of(letters(*(f"v{number}@example.org" for number in range(7))))
    outbox.send(at(port), per_minute=30, clock=clock.clock)
    assert outbox.states() == [SENT] * 7
    assert clock.slept == [2.0] * 6


def test_a_rehearsal_says_what_would_go_and_asks_no_server() -> None:
    waiting, uncertain, gone = letters("a@example.org", "b@example.org", "c@example.org")
    outcome = rehearse((waiting, replace(uncertain, state=SENDING), replace(gone, state=SENT)))
    assert [each.letter.recipient for each in outcome.deliveries] == ["a@example.org", "b@example.org"]
    assert [each.repeated for each in outcome.deliveries] == [False, True]
    assert [each.state for each in outcome.deliveries] == [WAITING, SENDING]


def test_an_address_in_another_script_arrives_under_the_name_the_network_has_for_it(post: Post, port: int) -> None:
    outbox = Outbox.of((letter("zoe@bücher.example"),))
    outbox.send(at(port))
    assert outbox.states() == [SENT]
    assert post.recipients() == ["zoe@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "address",
    [
        "zoë@example.org",
        "",
        "a@example.org, b@example.org",
        "a\r\nRCPT TO:<b@example.org>",
        "a@" + "ü" * 80 + ".example",
    ],
)
def test_an_address_that_nobody_can_take_is_refused_alone(post: Post, port: int, address: str) -> None:
    outbox = Outbox.of((replace(letter("x@example.org", 1), recipient=address), letter("c@example.org", 2)))
    deliveries = outbox.send(at(port))
    assert outbox.states() == [REFUSED, SENT]
    assert "cannot be written to" in deliveries[0].remark
    assert post.recipients() == ["c@example.org"]


def test_a_server_of_seven_bits_gets_the_same_words(post: Post) -> None:
    with running(post, decode_data=True) as port:
        outbox = Outbox.of((letter("a@example.org", text="Zoë, 学校, 🚂\n"),))
        outbox.send(at(port))
    assert outbox.states() == [SENT]
    (content,) = post.content("a@example.org")
    assert content.isascii()
    message = email.message_from_bytes(content, policy=policy.default)
    assert message.get_content().splitlines() == ["Zoë, 学校, 🚂"]
    assert message["Message-ID"] == "<1@matcher.invalid>"


# How we are let in


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


def with_starttls(certificate: trustme.LeafCert) -> dict[str, Any]:
    context = server_context(certificate)
    return {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": may_enter}


def with_tls(certificate: trustme.LeafCert) -> dict[str, Any]:
    context = server_context(certificate)
    return {
        "ssl_context": context,
        "auth_required": True,
        "auth_require_tls": False,  # aiosmtpd asks for STARTTLS even inside TLS
        "authenticator": may_enter,
    }


TLS = pytest.mark.parametrize(("scheme", "options"), [("smtp+starttls", with_starttls), ("smtps", with_tls)])
LOGIN = {"MATCHER_SMTP_USER": USER, "MATCHER_SMTP_PASSWORD": PASSWORD}


@TLS
def test_letters_go_encrypted_with_a_login(post: Post, authority: trustme.CA, scheme: str, options: Any) -> None:
    with running(post, **options(authority.issue_cert("localhost"))) as port:
        outbox = Outbox.of(letters("a@example.org"))
        outbox.send(at(port, scheme, "localhost", **LOGIN))
    assert outbox.states() == [SENT]


@pytest.mark.parametrize(
    "text", ["organiser:pa:ss word", "organiser\npa:ss word\n", "\ufefforganiser\r\n\r\npa:ss word"]
)
def test_the_login_may_come_from_a_file(post: Post, authority: trustme.CA, tmp_path: Path, text: str) -> None:
    (tmp_path / "login").touch(0o600)
    (tmp_path / "login").write_text(text, encoding="utf-8", newline="")
    with running(post, **with_starttls(authority.issue_cert("localhost"))) as port:
        outbox = Outbox.of(letters("a@example.org"))
        outbox.send(Server.at(f"smtp+starttls://localhost:{port}", tmp_path / "login", {}))
    assert outbox.states() == [SENT]


@TLS
def test_a_wrong_password_is_told_without_it(post: Post, authority: trustme.CA, scheme: str, options: Any) -> None:
    wrong = {**LOGIN, "MATCHER_SMTP_PASSWORD": "sesame"}
    outbox = Outbox.of(letters("a@example.org"))
    with (
        running(post, **options(authority.issue_cert("localhost"))) as port,
        pytest.raises(ServerError, match=r"refused the login of organiser .*535") as caught,
    ):
        outbox.send(at(port, scheme, "localhost", **wrong))
    assert "sesame" not in str(caught.value)
    assert outbox.marks == [] and not post.arrived


@TLS
def test_a_certificate_for_another_name_is_not_trusted(
    post: Post, authority: trustme.CA, scheme: str, options: Any
) -> None:
    with (
        running(post, **options(authority.issue_cert("elsewhere.example"))) as port,
        pytest.raises(ServerError, match="certificate that cannot be trusted"),
    ):
        send(letters("a@example.org"), at(port, scheme, "localhost", **LOGIN), lambda *_: None)
    assert not post.arrived


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_where_there_is_no_tls_nothing_goes_in_the_clear(post: Post, port: int, scheme: str) -> None:
    with pytest.raises(ServerError, match=r"STARTTLS|does not speak TLS"):
        send(letters("a@example.org"), at(port, scheme, "localhost", **LOGIN), lambda *_: None)
    assert not post.arrived


def test_a_server_without_login_says_so(port: int) -> None:
    with pytest.raises(ServerError, match="takes no login"):
        send(letters("a@example.org"), at(port, "smtp", "localhost", **LOGIN), lambda *_: None)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerError, match="cannot be reached"):
        send(letters("a@example.org"), at(port), lambda *_: None)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = replace(at(silent.getsockname()[1]), timeout=0.2)
        with pytest.raises(ServerError, match="cannot be reached"):
            send(letters("a@example.org"), server, lambda *_: None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mail.example.org", "cannot be used"),
        ("http://mail.example.org", "expected smtp://"),
        ("smtp://", "cannot be used"),
        ("smtp://mail.example.org:99999", "port from 1"),
        ("smtp://mail.example.org:no", "port from 1"),
        ("smtp://organiser:sesame@mail.example.org", "has a login in it"),
        ("smtp://organiser:se/sesame@mail.example.org", "cannot be read"),
        ("smtp://organiser:12/sesame@mail.example.org", "has a login in it"),
        ("smtp://organiser:12#sesame@mail.example.org", "has a login in it"),
        ("smtp://organiser:12?sesame@mail.example.org", "has a login in it"),
        ("organiser:sesame@mail.example.org", "has a login in it"),
        ("smtp://mail.example.org?password=sesame", "has a login in it"),
        ("smtp://mail.example.org#sesame", r"something after \? or #"),
        ("smtp://[::1", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_used(url: str, words: str) -> None:
    with pytest.raises(MatcherError, match=words) as caught:
        Server.at(url, environ={})
    assert "sesame" not in str(caught.value)


def test_a_password_never_crosses_the_network_in_the_clear() -> None:
    with pytest.raises(ServerError, match="for all to read"):
        Server.at("smtp://mail.example.org", environ=LOGIN)


@pytest.mark.parametrize("content", [b"", b"organiser", b"a\nb\nc\n", b"\xff\xfe\x00", b"organiser:"])
def test_a_login_file_that_holds_no_login(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "login").touch(0o600)
    (tmp_path / "login").write_bytes(content)
    with pytest.raises(ServerError, match="login file") as caught:
        Server.at("smtps://mail.example.org", tmp_path / "login", {})
    assert "expected a user and a password" in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o666, 0o444])
def test_a_login_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "login"
    file.write_text("organiser:sesame", encoding="utf-8")
    file.chmod(mode)
    with pytest.raises(ServerError, match=f"open to others.* chmod 600 {file}") as caught:
        Server.at("smtps://mail.example.org", file, {})
    assert "sesame" not in str(caught.value)
    for mine in (0o600, 0o400, 0o700):
        file.chmod(mine)
        Server.at("smtps://mail.example.org", file, {})


def test_half_a_login_in_the_environment() -> None:
    with pytest.raises(ServerError, match="MATCHER_SMTP_PASSWORD is missing"):
        Server.at("smtps://mail.example.org", environ={"MATCHER_SMTP_USER": "organiser"})


def test_neither_words_nor_logs_hold_the_password() -> None:
    server = Server.at("smtps://mail.example.org", environ=LOGIN)
    assert "pa:ss" not in f"{server} {server!r}"
