"""Nodes in layers from top to bottom, with few crossings of the edges between neighbours.

Source: Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures" (1981): longest-path layers, then sweeps that order each layer by the mean position of
its neighbours. The bound on a layer's width is kept as in Coffman and Graham, "Optimal scheduling
for two-processor systems" (1972).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from kenning_lego.reports.graph.network import Graph

_SWEEPS = 8


def layered(graph: Graph, widest: int) -> list[list[int]]:
    """Layers of nodes, each from left to right; every edge leads to a later layer.

    Args:
        graph: what to lay out.
        widest: nodes that a layer may have, at least one.
    """
    layers = _assigned(graph, widest)
    best, fewest = layers, _crossings(graph, layers)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        layers = _swept(graph, layers, downwards=sweep % 2 == 0, turned=sweep % 4 > 1)
        crossings = _crossings(graph, layers)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _assigned(graph: Graph, widest: int) -> list[list[int]]:
    """Every node in the first layer below all its sources that has room."""
    layers: list[list[int]] = []
    layer_of = [0] * graph.count
    # Where to look from a full layer on; paths are halved so that looking stays short.
    further = [0]
    for node, sources in enumerate(graph.sources()):
        at = max((layer_of[source] + 1 for source in sources), default=0)
        while further[at] != at:
            further[at] = further[further[at]]
            at = further[at]
        if at == len(layers):
            layers.append([])
            further.append(len(layers))
        layers[at].append(node)
        layer_of[node] = at
        if len(layers[at]) >= widest:
            further[at] = at + 1
    return layers


def _swept(
    graph: Graph, layers: Sequence[Sequence[int]], *, downwards: bool, turned: bool
) -> list[list[int]]:
    """Each layer ordered by the mean position of its nodes' neighbours on one side.

    Nodes of equal means keep their order, or change it if `turned`.
    """
    neighbours = graph.sources() if downwards else graph.targets()
    place = {
        node: (index + 0.5) / len(layer) for layer in layers for index, node in enumerate(layer)
    }
    swept = [list(reversed(layer) if turned else layer) for layer in layers]
    for layer in swept if downwards else reversed(swept):
        means = {
            node: sum(place[each] for each in neighbours[node]) / len(neighbours[node])
            if neighbours[node]
            else place[node]
            for node in layer
        }
        layer.sort(key=means.__getitem__)
        place.update((node, (index + 0.5) / len(layer)) for index, node in enumerate(layer))
    return swept


def _crossings(graph: Graph, layers: Sequence[Sequence[int]]) -> int:
    """Pairs of edges between neighbouring layers that cross."""
    position = {node: index for layer in layers for index, node in enumerate(layer)}
    targets = graph.targets()
    crossings = 0
    for upper, lower in pairwise(layers):
        below = set(lower)
        ends: list[int] = []
        for node in upper:
            mine = [position[each] for each in targets[node] if each in below]
            crossings += sum(len(ends) - bisect_right(ends, each) for each in mine)
            for each in mine:
                insort(ends, each)
    return crossings
