"""Loops that look at millions of numbers, compiled (Numba) when they are first needed and kept for the next run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The same function, compiled; other threads run beside it."""
    return _compiled(function)


def compiled_inside(function: Function) -> Function:
    """The same function, compiled for other compiled ones alone, which takes half the time."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: Function, **options: bool) -> Function:
    njit: Any = numba.njit
    try:
        result: Function = njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # there is no place where it could be kept
        result = njit(nogil=True, **options)(function)
    return result
