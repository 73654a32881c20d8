"""The commands of advice."""

from __future__ import annotations

import typer

app = typer.Typer()
