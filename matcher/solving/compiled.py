"""Loops that look at millions of numbers, compiled (Numba) when they are first needed and kept for the next run.

What is kept carries a checksum. Numba itself takes its files as they are, so that one which a power cut left empty or
cut short ends every later run, and machine code with a byte changed ends the process without a word.
"""

from __future__ import annotations

import hashlib
import pickle  # nosec B403 # of files whose checksum we wrote ourselves
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The same function, compiled; other threads run beside it."""
    return _compiled(function)


def compiled_inside(function: Function) -> Function:
    """The same function, compiled for other compiled ones alone, which takes half the time."""
    return _compiled(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _compiled(function: Function, **options: bool) -> Function:
    njit: Any = numba.njit
    result: Any = njit(nogil=True, **options)(function)
    with suppress(RuntimeError):  # there is no place where it could be kept
        result._cache = _Cache(function)  # as `cache=True` does with Numba's own
    kept: Function = result
    return kept


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one function, over files that are checked; what cannot be read or kept is compiled again."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _CheckedFiles(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, *about: Any) -> Any:
        try:
            return super().load_overload(*about)
        except Exception:  # whatever it is about, compiling anew does not need it
            return None

    def save_overload(self, *about: Any) -> None:
        with suppress(OSError):  # a full disk, or no right to write any more
            super().save_overload(*about)


class _CheckedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """Numba's two kinds of files, an index for each function and code for each signature, after a checksum."""

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, names = _checked(self._index_path)
        except OSError:
            return {}
        found: dict[Any, str] = names if (version, stamp) == (self._version, self._source_stamp) else {}
        return found

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return _checked(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, what: Any) -> None:
        content = self._dump(what)
        with suppress(OSError):
            Path(path).rmdir()  # an empty folder that stands in its place
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(content).digest() + content)


def _checked(path: str) -> Any:
    """What was written there. Raises OSError where that is not whole."""
    whole, size = Path(path).read_bytes(), hashlib.sha256().digest_size
    checksum, content = whole[:size], whole[size:]
    if hashlib.sha256(content).digest() != checksum:
        raise OSError(f"{path} is damaged")
    return pickle.loads(content)  # nosec B301 # its checksum is ours
