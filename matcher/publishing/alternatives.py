"""Whether figures leave open what each person said, also to somebody who knows what any one other person said.

They do if for everybody, and for each answer that is not theirs, there are two other sets of answers in which they gave
that one, that give the very same figures, and that change nobody else in common: whoever it is that an onlooker knows
about, one of the two still fits. Such answers are looked for in few steps; where none are found the figure stays out,
which is the safe side.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

Answer: TypeAlias = str | bool | None
Answers: TypeAlias = Mapping[str, Answer]
"""What each person said; None: nothing."""

_MOST_CHANGES = 8
_MOST_TRIALS = 20
_MOST_AT_HAND = 300


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A count about people, as a page tells it."""

    people: Mapping[str, int]
    """Whom it could count, and how often it would."""
    most: int | None = None
    """What lies above is told as this; None: it is told exactly."""
    of_kinds: bool = False
    """It counts different answers, not those who said yes."""

    def value(self, answers: Answers) -> int:
        """What it tells if these are the answers."""
        counts: Counter[Answer] = Counter()
        for person, times in self.people.items():
            counts[answers[person]] += times
        return self.told(counts)

    def told(self, counts: Mapping[Answer, int]) -> int:
        """The same, from how often which answer was given."""
        if self.of_kinds:
            exact = sum(count > 0 for answer, count in counts.items() if answer is not None)
        else:
            exact = counts.get(True, 0)
        return exact if self.most is None else min(exact, self.most)


class Shown:
    """The figures that are shown, with the proof that they give nobody away."""

    def __init__(self, answers: Answers, possible: Sequence[str | bool], figures: Iterable[Figure]) -> None:
        """`figures` are all that may come: people who are in many of them are changed last."""
        self.answers, self.possible = answers, possible
        self.times = Counter(person for figure in figures for person in figure.people)
        self.figures_of: dict[str, list[Figure]] = {}
        """Those that each person is in, the smaller first."""
        self.lost: set[str] = set()
        """People about whom too much was told already: nothing more may be."""
        self._counts: dict[Figure, dict[Answer, int]] = {}
        self._told: dict[Figure, int] = {}
        self._single_gaps: dict[tuple[Figure, int, Answer, Answer], int] = {}
        self._few: dict[Figure, list[str]] = {}
        self._others: dict[tuple[str, Answer], tuple[Answers, Answers]] = {}
        """(person, another answer) -> two sets of changed answers that give the same figures."""
        self._leaning_on: dict[str, set[tuple[str, Answer]]] = {}
        """Whose other answers change a person's."""

    def near(self, figure: Figure) -> Iterable[Figure]:
        """The figures shown that have somebody in common with this one."""
        return dict.fromkeys(other for person in figure.people for other in self.figures_of.get(person, ()))

    def gap(self, figure: Figure, changes: Answers) -> int:
        """How much a figure would differ if some answers were changed; 0: it stays the same."""
        counts = dict(self._counts[figure])
        for person, answer in changes.items():
            times = figure.people.get(person)
            if times:
                counts[self.answers[person]] -= times
                counts[answer] = counts.get(answer, 0) + times
        return abs(figure.told(counts) - self._told[figure])

    def single_gap(self, figure: Figure, person: str, answer: Answer) -> int:
        alike = figure, figure.people[person], self.answers[person], answer
        if alike not in self._single_gaps:
            self._single_gaps[alike] = self.gap(figure, {person: answer})
        return self._single_gaps[alike]

    def at_hand(self, figure: Figure) -> Iterable[str]:
        """Those in a figure whose answers may be changed to mend it: of very many, those who are in few figures."""
        if len(figure.people) <= _MOST_AT_HAND:
            return figure.people
        if figure not in self._few:
            self._few[figure] = sorted(figure.people, key=lambda each: (self.times[each], each))[:_MOST_AT_HAND]
        return self._few[figure]

    def takes(self, figure: Figure) -> bool:
        """Shows one more figure, if there still are other answers for everybody then."""
        if not self.lost.isdisjoint(figure.people):
            return False
        self._put(figure)
        found: dict[tuple[str, Answer], tuple[Answers, Answers]] = {}
        for person, answer in self._unsure(figure):
            two = self._two(person, answer)
            if two is None:
                for each in figure.people:
                    self.figures_of[each].remove(figure)
                return False
            found[person, answer] = two
        for key, two in found.items():
            for changes in self._others.get(key, ()):
                for each in changes:
                    self._leaning_on[each].discard(key)
            for changes in two:
                for each in changes:
                    self._leaning_on.setdefault(each, set()).add(key)
            self._others[key] = two
        return True

    def was_told(self, figure: Figure) -> None:
        """Counts a figure that stands on an earlier page, where it cannot be taken back."""
        if not self.takes(figure):
            self.lost.update(figure.people)

    def _put(self, figure: Figure) -> None:
        counts: dict[Answer, int] = {}
        for person, times in figure.people.items():
            counts[self.answers[person]] = counts.get(self.answers[person], 0) + times
            insort(self.figures_of.setdefault(person, []), figure, key=lambda other: len(other.people))
        self._counts[figure], self._told[figure] = counts, figure.told(counts)

    def _unsure(self, figure: Figure) -> list[tuple[str, Answer]]:
        """For whom other answers have to be found, or found anew."""
        wanted: set[tuple[str, Answer]] = {
            (person, answer)
            for person in figure.people
            for answer in self.possible
            if answer != self.answers[person] and (person, answer) not in self._others
        }
        for key in {key for person in figure.people for key in self._leaning_on.get(person, ())}:
            if any(self.gap(figure, changes) for changes in self._others[key]):
                wanted.add(key)
        return sorted(wanted, key=str)

    def _two(self, person: str, answer: Answer) -> tuple[Answers, Answers] | None:
        one = _Search(self, frozenset()).changed(person, answer)
        if one is None or len(one) == 1:
            return None if one is None else (one, one)
        other = _Search(self, one.keys() - {person}).changed(person, answer)
        return None if other is None else (one, other)


