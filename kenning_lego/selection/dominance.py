"""Rows that no other row weakly dominates, by numpy alone.

A row weakly dominates another if none of its figures is larger. Three steps, each exact:

1. A grid over all figures but the first drops most rows at once. Cells are ascending in the
   figures, so what lies in a cell that is lower in every direction is strictly lower in these
   figures; if the least first figure down there is not larger either, the row is dominated.
2. What is left is sorted by its figures; of equal rows one is kept. From here on a row can only be
   dominated by one before it, and only the order of the figures matters: ranks replace them.
3. Divide and conquer, as in Kung, Luccio and Preparata, "On finding the maxima of a set of
   vectors" (1975): a row is dominated by an earlier one exactly if, on one level of a binary
   division of the order, the earlier row is in the left half of some stretch and the later one in
   its right half. In a stretch sorted by one figure that leaves a problem with one figure less:
   whether a row of the left half comes before that is not larger in the other figures. With one
   figure left, a running minimum answers. All stretches of a level are answered at once;
   stretches of 32 are compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.int64]
Ranks = NDArray[np.int32]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]

_LEAF_BITS: Final = 5
_LEAF: Final = 1 << _LEAF_BITS
_SLAB: Final = 1 << 18
"""Pairs that are compared in one go: what fits into a cache."""
_GRID_FROM: Final = 600
"""Fewer rows are sorted sooner than put into a grid."""
_FINE: Final = 13
"""Figures are first told apart by so many of their leading bits at most."""
_HIGHEST: Final = np.iinfo(np.int32).max


def undominated(columns: Sequence[Figures], tie: Figures) -> Indices:
    """Which rows no other row weakly dominates, in ascending order of their figures.

    Args:
        columns: the figures, one array each, one or more; the first is compared first.
        tie: of equal rows the one that is lowest here is kept.
    """
    if len(tie) < _GRID_FROM or len(columns) < 2:
        return _settled(columns, tie)
    left = _outside_of_grid(columns)
    return left[_settled([column[left] for column in columns], tie[left])]


def ranks(values: Figures) -> Ranks:
    """The place of each value among the distinct ones."""
    order = np.argsort(values)
    ascending = values[order]
    places = np.zeros(len(values), dtype=np.int32)
    np.cumsum(ascending[1:] != ascending[:-1], out=places[1:])
    found = np.empty_like(places)
    found[order] = places
    return found


def _outside_of_grid(columns: Sequence[Figures]) -> Indices:
    """The rows that a grid over all columns but the first does not find dominated."""
    first, *others = columns
    cells = max(8, int(len(first) ** (1 / len(others))))
    side = cells + 1
    place = np.zeros(len(first), dtype=np.int64)
    for column in others:
        place *= side
        place += _cells(column, cells)
    # A row is counted one cell further in every direction: what is read at its own place is then
    # the least of all that is strictly lower.
    least = np.full(side ** len(others), np.iinfo(np.int64).max)
    further = sum(side**axis for axis in range(len(others)))
    np.minimum.at(least, place + further, first)
    cube = least.reshape((side,) * len(others))
    for axis in range(len(others)):
        np.minimum.accumulate(cube, axis=axis, out=cube)
    return np.flatnonzero(least[place] > first)


def _cells(values: Figures, cells: int) -> NDArray[np.int32]:
    """A cell for each value, ascending with the values, of about equally many values each."""
    count = len(values)
    low = values.min()
    leading = min(_FINE, count.bit_length())
    bits = max(0, int(values.max() - low).bit_length() - leading)
    fine = ((values - low) >> bits).astype(np.int32)
    below = np.cumsum(np.bincount(fine))
    coarse = ((below - 1) * (cells / count)).astype(np.int32)
    found: NDArray[np.int32] = coarse[fine]
    return found


def _settled(columns: Sequence[Figures], tie: Figures) -> Indices:
    ranked = [ranks(column) for column in columns]
    order = _order(ranked, tie)
    if len(columns) < 2:
        return order[:1]
    count = len(order)
    bits = max(_LEAF_BITS, (count - 1).bit_length())
    # What fills up the last stretch comes after everything.
    padded = [np.full(1 << bits, _HIGHEST, dtype=np.int32) for _ in ranked[1:]]
    for column, figure in zip(padded, ranked[1:], strict=True):
        column[:count] = figure[order]
    return order[~_dominated(padded, bits, None)[:count]]


def _order(ranked: Sequence[Ranks], tie: Figures) -> Indices:
    """Distinct rows in ascending order; of equal ones the lowest in `tie`."""
    width = max(1, len(tie).bit_length())
    key = ranked[0].astype(np.int64)
    used = width
    for column in ranked[1:]:
        if used + width > 63:
            key, used = ranks(key).astype(np.int64), width
        key <<= width
        key |= column
        used += width
    order = np.argsort(key)
    key = key[order]
    equal = key[1:] == key[:-1]
    if not equal.any():
        return order
    again = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    order[again] = order[again[np.lexsort((tie[order[again]], key[again]))]]
    distinct: Indices = order[np.append(True, ~equal)]
    return distinct


def _dominated(columns: Sequence[Ranks], bits: int, sources: Flags | None) -> Flags:
    """Which rows have a source before them in their stretch that is not larger in any column.

    Args:
        columns: figures by row, one or more.
        bits: a stretch is 2**bits rows, at least as many as a leaf; the rows are whole stretches.
        sources: which rows may dominate; None is all.
    """
    first, *others = columns
    if not others:
        return _after_minimum(first, bits, sources)
    dominated = _in_leaves(columns, sources)
    if bits == _LEAF_BITS:
        return dominated
    # Rows by stretch, those of a stretch sorted by the first column, equal ones as they come.
    key = (first.astype(np.int64) << 32 | np.arange(len(first))).reshape(-1, 1 << bits)
    key.sort(axis=1)
    order = key & 0xFFFFFFFF
    for level in range(bits - 1, _LEAF_BITS - 1, -1):
        right = (order >> level & 1).astype(bool)
        left, flat = ~right, order.ravel()
        lefts = left.ravel() if sources is None else sources[flat] & left.ravel()
        found = _dominated([column[flat] for column in others], level + 1, lefts)
        dominated[flat[found & right.ravel()]] = True
        if level > _LEAF_BITS:
            order = _halves(order, left, right)
    return dominated


def _halves(order: Indices, left: Flags, right: Flags) -> Indices:
    """Twice as many stretches of half the length, each in the order as before."""
    halves = np.empty((len(order), 2, order.shape[1] // 2), dtype=order.dtype)
    halves[:, 0] = order[left].reshape(len(order), -1)
    halves[:, 1] = order[right].reshape(len(order), -1)
    return halves.reshape(2 * len(order), -1)


def _after_minimum(figure: Ranks, bits: int, sources: Flags | None) -> Flags:
    """The same for one column: which rows come after a source that is not larger."""
    rows = figure.reshape(-1, 1 << bits)
    least = figure if sources is None else np.where(sources, figure, _HIGHEST)
    least = np.minimum.accumulate(least.reshape(rows.shape), axis=1)
    dominated = np.zeros(rows.shape, dtype=bool)
    np.less_equal(least[:, :-1], rows[:, 1:], out=dominated[:, 1:])
    return dominated.ravel()


def _in_leaves(columns: Sequence[Ranks], sources: Flags | None) -> Flags:
    """What is dominated within its leaf; pair by pair."""
    rows = len(columns[0])
    dominated = np.empty(rows, dtype=bool)
    earlier = np.tri(_LEAF, k=-1, dtype=bool)
    step = _SLAB // _LEAF
    for start in range(0, rows, step):
        part = slice(start, start + step)
        first, *others = (column[part].reshape(-1, _LEAF) for column in columns)
        pairs = first[:, None, :] <= first[:, :, None]
        for leaves in others:
            pairs &= leaves[:, None, :] <= leaves[:, :, None]
        pairs &= earlier if sources is None else sources[part].reshape(-1, 1, _LEAF) & earlier
        # Eight flags at a time: an `any` over so short an axis takes longer than the comparisons.
        words = np.moveaxis(pairs.view(np.uint64), -1, 0)
        dominated[part] = (reduce(np.bitwise_or, words) != 0).ravel()
    return dominated
