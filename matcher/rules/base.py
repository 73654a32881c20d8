"""What a rule is: one file that holds its words, its part of the model, its independent check and its examples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from matcher.domain import Finding, GoalName, LedgerLine, Plan, Problem, TierName
from matcher.rules.model import Bools, Ints, Model, Seats


@dataclass(frozen=True)
class Example:
    """A tiny case of a rule.

    `amount` is what the rule makes of the plan: of a must-rule, the sum of its findings' amounts (0: kept);
    of a goal, its part of the tier's value.
    """

    text: str
    problem: Problem
    plan: Plan
    amount: int


class Rule(ABC):
    """Something that holds of plans. The docstring of each rule says it in plain words."""

    name: ClassVar[str]
    examples: ClassVar[tuple[Example, ...]]

    def propose(self, seats: Seats) -> Iterator[Ints] | None:
        """For each volunteer all visits worth considering, found without looking at all x all; None: no opinion."""
        return None

    def admits(self, seats: Seats, volunteer: Ints, visit: Ints) -> Bools | None:
        """Which of the (volunteer, visit) pairs can happen at all, shape (pairs,); None: all of them.

        The rule that proposes is not asked about what it proposed.
        """
        return None

    @abstractmethod
    def post(self, model: Model) -> None:
        """Adds this rule's rows and columns to the model."""


class MustRule(Rule):
    """A plan that breaks one is not a plan."""

    place: ClassVar[int]
    """Which row of the contract's table of must-rules it is; they are asked in that order."""
    overridable: ClassVar[bool] = True
    """Whether a coordinator may set it aside knowingly for one assignment, see `Override`."""
    holds_past: ClassVar[bool] = False
    """Whether it holds of past visits, too; of all others nobody can keep it any more."""
    of_teams: ClassVar[bool] = False
    """Whether it looks at a team as a whole, so that one person alone never breaks it."""
    barrier: ClassVar[str] = ""
    """What the people are whom this rule keeps from a session, as in "three are …"; "" where it is not about one."""

    @abstractmethod
    def check(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        """Everything in the plan that breaks this rule, found from plain data by another road than the model's."""

    def breaches(self, problem: Problem, plan: Plan) -> Iterator[Finding]:
        """What of `check` counts: not what only past visits take part in, nor what a coordinator overrode."""
        for finding in self.check(problem, plan):
            sessions = set(finding.sessions)
            only_past = bool(sessions) and sessions <= problem.past.keys() and not self.holds_past
            if not only_past and not (self.overridable and self._is_overridden(problem, finding)):
                yield finding

    def _is_overridden(self, problem: Problem, finding: Finding) -> bool:
        return any(
            each.rule == self.name
            and each.session_id in finding.sessions
            and (not finding.people or each.volunteer_id in finding.people)
            for each in problem.overrides
        )

    @abstractmethod
    def words(self, problem: Problem, plan: Plan, finding: Finding, volunteer_id: str, session_id: str) -> str:
        """What a finding of `check` says of one appointment in it, as the end of a sentence, with names and dates.

        Such as "Mon 5 Oct 2026 is a closed day now": read by those who know people and schools by their names. The
        volunteer is "" where a pin is about a session as such.
        """


class Goal(Rule):
    """Makes one plan better than another, as a part of one tier's value."""

    tier: ClassVar[TierName]

    @abstractmethod
    def score(self, problem: Problem, plan: Plan) -> int:
        """This goal's part of the tier's value, from plain data."""


class RoleModelGoal(Goal):
    """A goal of the tier role_models, with a target and a weight that the programme sets."""

    tier = TierName.ROLE_MODELS
    goal: ClassVar[GoalName]

    @abstractmethod
    def ledger(self, problem: Problem, plan: Plan) -> Iterator[LedgerLine]:
        """How far each cohort (or session) has come."""


def called(problem: Problem, session_id: str) -> str:
    """A session in the words of a finding: "“What's My Line” at Ash Primary School"."""
    session = problem.sessions[session_id]
    return f"“{session.title or session.format or session_id}” at {problem.schools[session.school_id].name}"
