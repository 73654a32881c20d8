"""Whether figures leave open what each person said, also to somebody who knows what any one other person said.

They do if for everybody, and for each trait that is not theirs, there are two other worlds in which they have that one,
that give the very same figures, and that change nobody else in common: whoever it is that an onlooker knows about, one
of the two still fits. Such worlds are looked for in few steps; where none are found the figure stays out, which is the
safe side.

Example: the page says "2 women" of Ada (a woman), Bea (a woman), Cleo, Dan and Eli (not). In another world Ada is none:
then one of the others has to be. {Ada: no, Cleo: yes} and {Ada: no, Dan: yes} both say "2 women" and have only Ada in
common; so whoever knows Cleo still does not know about Ada, and her trait is open.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

Trait: TypeAlias = str | bool | None
"""What a figure counts somebody by: whether they are a woman (or a man), or their ethnic group; None: not said."""
Traits: TypeAlias = Mapping[str, Trait]
"""Of each person; as a change of some people's: only those whom it gives another."""

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
    """It counts how many traits there are among them, not who has the trait True."""

    def value(self, traits: Traits) -> int:
        """What it tells of people with these traits."""
        counts: Counter[Trait] = Counter()
        for person, times in self.people.items():
            counts[traits[person]] += times
        return self.told(counts)

    def told(self, counts: Mapping[Trait, int]) -> int:
        """The same, from how often each trait counts."""
        if self.of_kinds:
            exact = sum(count > 0 for trait, count in counts.items() if trait is not None)
        else:
            exact = counts.get(True, 0)
        return exact if self.most is None else min(exact, self.most)


class ShownFigures:
    """The figures that are shown, with the proof that they give nobody away."""

    def __init__(self, traits: Traits, possible: Sequence[str | bool], figures: Iterable[Figure]) -> None:
        """`figures` are all that may come: people who are in many of them are changed last."""
        self.traits, self.possible = traits, possible
        self.times = Counter(person for figure in figures for person in figure.people)
        self.figures_of: dict[str, list[Figure]] = {}
        """Those that each person is in, the smaller first."""
        self.lost: set[str] = set()
        """People about whom too much was told already: nothing more may be."""
        self._counts: dict[Figure, dict[Trait, int]] = {}
        self._told: dict[Figure, int] = {}
        self._single_gaps: dict[tuple[Figure, int, Trait, Trait], int] = {}
        self._few: dict[Figure, list[str]] = {}
        self._others: dict[tuple[str, Trait], tuple[Traits, Traits]] = {}
        """The proof: (person, a trait that is not theirs) -> the two other worlds, as what changes in them.

        In the example above (Ada, False) -> ({Ada: False, Cleo: True}, {Ada: False, Dan: True}).
        """
        self._leaning_on: dict[str, set[tuple[str, Trait]]] = {}
        """The same turned round: person -> the keys of the proofs in which they change.

        In the example Ada, Cleo and Dan -> {(Ada, False)}. A new figure about somebody can spoil only these proofs.
        """

    def near(self, figure: Figure) -> Iterable[Figure]:
        """The figures shown that have somebody in common with this one."""
        return dict.fromkeys(other for person in figure.people for other in self.figures_of.get(person, ()))

    def gap(self, figure: Figure, changes: Traits) -> int:
        """By how much a figure would differ after these changes; 0: it stays the same."""
        counts = dict(self._counts[figure])
        for person, trait in changes.items():
            times = figure.people.get(person)
            if times:
                counts[self.traits[person]] -= times
                counts[trait] = counts.get(trait, 0) + times
        return abs(figure.told(counts) - self._told[figure])

    def single_gap(self, figure: Figure, person: str, trait: Trait) -> int:
        alike = figure, figure.people[person], self.traits[person], trait
        if alike not in self._single_gaps:
            self._single_gaps[alike] = self.gap(figure, {person: trait})
        return self._single_gaps[alike]

    def at_hand(self, figure: Figure) -> Iterable[str]:
        """Whose traits may be changed to mend a figure: of very many people, those who are in few figures."""
        if len(figure.people) <= _MOST_AT_HAND:
            return figure.people
        if figure not in self._few:
            self._few[figure] = sorted(figure.people, key=lambda each: (self.times[each], each))[:_MOST_AT_HAND]
        return self._few[figure]

    def takes(self, figure: Figure) -> bool:
        """Shows one more figure, if everybody's traits are still open then; otherwise all stays as it was."""
        if not self.lost.isdisjoint(figure.people):
            return False
        self._put(figure)
        found: dict[tuple[str, Trait], tuple[Traits, Traits]] = {}
        for person, trait in self._unsure(figure):
            two = self._two(person, trait)
            if two is None:
                for each in figure.people:
                    self.figures_of[each].remove(figure)
                return False
            found[person, trait] = two
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
        counts: dict[Trait, int] = {}
        for person, times in figure.people.items():
            counts[self.traits[person]] = counts.get(self.traits[person], 0) + times
            insort(self.figures_of.setdefault(person, []), figure, key=lambda other: len(other.people))
        self._counts[figure], self._told[figure] = counts, figure.told(counts)

    def _unsure(self, figure: Figure) -> list[tuple[str, Trait]]:
        """For whom other worlds have to be found, or found anew because the figure differs in those that were."""
        wanted: set[tuple[str, Trait]] = {
            (person, trait)
            for person in figure.people
            for trait in self.possible
            if trait != self.traits[person] and (person, trait) not in self._others
        }
        for key in {key for person in figure.people for key in self._leaning_on.get(person, ())}:
            if any(self.gap(figure, changes) for changes in self._others[key]):
                wanted.add(key)
        return sorted(wanted, key=str)

    def _two(self, person: str, trait: Trait) -> tuple[Traits, Traits] | None:
        one = _Search(self, frozenset()).changed(person, trait)
        if one is None or len(one) == 1:
            return None if one is None else (one, one)
        other = _Search(self, one.keys() - {person}).changed(person, trait)
        return None if other is None else (one, other)


class _Search:
    """Looks, in a bounded number of trials, for changes of few people's traits that leave all figures the same."""

    def __init__(self, shown: ShownFigures, fixed: AbstractSet[str]) -> None:
        self.shown, self.fixed = shown, fixed
        self.trials = 0

    def changed(self, person: str, trait: Trait) -> Traits | None:
        """Whose traits change, and to what, if this person's becomes that one; nobody's who is `fixed`."""
        return self._mended({person: trait})

    def _mended(self, changes: dict[str, Trait]) -> Traits | None:
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
        mends: dict[tuple[int, Trait, Trait], bool] = {}
        for person in shown.at_hand(wrong):
            if person in changes or person in self.fixed:
                continue
            mine, before = shown.figures_of[person], shown.traits[person]
            for trait in shown.possible:
                if trait == before:
                    continue
                alike = wrong.people[person], before, trait
                if alike not in mends:
                    mends[alike] = shown.gap(wrong, {**changes, person: trait}) < gaps[wrong]
                if mends[alike]:
                    after = {**changes, person: trait}
                    worse = sum(
                        shown.gap(figure, after) - gaps[figure]
                        if figure in gaps
                        else shown.single_gap(figure, person, trait)
                        for figure in mine
                    )
                    tries.append((worse, len(mine), person, trait))
        for _, _, person, trait in sorted(tries, key=lambda each: each[:3]):
            if self.trials < _MOST_TRIALS:
                result = self._mended({**changes, person: trait})
                if result is not None:
                    return result
        return None

    def _figures_of(self, people: Iterable[str]) -> Iterator[Figure]:
        return (figure for person in people for figure in self.shown.figures_of[person])
