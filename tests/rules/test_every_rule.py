"""One test serves every rule: on all plans of each tiny example, the model and the check must say the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, product

import pytest

from matcher.audit import audit
from matcher.domain import Plan, Problem, Visit
from matcher.rules import GOALS, MUST_RULES, Example, Goal, Model, MustRule
from tests import oracle

MUST_EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.name}: {example.text}") for rule in MUST_RULES for example in rule.examples
]
GOAL_EXAMPLES = [
    pytest.param(goal, example, id=f"{goal.name}: {example.text}") for goal in GOALS for example in goal.examples
]


def all_plans(problem: Problem, example: Plan) -> Iterator[Plan]:
    """Every session undelivered or in any of its slots (or the example's odd one) with any team, size by size."""
    people = list(problem.volunteers)
    teams = list(chain.from_iterable(combinations(people, size) for size in range(len(people) + 1)))
    choices = []
    for session in problem.sessions.values():
        slots = set(session.slots)
        if session.session_id in example.visits:
            slots.add(example.visits[session.session_id].slot)
        choices.append([None, *(Visit(slot, team) for slot in sorted(slots) for team in teams)])
    for chosen in product(*choices):
        yield Plan({name: visit for name, visit in zip(problem.sessions, chosen, strict=True) if visit is not None})


def model_allows(model: Model, plan: Plan) -> bool:
    try:
        return model.feasible(model.columns_of(plan))
    except KeyError:
        return False


@pytest.mark.parametrize(("rule", "example"), MUST_EXAMPLES)
def test_a_must_rule_finds_the_amount_its_example_says(rule: MustRule, example: Example) -> None:
    assert sum(finding.amount for finding in rule.check(example.problem, example.plan)) == example.amount


@pytest.mark.parametrize(("rule", "example"), MUST_EXAMPLES)
def test_model_and_check_of_a_must_rule_agree_on_every_plan(rule: MustRule, example: Example) -> None:
    model = Model(example.problem, [rule])
    slots_rule = next(iter(MUST_RULES))
    for plan in all_plans(example.problem, example.plan):
        findings = [*rule.check(example.problem, plan), *slots_rule.check(example.problem, plan)]
        assert model_allows(model, plan) == (not findings), (plan, findings)


@pytest.mark.parametrize(("goal", "example"), GOAL_EXAMPLES)
def test_a_goal_is_worth_what_its_example_says(goal: Goal, example: Example) -> None:
    assert goal.score(example.problem, example.plan) == example.amount


@pytest.mark.parametrize(("goal", "example"), GOAL_EXAMPLES)
def test_model_and_score_of_a_goal_agree_on_every_plan(goal: Goal, example: Example) -> None:
    model = Model(example.problem, [*MUST_RULES, goal])
    seen = 0
    for plan in all_plans(example.problem, example.plan):
        if not audit(example.problem, plan).findings:
            columns = model.columns_of(plan)
            assert model.feasible(columns)
            assert model.value(goal.tier, columns) == goal.score(example.problem, plan), plan
            seen += 1
    assert seen > 1


@pytest.mark.parametrize("rule", MUST_RULES, ids=lambda rule: rule.name)
def test_every_must_rule_shows_a_clean_and_an_offending_example(rule: MustRule) -> None:
    amounts = [example.amount for example in rule.examples]
    assert 0 in amounts
    assert any(amounts)


@pytest.mark.parametrize("rule", [*MUST_RULES, *GOALS], ids=lambda rule: rule.name)
def test_every_rule_says_in_one_plain_sentence_what_it_wants(rule: MustRule | Goal) -> None:
    first = (rule.__doc__ or "").splitlines()[0]
    assert first.endswith(".")
    assert "_" not in first


@pytest.mark.parametrize(("rule", "example"), [*MUST_EXAMPLES, *GOAL_EXAMPLES])
def test_the_audit_and_the_contract_read_afresh_name_the_same_broken_rules_and_scores(
    rule: MustRule | Goal, example: Example
) -> None:
    for plan in all_plans(example.problem, example.plan):
        found = audit(example.problem, plan)
        broken = {line.partition(":")[0] for line in oracle.violations(example.problem, plan)}
        assert {finding.rule for finding in found.findings} == broken, plan
        assert {str(tier): value for tier, value in found.values.items()} == oracle.score(example.problem, plan)
