"""A goal about whom each cohort meets: a subclass says only how to count."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from matcher.domain import LedgerLine, Plan, Problem
from matcher.rules.base import RoleModelGoal
from matcher.rules.meeting import Person, met_by_cohort, worth


class CohortGoal(RoleModelGoal):
    """Scored and entered in the ledger cohort by cohort."""

    @abstractmethod
    def met(self, people: list[Person]) -> int:
        """How much of what the goal asks is among these people."""

    def score(self, problem: Problem, plan: Plan) -> int:
        return sum(
            worth(problem.programme.goals[self.goal], self._need(problem, line.cohort_id), line.met)
            for line in self.ledger(problem, plan)
        )

    def ledger(self, problem: Problem, plan: Plan) -> Iterator[LedgerLine]:
        target = problem.programme.goals[self.goal].target
        for cohort_id, people in met_by_cohort(problem, plan).items():
            yield LedgerLine(cohort_id, self.goal, self.met(people), target)

    @staticmethod
    def _need(problem: Problem, cohort_id: str) -> int:
        return problem.schools[problem.cohorts[cohort_id].school_id].need
