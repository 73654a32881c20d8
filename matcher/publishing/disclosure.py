"""Which figures about people may stand on a page that also names them.

A figure may be shown if, by itself, it singles nobody out, and if together with all that are shown already it still
leaves open what each person said: for everybody there is another set of answers, theirs among the changed ones, that
gives the very same figures. So subtracting one class from another, or classes from the whole, leads nowhere either.
Such answers are looked for in few steps; where none are found, the figure stays out, which is the safe side.

What is left: whoever knows the rule may guess from a figure that is missing that all or none of those concerned count,
but not which; and whoever knows what most of a group said learns something about the rest from any figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

Figure: TypeAlias = Mapping[str, int]
"""The people a figure is about, and how often it counts each."""
Answer: TypeAlias = str | bool | None
Answers: TypeAlias = Mapping[str, Answer]
"""What each person said; None: nothing."""
Gap: TypeAlias = Callable[[Figure, Answers, Answers], int]
"""How much a figure would differ if some answers were changed; 0: it stays the same."""

_MOST_CHANGES = 8
_MOST_TRIALS = 20


def safe_figures(
    figures: Iterable[Figure],
    answers: Answers,
    gap: Gap,
    alike_enough: Callable[[Iterable[str]], bool],
) -> list[bool]:
    """Whether each figure may be shown together with those before it that may.

    `alike_enough` says whether the people of a group hide each other.
    """
    shown: list[Figure] = []
    verdicts: list[bool] = []
    others: dict[str, Answers] = {}
    for figure in figures:
        found = None
        if all(alike_enough(people) for people in _told_by(figure, shown)):
            found = _other_answers([*shown, figure], answers, gap, others)
        verdicts.append(found is not None)
        if found is not None:
            shown.append(figure)
            others = found
    return verdicts


def count_gap(figure: Figure, answers: Answers, changes: Answers) -> int:
    """For figures that count those who answered yes."""
    return abs(sum(figure[each] * (bool(new) - bool(answers[each])) for each, new in changes.items() if each in figure))


def kinds_gap(figure: Figure, answers: Answers, changes: Answers) -> int:
    """For figures that count different answers, whatever earlier ones they are counted together with."""
    return len(({answers[each] for each in figure} ^ {changes.get(each, answers[each]) for each in figure}) - {None})


def _told_by(figure: Figure, shown: Sequence[Figure]) -> Iterator[AbstractSet[str]]:
    """The groups that a figure tells about: its own, and what it leaves of a wider one or adds to a narrower one."""
    if figure:
        yield figure.keys()
    for other in shown:
        if figure.keys() < other.keys():
            yield other.keys() - figure.keys()
        elif other and other.keys() < figure.keys():
            yield figure.keys() - other.keys()


def _other_answers(
    figures: Sequence[Figure], answers: Answers, gap: Gap, known: Mapping[str, Answers]
) -> dict[str, Answers] | None:
    """For each person concerned, answers that give the same figures but that person another one; None if one has none.

    `known` are such answers for all figures but the last.
    """
    found: dict[str, Answers] = {}
    figures_of: dict[str, list[Figure]] = {}
    for figure in sorted(figures, key=len):
        for person in figure:
            figures_of.setdefault(person, []).append(figure)
    for person in sorted(figures_of):
        changed = known.get(person)
        if changed is None or gap(figures[-1], answers, changed):
            changed = _Search(figures_of, answers, gap).changed(person)
        if changed is None:
            return None
        found[person] = changed
    return found


class _Search:
    """Looks, in a bounded number of trials, for answers that differ in few people and give the same figures."""

    def __init__(self, figures_of: Mapping[str, Sequence[Figure]], answers: Answers, gap: Gap) -> None:
        self.figures_of, self.answers, self.gap = figures_of, answers, gap
        self.possible = sorted({answer for answer in answers.values() if answer is not None})
        self.trials = 0

    def changed(self, person: str) -> Answers | None:
        """Whose answers change, and to what; the person's own is among them."""
        for answer in self.possible:
            if answer != self.answers[person]:
                result = self._mended({person: answer})
                if result is not None:
                    return result
        return None

    def _mended(self, changes: dict[str, Answer]) -> Answers | None:
        self.trials += 1
        gaps = [(figure, self.gap(figure, self.answers, changes)) for figure in self._figures_of(changes)]
        wrong = next((figure for figure, gap in gaps if gap), None)
        if wrong is None:
            return changes
        if len(changes) == _MOST_CHANGES:
            return None
        # Whoever mends most is tried first, those of few figures before those of many.
        tries: list[tuple[int, int, str, str | bool]] = []
        for person in wrong.keys() - changes.keys():
            mine = self.figures_of[person]
            before = sum(self.gap(figure, self.answers, changes) for figure in mine)
            for answer in self.possible:
                if answer != self.answers[person]:
                    after = {**changes, person: answer}
                    if self.gap(wrong, self.answers, after) < self.gap(wrong, self.answers, changes):
                        worse = sum(self.gap(figure, self.answers, after) for figure in mine) - before
                        tries.append((worse, len(mine), person, answer))
        for _, _, person, answer in sorted(tries, key=lambda each: each[:3]):
            if self.trials < _MOST_TRIALS:
                result = self._mended({**changes, person: answer})
                if result is not None:
                    return result
        return None

    def _figures_of(self, people: Iterable[str]) -> Iterator[Figure]:
        return (figure for person in people for figure in self.figures_of[person])
