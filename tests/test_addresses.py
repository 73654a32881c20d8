"""Which e-mail addresses can be written to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.addresses import BadAddress, mail_address


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("zoe@example.org", "zoe@example.org"),
        (" Zoe.O'Hara+visits@sub.example.co.uk\n", "Zoe.O'Hara+visits@sub.example.co.uk"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_read_as_servers_want_it(written: str, read: str) -> None:
    assert mail_address(written) == read


@given(st.one_of(st.text(), st.emails(), st.from_regex(r"\A[^ ]{0,9}@[^ ]{0,9}\.[a-z]{2}\Z")))
def test_whatever_is_read_is_one_plain_address(text: str) -> None:
    try:
        address = mail_address(text)
    except BadAddress as bad:
        assert str(bad)
    else:
        assert address.isascii() and address.isprintable() and address.count("@") == 1
        assert not set(address) & set(' ,;:<>()[]"\\')
        assert mail_address(address) == address