class _Search:
    """Looks, in a bounded number of trials, for answers that differ in few people and give the same figures."""

    def __init__(self, shown: Shown, fixed: AbstractSet[str]) -> None:
        self.shown, self.fixed = shown, fixed
        self.trials = 0

    def changed(self, person: str, answer: Answer) -> Answers | None:
        """Whose answers change, and to what, if this person's changes to that one; nobody's who is `fixed`."""
        return self._mended({person: answer})

    def _mended(self, changes: dict[str, Answer]) -> Answers | None:
        self.trials += 1
        shown = self.shown
        gaps: dict[Figure, int] = {}  # of all other figures it is 0
        wrong = None
        for figure in self._figures_of(changes):
            gaps[figure] = shown.gap(figure, changes)
            if wrong is None and gaps[figure]:
                wrong = figure
        if wrong is None:
            return changes
        if len(changes) == _MOST_CHANGES:
            return None
        # Whoever mends most is tried first, those of few figures before those of many.
        tries: list[tuple[int, int, str, str | bool]] = []
        mends: dict[tuple[int, Answer, Answer], bool] = {}
        for person in shown.at_hand(wrong):
            if person in changes or person in self.fixed:
                continue
            mine, before = shown.figures_of[person], shown.answers[person]
            for answer in shown.possible:
                if answer == before:
                    continue
                alike = wrong.people[person], before, answer
                if alike not in mends:
                    mends[alike] = shown.gap(wrong, {**changes, person: answer}) < gaps[wrong]
                if mends[alike]:
                    after = {**changes, person: answer}
                    worse = sum(
                        shown.gap(figure, after) - gaps[figure]
                        if figure in gaps
                        else shown.single_gap(figure, person, answer)
                        for figure in mine
                    )
                    tries.append((worse, len(mine), person, answer))
        for _, _, person, answer in sorted(tries, key=lambda each: each[:3]):
            if self.trials < _MOST_TRIALS:
                result = self._mended({**changes, person: answer})
                if result is not None:
                    return result
        return None

    def _figures_of(self, people: Iterable[str]) -> Iterator[Figure]:
        return (figure for person in people for figure in self.shown.figures_of[person])
