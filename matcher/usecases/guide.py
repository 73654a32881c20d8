"""The use cases of the guide: which pages there are, and what one says."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from matcher.errors import NotThere, Remedy

PAGES = Path(__file__).parents[1] / "guide"
NEAR = 3


def topics() -> dict[str, str]:
    """What each page of the guide is about, by its name, in one line: its heading."""
    pages = sorted(PAGES.glob("*.md"))
    return {page.stem: page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages}


def page(topic: str) -> str:
    """A page, as Markdown. Raises NotThere, with the names near to it or else the pages that speak of it."""
    known = list(topics())
    if topic in known:
        return (PAGES / f"{topic}.md").read_text(encoding="utf-8")
    near = difflib.get_close_matches(topic.lower(), known, n=NEAR, cutoff=0.6) or [
        name for name in known if topic and re.search(rf"(?<!\w){re.escape(topic)}(?!\w)", page(name), re.IGNORECASE)
    ]
    hint = f" Near to it: {', '.join(near)}." if near else f" There are {', '.join(known)}."
    raise NotThere(f"The guide has no page {topic!r}.{hint}", Remedy.GUIDE)
