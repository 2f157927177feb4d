"""Which segments of a chain take what others give, and runs of small ones taken together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kenning_lego.core.records import SegmentRecord

Edge = tuple[int, int]
"""From one node to another, by their positions; the second is always the larger one."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes 0 to `count` - 1 in an order in which every edge goes forward.

    Args:
        count: of the nodes.
        edges: without repetition, ascending.
    """

    count: int
    edges: tuple[Edge, ...]

    def sources(self) -> list[list[int]]:
        """The nodes from which edges lead to each node, ascending."""
        found: list[list[int]] = [[] for _ in range(self.count)]
        for source, target in self.edges:
            found[target].append(source)
        return found

    def targets(self) -> list[list[int]]:
        """The nodes to which edges lead from each node, ascending."""
        found: list[list[int]] = [[] for _ in range(self.count)]
        for source, target in self.edges:
            found[source].append(target)
        return found


def graph_of(segments: Sequence[SegmentRecord]) -> Graph:
    """A node for each segment, an edge for each that takes a tensor of an earlier one.

    What no segment before gives is an input of the network.
    """
    given: dict[str, int] = {}
    edges: set[Edge] = set()
    for position, segment in enumerate(segments):
        edges.update((given[each.name], position) for each in segment.inputs if each.name in given)
        given.update((each.name, position) for each in segment.outputs)
    return Graph(len(segments), tuple(sorted(edges)))


def fold(graph: Graph, small: Collection[int]) -> tuple[Graph, tuple[tuple[int, ...], ...]]:
    """Make one node of small nodes that follow each other and have no other neighbours between.

    Args:
        graph: of all nodes.
        small: those that may be folded.

    Returns:
        The graph of what is left, and of which nodes each of its nodes is made, ascending.
    """
    sources, targets, may = graph.sources(), graph.targets(), frozenset(small)
    leads_on = [
        node in may
        and len(targets[node]) == 1
        and targets[node][0] in may
        and len(sources[targets[node][0]]) == 1
        for node in range(graph.count)
    ]
    groups: list[list[int]] = []
    position: dict[int, int] = {}
    for node in range(graph.count):
        before = sources[node]
        if len(before) == 1 and leads_on[before[0]]:
            position[node] = position[before[0]]
            groups[position[node]].append(node)
        else:
            position[node] = len(groups)
            groups.append([node])
    edges = {(position[source], position[target]) for source, target in graph.edges}
    ahead = sorted(edge for edge in edges if edge[0] != edge[1])
    return Graph(len(groups), tuple(ahead)), tuple(map(tuple, groups))
