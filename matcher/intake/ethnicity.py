"""The 19 labels of the 2021 census of England and Wales, and the five groups that they belong to.

https://www.ons.gov.uk/peoplepopulationandcommunity/culturalidentity/ethnicity: a label may be written with its group's
title before it ("Asian, Asian British or Asian Welsh: Indian"), and "Any other Asian background" as "Other Asian".
"""

from __future__ import annotations

import re

from matcher.domain import EthnicGroup

_TITLES: dict[EthnicGroup, tuple[str, ...]] = {
    EthnicGroup.ASIAN: ("Asian", "Asian or Asian British", "Asian, Asian British or Asian Welsh", "Asian British"),
    EthnicGroup.BLACK: (
        "Black",
        "Black or Black British",
        "Black, Black British, Black Welsh, Caribbean or African",
        "Black, Black British, Caribbean or African",
        "Black British",
    ),
    EthnicGroup.MIXED: ("Mixed", "Multiple", "Mixed or Multiple ethnic groups", "Mixed or Multiple"),
    EthnicGroup.WHITE: ("White",),
    EthnicGroup.OTHER: ("Other", "Other ethnic group", "Any other ethnic background"),
}

LABELS: dict[EthnicGroup, tuple[str, ...]] = {
    EthnicGroup.ASIAN: ("Bangladeshi", "Chinese", "Indian", "Pakistani", "Other Asian"),
    EthnicGroup.BLACK: ("African", "Caribbean", "Other Black"),
    EthnicGroup.MIXED: (
        "White and Asian",
        "White and Black African",
        "White and Black Caribbean",
        "Other Mixed or Multiple ethnic groups",
    ),
    EthnicGroup.WHITE: (
        "English, Welsh, Scottish, Northern Irish or British",
        "Gypsy or Irish Traveller",
        "Irish",
        "Roma",
        "Other White",
    ),
    EthnicGroup.OTHER: ("Arab", "Any other ethnic group"),
}
"""The 19, by group."""

_OTHER_WORDINGS: dict[EthnicGroup, tuple[str, ...]] = {
    EthnicGroup.ASIAN: ("Any other Asian background",),
    EthnicGroup.BLACK: (
        "Any other Black background",
        "Any other Black, Black British or Caribbean background",
        "Any other Black, Black British, Caribbean or African background",
    ),
    EthnicGroup.MIXED: (
        "Any other Mixed or Multiple ethnic background",
        "Any other Mixed or Multiple background",
        "Any other Mixed background",
        "Other Mixed or Multiple",
        "Other Mixed",
    ),
    EthnicGroup.WHITE: (
        "Any other White background",
        "English, Welsh, Scottish, Northern Irish, British",
        "English/Welsh/Scottish/Northern Irish/British",
        "White British",
    ),
    EthnicGroup.OTHER: (),
}


def _form(text: str) -> str:
    """Without case, punctuation and the words that only say that it is an ethnic group."""
    words = re.sub(r"[^\w]+", " ", text.casefold().replace("&", " and ").replace("/", " or ")).split()
    return " ".join(word for word in words if word not in ("ethnic", "group", "groups", "background"))


def _known() -> dict[str, EthnicGroup]:
    found: dict[str, EthnicGroup] = {}
    for group, titles in _TITLES.items():
        labels = LABELS[group] + _OTHER_WORDINGS[group]
        wordings = [*titles, *labels, *(f"{title}: {label}" for title in titles for label in labels)]
        for wording in wordings:
            known = found.setdefault(_form(wording), group)
            assert known is group, wording  # no wording may mean two groups
    return found


_GROUPS = _known()


def ethnic_group(text: str) -> EthnicGroup | None:
    """The census group that a cell names, or None where the words are not the census's: nothing is guessed."""
    return _GROUPS.get(_form(text))
