"""What may be told of what people said about themselves, by anything that leaves the coordinator's own files.

The rule
1. The exact score of role_models and its bound stand only in `scores.json` and in what `--json` prints: for the
   coordinator alone, and to score a plan again. Every screen, page and guide tells in coarse steps how far at most it
   is from the best possible, and that only where `FEWEST_FOR_SCORE` people who could count take part, and in no finer
   step than `PEOPLE_IN_A_STEP` of them make up. So it is never called "proven best" either: of two plans so called, the
   scores would be the same, and where they differ in two people one of the two could work out the other.
   Which of two plans is better in it is told only where `FEWEST_TO_COMPARE` people's assignments differ (with ten, the
   attack in our tests found people: the one that everybody would take for worse was better); where it is not told,
   nothing is said of what follows either, since "decided by the next tier" says that there is no difference.
2. A figure about women, men or ethnic groups stands on a page only if it is about `FEWEST_CONCERNED` people or more
   (five besides anybody), at least `FEWEST_EACH_WAY` of them count and as many do not (of ethnic groups: at least two
   have `FEWEST_EACH_WAY` people each), the same holds of what it leaves of a wider figure or adds to a narrower one,
   and everybody's answer stays open (`alternatives`) together with all figures shown before it, even to somebody who
   knows what any one other person said. What is beyond the target is not told.
3. How many teams are mixed is not told at all: it is about women and men at once.
4. Figures on pages exported earlier from the same workspace count as shown already; one and the same costs nothing.

What is left
- A plan is made with these answers, so who was picked is itself a trace of them: whoever works out the best plan for
  every possible set of answers may conclude something from the one that was made. `matcher runs` calls a run optimal.
- A figure that is missing tells a little too: that nearly all or nearly none of those concerned count, or that others
  beside it would give somebody away; not which.
- Which of two plans is better in role_models bounds what `FEWEST_TO_COMPARE` or more people bring altogether.
- Whoever knows what two or more people said learns more about the rest.
- `matcher run` keeps nothing, so two pages that it made are not judged together. After an import that changes one
  person's answers, the figures of the next page differ by that person; figures with them that were told earlier and are
  not true any more keep all that they are about from being told again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from matcher.domain import Gender, GoalName, Plan, Problem, TierScore, is_female_dominated, is_male_dominated
from matcher.publishing.alternatives import Figure, ShownFigures, Trait, Traits

FEWEST_CONCERNED = 6
FEWEST_EACH_WAY = 2
FEWEST_FOR_SCORE = 10
FEWEST_TO_COMPARE = 50
PEOPLE_IN_A_STEP = 3
STEPS = (1, 2, 5, 10, 20, 50)  # per cent
MOST_TOLD = 1000  # figures on earlier pages; then no new ones are told, since judging them all would take too long

NOT_SHOWN = "not shown"

# Whose sex a goal asks about, and in which work; as in the rules of the same names.
SUCH_WORK: Mapping[GoalName, tuple[Gender, Callable[[float | None], bool]]] = {
    GoalName.WOMEN_IN_MALE_DOMINATED: (Gender.WOMAN, is_male_dominated),
    GoalName.MEN_IN_FEMALE_DOMINATED: (Gender.MAN, is_female_dominated),
}
DEMOGRAPHIC_GOALS = frozenset({*SUCH_WORK, GoalName.ETHNIC_GROUPS})


@dataclass(frozen=True, slots=True)
class Told:
    """A figure as it stands on a page that was exported."""

    goal: GoalName
    people: Mapping[str, int]
    most: int | None
    value: int


# The score


def could_count(problem: Problem, plan: Plan) -> int:
    """How many of those who take part could count for a demographic goal, as far as everybody knows."""
    goals = problem.programme.goals
    asked = {name for name, goal in goals.items() if goal.target > 0 and goal.weight > 0}
    people = {volunteer_id for volunteer_id, _, _ in plan.assignments()}
    if asked & {GoalName.ETHNIC_GROUPS, GoalName.MIXED_TEAM}:
        return len(people)
    shares = [problem.volunteers[person].share_women for person in people]
    return sum(any(such(share) for goal, (_, such) in SUCH_WORK.items() if goal in asked) for share in shares)


def how_good(score: TierScore, people: int) -> str:
    """What may be said of role_models where so many people who could count take part: a sentence's part, or nothing."""
    if people < FEWEST_FOR_SCORE or score.bound is None or score.value > score.bound:
        return NOT_SHOWN
    return within(score.value, score.bound, 100 * PEOPLE_IN_A_STEP / people)


