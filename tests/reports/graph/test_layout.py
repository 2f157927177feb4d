"""Nodes stand in the frame and apart, and every edge goes down."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.reports.graph.layers import layered
from kenning_lego.reports.graph.layout import Layout, lay_out
from kenning_lego.reports.graph.network import Graph
from tests.reports.graph.strategies import graphs

WIDTHS = st.sampled_from((350.0, 516.0, 1080.0))


def chain(count: int) -> Graph:
    return Graph(count, tuple((at, at + 1) for at in range(count - 1)))


@given(graphs(), WIDTHS)
def test_no_node_overlaps_another_and_all_are_within_the_frame(graph: Graph, width: float) -> None:
    layout = lay_out(graph, width)
    assert len(layout.boxes) == graph.count
    for box in layout.boxes:
        assert -1e-6 <= box.left < box.right <= width + 1e-6
        assert 0 <= box.top < box.bottom <= layout.height
    assert all(first.overlap(second) < 1e-6 for first, second in combinations(layout.boxes, 2))


@given(graphs(), WIDTHS)
def test_every_edge_goes_down_within_the_frame(graph: Graph, width: float) -> None:
    layout = lay_out(graph, width)
    for route in layout.routes:
        assert all(upper[1] <= lower[1] for upper, lower in pairwise(route.points))
        assert all(-1e-6 <= x <= width + 1e-6 for x, _ in route.points)
        assert all(0 <= y <= layout.height + 1e-6 for _, y in route.points)


@given(graphs(), WIDTHS)
def test_edges_lead_from_the_bottom_of_their_source_to_the_top_of_their_target(
    graph: Graph, width: float
) -> None:
    layout = lay_out(graph, width)
    ends = {(route.source, route.target): route.points[-1] for route in layout.routes}
    for source, target in graph.edges:
        x, y = ends[source, target]
        assert layout.boxes[target].left < x < layout.boxes[target].right
        assert y == layout.boxes[target].top
        assert any(
            route.source == source and route.points[0][1] == layout.boxes[source].bottom
            for route in layout.routes
        )


@given(graphs(), WIDTHS)
def test_no_edge_runs_over_a_node(graph: Graph, width: float) -> None:
    layout = lay_out(graph, width)
    for route in layout.routes:
        for (x, y), (to_x, to_y) in pairwise(route.points):
            for box in layout.boxes:
                if y < box.bottom and to_y > box.top:
                    # What passes a row stands still beside its nodes.
                    assert x == to_x
                    assert not box.left < x < box.right


@given(graphs())
def test_layers_hold_every_node_once_below_its_sources(graph: Graph) -> None:
    widest = 4
    layers = layered(graph, widest)
    row = {node: at for at, layer in enumerate(layers) for node in layer}
    assert sorted(row) == list(range(graph.count))
    assert all(0 < len(layer) <= widest for layer in layers)
    assert all(row[source] < row[target] for source, target in graph.edges)


def test_with_room_a_layer_is_as_far_down_as_the_longest_path_to_it() -> None:
    graph = Graph(5, ((0, 1), (0, 4), (1, 2), (2, 4), (3, 4)))
    assert [sorted(each) for each in layered(graph, 9)] == [[0, 3], [1], [2], [4]]


def test_crossings_that_can_be_avoided_are() -> None:
    graph = Graph(6, ((0, 4), (1, 3), (2, 5), (0, 5)))
    upper, lower = layered(graph, 9)
    crossings = sum(
        (upper.index(a) - upper.index(c)) * (lower.index(b) - lower.index(d)) < 0
        for (a, b), (c, d) in combinations(graph.edges, 2)
    )
    assert crossings == 0


@pytest.mark.parametrize(("width", "columns"), [(350.0, 1), (1080.0, 4)])
def test_many_rows_stand_in_columns_on_a_desk_and_in_one_on_a_phone(
    width: float, columns: int
) -> None:
    layout = lay_out(chain(60), width)
    assert len({box.left for box in layout.boxes}) == columns
    assert sum(route.leaves for route in layout.routes) == columns - 1
    assert sum(route.enters for route in layout.routes) == columns - 1


def test_an_edge_that_spans_another_runs_outside_of_it() -> None:
    skips = {(1, 9), (2, 8), (3, 7), (4, 6)}
    layout = lay_out(Graph(11, tuple(sorted({*chain(11).edges, *skips}))), 516.0)
    farthest = {
        route.source: max(x for x, _ in route.points)
        for route in layout.routes
        if route.target is None
    }
    assert sorted(farthest, key=lambda source: -farthest[source]) == [1, 2, 3, 4]


def test_edges_from_the_column_before_come_in_beside_each_other() -> None:
    graph = Graph(30, tuple(sorted({*chain(30).edges, (3, 15)})))
    layout = lay_out(graph, 1080.0)
    entering = [route.points for route in layout.routes if route.enters and route.target == 15]
    assert len({points[0][0] for points in entering}) == len(entering)


def test_few_rows_stand_in_one_column() -> None:
    assert len({box.left for box in lay_out(chain(10), 1080.0).boxes}) == 1


@pytest.mark.parametrize("shape", ["chain", "skips", "dense", "wide"])
def test_the_drawing_grows_with_nodes_and_edges_alone(shape: str) -> None:
    count = 500
    graph = {"chain": chain(count), "skips": _skips(count), "dense": _dense(count)}.get(
        shape, Graph(count, tuple((0, node) for node in range(1, count)))
    )
    layout = lay_out(graph, 516.0)
    assert _points(layout) <= 3 * len(graph.edges) + 15 * graph.count


def _points(layout: Layout) -> int:
    return sum(len(route.points) for route in layout.routes)


def _skips(count: int) -> Graph:
    mirrored = {(at, count - 1 - at) for at in range(count // 2 - 1)}
    return Graph(count, tuple(sorted({*chain(count).edges, *mirrored})))


def _dense(count: int) -> Graph:
    rng = random.Random(5)
    edges = {(rng.randrange(node), node) for node in range(1, count) for _ in range(6)}
    return Graph(count, tuple(sorted(edges)))
