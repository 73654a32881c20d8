"""The commands of living with a plan."""

from __future__ import annotations

import typer

app = typer.Typer()
