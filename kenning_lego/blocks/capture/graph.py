"""A network as an abstract graph: positions in depth-first post-order, without torch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def post_order(root: Node, reads: Callable[[Node], Iterable[Node]]) -> list[Node]:
    """All nodes that `root` needs, each after what it reads, `root` last.

    Args:
        root: where to start, such as a network's output.
        reads: what a node reads, in the order in which it is to be visited.
    """
    done: dict[Node, None] = {}
    seen = {root}
    stack = [(root, iter(reads(root)))]
    while stack:
        node, pending = stack[-1]
        following = next((each for each in pending if each not in seen), None)
        if following is None:
            done[node] = None
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(reads(following))))
    return list(done)


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed acyclic graph, its nodes named by their positions in post-order.

    Args:
        reads: for each position the positions that it reads, all of them smaller.
        results: positions that the network returns.
        sources: positions that are inputs of the network; no region contains one.
        opaque: positions whose value is not a single tensor, so cannot cross a border.
    """

    reads: tuple[tuple[int, ...], ...]
    results: frozenset[int]
    sources: frozenset[int]
    opaque: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.reads)

    @property
    def last_uses(self) -> tuple[int, ...]:
        """For each position the last one that reads it; the length of the graph for results."""
        last = [-1] * len(self)
        for position, read in enumerate(self.reads):
            for each in read:
                last[each] = position
        for each in self.results:
            last[each] = len(self)
        return tuple(last)
