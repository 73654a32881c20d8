"""Root like anybody else: a file's mode holds for it, too. CI runs as root, whom no mode keeps from anything."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_DROP_FROM_BOUNDING_SET = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2
_VERSION_3 = 0x20080522


def like_anybody() -> None:
    """A `preexec_fn`: what is run then is kept out by modes as anybody is. (Linux alone lets root read in spite.)"""
    if os.geteuid():
        return
    for power in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        _insist(_libc().prctl(_DROP_FROM_BOUNDING_SET, power, 0, 0, 0))


@contextmanager
def like_anybody_here() -> Iterator[None]:
    """The same for what this thread does inside, and those that it starts."""
    if os.geteuid():
        yield
        return
    head, powers = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    _insist(_libc().capget(head, powers))
    effective = powers[0]
    powers[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    _insist(_libc().capset(head, powers))
    try:
        yield
    finally:
        powers[0] = effective
        _insist(_libc().capset(head, powers))


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _insist(failed: int) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), "root cannot put its powers down")
