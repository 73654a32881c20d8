"""Root like anybody else: a file's mode holds for it, too. CI runs as root, whom no mode keeps from anything."""

from __future__ import annotations

import ctypes
import os

_DROP_FROM_BOUNDING_SET = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def like_anybody() -> None:
    """A `preexec_fn`: what is run then is kept out by modes as anybody is. (Linux alone lets root read in spite.)"""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for power in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        if libc.prctl(_DROP_FROM_BOUNDING_SET, power, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "root cannot put its powers down")
