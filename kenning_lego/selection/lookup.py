"""The first of many points that keeps some bounds, in microseconds.

Each figure's range is divided into cells of about equally many points. A table knows the first
point of all whole cells below a place; what may come before it lies in the cells in which the
bounds themselves are, one cell a bound, and only these points are looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_POINTS_PER_CELL: Final = 512
_TABLE: Final = 1 << 16
"""Entries that the table has at most, about."""


class BoundsIndex:
    """An index over points with one or more figures.

    Args:
        columns: the figures of the points, one array each, in the order of preference.
    """

    def __init__(self, columns: Sequence[NDArray[np.int64]]) -> None:
        count = len(columns[0])
        most = int(_TABLE ** (1 / len(columns)))
        cells = min(max(1, count // _POINTS_PER_CELL), most)
        self._count = count
        self._axes = [_Axis(column, columns, cells) for column in columns]
        table = np.full([len(axis.edges) + 1 for axis in self._axes], count, dtype=np.int64)
        np.minimum.at(table, tuple(axis.cells + 1 for axis in self._axes), np.arange(count))
        for dimension in range(len(columns)):
            np.minimum.accumulate(table, axis=dimension, out=table)
        self._table = table

    def first(self, bounds: Sequence[int | None]) -> int | None:
        """The first point that exceeds no bound; None if there is none.

        Args:
            bounds: one for each figure; None bounds nothing.
        """
        places = [axis.place(bound) for axis, bound in zip(self._axes, bounds, strict=True)]
        found = int(self._table[tuple(places)])
        for axis, place in zip(self._axes, places, strict=True):
            found = axis.before(found, place, bounds)
        return None if found == self._count else found


class _Axis:
    """The cells of one figure.

    `edges` are where cells begin, and behind them one above all figures. A bound's place is how
    many cells lie below it as a whole.
    """

    def __init__(
        self, column: NDArray[np.int64], columns: Sequence[NDArray[np.int64]], cells: int
    ) -> None:
        quantiles = np.sort(column)[np.arange(cells) * len(column) // cells]
        edges = np.unique(quantiles)
        self.cells: NDArray[np.intp] = np.searchsorted(edges, column, side="right") - 1
        self.edges = [*edges.tolist(), int(column.max()) + 1]
        order = np.argsort(self.cells, kind="stable")
        self._starts = np.searchsorted(self.cells[order], np.arange(len(self.edges))).tolist()
        self._points = order.tolist()
        self._columns = [each[order] for each in columns]

    def place(self, bound: int | None) -> int:
        if bound is None or bound >= self.edges[-1] - 1:
            return len(self.edges) - 1
        return max(0, bisect_right(self.edges, bound) - 1)

    def before(self, point: int, place: int, bounds: Sequence[int | None]) -> int:
        """The first point of the cell at a place that keeps the bounds, if it is before `point`."""
        if place == len(self.edges) - 1:
            return point
        start, stop = self._starts[place : place + 2]
        stop = bisect_left(self._points, point, start, stop)
        if start == stop:
            return point
        kept = np.ones(stop - start, dtype=bool)
        for column, bound in zip(self._columns, bounds, strict=True):
            if bound is not None:
                kept &= column[start:stop] <= bound
        first = int(kept.argmax())
        return int(self._points[start + first]) if kept[first] else point
