"""The totals that choices can have, exactly: label setting over the groups of a program.

Labels are totals of the rows so far. One that another does not exceed in any row is dropped, and
so is one that no completion brings within the bounds. A row that no later group adds to any more
says nothing further about a label within bounds, and is settled (Nemhauser and Ullmann, "Discrete
dynamic programming and capital allocation", 1969).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.programs.program import Row, Table

Totals = NDArray[np.int64]
"""One label a line, one row of the program a column."""

MOST_LABELS = 20_000
_CHUNK = 256


def can_be_kept(sizes: Sequence[int], rows: Sequence[Row]) -> bool | None:
    """Whether anything can be picked within all rows; None if there is too much to look through."""
    if not rows:
        return True
    groups, least = _above_least(sizes, [row.table for row in rows])
    room = np.array([row.most for row in rows]) - least
    labels = np.zeros((1, len(rows)), dtype=np.int64)
    for place, group in enumerate(groups):
        labels = _extended(labels, group)
        labels = labels[(labels <= room).all(axis=1)]
        labels[:, ~np.any(groups[place + 1 :] or [group * 0], axis=(0, 1))] = 0
        labels = undominated(labels)
        if len(labels) > MOST_LABELS:
            return None
    return len(labels) > 0


def totals(sizes: Sequence[int], tables: Sequence[Table]) -> Totals | None:
    """All undominated totals of some tables; None if there are too many."""
    groups, least = _above_least(sizes, tables)
    labels = np.zeros((1, len(tables)), dtype=np.int64)
    for group in groups:
        labels = undominated(_extended(labels, group))
        if len(labels) > MOST_LABELS:
            return None
    return labels + least


def _above_least(sizes: Sequence[int], tables: Sequence[Table]) -> tuple[list[Totals], Totals]:
    """Of each group, how far its options are above its least in each table; and the sum of those.

    So what is left never takes less than nothing, and a group of one size adds nothing. Shorter
    groups are filled up with their first option.
    """
    width = max(sizes)
    figures = [
        np.array([[*group, *[group[0]] * (width - len(group))] for group in some], dtype=np.int64).T
        for some in zip(*tables, strict=True)
    ]
    least = [group.min(axis=0) for group in figures]
    groups = [group - low for group, low in zip(figures, least, strict=True)]
    return groups, np.asarray(np.sum(least, axis=0), dtype=np.int64)


def _extended(labels: Totals, group: Totals) -> Totals:
    return (labels[:, None, :] + group[None, :, :]).reshape(-1, labels.shape[1])


def undominated(labels: Totals) -> Totals:
    """The labels that no other is at most in every column; of equal ones, one. Ascending."""
    if len(labels) < 2:
        return labels
    labels = labels[np.lexsort(labels.T[::-1])]
    labels = labels[np.concatenate(([True], np.any(labels[1:] != labels[:-1], axis=1)))]
    columns = labels[:, np.any(labels != labels[0], axis=0)]
    if columns.shape[1] <= 1:
        return labels[:1]
    if columns.shape[1] == 2:
        least = np.minimum.accumulate(columns[:, 1])
        return labels[np.concatenate(([True], columns[1:, 1] < least[:-1]))]
    kept = np.empty(0, dtype=np.intp)
    for start in range(0, len(labels), _CHUNK):
        # In this order, only what comes before can dominate.
        chunk = np.arange(start, min(start + _CHUNK, len(labels)))
        chunk = chunk[~_dominated(columns[chunk], columns[kept])]
        same = np.all(columns[chunk][:, None, :] >= columns[chunk][None, :, :], axis=2)
        np.fill_diagonal(same, val=False)
        kept = np.concatenate((kept, chunk[~same.any(axis=1)]))
    return labels[kept]


def _dominated(labels: Totals, by: Totals) -> NDArray[np.bool_]:
    found = np.zeros(len(labels), dtype=np.bool_)
    for start in range(0, len(by), _CHUNK * 4):
        some = by[start : start + _CHUNK * 4]
        found |= np.any(np.all(labels[:, None, :] >= some[None, :, :], axis=2), axis=1)
    return found
