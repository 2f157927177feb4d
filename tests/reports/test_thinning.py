"""Lines are drawn with a few points a px, and look the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.reports.drawing.thinning import Point, thinned

_px = st.floats(0, 20)
_lines = st.lists(st.tuples(_px, _px), max_size=200).map(sorted)


def reach(points: list[Point]) -> dict[int, tuple[float, float, float, float]]:
    """First, lowest, highest and last height in each column of px."""
    columns: dict[int, list[float]] = {}
    for x, y in points:
        columns.setdefault(int(x), []).append(y)
    return {x: (each[0], min(each), max(each), each[-1]) for x, each in columns.items()}


@given(_lines)
def test_every_column_is_drawn_as_before(points: list[Point]) -> None:
    kept = thinned(points)
    assert reach(kept) == reach(points)
    assert len(kept) <= 4 * len(reach(points))
    rest = iter(points)
    assert all(each in rest for each in kept)


@given(st.lists(_px, max_size=20, unique_by=int).map(sorted))
def test_lines_that_are_sparse_stay_whole(places: list[float]) -> None:
    points = [(place, 1.0) for place in places]
    assert thinned(points) == points
