"""The use cases of advice: why, who instead, whom to recruit, and what is due."""

from __future__ import annotations