def within(value: int, bound: int, finest: float = 0) -> str:
    """How far at most below the best possible, in steps none of which is finer than so many per cent."""
    short = 100 * (bound - value)
    step = next((step for step in STEPS if step >= finest and short <= step * bound), None)
    return "may be less than half of the best possible" if step is None else f"at most {step} % below the best possible"


def may_say_which_is_better(before: Plan, after: Plan) -> bool:
    """Whether two plans differ in the assignments of enough people for saying which has the better role_models."""
    old, new = ({(person, session) for person, session, _ in plan.assignments()} for plan in (before, after))
    return len({person for person, _ in old ^ new}) >= FEWEST_TO_COMPARE


# Figures


def safe_figures(
    figures: Sequence[Figure], traits: Traits, possible: Sequence[str | bool], told: Sequence[Told] = ()
) -> list[bool]:
    """Whether each figure may be shown together with those before it that may, and with those told earlier.

    `possible` are all traits that somebody could have: [False, True] where a figure counts women (or men), else the
    ethnic groups. The verdicts stand in the order of `figures`.

    Example: "3 women" of eight people may be shown. Then "3 women" of seven of the eight may not: the two together
    say that the eighth is none.
    """
    earlier = [(Figure(each.people, each.most, _of_kinds(each.goal)), each.value) for each in told]
    shown = ShownFigures(traits, possible, [*(figure for figure, _ in earlier), *figures])
    standing: set[tuple[frozenset[tuple[str, int]], int | None, int]] = set()
    for figure, value in earlier:
        standing.add(_key(figure, value))
        if all(person in traits for person in figure.people) and figure.value(traits) == value:
            shown.was_told(figure)
        else:  # somebody has another trait now
            shown.lost.update(figure.people)
    verdicts: list[bool] = []
    for figure in figures:
        if _key(figure, figure.value(traits)) in standing:
            verdicts.append(True)
        elif len(told) >= MOST_TOLD and figure.people:
            verdicts.append(False)
        else:
            groups = _groups(figure, shown.near(figure))
            hidden = all(_hide_each_other(people, traits, figure.of_kinds) for people in groups)
            verdicts.append(hidden and shown.takes(figure))
    return verdicts


def _key(figure: Figure, value: int) -> tuple[frozenset[tuple[str, int]], int | None, int]:
    return frozenset(figure.people.items()), figure.most, value


def _of_kinds(goal: GoalName) -> bool:
    return goal is GoalName.ETHNIC_GROUPS


def _groups(figure: Figure, shown: Iterable[Figure]) -> Iterator[AbstractSet[str]]:
    """The sets of people that a figure tells about: its own, and its difference to each one shown that contains it or
    that it contains."""
    people = figure.people.keys()
    if people:
        yield people
    for other in shown:
        if people < other.people.keys():
            yield other.people.keys() - people
        elif other.people.keys() < people:
            yield people - other.people.keys()


def _hide_each_other(people: AbstractSet[str], traits: Traits, of_kinds: bool) -> bool:
    """Whether they are FEWEST_CONCERNED or more, and each of two traits is FEWEST_EACH_WAY people's or more."""
    counts: Counter[Trait] = Counter(traits[person] for person in people)
    if of_kinds:
        alike = [count for trait, count in counts.items() if trait is not None]
    else:
        alike = [counts[True], counts[False]]
    return len(people) >= FEWEST_CONCERNED and sum(count >= FEWEST_EACH_WAY for count in alike) >= 2
