"""Where the nodes and edges of a graph stand: pure geometry in px, y downwards."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.reports.drawing.labels import Box
from kenning_lego.reports.graph.lanes import Lane, Rows, in_rows
from kenning_lego.reports.graph.layers import layered
from kenning_lego.reports.graph.network import Graph

Point = tuple[float, float]

_BESIDE_PX = 10.0
_NARROWEST_PX = 96.0
_USUAL_PX = 190.0
_WIDEST_PX = 290.0
_LANE_PX = 9.0
_LANES_SHARE = 0.3
"""Of a column's width, at most; more lanes stand closer."""
_COLUMN_GAP_PX = 28.0
_STUB_PX = 18.0
_PORT_PX = 16.0
_FEW_ROWS = 12
"""So many need no second column."""
MOST_ROOMY = 24
"""More rows stand closer."""


@dataclass(frozen=True, slots=True)
class Route:
    """A piece of an edge, from point to point; it never goes up.

    Args:
        column: that it is in.
        source: the node where the edge begins, perhaps in an earlier column.
        target: the node that it leads to; None for what several edges share, and for what leaves
            a column.
        points: it bends between neighbours that differ in x.
        leaves: it goes on at the top of the next column.
        enters: it comes from the bottom of the column before.
    """

    column: int
    source: int
    target: int | None
    points: tuple[Point, ...]
    leaves: bool = False
    enters: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing's geometry.

    Args:
        width: of all of it.
        height: of all of it.
        boxes: of the nodes, by their number.
        routes: of the edges.
    """

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """How far rows stand apart: the height of a node, and of the gap below it."""

    node_px: float
    gap_px: float

    def top(self, row: int) -> float:
        """Where a row begins."""
        return _STUB_PX + row * (self.node_px + self.gap_px)

    def gap(self, row: int) -> float:
        """Where the gap above a row begins."""
        return max(0.0, self.top(row) - self.gap_px)

    def below(self, rows: int) -> float:
        """Where edges end that leave a column of so many rows."""
        return self.gap(rows) + _STUB_PX


_ROOMY = _Rhythm(48.0, 22.0)
_CLOSE = _Rhythm(34.0, 16.0)


def lay_out(graph: Graph, width: float) -> Layout:
    """Place a graph in so many px; the height follows.

    The time and the drawing grow with the nodes and edges alone, as no edge is cut up by rows.
    """
    room = width * (1 - _LANES_SHARE) + _BESIDE_PX
    layers = layered(graph, max(1, int(room // (_NARROWEST_PX + _BESIDE_PX))))
    if not layers:
        return Layout(width, 0.0, (), ())
    rows = in_rows(graph, _columns(layers, width))
    frames = _frames(rows, width)
    rhythm = _ROOMY if len(layers) <= MOST_ROOMY else _CLOSE
    boxes = _boxes(rows, frames, rhythm)
    routes = tuple(_ended(_routes(rows, frames, boxes, rhythm), boxes))
    return Layout(width, rhythm.below(max(map(len, rows.columns))), boxes, routes)


def _columns(layers: list[list[int]], width: float) -> list[list[list[int]]]:
    """The layers in columns of nearly as many rows each."""
    beside = max(map(len, layers))
    usual = beside * (_USUAL_PX + _BESIDE_PX) + _COLUMN_GAP_PX
    fitting = max(1, int((width + _COLUMN_GAP_PX) // usual))
    rows = math.ceil(len(layers) / min(fitting, math.ceil(len(layers) / _FEW_ROWS)))
    return [layers[start : start + rows] for start in range(0, len(layers), rows)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A column's place.

    Args:
        left: of its nodes.
        nodes_px: room for these.
        node_px: the width of one.
        pitch: between the lanes, the first of which is so far from the nodes.
    """

    left: float
    nodes_px: float
    node_px: float
    pitch: float

    def lane_x(self, lane: Lane) -> float:
        return self.left + self.nodes_px + (lane.number + 1) * self.pitch


