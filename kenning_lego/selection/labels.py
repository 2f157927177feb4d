"""Label setting: the figures of all choices worth keeping, block by block.

A label is a choice for the first blocks. One that another weakly dominates is dropped, for
whatever completes it would complete the other at least as well (Nemhauser and Ullmann, "Discrete
dynamic programming and capital allocation", 1969). That stays true if labels are dropped only now
and then, and needs no order of the labels.

Where accuracy costs are compared in steps of d units, a label is dropped for one whose cost is
less than d higher. Then every choice still has one among those kept that costs at most d - 1 more
and takes no more of anything else: complete the other label in the same way. Such losses add up
over the blocks; their sum is the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.dominance import Figures, Indices, ranks, undominated
from kenning_lego.selection.problem import Amounts, Problem

_FEW: Final = 64
"""So few labels are extended as they are."""
_LARGEST_PATH: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Labels:
    """Choices, in ascending order of their figures.

    Args:
        columns: accuracy cost, latency, memory and, if known, energy in whole units; each of the
            choices' number.
        options: index of the option, (choices, blocks).
        gap: units of accuracy cost within which these stand for all choices; 0 is exact.
    """

    columns: tuple[Figures, ...]
    options: NDArray[np.integer[Any]]
    gap: int


def set_labels(problem: Problem, *, epsilon: int = 0, most: int | None = None) -> Labels:
    """The undominated choices; of equal ones that whose options come first.

    Args:
        problem: what to choose from.
        epsilon: the gap that is allowed, in units of accuracy cost.
        most: if more labels than this remain after a block, the gap grows as far as it takes to
            have so few, or to be left with what latency, memory and energy need by themselves.
    """
    growing = _Growing(problem)
    step = epsilon // len(problem.blocks) + 1
    last = len(problem.blocks) - 1
    for number, options in enumerate(problem.table):
        growing.extend(options)
        if number == last or len(growing) > _FEW:
            growing.prune(step)
            if most is not None and len(growing) > most:
                growing.prune_to(most)
    if growing.gap:
        growing.prune()
    return growing.labels()


class _Growing:
    """Labels of the first blocks."""

    def __init__(self, problem: Problem) -> None:
        figures = len(Amounts._fields) if problem.energy_known else len(Amounts._fields) - 1
        self._columns = [np.array([each], dtype=np.int64) for each in problem.fixed[:figures]]
        # The options as digits of one number, or its rank: labels compare as their options do.
        self._paths = np.zeros(1, dtype=np.int64)
        self._path_limit = 1
        self._step = 2
        self._stages: list[_Stage] = []
        self.gap = 0

    def __len__(self) -> int:
        return len(self._paths)

    def extend(self, options: Sequence[Amounts]) -> None:
        """Add every option of a block to every label."""
        before = len(self)
        kept = np.array(_worthwhile(options))
        figures = np.array(options, dtype=np.int64)[kept]
        if self._path_limit * len(options) > _LARGEST_PATH:
            self._paths = ranks(self._paths).astype(np.int64)
            self._path_limit = before
        self._path_limit *= len(options)
        self._paths = np.add.outer(kept, self._paths * len(options)).ravel()
        self._columns = [
            np.add.outer(figure, column).ravel()
            for figure, column in zip(figures.T, self._columns, strict=False)
        ]
        self._stages.append(_Stage(kept, before, np.arange(before * len(kept))))

    def prune(self, step: int = 1) -> None:
        """Drop what is dominated if costs are compared in steps of so many units."""
        self._keep(self._undominated(step))
        self.gap += step - 1

    def prune_to(self, most: int) -> None:
        """Take the smallest step of 2, 4, 8, ... that leaves so few labels, or the largest."""
        cost = self._columns[0]
        spread = int(cost.max() - cost.min())
        step = self._step
        while len(kept := self._undominated(step)) > most and step <= spread:
            step *= 2
        self._keep(kept)
        self.gap += step - 1
        self._step = max(2, step // 2)

    def labels(self) -> Labels:
        """What has grown, with the options of all blocks."""
        count = len(self)
        width = max(int(stage.options[-1]) for stage in self._stages)
        chosen = np.empty((count, len(self._stages)), dtype=np.min_scalar_type(width))
        at: Indices = np.arange(count)
        for block, stage in reversed(list(enumerate(self._stages))):
            option, at = np.divmod(stage.origins[at], stage.parents)
            chosen[:, block] = stage.options[option]
        return Labels(tuple(self._columns), chosen, self.gap)

    def _undominated(self, step: int) -> Indices:
        if step == 1:
            return undominated(self._columns, self._paths)
        cost, *others = self._columns
        tie = np.empty(len(self), dtype=np.int64)
        tie[np.lexsort((self._paths, cost))] = np.arange(len(self))
        return undominated([cost // step, *others], tie)

    def _keep(self, kept: Indices) -> None:
        self._paths = self._paths[kept]
        self._columns = [column[kept] for column in self._columns]
        stage = self._stages[-1]
        self._stages[-1] = _Stage(stage.options, stage.parents, stage.origins[kept])


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where labels come from: option times `parents` plus the label that it was added to.

    Args:
        options: of the block that were added.
        parents: labels before.
        origins: of the labels now.
    """

    options: Indices
    parents: int
    origins: Indices


def _worthwhile(options: Sequence[Amounts]) -> list[int]:
    """The options that no other one replaces; of equal ones the first."""
    kept: list[int] = []
    for index in sorted(range(len(options)), key=options.__getitem__):
        figures = options[index]
        if not any(all(map(int.__le__, options[other], figures)) for other in kept):
            kept.append(index)
    return sorted(kept)
