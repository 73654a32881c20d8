"""Somebody who works out what the others said: from pages and screens, public facts, and one other person's answers.

A world is what everybody might have said; it fits if it gives the very cells and words that were seen. The truth is
only where looking begins, and one person's of it what the onlooker knows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ortools.sat.python import cp_model

from matcher.domain import EthnicGroup, Gender, GoalName, Plan, Problem, folded
from matcher.publishing.disclosure import DEMOGRAPHIC_GOALS
from matcher.publishing.report import GOALS

Said: TypeAlias = tuple[Gender | None, EthnicGroup | None]
World: TypeAlias = Mapping[str, Said]
STEPS = [sum(120 // k for k in range(1, n + 1)) for n in range(60)]
ANSWERS: tuple[Gender | EthnicGroup, ...] = (Gender.WOMAN, Gender.MAN, *EthnicGroup)
"""Each of these, and its contrary, is what nobody may be found out to be."""


@dataclass(frozen=True)
class Seen:
    """One page: a plan, and what is told about it."""

    plan: Plan
    cells: Mapping[tuple[str, GoalName], int]
    """(cohort, or "" for all together; goal) -> what is shown."""
    together: Mapping[GoalName, tuple[int, bool]]
    """What all classes together meet, and whether it may be more."""
    per_cent: int | None = None
    """How far role_models is from the best possible, at most."""
    total: int | None = None
    """The exact role_models, where somebody let it out."""


@dataclass(frozen=True)
class Attack:
    problem: Problem
    pages: Sequence[Seen]
    first_is_better: bool | None = None
    """What a comparison of the two said about role_models."""
    met: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for page in self.pages:
            met: dict[str, list[str]] = defaultdict(list)
            for session_id, visit in page.plan.visits.items():
                for cohort_id in self.problem.sessions[session_id].cohort_ids:
                    met[cohort_id] += visit.team
            self.met.append(met)

    @property
    def people(self) -> list[str]:
        return sorted({person for page in self.pages for person, _, _ in page.plan.assignments()})

    @property
    def has_something_to_go_by(self) -> bool:
        told = any(page.cells or page.together or page.total or page.per_cent for page in self.pages)
        return told or self.first_is_better is not None

    def found(self) -> Iterator[tuple[str, str, str]]:
        """(who is sure, about whom, of what): everything that follows for certain."""
        truth = {who: (each.gender, each.ethnic_group) for who, each in self.problem.volunteers.items()}
        assert self.fits(truth), "the attacker reads the page wrongly"
        if not self.has_something_to_go_by:
            return
        for person in self.people:
            for answer in ANSWERS:
                for yes in (True, False):
                    suspects = self._who_could_rule_out(truth, person, answer, yes)
                    for knower in sorted(suspects):
                        if not self._possible({knower: truth[knower]}, person, answer, yes):
                            yield knower, person, f"{'not ' if yes else ''}{answer}"

    def _who_could_rule_out(self, truth: World, person: str, answer: Gender | EthnicGroup, yes: bool) -> set[str]:
        """All others, less those who change nothing in some world that fits and in which it is so."""
        others = set(self.people) - {person}
        for said in _others(truth[person], answer, yes):
            if self.fits({**truth, person: said}):
                return set()
        # Two who change together: what one brings less the other brings more.
        mine = truth[person]
        for other in sorted(others):
            for said in _others(mine, answer, yes):
                swaps: list[Said] = [(mine[0], truth[other][1]), (truth[other][0], mine[1]), mine]
                if any(self.fits({**truth, person: said, other: swap}) for swap in swaps):
                    others &= {other}
                    break
            if not others:
                break
        return others

    # Worlds tried by hand

    def fits(self, world: World) -> bool:
        values = []
        compared = self.first_is_better is not None or any(page.per_cent or page.total for page in self.pages)
        for page, met in zip(self.pages, self.met, strict=True):
            for (cohort_id, goal), told in page.cells.items():
                if min(self._count(world, goal, met[cohort_id], cohort_id), self._target(goal)) != told:
                    return False
            for goal, (told, or_more) in page.together.items():
                count = self._count(world, goal, sorted({who for team in met.values() for who in team}), None)
                if count < told if or_more else count != told:
                    return False
            if not compared:
                continue
            values.append(self.role_models(world, page.plan, met))
            if page.total is not None and values[-1] != page.total:
                return False
        if len(values) == 2:
            if self.first_is_better is not None and (values[0] > values[1]) != self.first_is_better:
                return False
            for page, mine, other in zip(self.pages, values, values[::-1], strict=True):
                if page.per_cent is not None and 100 * mine < (100 - page.per_cent) * other:
                    return False  # the best possible is at least what the other plan has
        return True

    def _target(self, goal: GoalName) -> int:
        return self.problem.programme.goals[goal].target

    def _count(self, world: World, goal: GoalName, met: Sequence[str], cohort_id: str | None) -> int:
        earlier = [each for each in self.problem.encounters if each.cohort_id == cohort_id]
        if goal is GoalName.ETHNIC_GROUPS:
            return len({world[who][1] for who in met} | {each.ethnic_group for each in earlier} | {None}) - 1
        gender = Gender.WOMAN if goal is GoalName.WOMEN_IN_MALE_DOMINATED else Gender.MAN
        count = sum(world[who][0] is gender for who in met if _such(goal, self.problem.volunteers[who].share_women))
        return count + sum(each.gender is gender for each in earlier if _such(goal, each.share_women))

    def role_models(self, world: World, plan: Plan, met: Mapping[str, Sequence[str]]) -> int:
        total = 0
        for cohort_id in self.problem.cohorts:
            for goal in DEMOGRAPHIC_GOALS:
                count = self._count(world, goal, met.get(cohort_id, ()), cohort_id)
                total += self._worth(cohort_id, goal) * STEPS[min(self._target(goal), count)]
        for session_id in self._roomy(plan):
            genders = {world[who][0] for who in plan.visits[session_id].team}
            total += self._mixed_worth(session_id) * ({Gender.WOMAN, Gender.MAN} <= genders)
        return total + self._plain(met)

    def _plain(self, met: Mapping[str, Sequence[str]]) -> int:
        """What people and sectors bring, which everybody can see."""
        total = 0
        for cohort_id in self.problem.cohorts:
            earlier = [each for each in self.problem.encounters if each.cohort_id == cohort_id]
            people = met.get(cohort_id, ())
            sectors = {folded(self.problem.volunteers[who].sector) for who in people}
            sectors |= {folded(each.sector) for each in earlier}
            for goal, count in (
                (GoalName.PEOPLE, len(people) + len(earlier)),
                (GoalName.SECTORS, len(sectors - {""})),
            ):
                total += self._worth(cohort_id, goal) * STEPS[min(self._target(goal), count)]
        return total

    def _worth(self, cohort_id: str, goal: GoalName) -> int:
        need = self.problem.schools[self.problem.cohorts[cohort_id].school_id].need
        return need * self.problem.programme.goals[goal].weight

    def _roomy(self, plan: Plan) -> list[str]:
        wanted = self._target(GoalName.MIXED_TEAM) >= 1
        return [each for each in plan.visits if wanted and self.problem.sessions[each].max_volunteers >= 2]

    def _mixed_worth(self, session_id: str) -> int:
        need = self.problem.schools[self.problem.sessions[session_id].school_id].need
        return 120 * need * self.problem.programme.goals[GoalName.MIXED_TEAM].weight

    # All worlds at once

    def _possible(self, known: World, person: str, answer: Gender | EthnicGroup, yes: bool) -> bool:
        """Whether some world fits in which it is so, and in which those who are known said what they said."""
        model = cp_model.CpModel()
        said = {
            who: {**{each: model.new_bool_var("") for each in ANSWERS}, "none": model.new_bool_var("")}
            for who in self.people
        }
        for mine in said.values():
            model.add_at_most_one(mine[Gender.WOMAN], mine[Gender.MAN])
            model.add_at_most_one(*(mine[group] for group in EthnicGroup))
        for who, (gender, group) in known.items():
            for each in ANSWERS:
                model.add(said[who][each] == int(each in (gender, group) and type(each) in (type(gender), type(group))))
        model.add(said[person][answer] == int(yes))
        values = [self._post(model, said, page, met) for page, met in zip(self.pages, self.met, strict=True)]
        if self.first_is_better is not None:
            model.add(values[0] > values[1] if self.first_is_better else values[0] <= values[1])
        if len(values) == 2:
            for page, mine, other in zip(self.pages, values, values[::-1], strict=True):
                if page.per_cent is not None:
                    model.add(100 * mine >= (100 - page.per_cent) * other)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = 20
        return solver.solve(model) != cp_model.INFEASIBLE

    def _post(self, model: cp_model.CpModel, said: Any, page: Seen, met: Mapping[str, list[str]]) -> Any:
        terms: list[Any] = [self._plain(met)]
        for cohort_id in self.problem.cohorts:
            for goal in DEMOGRAPHIC_GOALS:
                target = self._target(goal)
                count = self._posted_count(model, said, goal, met.get(cohort_id, []), cohort_id)
                capped = model.new_int_var(0, target, "")
                model.add_min_equality(capped, [count, target])
                if (cohort_id, goal) in page.cells:
                    model.add(capped == page.cells[cohort_id, goal])
                points = model.new_int_var(0, STEPS[target], "")
                model.add_element(capped, STEPS[: target + 1], points)
                terms.append(self._worth(cohort_id, goal) * points)
        for goal, (told, or_more) in page.together.items():
            everybody = sorted({who for team in met.values() for who in team})
            count = self._posted_count(model, said, goal, everybody, None)
            model.add(count >= told if or_more else count == told)
        for session_id in self._roomy(page.plan):
            women, men, both = (model.new_bool_var("") for _ in range(3))
            team = page.plan.visits[session_id].team
            model.add_max_equality(women, [said[who][Gender.WOMAN] for who in team])
            model.add_max_equality(men, [said[who][Gender.MAN] for who in team])
            model.add_min_equality(both, [women, men])
            terms.append(self._mixed_worth(session_id) * both)
        value = sum(terms)
        if page.total is not None:
            model.add(value == page.total)
        return value

    def _posted_count(
        self, model: cp_model.CpModel, said: Any, goal: GoalName, met: Sequence[str], cohort_id: str | None
    ) -> Any:
        """How often the goal counts; of earlier visits' people nothing is known but their work."""
        earlier = [each for each in self.problem.encounters if each.cohort_id == cohort_id]
        if goal is GoalName.ETHNIC_GROUPS:
            kinds = []
            for group in EthnicGroup:
                kinds.append(model.new_bool_var(""))
                model.add_max_equality(kinds[-1], [said[who][group] for who in met] or [0])
            terms, more = kinds, len(earlier)
        else:
            gender = Gender.WOMAN if goal is GoalName.WOMEN_IN_MALE_DOMINATED else Gender.MAN
            terms = [said[who][gender] for who in met if _such(goal, self.problem.volunteers[who].share_women)]
            more = sum(_such(goal, each.share_women) for each in earlier)
        count = model.new_int_var(0, 60, "")
        model.add(count == sum(terms) + model.new_int_var(0, more, ""))
        return count


