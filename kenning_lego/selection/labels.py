"""Labels: partial choices with their figures, and where each comes from.

A label is a choice for the blocks so far. One that another weakly dominates may be dropped, for
whatever completes it would complete the other at least as well (Nemhauser and Ullmann, "Discrete
dynamic programming and capital allocation", 1969). That stays true if labels are dropped only now
and then, and needs no order of the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.dominance import Figures, Flags, Indices, ranks

_LARGEST_PATH: Final = 1 << 62


class Labels:
    """Sums of one option a block, for the blocks that were added; at first one label, `start`.

    Attributes:
        columns: one array a figure, each of the labels' number.
        paths: labels compare by these as by their options in the order in which blocks were added.
    """

    def __init__(self, start: Sequence[int]) -> None:
        self.columns = [np.array([each], dtype=np.int64) for each in start]
        self.paths = np.zeros(1, dtype=np.int64)
        self._path_limit = 1
        self._stages: list[_Stage] = []

    def __len__(self) -> int:
        return len(self.paths)

    def extend(self, table: Figures, options: Indices) -> None:
        """Add each of some options of a block to every label: all labels with the first, and so on.

        Args:
            table: the figures of all of the block's options, (options, figures).
            options: those to add; ascending indices of `table`.
        """
        before, count = len(self), len(table)
        # The options are digits of a number as long as it is small enough, then of its rank.
        if self._path_limit * count > _LARGEST_PATH:
            self.paths = ranks(self.paths).astype(np.int64)
            self._path_limit = before
        self._path_limit *= count
        self.paths = np.add.outer(options, self.paths * count).ravel()
        self.columns = [
            np.add.outer(figure, column).ravel()
            for figure, column in zip(table[options].T, self.columns, strict=True)
        ]
        self._stages.append(_Stage(options, before, np.arange(before * len(options))))

    def keep(self, rows: Indices) -> None:
        """Drop all labels but these; they come in this order afterwards."""
        self.paths = self.paths[rows]
        self.columns = [column[rows] for column in self.columns]
        stage = self._stages[-1]
        self._stages[-1] = _Stage(stage.options, stage.parents, stage.origins[rows])

    def within(self, caps: Sequence[int | None], rest: Figures) -> Flags:
        """Which labels may still keep the caps on the figures, if the others take `rest`."""
        kept = np.ones(len(self), dtype=bool)
        for column, cap, least in zip(self.columns, caps, rest, strict=True):
            if cap is not None:
                kept &= column <= cap - least
        return kept

    def chosen(self) -> NDArray[np.integer[Any]]:
        """The options of the labels, (labels, blocks)."""
        width = max(int(stage.options[-1]) for stage in self._stages)
        found = np.empty((len(self), len(self._stages)), dtype=np.min_scalar_type(width))
        at: Indices = np.arange(len(self))
        for block, stage in reversed(list(enumerate(self._stages))):
            option, at = np.divmod(stage.origins[at], stage.parents)
            found[:, block] = stage.options[option]
        return found


def least_to_come(tables: Sequence[Figures]) -> list[Figures]:
    """For each number of blocks that were added, the least that the others take of each figure.

    Args:
        tables: the figures of the options by block, (options, figures).
    """
    least = [np.zeros_like(tables[0][0])]
    for table in reversed(tables):
        least.append(least[-1] + table.min(axis=0))
    return least[::-1]


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where labels come from.

    Args:
        options: of the block that were added.
        parents: how many labels they were added to.
        origins: for each label the place in `options` times `parents` plus the label before.
    """

    options: Indices
    parents: int
    origins: Indices
