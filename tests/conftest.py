"""How hypothesis behaves in all tests: no deadlines on shared machines, and the same examples each time in CI."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

import matcher  # noqa: F401 - before any test imports openpyxl, which matcher tells how to read

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
