"""File names for ids: made of plain characters, and never the same for two ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_LONGEST = 240  # of the 255 bytes most file systems allow, leaving room for a suffix and the ending


def file_names(ids: Iterable[str]) -> dict[str, str]:
    """id -> its name without ending, by the contract's section 5.

    Which id keeps a name that several would have depends on the ids alone, not on their order: one that needs no
    change goes first. Those that come later get -2, -3 and so on, passing over what another id is called already.

    File systems allow a name no more than 255 bytes, so that of an id longer than 240 characters is its first 200, a
    hyphen and 16 digits of a hash of the id: still its own, and the same in every run.
    """
    plain = {each: _plain(each) for each in ids}
    wanted = {name.casefold() for name in plain.values()}
    taken: set[str] = set()
    names: dict[str, str] = {}
    for each in sorted(plain, key=lambda each: (plain[each] != each, each)):
        name, number = plain[each], 1
        while name.casefold() in taken or (number > 1 and name.casefold() in wanted):
            number += 1
            name = f"{plain[each]}-{number}"
        taken.add(name.casefold())
        names[each] = name
    return names


def _plain(each: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", each)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:200]}-{hashlib.sha256(each.encode(errors='surrogatepass')).hexdigest()[:16]}"
