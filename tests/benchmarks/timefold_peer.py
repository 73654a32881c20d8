"""Timefold as a peer: construction heuristic, then local search, on the same must-rules and tiers.

Each session chooses one of its visits or none, each seat of its team one of the people who may come or nobody. Who may
come to which visit is read from the model, so every peer is given the same. The score is counted incrementally, which
Timefold calls the fastest way. Its compiler turns `Score` and the classes above it into Java; it knows no scores of
more than three levels there, so the five tiers stand in two long integers: reach above role_models in the medium
level, preferences above load above travel in the soft one, so far apart that no later tier outweighs an earlier one.

The free edition, which this uses, searches with one thread, whatever the number of workers.
"""

# No `from __future__ import annotations` here: Timefold reads the annotations.

import threading
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from jpype import JImplements, JOverride
from timefold.solver import SolverFactory
from timefold.solver.config import (
    EnvironmentMode,
    ScoreDirectorFactoryConfig,
    SolverConfig,
)
from timefold.solver.domain import (
    PlanningEntityCollectionProperty,
    PlanningId,
    PlanningScore,
    PlanningVariable,
    ProblemFactProperty,
    ValueRangeProvider,
    planning_entity,
    planning_solution,
)
from timefold.solver.score import HardMediumSoftScore, IncrementalScoreCalculator

from matcher.domain import Decision, Gender, GoalName, Plan, Problem, TierName, Visit, employer_key, folded
from matcher.rules import GOALS, MUST_RULES, Model
from matcher.rules.meeting import Person
from matcher.rules.men_in_female_dominated import MenInFemaleDominated
from matcher.rules.one_place import OnePlaceAtATime
from matcher.rules.women_in_male_dominated import WomenInMaleDominated
from tests.benchmarks.peer import Answer, Seen

ABOVE_ROLE_MODELS = 10**11
ABOVE_TRAVEL, ABOVE_LOAD = 10**7, 10**13
COUNTED = list(GoalName)[:5]
"""The goals that count by cohort; in `counts`, each cohort has a count for each of them."""


@dataclass
class Facts:
    """A term in numbers: visits, teams (one a session), people, cohorts and schools are places in these lists."""

    visit_day: list[int]
    visit_in_person: list[bool]
    visit_admits: list[set[int]]
    visit_clashes: list[set[int]]
    team_school: list[int]
    team_cohorts: list[list[int]]
    team_kept: list[int]
    team_mixed_worth: list[int]
    team_wishes: list[dict[int, int]]
    school_need: list[int]
    school_limit: list[int]
    person_most: list[int]
    person_most_a_day: list[int]
    person_employer: list[int]
    person_sector: list[int]
    person_group: list[int]
    person_woman: list[int]
    person_man: list[int]
    person_rare_woman: list[int]
    person_rare_man: list[int]
    person_road: list[list[int]]
    cohort_need: list[int]
    met: list[list[int]]
    sectors_met: list[list[int]]
    groups_met: list[list[int]]
    worth: list[list[int]]
    """Of each counted goal: what the n-th adds for a need of 1."""
    same_employer: int
    days: int
    employers: int


@planning_entity
@dataclass
class Team:
    """A session, which chooses when it runs, if at all."""

    id: Annotated[int, PlanningId]
    visits: Annotated[list[int], ValueRangeProvider(id="visits")]
    visit: Annotated[int | None, PlanningVariable(value_range_provider_refs=["visits"], allows_unassigned=True)]


@planning_entity
@dataclass
class Seat:
    """A place in a team, which chooses who takes it, if anybody; a delivered session fills those that are needed."""

    id: Annotated[int, PlanningId]
    team: int
    needed: bool
    people: Annotated[list[int], ValueRangeProvider(id="people")]
    person: Annotated[int | None, PlanningVariable(value_range_provider_refs=["people"], allows_unassigned=True)]


@planning_solution
@dataclass
class Term:
    """All choices, and what they are worth."""

    facts: Annotated[Facts, ProblemFactProperty]
    teams: Annotated[list[Team], PlanningEntityCollectionProperty]
    seats: Annotated[list[Seat], PlanningEntityCollectionProperty]
    score: Annotated[HardMediumSoftScore, PlanningScore] = field(default=None)


