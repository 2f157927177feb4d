"""Rows in columns beside each other, and lanes for edges that pass rows.

Many rows are set in columns, as text is; an edge to the next column leaves at the bottom of one
and enters at the top of the other. An edge over several rows runs down a lane beside the nodes, one
for all edges of a source: the first one that is free, as in first-fit colouring of intervals
(Kierstead, "The linearity of first-fit coloring of interval graphs", 1988).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.reports.graph.network import Graph

Column = Sequence[Sequence[int]]
"""Rows of nodes, each from left to right."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Where an edge passes rows; gap r is the one above row r, the last one below all rows.

    Args:
        number: from the nodes outwards.
        first: gap in which it begins.
        last: gap in which it ends, not before the first.
    """

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Rows:
    """A graph in rows.

    Args:
        columns: from left to right.
        places: column and row of each node, by its number.
        targets: of the edges of each node, by its number.
        lanes: of each column, by the node where their edges begin.
    """

    columns: tuple[Column, ...]
    places: tuple[tuple[int, int], ...]
    targets: tuple[tuple[int, ...], ...]
    lanes: tuple[Mapping[int, Lane], ...]

    @property
    def beside(self) -> int:
        """The most nodes that one row has."""
        return max(len(row) for column in self.columns for row in column)


def in_rows(graph: Graph, columns: Sequence[Column]) -> Rows:
    """Give lanes to the edges that need them."""
    places = {
        node: (number, row)
        for number, column in enumerate(columns)
        for row, nodes in enumerate(column)
        for node in nodes
    }
    targets = tuple(map(tuple, graph.targets()))
    at = tuple(places[node] for node in range(graph.count))
    lanes = tuple(
        _lanes(_spans(number, len(column), at, targets)) for number, column in enumerate(columns)
    )
    return Rows(tuple(columns), at, targets, lanes)


def _spans(
    column: int,
    rows: int,
    places: Sequence[tuple[int, int]],
    targets: Sequence[Sequence[int]],
) -> dict[int, tuple[int, int]]:
    """The first and the last gap of each source whose edges need a lane in a column."""
    spans = {}
    for source, (begin, row) in enumerate(places):
        ends = [places[each] for each in targets[source] if places[each][0] >= column]
        if begin > column or not ends:
            continue
        here = [each for number, each in ends if number == column]
        leaves = len(here) < len(ends)
        first = row + 1 if begin == column else 0
        far = [each for each in here if each > first or begin < column]
        # A lone edge needs none at a column's end, nor at its beginning.
        if begin == column and not far and not (leaves and row < rows - 1):
            continue
        if begin < column and here == [0] and not leaves:
            continue
        spans[source] = (first, rows if leaves else max(far))
    return spans


def _lanes(spans: Mapping[int, tuple[int, int]]) -> dict[int, Lane]:
    """The innermost free lane for each, but outside of all that begin and end within it.

    Short ones are placed first, so that edges of which one spans the other do not cross.
    """
    lanes: dict[int, Lane] = {}
    taken: list[list[tuple[int, int]]] = []
    placed: list[tuple[int, int, int]] = []
    for source, span in sorted(spans.items(), key=lambda each: (_length(each[1]), each)):
        first, last = span
        begin = bisect_left(placed, (first,))
        end = bisect_left(placed, (last + 1,))
        within = (number for _, until, number in placed[begin:end] if until <= last)
        number = max(within, default=-1) + 1
        while number < len(taken) and not _free(taken[number], span):
            number += 1
        if number == len(taken):
            taken.append([])
        insort(taken[number], span)
        insort(placed, (first, last, number))
        lanes[source] = Lane(number, first, last)
    return lanes


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _free(taken: Sequence[tuple[int, int]], span: tuple[int, int]) -> bool:
    """Whether a lane, in which nothing overlaps, has room."""
    after = bisect_left(taken, span)
    before_ends = after == 0 or taken[after - 1][1] < span[0]
    return before_ends and (after == len(taken) or taken[after][0] > span[1])
