"""The command of the guide."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from matcher import usecases

app = typer.Typer()


@app.command(short_help="Read on, topic by topic")
def guide(
    topic: Annotated[str | None, typer.Argument(help="The page to show; without one, all are listed.")] = None,
) -> None:
    """Shows a page of the guide, or lists its pages."""
    if topic is None:
        about = usecases.guide.topics()
        width = max(map(len, about))
        for name, line in about.items():
            print(f"{name:{width}}  {line}")
        print("\nRead one with: matcher guide TOPIC")
        return
    text = usecases.guide.page(topic)
    if sys.stdout.isatty():  # elsewhere as it was written, to be searched and kept
        from rich.console import Console
        from rich.markdown import Markdown

        Console(emoji=False).print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))
    else:
        print(text, end="")
