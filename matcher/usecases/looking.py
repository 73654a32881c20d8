"""Use cases that only look: what they read is of one moment, whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matcher.store import Workspace

P = ParamSpec("P")
R = TypeVar("R")


def looks(usecase: Callable[Concatenate[Workspace, P], R]) -> Callable[Concatenate[Workspace, P], R]:
    """The same, within one transaction in which nothing can be written. Its first argument is the workspace."""

    @wraps(usecase)
    def looking(workspace: Workspace, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with workspace.snapshot():
            return usecase(workspace, *args, **kwargs)

    return looking
