"""What the goals share that ask whom a cohort meets: posting counts of seats, and walking through encounters.

The two halves are apart on purpose: `post_*` work on arrays of seats, `met_by_cohort` on plain people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matcher.domain import Encounter, GoalName, GoalSetting, Plan, Problem, TierName, Volunteer, steps
from matcher.rules.model import Bools, Ints, Model, Terms, ints, numbered


def post_count(model: Model, goal: GoalName, counts: Bools, before: Mapping[str, int]) -> None:
    """Gains for how many encounters each cohort has with volunteers that count.

    `counts`: of each volunteer whether they do, shape (volunteers,). `before`: cohort_id -> how many it had earlier.
    """
    cohort, seat = _cohort_seats(model, counts)
    _post_levels(model, goal, Terms.of(cohort, model.seats[seat]), before)


def post_distinct(model: Model, goal: GoalName, kind: Sequence[str], before: Mapping[str, set[str]]) -> None:
    """Gains for how many distinct kinds of people each cohort meets.

    `kind`: of each volunteer, such as their sector, "" for none; `before`: cohort_id -> the kinds that it met earlier.

    Two levels, one on the other: a column for each (cohort, kind new to it) says whether somebody of that kind comes,
    and these columns are counted. Example: class A met Rail earlier and could meet V1 (Rail), V2 and V3 (both Health).
    There is one column "A meets Health" <= seat of V2 + seat of V3, and it fills the level of A's second sector.
    """
    kinds = [name for name in dict.fromkeys(kind) if name]
    number = {name: n for n, name in enumerate(kinds)}
    of_volunteer = np.array([number.get(name, -1) for name in kind], dtype=np.int64)
    cohort, seat = _cohort_seats(model, of_volunteer >= 0)
    group = cohort * len(kinds) + of_volunteer[model.seat_volunteer[seat]]
    known = ints(
        model.cohort_index[cohort_id] * len(kinds) + number[name]
        for cohort_id, names in before.items()
        for name in names
        if name in number
    )
    new = ~np.isin(group, known)
    groups, row = numbered(group[new])
    columns = model.levels(
        Terms.of(row, model.seats[seat[new]]),
        constant=np.zeros(len(groups), dtype=np.int64),
        row_group=np.arange(len(groups)),
        level_group=np.arange(len(groups)),
        tier=TierName.ROLE_MODELS,
    )
    terms = Terms.of(groups // max(1, len(kinds)), columns)
    _post_levels(model, goal, terms, {cohort_id: len(names) for cohort_id, names in before.items()})


def _post_levels(model: Model, goal: GoalName, terms: Terms, before: Mapping[str, int]) -> None:
    """Levels for each cohort, from what it had before up to the target, no more than it could reach.

    The n-th is worth need x weight x floor(120 / n). `terms.row` is the cohort's index. Example: target 3, had 1, and
    five seats that count: levels 2 and 3, worth 60 and 40 (times need and weight); the first's 120 are a constant.
    """
    rule = model.problem.programme.goals[goal]
    cohorts = list(model.problem.cohorts.values())
    had = ints(before.get(each.cohort_id, 0) for each in cohorts)
    need = [model.problem.schools[each.school_id].need for each in cohorts]
    reachable = np.bincount(terms.row, minlength=len(cohorts))
    level = [
        (index, n)
        for index in range(len(cohorts))
        for n in range(had[index] + 1, min(rule.target, had[index] + reachable[index]) + 1)
    ]
    model.constants[TierName.ROLE_MODELS] += sum(
        need[index] * rule.weight * sum(120 // n for n in range(1, min(rule.target, had[index]) + 1))
        for index in range(len(cohorts))
    )
    model.levels(
        terms,
        constant=np.zeros(len(cohorts), dtype=np.int64),
        row_group=np.arange(len(cohorts)),
        level_group=ints(index for index, _ in level),
        tier=TierName.ROLE_MODELS,
        gains=ints(need[index] * rule.weight * (120 // n) for index, n in level),
    )


def _cohort_seats(model: Model, counts: Bools) -> tuple[Ints, Ints]:
    """The model's (cohort, seat) pairs whose volunteer counts."""
    cohort, seat = model.cohort_seats
    counted = counts[model.seat_volunteer[seat]] if len(seat) else np.zeros(0, dtype=bool)
    return cohort[counted], seat[counted]


Person = Volunteer | Encounter


def met_by_cohort(problem: Problem, plan: Plan) -> dict[str, list[Person]]:
    """cohort_id -> everybody whom it meets in the plan or met earlier."""
    met: dict[str, list[Person]] = {cohort_id: [] for cohort_id in problem.cohorts}
    for encounter in problem.encounters:
        met[encounter.cohort_id].append(encounter)
    for session_id, visit in plan.visits.items():
        for cohort_id in problem.sessions[session_id].cohort_ids:
            met[cohort_id].extend(problem.volunteers[volunteer_id] for volunteer_id in visit.team)
    return met


def worth(setting: GoalSetting, need: int, met: int) -> int:
    """What it is worth to have met so many: need x weight x (120/1 + 120/2 + ..., each rounded down)."""
    return need * setting.weight * steps(min(setting.target, met))
