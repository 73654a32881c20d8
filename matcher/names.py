"""Finds people, schools, classes and visits by what a coordinator calls them: an id, a name, or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from matcher.domain import Problem, Session
from matcher.errors import NotThere
from matcher.times import time_text
from matcher.wording import listed, one_line

MOST_NAMED = 8


def visit_called(problem: Problem, session_id: str) -> str:
    """Such as "What's My Line at Oak Primary School": by its title, else its format, else its id."""
    session = problem.sessions[session_id]
    return f"{session.title or session.format or session_id} at {problem.schools[session.school_id].name}"


def find_volunteer(problem: Problem, words: str) -> str:
    """The id of the volunteer meant. Raises NotThere, with candidates where several fit or none does."""
    people = problem.volunteers
    return _find("volunteer", words, {key: [each.name] for key, each in people.items()}, lambda key: people[key].name)


def find_school(problem: Problem, words: str) -> str:
    """The id of the school meant. Raises NotThere."""
    schools = problem.schools
    return _find("school", words, {key: [each.name] for key, each in schools.items()}, lambda key: schools[key].name)


def find_cohort(problem: Problem, words: str) -> str:
    """The id of the class meant, by "Kestrels" or "Ash Primary Kestrels", say. Raises NotThere."""

    def called(key: str) -> str:
        cohort = problem.cohorts[key]
        return f"{cohort.name or key} at {problem.schools[cohort.school_id].name}"

    calls = {
        key: [each.name, called(key), f"{problem.schools[each.school_id].name} {each.name}"]
        for key, each in problem.cohorts.items()
    }
    return _find("class", words, calls, called)


def find_session(problem: Problem, words: str) -> str:
    """The id of the visit meant, by its title, its school or both. Raises NotThere."""

    def called(key: str) -> str:
        return f"{visit_called(problem, key)}, {_when(problem.sessions[key])}"

    calls = {
        key: [each.title, problem.schools[each.school_id].name, called(key)] for key, each in problem.sessions.items()
    }
    return _find("session", words, calls, called)


def _when(session: Session) -> str:
    first, *others = [time_text(slot.start) for slot in session.slots] or ["without a time"]
    return f"{first} or another time" if others else first


def _find(what: str, words: str, calls: Mapping[str, Iterable[str]], called: Callable[[str], str]) -> str:
    """An id as it stands goes before everything else; then whole names, then parts of names."""
    if words in calls:
        return words
    wanted = _folded(words)
    folded = {key: [_folded(name) for name in names if name] for key, names in calls.items()}
    whole = [key for key, names in folded.items() if _folded(key) == wanted or wanted in names]
    found = whole or [
        key
        for key, names in folded.items()
        if wanted and all(any(part in name for name in names) for part in wanted.split())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        some = listed([f"{one_line(called(key))} ({one_line(key)})" for key in found[:MOST_NAMED]])
        more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise NotThere(f"“{one_line(words)}” fits {len(found)} {what}s: {some}{more}. Say which, by the id.")
    near = _near(wanted, folded)
    hint = f" Did you mean {one_line(called(near))} ({one_line(near)})?" if near else ""
    raise NotThere(f"There is no {what} called “{one_line(words)}”.{hint}")


def _near(wanted: str, folded: Mapping[str, list[str]]) -> str | None:
    import difflib

    calls = {name: key for key, names in folded.items() for name in [_folded(key), *names]}
    found = difflib.get_close_matches(wanted[:60], calls, n=1, cutoff=0.7)
    return calls[found[0]] if found else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
