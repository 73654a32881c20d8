"""Gap over time as a picture: SVG by hand, which stands in README and is read by a screen reader too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 185, 44, 72
LEAST_GAP = 0.0001  # what is less is drawn there: the axis is logarithmic
INK, SOFT, GRID = "#22302f", "#5b6b69", "#d9dfdc"
LINES = (("#1f7a70", ""), ("#8a5a00", "2 4"), ("#3b5bb5", "9 4"), ("#a03a6b", "9 3 2 3"), ("#4d4d4d", "4 3"))
"""Colours that are dark enough on white, and dashes, so that colour is not needed."""


@dataclass(frozen=True)
class Curve:
    """A peer's gap, as a share, at the seconds at which it became that; it stays the last one until `end`."""

    name: str
    points: Sequence[tuple[float, float]]
    end: float


def gap_over_time(curves: Sequence[Curve]) -> str:
    """The curves as steps, both axes logarithmic, each named at its end; peers without a point are named below."""
    drawn = [curve for curve in curves if curve.points]
    absent = [curve.name for curve in curves if not curve.points]
    first = 0.8 * max(0.1, min((curve.points[0][0] for curve in drawn), default=1))
    last = max([first * 10, *(curve.end for curve in drawn)])
    top = 10 ** math.ceil(math.log10(max([LEAST_GAP * 10, *(gap for c in drawn for _, gap in c.points)])))

    def x(seconds: float) -> float:
        share = math.log(max(first, seconds) / first) / math.log(last / first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(gap: float) -> float:
        share = math.log(max(LEAST_GAP, gap) / LEAST_GAP) / math.log(top / LEAST_GAP)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    parts.append(_text(LEFT, 22, "role_models: how far from the best possible, over time", size=15, weight="bold"))
    for tick in _ticks(LEAST_GAP, top, (1,)):
        parts.append(_line(LEFT, y(tick), WIDTH - RIGHT, y(tick), GRID))
        least = "≤ " if tick == LEAST_GAP else ""
        parts.append(_text(LEFT - 8, y(tick) + 4, f"{least}{100 * tick:g} %", anchor="end"))
    for tick in _ticks(first, last, (1, 3, 6) if last / first < 1000 else (1, 6)):
        parts.append(_line(x(tick), TOP, x(tick), HEIGHT - BOTTOM, GRID))
        parts.append(_text(x(tick), HEIGHT - BOTTOM + 18, f"{tick:g}", anchor="middle"))
    parts.append(_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, SOFT))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 34, "seconds (logarithmic)", anchor="middle"))

    labels = _apart([y(curve.points[-1][1]) for curve in drawn], 17)
    for number, (curve, label) in enumerate(zip(drawn, labels, strict=True)):
        colour, dashes = LINES[number % len(LINES)]
        steps = f"M{x(curve.points[0][0]):.1f} {y(curve.points[0][1]):.1f}"
        for seconds, gap in curve.points[1:]:
            steps += f"H{x(seconds):.1f}V{y(gap):.1f}"
        steps += f"H{x(curve.end):.1f}"
        end, level = x(curve.end), y(curve.points[-1][1])
        parts.append(
            f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="2.2" stroke-dasharray="{dashes}"/>'
        )
        parts.append(
            f'<circle cx="{x(curve.points[0][0]):.1f}" cy="{y(curve.points[0][1]):.1f}" r="3.5" fill="{colour}"/>'
        )
        parts.append(_line(end + 2, level, WIDTH - RIGHT + 8, label, colour, width=0.8))
        parts.append(_text(WIDTH - RIGHT + 11, label + 4, curve.name, colour=colour, weight="bold"))
    if absent:
        note = f"Without a plan of about the best reach, so not drawn: {', '.join(absent)}"
        parts.append(_text(LEFT, HEIGHT - 10, note, colour=SOFT))

    said = "; ".join(f"{c.name}: {100 * c.points[-1][1]:.2g} % after {c.end:.0f} seconds" for c in drawn)
    said += "".join(f"; {name}: no plan of about the best reach" for name in absent)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-labelledby="gap-title gap-desc" font-family="system-ui, sans-serif">\n'
        f'<title id="gap-title">How far each peer\'s role_models are from the best possible, over time</title>\n'
        f'<desc id="gap-desc">{escape(said)}.</desc>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _ticks(low: float, high: float, of_ten: Sequence[int]) -> list[float]:
    powers = range(math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{n}e{power}") for power in powers for n in of_ten]
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


def _apart(levels: Sequence[float], least: float) -> list[float]:
    """The levels, moved down where two would be nearer than that, and up again where that leaves the picture."""
    order = sorted(range(len(levels)), key=levels.__getitem__)
    placed = list(levels)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + least)
    limit = float(HEIGHT - BOTTOM)
    for number in reversed(order):
        placed[number] = min(placed[number], limit)
        limit = placed[number] - least
    return placed


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
