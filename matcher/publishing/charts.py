"""The report's charts as static SVG: no script, no font file, readable in black and white and by a screen reader.

Text stays text (a reader can select it, and it takes the page's font). Nothing in a chart depends on the clock or
on chance, so the same plan gives the same page.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree  # nosec B405 # it reads what matplotlib has just drawn, nothing from outside

from matcher.wording import counted, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, TEAL, AMBER = "#22302f", "#5b6b69", "#1f7a70", "#f0b45c"

_STYLE = {
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so measures are the same everywhere; the page overrides it
    "font.size": 9.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#d9dfdc",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"


@dataclass(frozen=True, slots=True)
class WeekBar:
    label: str
    in_person: int
    online: int
    closed: bool


@dataclass(frozen=True, slots=True)
class SchoolDot:
    pupil_premium_percent: float
    delivered: int
    asked: int


def sessions_per_week(weeks: Sequence[WeekBar]) -> str:
    """Bars: how many sessions run in each week of the term, in person and online."""
    with _figure(2.5) as (figure, axes):
        places = range(len(weeks))
        in_person, online = [week.in_person for week in weeks], [week.online for week in weeks]
        axes.bar(places, in_person, color=TEAL, edgecolor=INK, linewidth=0.6, label="in person")
        if any(online):
            axes.bar(
                places,
                online,
                bottom=in_person,
                color=AMBER,
                edgecolor=INK,
                linewidth=0.6,
                hatch="////",
                label="online",
            )
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        for place, week in enumerate(weeks):
            total = week.in_person + week.online
            if total or week.closed:
                axes.annotate(
                    str(total) if total else "no\nschool",
                    (place, total),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    color=INK if total else SOFT,
                    fontsize=9.5 if total else 8,
                )
        every = math.ceil(len(weeks) / 20)
        axes.set_xticks(places[::every], [week.label.replace(" ", "\n") for week in weeks][::every])
        axes.set_xlabel("week beginning")
        axes.set_ylabel("sessions")
        _whole_numbers(axes, max((w.in_person + w.online for w in weeks), default=0))
        axes.grid(visible=False, axis="x")
        text = "; ".join(
            f"week of {week.label}: {'no school' if week.closed else week.in_person + week.online}" for week in weeks
        )
        return _svg(figure, "weeks", "Sessions in each week", text)


def reach_and_need(schools: Sequence[SchoolDot]) -> str:
    """Dots: each school's sessions over its pupil premium; the shape says whether it got all it asked for."""
    kinds = (
        ("all it asked for", "o", TEAL, [s for s in schools if s.delivered and s.delivered >= s.asked]),
        ("some of what it asked for", "^", AMBER, [s for s in schools if 0 < s.delivered < s.asked]),
        ("none", "X", "#ffffff", [s for s in schools if not s.delivered]),
    )
    with _figure(2.8) as (figure, axes):
        for label, marker, colour, some in kinds:
            if some:
                axes.scatter(
                    [s.pupil_premium_percent for s in some],
                    [s.delivered for s in some],
                    s=46,
                    marker=marker,
                    c=colour,
                    edgecolors=INK,
                    linewidths=0.8,
                    label=label,
                    clip_on=False,
                    zorder=3,
                )
        axes.set_xlabel("pupils on pupil premium, per cent")
        axes.set_ylabel("sessions delivered")
        axes.set_xlim(left=0)
        _whole_numbers(axes, max((s.delivered for s in schools), default=0))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0, title=None)
        text = "; ".join(f"{label}: {counted(len(some), 'school')}" for label, _, _, some in kinds if some)
        text += ". The table of schools gives each school's figures."
        return _svg(figure, "reach", "Sessions delivered at each school, by its pupil premium", text)


def load(volunteers_by_sessions: Sequence[int]) -> str:
    """Bars: how many volunteers have no session, one, two and so on."""
    with _figure(2.2) as (figure, axes):
        places = range(len(volunteers_by_sessions))
        colours = ["#ffffff", *[TEAL] * len(volunteers_by_sessions)][: len(volunteers_by_sessions)]
        bars = axes.bar(places, volunteers_by_sessions, color=colours, edgecolor=INK, linewidth=0.6, width=0.7)
        axes.bar_label(bars, padding=2)
        axes.set_xticks(places)
        axes.set_xlabel("sessions this term")
        axes.set_ylabel("volunteers")
        _whole_numbers(axes, max(volunteers_by_sessions, default=0))
        axes.grid(visible=False, axis="x")
        text = "; ".join(
            f"{counted(sessions, 'session')}: {counted(count, 'volunteer')}"
            for sessions, count in enumerate(volunteers_by_sessions)
        )
        return _svg(figure, "load", "Volunteers by number of sessions", text)


class _figure:  # noqa: N801 (read as a function)
    """A figure with one plot in the report's style, which holds until the end of the block."""

    def __init__(self, height_inches: float) -> None:
        # What it says about font caches and folders of its own is nothing that a coordinator can act upon.
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        import matplotlib  # slow to import: only runs that write a report pay for it
        from matplotlib.figure import Figure

        self._style = matplotlib.rc_context(_STYLE)  # type: ignore[arg-type]
        self._figure, self._height = Figure, height_inches

    def __enter__(self) -> tuple[Figure, Axes]:
        self._style.__enter__()
        figure = self._figure(figsize=(7.4, self._height), layout="constrained")
        return figure, figure.add_subplot()

    def __exit__(self, *raised: object) -> None:
        self._style.__exit__(None, None, None)


def _whole_numbers(axes: Axes, highest: int) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_ylim(0, max(1, highest) * 1.12)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))


def _svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an inline element: ids its own, sized by the page, with its text alternative."""
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    root = ElementTree.fromstring(buffer.getvalue())  # nosec B314 # as above
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)  # the style would hold for the whole page; report.css has what it says
    for element in root.iter():
        _own_ids(element, name)
    root.attrib.pop("width"), root.attrib.pop("height")
    root.attrib.update({"role": "img", "aria-labelledby": f"{name}-title {name}-desc", "class": "chart"})
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        child = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{name}-{tag}"})
        child.text = plain(text)
        root.insert(place, child)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _own_ids(element: ElementTree.Element, name: str) -> None:
    """Put the chart's name before every id and reference, since several charts share a page."""
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == f"{{{_XLINK}}}href":
            element.set(key, f"#{name}-{value.removeprefix('#')}")
        else:
            element.set(key, re.sub(r"url\(#", f"url(#{name}-", value))
