"""The boxes of the drawing of a network: name, time, share with its interval."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.reports.document.subjects import block_subject
from kenning_lego.reports.drawing.labels import Box
from kenning_lego.reports.drawing.svg import Scale, element, group, line, linked, shortened, text
from kenning_lego.reports.formatting import RANGE, decimal, duration, share
from kenning_lego.reports.graph.shares import LEVELS, Share
from kenning_lego.reports.graph.timed import Node
from kenning_lego.reports.variant_names import described, short

_INSET_PX = 8.0
_ROOMY_PX = 150.0
"""Narrower boxes hold the name and the share alone."""
_TALL_PX = 44.0
"""Lower boxes hold one line."""
_SMALL_CHARACTER_PX = 6.0
_FINE = 0.001
"""Intervals below it are written with a digit more."""


def draw_node(network: str, node: Node, box: Box, colour: int | None, step: float) -> str:
    """One node, which leads to its rows of the table of blocks.

    Args:
        network: what it is a part of, in words.
        node: what to draw.
        box: its place.
        colour: of the scale; None if it was not measured.
        step: of the scale.
    """
    ink = "" if colour is None else f" on-heat-{colour}"
    body = [_frame(node, box, colour), *_words(node, box, ink)]
    if node.share:
        reach = max(step * LEVELS, node.share.high or node.share.value)
        scale = Scale(0.0, reach, box.left + _INSET_PX, box.right - _INSET_PX)
        body += _whisker(node.share, scale, box.bottom - 8, ink)
    said, about = told(network, node), block_subject(node.segments[0].name)
    if not node.anchor:
        return group(said, *body, data_about=about)
    return linked(f"#{node.anchor}", said, *body, data_about=about)


def told(network: str, node: Node) -> str:
    """What a node says where there is room."""
    what = _name(node)
    if _replaced(node) and node.variant:
        what += f", {described(node.variant)}"
    if node.latency is None or node.share is None:
        return f"{what}: not measured"
    between = _between(node.share)
    interval = f" (95 % interval {between} %)" if between else ""
    part = f"{_part(node.share)} of {network}"
    return f"{what}: {duration(node.latency.ns)}, {part}{interval}"


def _frame(node: Node, box: Box, colour: int | None) -> str:
    shape = "node" if node.segments[0].scalable else "node fixed"
    return element(
        "rect",
        x=box.left,
        y=box.top,
        width=box.right - box.left,
        height=box.bottom - box.top,
        rx=4.0,
        class_=f"{shape} {'unknown' if colour is None else f'heat-{colour}'}",
    )


def _words(node: Node, box: Box, ink: str) -> Iterator[str]:
    left, right = box.left + _INSET_PX, box.right - _INSET_PX
    roomy = box.right - box.left >= _ROOMY_PX
    part = _part(node.share)
    room = right - left - (len(part) * 7 + 8 if roomy else 0)
    yield text(left, box.top + 16, shortened(_name(node), room), class_=f"name{ink}")
    if roomy:
        yield text(right, box.top + 16, part, class_=f"name{ink}", text_anchor="end")
    if box.bottom - box.top < _TALL_PX:
        return
    between = _between(node.share) if roomy else ""
    free = right - left - (len(between) + 1) * _SMALL_CHARACTER_PX
    below = _below(node, free) if roomy else part
    yield text(left, box.top + 31, below or "not measured", class_=f"inside{ink}")
    if between:
        yield text(right, box.top + 31, between, class_=f"inside{ink}", text_anchor="end")


def _name(node: Node) -> str:
    if len(node.segments) == 1:
        return node.segments[0].name
    return f"{node.segments[0].name} to {node.segments[-1].name}"


def _replaced(node: Node) -> bool:
    return node.variant is not None and node.segments[0].scalable and not node.variant.is_original


def _below(node: Node, room: float) -> str:
    """For how long it runs, and what it is if not the original; in few words without room."""
    time = (duration(node.latency.ns) if node.latency else None) or "not measured"
    if len(node.segments) > 1:
        return f"{time}, {len(node.segments)} segments"
    if node.variant is None or not _replaced(node):
        return time
    full = f"{time}, {described(node.variant)}"
    fits = len(full) * _SMALL_CHARACTER_PX <= room
    return full if fits else f"{time}, {short(node.variant)}"


def _part(of: Share | None) -> str:
    return (share(of.value, _decimals(of)) if of else None) or ""


def _between(of: Share | None) -> str:
    if of is None or of.low is None or of.high is None:
        return ""
    decimals = _decimals(of)
    return f"{decimal(of.low * 100, decimals)}{RANGE}{decimal(of.high * 100, decimals)}"


def _decimals(of: Share) -> int:
    """Of a share in %: as many as tell its bounds apart."""
    known = of.low is not None and of.high is not None
    return 2 if known and (of.high or 0.0) - (of.low or 0.0) < _FINE else 1


def _whisker(of: Share, scale: Scale, y: float, ink: str) -> Iterator[str]:
    yield line(scale.start, y, scale.end, y, class_=f"track{ink}")
    if of.low is not None and of.high is not None:
        yield line(scale(of.low), y, scale(of.high), y, class_=f"reach{ink}")
    yield line(scale(of.value), y - 4, scale(of.value), y + 4, class_=f"value{ink}")