class Score(IncrementalScoreCalculator):
    """Keeps every count up with each change."""

    facts: Facts
    teams: list[Team]
    seats: list[list[Seat]]
    broken: int
    reach: int
    role_models: int
    wishes: int
    load: int
    travel: int
    delivered: list[int]
    diary: list[list[int]]
    counts: list[list[int]]
    sectors: list[list[int]]
    groups: list[list[int]]
    women: list[int]
    men: list[int]
    at: dict[int, int]
    """How often something happens on a day or in a team: see `_tally`."""

    def reset_working_solution(self, solution: Term) -> None:
        facts = solution.facts
        self.facts = facts
        self.broken = 0
        self.reach = 0
        self.role_models = 0
        self.wishes = 0
        self.load = 0
        self.travel = 0
        self.delivered = [0 for _ in facts.school_need]
        self.diary = [[] for _ in facts.person_most]
        self.counts = [list(each) for each in facts.met]
        self.sectors = [list(each) for each in facts.sectors_met]
        self.groups = [list(each) for each in facts.groups_met]
        self.women = [0 for _ in facts.team_school]
        self.men = [0 for _ in facts.team_school]
        self.at = {}
        self.teams = solution.teams
        self.seats = [[] for _ in solution.teams]
        for seat in solution.seats:
            self.seats[seat.team].append(seat)
        for team in solution.teams:
            self.broken += facts.team_kept[team.id]
            self._team(team, 1)

    def before_variable_changed(self, entity: object, variable_name: str) -> None:
        self._change(entity, -1)

    def after_variable_changed(self, entity: object, variable_name: str) -> None:
        self._change(entity, 1)

    def before_entity_added(self, entity: object) -> None:
        pass

    def after_entity_added(self, entity: object) -> None:
        self._change(entity, 1)

    def before_entity_removed(self, entity: object) -> None:
        self._change(entity, -1)

    def after_entity_removed(self, entity: object) -> None:
        pass

    def calculate_score(self) -> HardMediumSoftScore:
        medium = self.reach * 100_000_000_000 + self.role_models
        soft = self.wishes * 10_000_000_000_000 - self.load * 10_000_000 - self.travel
        return HardMediumSoftScore.of(0 - self.broken, medium, soft)

    def _change(self, entity: object, sign: int) -> None:
        if isinstance(entity, Seat):
            visit = self.teams[entity.team].visit
            if visit is not None:
                self._seat(entity, visit, sign)
        elif isinstance(entity, Team):
            self._team(entity, sign)

    def _tally(self, key: int, sign: int) -> int:
        """Adds to a count; returns the larger of what it was and what it is."""
        before = self.at.get(key, 0)
        after = before + sign
        self.at[key] = after
        return after if sign > 0 else before

    def _team(self, team: Team, sign: int) -> None:
        """A session begins or ceases to run at its visit, with all who have a seat."""
        visit = team.visit
        if visit is None:
            return
        facts = self.facts
        number = team.id
        self.broken -= sign * facts.team_kept[number]
        school = facts.team_school[number]
        day = facts.visit_day[visit]
        n = self.delivered[school] + (1 if sign > 0 else 0)
        self.delivered[school] += sign
        self.reach += sign * facts.school_need[school] * (120 // n)
        if self._tally(4 * (school * facts.days + day), sign) > facts.school_limit[school]:
            self.broken += sign
        for cohort in facts.team_cohorts[number]:
            if self._tally(4 * (cohort * facts.days + day) + 1, sign) > 1:
                self.broken += sign
        for seat in self.seats[number]:
            self._seat(seat, visit, sign)

    def _seat(self, seat: Seat, visit: int, sign: int) -> None:
        """Somebody, or nobody, begins or ceases to be in the team of a visit."""
        person = seat.person
        if person is None:
            if seat.needed:
                self.broken += sign
            return
        facts = self.facts
        team = seat.team
        if person not in facts.visit_admits[visit]:
            self.broken += sign
        diary = self.diary[person]
        if sign < 0:
            diary.remove(visit)
        clashes = facts.visit_clashes[visit]
        for other in diary:
            if other in clashes:
                self.broken += sign
        if sign > 0:
            diary.append(visit)
        n = len(diary) if sign > 0 else len(diary) + 1
        self.load += sign * n
        if n > facts.person_most[person]:
            self.broken += sign
        day = facts.visit_day[visit]
        if self._tally(4 * (person * facts.days + day) + 2, sign) > facts.person_most_a_day[person]:
            self.broken += sign
        employer = facts.person_employer[person]
        if employer >= 0 and self._tally(4 * (team * facts.employers + employer) + 3, sign) > facts.same_employer:
            self.broken += sign
        self.wishes += sign * facts.team_wishes[team].get(person, 0)
        if facts.visit_in_person[visit]:
            school = facts.team_school[team]
            trip = 0 - 1 - ((person * facts.days + day) * len(facts.school_need) + school)
            if self._tally(trip, sign) == 1:
                self.travel += sign * facts.person_road[person][school]
        self._gender(team, person, sign)
        for cohort in facts.team_cohorts[team]:
            self._meets(cohort, person, sign)

    def _gender(self, team: int, person: int, sign: int) -> None:
        facts = self.facts
        before = self.women[team] > 0 and self.men[team] > 0
        self.women[team] += sign * facts.person_woman[person]
        self.men[team] += sign * facts.person_man[person]
        after = self.women[team] > 0 and self.men[team] > 0
        if before != after:
            self.role_models += sign * facts.team_mixed_worth[team]

    def _meets(self, cohort: int, person: int, sign: int) -> None:
        facts = self.facts
        counts = self.counts[cohort]
        self._count(cohort, counts, 0, sign)
        sectors = self.sectors[cohort]
        sector = facts.person_sector[person]
        if sector >= 0:
            n = sectors[sector]
            sectors[sector] = n + sign
            if n + sign == 0 or n == 0:
                self._count(cohort, counts, 1, sign)
        if facts.person_rare_woman[person] > 0:
            self._count(cohort, counts, 2, sign)
        if facts.person_rare_man[person] > 0:
            self._count(cohort, counts, 3, sign)
        groups = self.groups[cohort]
        group = facts.person_group[person]
        if group >= 0:
            n = groups[group]
            groups[group] = n + sign
            if n + sign == 0 or n == 0:
                self._count(cohort, counts, 4, sign)

    def _count(self, cohort: int, counts: list[int], goal: int, sign: int) -> None:
        n = counts[goal] + (1 if sign > 0 else 0)
        counts[goal] += sign
        worth = self.facts.worth[goal]
        if n < len(worth):
            self.role_models += sign * self.facts.cohort_need[cohort] * worth[n]


def _of(entity: type) -> str:
    return f"<entityClass>{__name__}.{entity.__name__}</entityClass>"


MOVES = f"""
  <unionMoveSelector>
    <changeMoveSelector>
      <fixedProbabilityWeight>5</fixedProbabilityWeight>
      <entitySelector>{_of(Seat)}</entitySelector>
      <valueSelector variableName="person"/>
    </changeMoveSelector>
    <swapMoveSelector>
      <fixedProbabilityWeight>5</fixedProbabilityWeight>
      <entitySelector>{_of(Seat)}</entitySelector>
    </swapMoveSelector>
    <changeMoveSelector>
      <fixedProbabilityWeight>1</fixedProbabilityWeight>
      <entitySelector>{_of(Team)}</entitySelector>
      <valueSelector variableName="visit"/>
    </changeMoveSelector>
  </unionMoveSelector>
"""
"""Timefold's usual moves, but fewer of those that move a whole session: each counts its team anew."""
PHASES = f"""
<solver>
  <constructionHeuristic>
    <queuedEntityPlacer>
      <entitySelector id="seat">{_of(Seat)}</entitySelector>
      <changeMoveSelector>
        <entitySelector mimicSelectorRef="seat"/>
        <valueSelector variableName="person"/>
      </changeMoveSelector>
    </queuedEntityPlacer>
  </constructionHeuristic>
  <localSearch>
    <termination><bestScoreFeasible>true</bestScoreFeasible></termination>
    <localSearchType>HILL_CLIMBING</localSearchType>{MOVES}
  </localSearch>
  <localSearch>
    <localSearchType>LATE_ACCEPTANCE</localSearchType>{MOVES}
  </localSearch>
</solver>
"""
"""Timefold's defaults, but that what the construction leaves broken is mended before search may accept worse plans:
late acceptance would drop a third of the sessions on the way."""
FACTORY = SolverFactory.create(
    SolverConfig(
        xml_source_text=PHASES,
        solution_class=Term,
        entity_class_list=[Team, Seat],
        environment_mode=EnvironmentMode.NO_ASSERT,
        score_director_factory_config=ScoreDirectorFactoryConfig(incremental_score_calculator_class=Score),
    )
)
"""Made when this file is read, so that compiling takes none of the time for searching."""


def timefold(problem: Problem, seconds: float, workers: int, seen: Seen) -> Answer:
    """The best plan of the default heuristics: first fit, then late acceptance."""
    end = time.monotonic() + seconds
    model = Model(problem, [*MUST_RULES, *GOALS])
    constant = model.constants[TierName.ROLE_MODELS]
    term = Term(_facts(model), *_choices(model))

    @JImplements("ai.timefold.solver.core.api.solver.event.SolverEventListener")
    class Listener:
        """Reads the score alone: the package's own listeners bring over each whole plan, which takes a second."""

        @JOverride
        def bestSolutionChanged(self, event: Any) -> None:  # noqa: N802 (Java's name)
            score = event.getNewBestScore()
            if score.hardScore() == 0 and event.isNewBestSolutionInitialized():
                reach, role_models = divmod(int(score.mediumScore()), ABOVE_ROLE_MODELS)
                seen({TierName.REACH: reach, TierName.ROLE_MODELS: role_models + constant})

    solver = FACTORY.build_solver()
    solver._delegate.addEventListener(Listener())
    timer = threading.Timer(end - time.monotonic(), solver.terminate_early)
    timer.start()
    found = solver.solve(term)
    timer.cancel()
    visits: dict[int, int] = {team.id: team.visit for team in found.teams if team.visit is not None}
    teams: dict[int, list[str]] = {team: [] for team in visits}
    for seat in found.seats:
        if seat.person is not None and seat.team in teams:
            teams[seat.team].append(model.volunteer_ids[seat.person])
    return Answer(
        Plan(
            {model.session_ids[n]: Visit(model.visits[visits[n]][1], tuple(sorted(team))) for n, team in teams.items()}
        )
    )


def _choices(model: Model) -> tuple[list[Team], list[Seat]]:
    """The sessions, each with a first visit for the construction heuristic to fill, and their seats.

    A kept person and somebody of each required sector have needed seats of their own. Needed seats come first, those
    for which there are the fewest people before the others: in that order the construction heuristic fills them.
    """
    problem = model.problem
    keep = [pin for pin in problem.pins if pin.decision is Decision.KEEP]
    never = {(pin.session_id, pin.volunteer_id or pin.start) for pin in problem.pins if pin.decision is Decision.NEVER}
    starts = {pin.session_id: pin.start for pin in keep if pin.volunteer_id is None}
    many = np.bincount(model.seat_visit, minlength=len(model.visits))
    sector = [folded(person.sector) for person in problem.volunteers.values()]
    taken: set[tuple[str, object]] = set()
    teams: list[Team] = []
    seats: list[Seat] = []
    for number, session in enumerate(problem.sessions.values()):
        name = session.session_id
        visits = [
            int(visit)
            for visit in np.flatnonzero(model.visit_session == number)
            if (name, model.visits[visit][1].start) not in never
            and starts.get(name, model.visits[visit][1].start) == model.visits[visit][1].start
        ]
        days = {visit: model.visits[visit][1].day for visit in visits}
        free = [visit for visit in visits if not any((each, days[visit]) in taken for each in session.cohort_ids)]
        first = max(free, key=lambda visit: int(many[visit]), default=None)
        if first is not None:
            taken.update((each, days[first]) for each in session.cohort_ids)
        teams.append(Team(number, visits, first))
        people = [
            int(person)
            for person in np.unique(model.seat_volunteer[model.seat_session == number])
            if (name, model.volunteer_ids[person]) not in never
        ]
        kept = [
            model.volunteer_index[pin.volunteer_id]
            for pin in keep
            if pin.session_id == name and pin.volunteer_id is not None
        ]
        ranges = [[person] for person in dict.fromkeys(kept)]
        for wanted in sorted(session.required_sectors - {sector[person] for person in kept}):
            ranges.append([person for person in people if sector[person] == wanted])
        needed = max(session.min_volunteers, len(ranges))
        ranges += [people] * (session.max_volunteers - len(ranges))
        seats += [Seat(0, number, n < needed, range_, None) for n, range_ in enumerate(ranges)]
        if needed > session.max_volunteers:
            teams[-1] = Team(number, [], None)
    seats.sort(key=lambda seat: (not seat.needed, len(seat.people)))
    for number, seat in enumerate(seats):
        seat.id = number
    return teams, seats


def _facts(model: Model) -> Facts:
    problem = model.problem
    people, sessions = list(problem.volunteers.values()), list(problem.sessions.values())
    cohorts, schools = list(problem.cohorts.values()), list(problem.schools.values())
    everybody: list[Person] = [*people, *problem.encounters]
    sectors = _numbers(folded(each.sector) for each in everybody)
    groups = _numbers(each.ethnic_group for each in everybody)
    employers = _numbers(employer_key(person.employer) for person in people)
    days = _numbers(slot.day for _, slot in model.visits)
    women, men = WomenInMaleDominated(), MenInFemaleDominated()
    admits: list[set[int]] = [set() for _ in model.visits]
    for person, visit in zip(model.seat_volunteer.tolist(), model.seat_visit.tolist(), strict=True):
        admits[visit].add(person)
    met = [[0] * 5 for _ in cohorts]
    sectors_met = [[0] * len(sectors) for _ in cohorts]
    groups_met = [[0] * len(groups) for _ in cohorts]
    for each in problem.encounters:
        cohort = model.cohort_index[each.cohort_id]
        met[cohort][0] += 1
        met[cohort][2] += women.counts(each)
        met[cohort][3] += men.counts(each)
        if each.sector:
            sectors_met[cohort][sectors[folded(each.sector)]] += 1
        if each.ethnic_group:
            groups_met[cohort][groups[each.ethnic_group]] += 1
    for cohort in range(len(cohorts)):
        met[cohort][1] = sum(n > 0 for n in sectors_met[cohort])
        met[cohort][4] = sum(n > 0 for n in groups_met[cohort])
    goals = [problem.programme.goals[goal] for goal in COUNTED]
    mixed = problem.programme.goals[GoalName.MIXED_TEAM]
    wishes: list[dict[int, int]] = [{} for _ in sessions]
    for (volunteer_id, session_id), score in problem.preferences.items():
        wishes[model.session_index[session_id]][model.volunteer_index[volunteer_id]] = score
    kept = {pin.session_id for pin in problem.pins if pin.decision is Decision.KEEP}
    return Facts(
        visit_day=[days[slot.day] for _, slot in model.visits],
        visit_in_person=model.visit_in_person.tolist(),
        visit_admits=admits,
        visit_clashes=_clashes(model),
        team_school=[model.school_index[session.school_id] for session in sessions],
        team_cohorts=[[model.cohort_index[each] for each in session.cohort_ids] for session in sessions],
        team_kept=[int(session.session_id in kept) for session in sessions],
        team_mixed_worth=[
            problem.schools[session.school_id].need * mixed.weight * 120
            if session.max_volunteers >= 2 and mixed.target >= 1
            else 0
            for session in sessions
        ],
        team_wishes=wishes,
        school_need=[school.need for school in schools],
        school_limit=[
            len(sessions) if school.max_sessions_per_day is None else school.max_sessions_per_day for school in schools
        ],
        person_most=[person.max_sessions for person in people],
        person_most_a_day=[person.max_sessions_per_day for person in people],
        person_employer=[employers.get(employer_key(person.employer), -1) for person in people],
        person_sector=[sectors.get(folded(person.sector), -1) for person in people],
        person_group=[-1 if person.ethnic_group is None else groups[person.ethnic_group] for person in people],
        person_woman=[int(person.gender is Gender.WOMAN) for person in people],
        person_man=[int(person.gender is Gender.MAN) for person in people],
        person_rare_woman=[int(women.counts(person)) for person in people],
        person_rare_man=[int(men.counts(person)) for person in people],
        person_road=[
            [round(10 * problem.km_home_to_school(person.volunteer_id, school.school_id)) for school in schools]
            for person in people
        ],
        cohort_need=[problem.schools[cohort.school_id].need for cohort in cohorts],
        met=met,
        sectors_met=sectors_met,
        groups_met=groups_met,
        worth=[[0, *(goal.weight * (120 // n) for n in range(1, goal.target + 1))] for goal in goals],
        same_employer=problem.programme.limits.same_employer,
        days=max(1, len(days)),
        employers=max(1, len(employers)),
    )


def _clashes(model: Model) -> list[set[int]]:
    """For each visit, those that nobody can be at as well: for the time between them, or to meet a class twice."""
    problem, rule, anybody = model.problem, OnePlaceAtATime(), model.volunteer_ids[0] if model.volunteer_ids else ""
    cohorts = [set(problem.sessions[session_id].cohort_ids) for session_id, _ in model.visits]
    clashes: list[set[int]] = [set() for _ in model.visits]
    for first, (one, early) in enumerate(model.visits):
        for second, (other, late) in enumerate(model.visits):
            if one == other or cohorts[first] & cohorts[second]:
                clashes[first].add(second)
            elif first < second and abs((early.day - late.day).days) <= 1:
                both = Plan({one: Visit(early, (anybody,)), other: Visit(late, (anybody,))})
                if any(True for _ in rule.check(problem, both)):
                    clashes[first].add(second)
                    clashes[second].add(first)
    return clashes


def _numbers(names: Iterable[Hashable]) -> dict[Hashable, int]:
    """Each distinct name but blank ones -> its number."""
    return {name: n for n, name in enumerate(dict.fromkeys(name for name in names if name))}
