"""Who speaks in a message, as far as its headers can be relied upon: nobody is spoken for by somebody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_COMMENT = re.compile(r"\((?:\\.|[^()\\])*\)")
_ADDRESS = re.compile(r'[^\s<>,;:()"@]+@[^\s<>,;:()"@]+')
_VIA = re.compile(r"\bvia\b", re.IGNORECASE)
_LIST_HEADERS = ("List-Id", "List-Post", "List-Help", "List-Unsubscribe", "X-Mailman-Version", "X-BeenThere")
_FAILED = {
    "dmarc": re.compile(r"(?:^|[;\s])(?:dmarc|compauth)(?:/\d+)?\s*=\s*(?:hard)?fail", re.IGNORECASE),
    "spf": re.compile(r"(?:^|[;\s])spf(?:/\d+)?\s*=\s*(?:hard|soft)?fail", re.IGNORECASE),
}
_DMARC_PASSED = re.compile(r";\s*dmarc(?:/\d+)?\s*=\s*pass\b", re.IGNORECASE)
_RECEIVED_SPF = re.compile(r"\s*(?:hard|soft)?fail", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Speaker:
    """From whom a message is, and what speaks against that."""

    address: str
    """In lower case; "" if it names nobody, or several."""
    claimed: str
    """Who it says it is from, as a person would read it; a stranger's words."""
    doubt: str = ""
    """Why it cannot be relied upon, such as "its DMARC result is fail"."""
    by_way_of: str = ""
    """The mailing list that put its own address into From."""


def lowered(address: str) -> str:
    """For comparing. Letters beyond ASCII stay as they are: some of them would turn into those of another address."""
    address = address.strip()
    return address.lower() if address.isascii() else address


def speaker(message: Message) -> Speaker:
    """Whose word the message is; X-Original-From, where From is a mailing list's own address."""
    named = _all(message, "From")
    senders, by_way_of = _addresses(named), ""
    claimed = ", ".join(map(_readable, named))
    original = _all(message, "X-Original-From")
    if original and len(senders) == 1 and _is_a_lists(message, named[0], senders[0]):
        by_way_of, senders = senders[0], _addresses(original)
        claimed = f"{', '.join(map(_readable, original))} by way of {claimed}"
    if len(senders) != 1:
        doubt = f"it has {len(senders)} senders" if senders else "it does not say whom it is from"
        return Speaker("", claimed, doubt, by_way_of)
    return Speaker(senders[0], claimed, _failed(message), by_way_of)


def _all(message: Message, name: str) -> list[str]:
    return [str(each) for each in message.get_all(name, [])]


def _addresses(headers: list[str]) -> list[str]:
    """Every address in these headers, the same one once. (Names in quotes and comments are words, not addresses;
    `getaddresses` takes the first of `ada@example.org <m@example.net>` for the sender.)"""
    found: dict[str, None] = {}
    for header in headers:
        bare = _without_comments(_QUOTED.sub(" ", header))
        found.update(dict.fromkeys(map(lowered, _ADDRESS.findall(bare))))
    return list(found)


def _without_comments(text: str) -> str:
    for _ in range(5):  # as deep as they may be inside each other
        text, count = _COMMENT.subn(" ", text)
        if not count:
            break
    return text


def _readable(header: str) -> str:
    try:
        return str(make_header(decode_header(header)))
    except Exception:  # an encoding that is none: the bare header will do
        return header


def _is_a_lists(message: Message, sender: str, address: str) -> bool:
    """Whether this sender is a mailing list: its headers say so and name no other list, or its name has "via" in it."""
    posts = _addresses(_all(message, "List-Post"))
    if posts and address not in posts:
        return False
    if any(name in message for name in _LIST_HEADERS):
        return True
    name = _readable(sender).partition("<")[0]
    return bool(_VIA.search(name))


def _failed(message: Message) -> str:
    """What the servers on its way found wrong about the sender; "" if nothing."""
    results = [_bare(each) for each in _all(message, "Authentication-Results")]
    results += [_bare(each) for each in _all(message, "ARC-Authentication-Results")]
    results += [_bare(each) for each in _all(message, "X-MS-Exchange-Authentication-Results")]
    if any(_FAILED["dmarc"].search(each) for each in results):
        return "its DMARC result is fail"
    if results and _DMARC_PASSED.search(results[0]):  # the receiving server's own; those below may be anybody's
        return ""
    unaligned = [each for each in results if not _DMARC_PASSED.search(each)]
    if any(_FAILED["spf"].search(each) for each in unaligned) or any(
        _RECEIVED_SPF.match(each) for each in _all(message, "Received-SPF")
    ):
        return "its SPF result is fail"
    return ""


def _bare(result: str) -> str:
    """Without comments and quoted words, which anybody may have put there."""
    return _without_comments(_QUOTED.sub(" ", result))
