"""Keeps the best plan so far of a solve in the workspace, every so often, so that a kill costs less than a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from matcher.domain import Plan
from matcher.errors import MatcherError
from matcher.store import Workspace
from matcher.tables import Tables

FIRST_SECONDS = 1.0  # a solve that is shorter need not be kept on its way
EVERY_SECONDS = 20.0
STILL_AT_IT_SECONDS = 180.0  # whose plan was kept within these may still be searching


class Keeper:
    """In a `with`, around a solve: a thread of its own writes, and a workspace that is in use is tried again later."""

    def __init__(self, workspace: Workspace, tables: Tables, settings: Mapping[str, object], seconds: float) -> None:
        """`seconds` is how long was searched before, in an earlier solve that is gone on from."""
        self.number: int | None = None
        """Where the plan is kept; None as long as it is not."""
        self.trouble: MatcherError | None = None
        """Why the plan could not be kept when that was last tried."""
        self._workspace, self._tables, self._settings = workspace, tables, settings
        self._seconds, self._started = seconds, datetime.now(UTC)
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, best: Callable[[], Plan]) -> None:
        """A first plan stands; from now on the best one is asked for."""
        self._thread = threading.Thread(target=self._keep, args=(best, time.monotonic()), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self, best: Callable[[], Plan], began: float) -> None:
        wait = FIRST_SECONDS
        while not self._done.wait(wait):
            wait = EVERY_SECONDS
            seconds = self._seconds + time.monotonic() - began
            try:
                self.number = self._workspace.keep_unfinished(
                    self._tables, best(), seconds, self._settings, self._started, self.number
                )
                self.trouble = None
            except MatcherError as error:
                self.trouble = error