def _such(goal: GoalName, share: float | None) -> bool:
    return share is not None and (share < 0.35 if goal is GoalName.WOMEN_IN_MALE_DOMINATED else share > 0.65)


def _others(mine: Said, answer: Gender | EthnicGroup, yes: bool) -> list[Said]:
    """What somebody could have said so that an answer is theirs or is not, the other attribute as it was."""
    gender, group = mine
    if isinstance(answer, Gender):
        genders: list[Gender | None] = [answer] if yes else [each for each in (*Gender, None) if each is not answer]
        return [(each, group) for each in ([gender] if gender in genders else genders)]
    groups: list[EthnicGroup | None] = (
        [answer] if yes else [each for each in (*EthnicGroup, None) if each is not answer]
    )
    return [(gender, each) for each in ([group] if group in groups else groups)]


def seen(html: str, plan: Plan) -> Seen:
    """What the page shows; cohorts go by their names."""
    rows = re.findall(r'<tr><th scope="row"><bdi>([^<]*)</bdi></th>((?:<td class="\w+">.*?</td>)+)</tr>', html)
    cells: dict[tuple[str, GoalName], int] = {}
    order = list(GOALS)
    for name, row in rows:
        found = re.findall(r'<td class="(\w+)">(.*?)</td>', row)
        assert len(found) == len(order)
        for goal, (state, text) in zip(order, found, strict=True):
            if goal in DEMOGRAPHIC_GOALS and state != "hidden":
                cells[name, goal] = int(re.sub("<.*?>.*?</.*?>|<.*?>", "", text).split(" of ")[0])
    together: dict[GoalName, tuple[int, bool]] = {}
    for goal in DEMOGRAPHIC_GOALS:
        row = re.search(rf'<tr><th scope="row">{GOALS[goal][0]}<span.*?</tr>', html, re.DOTALL)
        assert row is not None
        told = re.findall(r"<td>(.*?)</td>", row[0])[-1]
        if told != "not shown":
            together[goal] = int(re.match(r"\d+", told)[0]), "or more" in told  # type: ignore[index]
    words = re.search(r"2\. Role models.*?</tr>", html, re.DOTALL)
    assert words is not None
    step = re.search(r"At most (\d+) %", words[0])
    assert not re.search(r"\d,\d|\d{4}", re.sub(r"Classes reach .*? goals?|[\d,]+ more are", "", words[0]))
    return Seen(plan, cells, together, int(step[1]) if step else None)
