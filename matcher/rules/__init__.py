"""Every rule and every goal, each in its own file, in the order of the contract.

To add one, write its file: it is found here. Tests, explanations and what `matcher rules` prints follow by themselves.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules

from matcher.domain import REPAIR_TIERS, GoalName
from matcher.rules.base import Example, Goal, MustRule, RoleModelGoal, Rule
from matcher.rules.model import Model

# What has a name is whole, or cannot be made: a method forgotten ends the program here.
_FOUND: tuple[Rule, ...] = tuple(
    kind()
    for module in (import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__))
    for kind in vars(module).values()
    if inspect.isclass(kind) and issubclass(kind, Rule) and "name" in vars(kind) and kind.__module__ == module.__name__
)


def _in_order(goal: Goal) -> tuple[int, int]:
    """By tier; those of the role models as in `GoalName`."""
    place = list(GoalName).index(goal.goal) if isinstance(goal, RoleModelGoal) else 0
    return REPAIR_TIERS.index(goal.tier), place


MUST_RULES = tuple(sorted((rule for rule in _FOUND if isinstance(rule, MustRule)), key=lambda rule: rule.place))
GOALS = tuple(sorted((goal for goal in _FOUND if isinstance(goal, Goal)), key=_in_order))

__all__ = ["GOALS", "MUST_RULES", "Example", "Goal", "Model", "MustRule", "RoleModelGoal", "Rule"]
