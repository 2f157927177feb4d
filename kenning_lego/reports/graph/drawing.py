"""The network as a drawing: a box for each node, coloured by its share of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from string import ascii_lowercase

from kenning_lego.reports.drawing.svg import (
    drawing,
    element,
    text,
)
from kenning_lego.reports.formatting import counted, decimal, duration
from kenning_lego.reports.graph.boxes import draw_node, told
from kenning_lego.reports.graph.layout import Layout, Route, lay_out
from kenning_lego.reports.graph.shares import LEVELS
from kenning_lego.reports.graph.timed import Drawn, Timed

_KEY_PX = 52.0
_SWATCH_PX = 44.0
_HEAD_PX = 5.0


def graph_chart(drawn: Drawn, network: Timed, identity: str, width: float) -> str:
    """One composition of the network as an SVG of `width` px."""
    layout = lay_out(drawn.graph, width)
    boxes = (
        draw_node(network.name, node, box, drawn.colour(node), drawn.step)
        for node, box in zip(network.nodes, layout.boxes, strict=True)
    )
    return drawing(
        identity,
        f"Where the time of {network.name} goes",
        _said(network),
        width,
        _KEY_PX + layout.height,
        [
            *_key(drawn.step),
            element("g", *_edges(layout), *boxes, transform=f"translate(0 {_KEY_PX:.0f})"),
        ],
        role="group",
    )


def _key(step: float) -> Iterator[str]:
    yield text(0, 12, "share of the time, %", class_="axis")
    decimals = 0 if all((step * 100 * at) % 1 == 0 for at in range(LEVELS + 1)) else 1
    for number in range(LEVELS):
        x = 1 + number * _SWATCH_PX
        yield element("rect", x=x, y=18, width=_SWATCH_PX, height=10, class_=f"node heat-{number}")
        bound = decimal(step * number * 100, decimals) or ""
        yield text(x, 41, bound, class_="tick", text_anchor="middle" if number else "start")
    last = decimal(step * LEVELS * 100, decimals) or ""
    yield text(1 + LEVELS * _SWATCH_PX, 41, last, class_="tick", text_anchor="middle")


def _edges(layout: Layout) -> Iterator[str]:
    tips: set[tuple[float, float]] = set()
    for route in layout.routes:
        ends = route.leaves or route.target is not None
        yield element("path", d=_path(route, ends=ends), class_="edge")
        if ends:
            tips.add(route.points[-1])
    heads = "".join(
        f"M{x - 3.5:.1f} {y - _HEAD_PX:.1f}h7l-3.5 {_HEAD_PX:.0f}z" for x, y in sorted(tips)
    )
    if heads:
        yield element("path", d=heads, class_="arrow")
    yield from _letters(layout.routes)


def _path(route: Route, *, ends: bool) -> str:
    points = list(route.points)
    if ends:
        x, y = points[-1]
        points[-1] = (x, max(y - _HEAD_PX + 1, points[-2][1]))
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (y + to_y) / 2
        straight = abs(to_x - x) < 0.05
        path += (
            f"V{to_y:.1f}"
            if straight
            else f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        )
    return path


def _letters(routes: Iterable[Route]) -> Iterator[str]:
    """Letters where several edges go on in the next column."""
    borders: dict[int, list[Route]] = defaultdict(list)
    for route in routes:
        if route.leaves:
            borders[route.column].append(route)
        if route.enters:
            borders[route.column - 1].append(route)
    for several in borders.values():
        sources = sorted({each.source for each in several})
        if len(sources) == 1:
            continue
        for route in several:
            letter = ascii_lowercase[sources.index(route.source) % len(ascii_lowercase)]
            (x, y), down = (route.points[-1], -1) if route.leaves else (route.points[0], 10)
            yield text(x + 5, y + down, letter, class_="tick")


def _said(network: Timed) -> str:
    parts = sum(len(each.segments) for each in network.nodes)
    measured = [each for each in network.nodes if each.share]
    longest = max(measured, key=lambda each: each.share.value if each.share else 0.0)
    return (
        f"{counted(parts, 'segment')} from top to bottom, {duration(network.whole_ns)} in all; the"
        f" most in {told(network.name, longest)}. The table of blocks holds the same figures."
    )
