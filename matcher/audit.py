"""Judges a plan by every rule's own check: what it breaks, what it is worth. Knows no solver and no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matcher.domain import REPAIR_TIERS, TIERS, Finding, LedgerLine, Plan, Problem, TierName, TierScore
from matcher.errors import AuditRefused
from matcher.rules import GOALS, MUST_RULES, MustRule, RoleModelGoal


@dataclass(frozen=True)
class Audit:
    findings: tuple[Finding, ...]
    values: dict[TierName, int]
    ledger: tuple[LedgerLine, ...]


def findings(problem: Problem, plan: Plan) -> Iterator[Finding]:
    """Every breach, rule by rule."""
    for rule in MUST_RULES:
        yield from rule.breaches(problem, plan)


def against(
    problem: Problem, plan: Plan, volunteer_id: str, session_id: str, *, of_teams: bool = False
) -> Iterator[tuple[MustRule, Finding]]:
    """What speaks in this plan against it that somebody is at a session; of the team as a whole only if asked."""
    for rule in MUST_RULES:
        if of_teams or not rule.of_teams:
            for finding in rule.breaches(problem, plan):
                if session_id in finding.sessions and (not finding.people or volunteer_id in finding.people):
                    yield rule, finding


def audit(problem: Problem, plan: Plan) -> Audit:
    """Every breach, each tier's value (of a term under way with the two of a repair), and the role models' ledger."""
    tiers = REPAIR_TIERS if problem.under_way else TIERS
    return Audit(
        findings=tuple(findings(problem, plan)),
        values={tier: sum(goal.score(problem, plan) for goal in GOALS if goal.tier is tier) for tier in tiers},
        ledger=tuple(line for goal in GOALS if isinstance(goal, RoleModelGoal) for line in goal.ledger(problem, plan)),
    )


def insist(problem: Problem, plan: Plan, claimed: Sequence[TierScore]) -> Audit:
    """The audit of a plan that has to be right.

    Raises AuditRefused where the plan breaks a must-rule, where a score differs from the one that the solver claimed,
    or where a value beats its bound: each is a defect of the program, and the plan must not leave it.
    """
    found = audit(problem, plan)
    wrong = [f"{finding.rule}: {finding.text}" for finding in found.findings]
    for score in claimed:
        value = found.values[score.tier]
        if value != score.value:
            wrong.append(f"{score.tier}: the solver says {score.value}, the plan is worth {value}.")
        if score.bound is not None and (value > score.bound if score.tier.maximised else value < score.bound):
            wrong.append(f"{score.tier}: the plan is worth {value}, beyond the bound of {score.bound}.")
    if wrong:
        raise AuditRefused(
            "The plan did not pass its audit, so nothing was written. This is a defect of matcher, not of your data: "
            "please report it with the scenario.\n" + "\n".join(f"  {line}" for line in wrong)
        )
    return found
