"""Which figures about people may stand on a page that also names them.

A figure may be shown if, by itself, it singles nobody out, and if together with all that are shown already it still
leaves open what each person said: for everybody there is another set of answers, theirs among the changed ones, that
gives the very same figures. So subtracting one class from another, or classes from the whole, leads nowhere either.
Such answers are looked for in few steps; where none are found, the figure stays out, which is the safe side.

What is left: whoever knows the rule may guess from a figure that is missing that all or none of those concerned count,
but not which; and whoever knows what most of a group said learns something about the rest from any figure.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

Figure: TypeAlias = Mapping[str, int]
"""The people a figure is about, and how often it counts each."""
Answer: TypeAlias = str | bool | None
Answers: TypeAlias = Mapping[str, Answer]
"""What each person said; None: nothing."""
Gap: TypeAlias = Callable[[Figure, Answers, Answers], int]
"""How much a figure would differ if some answers were changed; 0: it stays the same.

Who it is that changes an answer does not matter, only how often the figure counts them and what they said before.
"""

_MOST_CHANGES = 8
_MOST_TRIALS = 20
_MOST_AT_HAND = 300


def safe_figures(
    figures: Iterable[Figure],
    answers: Answers,
    gap: Gap,
    alike_enough: Callable[[Iterable[str]], bool],
) -> list[bool]:
    """Whether each figure may be shown together with those before it that may.

    `alike_enough` says whether the people of a group hide each other.
    """
    figures = list(figures)
    shown = _Shown(answers, gap, Counter(person for figure in figures for person in figure))
    verdicts: list[bool] = []
    for figure in figures:
        told = _told_by(figure, shown.near(figure))
        verdicts.append(all(alike_enough(people) for people in told) and shown.takes(figure))
    return verdicts


def count_gap(figure: Figure, answers: Answers, changes: Answers) -> int:
    """For figures that count those who answered yes."""
    return abs(sum(figure[each] * (bool(new) - bool(answers[each])) for each, new in changes.items() if each in figure))


def kinds_gap(figure: Figure, answers: Answers, changes: Answers) -> int:
    """For figures that count different answers, whatever earlier ones they are counted together with."""
    changed = [each for each in changes if each in figure]
    moved = {answers[each] for each in changed} ^ {changes[each] for each in changed}
    return sum(
        not any(answers[each] == kind for each in figure if each not in changes) for kind in moved if kind is not None
    )


def _told_by(figure: Figure, shown: Iterable[Figure]) -> Iterator[AbstractSet[str]]:
    """The groups that a figure tells about: its own, and what it leaves of a wider one or adds to a narrower one."""
    if figure:
        yield figure.keys()
    for other in shown:
        if figure.keys() < other.keys():
            yield other.keys() - figure.keys()
        elif other and other.keys() < figure.keys():
            yield figure.keys() - other.keys()


class _Shown:
    """The figures that are shown, with the proof that they give nobody away."""

    def __init__(self, answers: Answers, gap: Gap, times: Mapping[str, int]) -> None:
        self.answers, self.gap, self.times = answers, gap, times
        self.figures_of: dict[str, list[Figure]] = {}
        """Those that each person is in, the smaller first."""
        self.others: dict[str, Answers] = {}
        """For each person concerned, answers that give the same figures but that person another one."""
        self.leaning_on: dict[str, set[str]] = {}
        """Whose other answers change a person's."""
        self.possible = sorted({answer for answer in answers.values() if answer is not None})
        self.single_gaps: dict[tuple[int, int, Answer, Answer], int] = {}
        """How much a figure would differ if one person, counted so often, had said something else."""
        self.few: dict[int, list[str]] = {}

    def near(self, figure: Figure) -> Iterable[Figure]:
        """The figures that have somebody in common with this one."""
        return {id(other): other for person in figure for other in self.figures_of.get(person, ())}.values()

    def at_hand(self, figure: Figure) -> Iterable[str]:
        """Those in a figure whose answers may be changed to mend it: of very many, those who are in few figures."""
        if len(figure) <= _MOST_AT_HAND:
            return figure
        if id(figure) not in self.few:
            self.few[id(figure)] = sorted(figure, key=lambda each: (self.times[each], each))[:_MOST_AT_HAND]
        return self.few[id(figure)]

    def takes(self, figure: Figure) -> bool:
        """Shows one more figure, if there still are other answers for everybody then."""
        for person in figure:
            insort(self.figures_of.setdefault(person, []), figure, key=len)
        unsure = {person for person in figure if person not in self.others}
        for person in {leaning for each in figure for leaning in self.leaning_on.get(each, ())}:
            if self.gap(figure, self.answers, self.others[person]):
                unsure.add(person)
        found: dict[str, Answers] = {}
        for person in sorted(unsure):
            changed = _Search(self).changed(person)
            if changed is None:
                for each in figure:
                    self.figures_of[each] = [other for other in self.figures_of[each] if other is not figure]
                return False
            found[person] = changed
        for person, changed in found.items():
            for each in self.others.get(person, ()):
                self.leaning_on[each].discard(person)
            for each in changed:
                self.leaning_on.setdefault(each, set()).add(person)
            self.others[person] = changed
        return True


class _Search:
    """Looks, in a bounded number of trials, for answers that differ in few people and give the same figures."""

    def __init__(self, shown: _Shown) -> None:
        self.figures_of, self.answers, self.gap = shown.figures_of, shown.answers, shown.gap
        self.possible, self.single_gaps, self.at_hand = shown.possible, shown.single_gaps, shown.at_hand
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
        gaps: dict[int, int] = {}  # of all other figures it is 0
        wrong = None
        for figure in self._figures_of(changes):
            gaps[id(figure)] = self.gap(figure, self.answers, changes)
            if wrong is None and gaps[id(figure)]:
                wrong = figure
        if wrong is None:
            return changes
        if len(changes) == _MOST_CHANGES:
            return None
        # Whoever mends most is tried first, those of few figures before those of many.
        tries: list[tuple[int, int, str, str | bool]] = []
        mends: dict[tuple[int, Answer, Answer], bool] = {}
        for person in self.at_hand(wrong):
            if person in changes:
                continue
            mine, before = self.figures_of[person], self.answers[person]
            for answer in self.possible:
                if answer == before:
                    continue
                alike = wrong[person], before, answer
                if alike not in mends:
                    mends[alike] = self.gap(wrong, self.answers, {**changes, person: answer}) < gaps[id(wrong)]
                if mends[alike]:
                    after = {**changes, person: answer}
                    worse = sum(
                        self.gap(figure, self.answers, after) - gaps[id(figure)]
                        if id(figure) in gaps
                        else self._single_gap(figure, person, answer)
                        for figure in mine
                    )
                    tries.append((worse, len(mine), person, answer))
        for _, _, person, answer in sorted(tries, key=lambda each: each[:3]):
            if self.trials < _MOST_TRIALS:
                result = self._mended({**changes, person: answer})
                if result is not None:
                    return result
        return None

    def _single_gap(self, figure: Figure, person: str, answer: Answer) -> int:
        alike = id(figure), figure[person], self.answers[person], answer
        if alike not in self.single_gaps:
            self.single_gaps[alike] = self.gap(figure, self.answers, {person: answer})
        return self.single_gaps[alike]

    def _figures_of(self, people: Iterable[str]) -> Iterator[Figure]:
        return (figure for person in people for figure in self.figures_of[person])
