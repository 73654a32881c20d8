"""The use cases of living with a plan: small edits, their journal, and what took place."""

from __future__ import annotations
