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

from kenning_lego.selection.dominance import undominated
from kenning_lego.selection.programs.program import Row, Table

Totals = NDArray[np.int64]
"""One label a line, one row of the program a column."""

MOST_LABELS = 20_000
"""Labels in up to three rows; in more rows it takes longer to find the undominated ones."""

_IN_MANY_ROWS = 10
"""So much fewer labels are carried then: a solver is faster."""


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
        labels = _undominated(labels)
        if len(labels) > _most(rows):
            return None
    return len(labels) > 0


def totals(sizes: Sequence[int], tables: Sequence[Table]) -> Totals | None:
    """All undominated totals of some tables; None if there are too many."""
    groups, least = _above_least(sizes, tables)
    labels = np.zeros((1, len(tables)), dtype=np.int64)
    for group in groups:
        labels = _undominated(_extended(labels, group))
        if len(labels) > _most(tables):
            return None
    return labels + least


def _most(rows: Sequence[object]) -> int:
    return MOST_LABELS if len(rows) <= 3 else MOST_LABELS // _IN_MANY_ROWS


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


def _undominated(labels: Totals) -> Totals:
    varying = labels.T[np.any(labels != labels[:1], axis=0)]
    if len(varying) < 2:
        return labels[[varying[0].argmin()]] if len(varying) else labels[:1]
    return labels[undominated([*varying], np.arange(len(labels)))]
