"""Who of the volunteers stands in the list twice: one person under two ids."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from matcher.domain import Volunteer


def same_people(volunteers: Iterable[Volunteer]) -> list[tuple[str, ...]]:
    """The ids of each person who has several, in order of input.

    One person are those of the same name who share a mailbox, or whose ids differ in nothing but case and Unicode form.
    Namesakes with mailboxes of their own are not, and neither are those who share one under different names.
    """
    by_name: dict[str, list[Volunteer]] = {}
    for person in volunteers:
        by_name.setdefault(name_key(person.name), []).append(person)
    found: list[tuple[str, ...]] = []
    for name, namesakes in by_name.items():
        if name and len(namesakes) > 1:
            found += _joined(namesakes)
    return found


def _joined(namesakes: list[Volunteer]) -> list[tuple[str, ...]]:
    """Namesakes in groups; whoever shares something with two of them joins these, too."""
    groups: list[tuple[set[str], list[Volunteer]]] = []
    for person in namesakes:
        marks = {f"id {id_key(person.volunteer_id)}"}
        if box := mailbox(person.email):
            marks.add(f"box {box}")
        mine = [group for group in groups if not marks.isdisjoint(group[0])]
        groups = [group for group in groups if marks.isdisjoint(group[0])]
        groups.append((marks.union(*(each for each, _ in mine)), [one for _, ones in mine for one in ones] + [person]))
    order = {person.volunteer_id: place for place, person in enumerate(namesakes)}
    several = [sorted((one.volunteer_id for one in ones), key=order.__getitem__) for _, ones in groups if len(ones) > 1]
    return sorted(map(tuple, several), key=lambda ids: order[ids[0]])


@lru_cache(maxsize=50_000)
def name_key(name: str) -> str:
    """A name without case, accents and Unicode form; runs of spaces count as one."""
    return " ".join(_without_marks(name).casefold().split())


def id_key(volunteer_id: str) -> str:
    """An id without case and Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", volunteer_id).casefold())


@lru_cache(maxsize=50_000)
def mailbox(email: str) -> str:
    """The mailbox behind an address, without case and what stands after a plus; "" where there is no address."""
    local, at, domain = unicodedata.normalize("NFKC", email).strip().casefold().rpartition("@")
    local = local.partition("+")[0]
    return f"{local}@{domain}" if at and local and domain else ""


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