def _frames(rows: Rows, width: float) -> list[_Frame]:
    count, beside = len(rows.columns), rows.beside
    room = (width - (count - 1) * _COLUMN_GAP_PX) / count
    many = [len({each.number for each in lanes.values()}) for lanes in rows.lanes]
    beyond = [min((each + 1) * _LANE_PX, room * _LANES_SHARE) if each else 0.0 for each in many]
    node = min(_WIDEST_PX, (room - max(beyond) - (beside - 1) * _BESIDE_PX) / beside)
    nodes = beside * (node + _BESIDE_PX) - _BESIDE_PX
    return [
        _Frame(
            number * (room + _COLUMN_GAP_PX) + (room - nodes - lanes_px) / 2,
            nodes,
            node,
            lanes_px / (lanes + 1),
        )
        for number, (lanes, lanes_px) in enumerate(zip(many, beyond, strict=True))
    ]


def _boxes(rows: Rows, frames: Sequence[_Frame], rhythm: _Rhythm) -> tuple[Box, ...]:
    found: dict[int, Box] = {}
    for column, frame in zip(rows.columns, frames, strict=True):
        for row, nodes in enumerate(column):
            taken = len(nodes) * (frame.node_px + _BESIDE_PX) - _BESIDE_PX
            x, y = frame.left + (frame.nodes_px - taken) / 2, rhythm.top(row)
            for node in nodes:
                found[node] = Box(x, y, x + frame.node_px, y + rhythm.node_px)
                x += frame.node_px + _BESIDE_PX
    return tuple(found[node] for node in range(len(found)))


def _routes(
    rows: Rows, frames: Sequence[_Frame], boxes: Sequence[Box], rhythm: _Rhythm
) -> Iterator[Route]:
    """All pieces; those that lead to a node still without their end at it."""
    for column, (frame, lanes) in enumerate(zip(frames, rows.lanes, strict=True)):
        below = rhythm.below(len(rows.columns[column]))
        for source, (begin, row) in enumerate(rows.places):
            ends = [each for each in rows.targets[source] if rows.places[each][0] >= column]
            if begin > column or not ends:
                continue
            here = [each for each in ends if rows.places[each][0] == column]
            leaves, enters = len(here) < len(ends), begin < column
            start = (_middle(boxes[source]), boxes[source].bottom)
            near = () if enters else [each for each in here if rows.places[each][1] == row + 1]
            yield from (Route(column, source, each, (start,)) for each in near)
            lane = lanes.get(source)
            if lane is None and leaves:
                yield Route(column, source, None, (start, (start[0], below)), leaves=True)
            elif lane is None and enters:
                yield Route(column, source, here[0], ((_middle(boxes[here[0]]), 0.0),), enters=True)
            if lane is None:
                continue
            x = frame.lane_x(lane)
            port = (start[0] + frame.node_px / 4, start[1])
            head = ((x, 0.0),) if enters else (port, (x, rhythm.top(lane.first)))
            end = below if leaves else max(rhythm.gap(lane.last), head[-1][1])
            yield Route(column, source, None, (*head, (x, end)), leaves, enters)
            for target in set(here).difference(near):
                yield Route(column, source, target, ((x, rhythm.gap(rows.places[target][1])),))


def _ended(routes: Iterator[Route], boxes: Sequence[Box]) -> Iterator[Route]:
    """Those that lead to one node end beside each other, in the order in which they come."""
    arriving: dict[int, list[Route]] = defaultdict(list)
    for route in routes:
        if route.target is None:
            yield route
        else:
            arriving[route.target].append(route)
    for target, several in arriving.items():
        box = boxes[target]
        pitch = min(_PORT_PX, (box.right - box.left) / (len(several) + 1))
        x = _middle(box) - (len(several) - 1) / 2 * pitch
        for route in sorted(several, key=lambda each: (each.points[-1][0], each.source)):
            # What comes from the column before stands above its end.
            lone = route.enters and len(route.points) == 1
            points = ((x, 0.0), (x, box.top)) if lone else (*route.points, (x, box.top))
            yield Route(route.column, route.source, target, points, route.leaves, route.enters)
            x += pitch


def _middle(box: Box) -> float:
    return (box.left + box.right) / 2
