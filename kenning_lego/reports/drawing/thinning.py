"""Lines of more points than there are px to show them.

Of the points in one column of px, the first, the lowest, the highest and the last draw the same
column as all of them do. Source: Jugel et al., "M4: A Visualization-Oriented Time Series Data
Aggregation" (2014).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

Point = tuple[float, float]
"""In px."""

_ENOUGH = 4
"""Points that draw a column; fewer are all kept."""


def thinned(points: Iterable[Point]) -> list[Point]:
    """At most four points for each px from left to right.

    Args:
        points: in px, from left to right.

    Returns:
        Some of them, in their order, which draw the same line.
    """
    return [each for _, column in groupby(points, _column) for each in _telling(list(column))]


def _column(point: Point) -> int:
    return int(point[0])


def _telling(column: list[Point]) -> Iterator[Point]:
    if len(column) <= _ENOUGH:
        yield from column
        return
    heights = [y for _, y in column]
    ends = {0, heights.index(min(heights)), heights.index(max(heights)), len(column) - 1}
    yield from (column[index] for index in sorted(ends))
