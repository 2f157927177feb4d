"""All choices worth keeping, block by block; exact, or with a gap where they would be too many.

Where accuracy costs are compared in steps of d units, a label is dropped for one whose cost is
less than d higher. Then every choice still has one among those kept that costs at most d - 1 more
and takes no more of anything else: complete the other label in the same way. Such losses add up
over the blocks; their sum is the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.dominance import Figures, Indices, undominated
from kenning_lego.selection.labels import Labels, least_to_come
from kenning_lego.selection.problem import Amounts, Budget, Problem

_FEW: Final = 128
"""So few labels are extended as they are."""


def set_labels(
    problem: Problem, within: Budget, *, epsilon: int = 0, most: int | None = None
) -> tuple[Labels, int]:
    """The undominated choices within a budget; of equal ones that whose options come first.

    They come in ascending order of their columns: accuracy cost, latency, memory and, where it is
    known, energy.

    Args:
        problem: what to choose from.
        within: bounds of all choices.
        epsilon: the gap that is allowed, in units of accuracy cost.
        most: if more labels than this remain after a block, the gap grows as far as it takes to
            have so few, or to be left with what latency, memory and energy need by themselves.

    Returns:
        The choices, and the units of accuracy cost within which they stand for all; 0 is exact.

    Raises:
        UsageError: no choice is within the budget, or energy is bounded and not known.
    """
    figures = len(Amounts._fields) if problem.energy_known else len(Amounts._fields) - 1
    labels = Labels(problem.fixed[:figures])
    caps = [None, *problem.caps(within)][:figures]
    blocks = problem.table
    tables = [np.array(options, dtype=np.int64)[:, :figures] for options in blocks]
    left = least_to_come(tables)
    coarsening = _Coarsening(epsilon // len(tables) + 1, most)
    for number, (table, options) in enumerate(zip(tables, blocks, strict=True), 1):
        labels.extend(table, np.array(_worthwhile(options)))
        if any(cap is not None for cap in caps):
            labels.keep(np.flatnonzero(labels.within(caps, left[number])))
            if not len(labels):
                raise UsageError(f"no choice keeps {within}", "allow more")
        if number == len(tables) or len(labels) > _FEW:
            labels.keep(coarsening.undominated(labels))
    if coarsening.gap:
        labels.keep(undominated(labels.columns, labels.paths))
    return labels, coarsening.gap


class _Coarsening:
    """How costs are compared.

    Args:
        step: units in a step of cost.
        most: labels for which larger steps are taken.
    """

    def __init__(self, step: int, most: int | None) -> None:
        self._step = step
        self._most = most
        self._larger = 2 * step
        self.gap = 0

    def undominated(self, labels: Labels) -> Indices:
        """The rows to keep; what is lost by it is added to the gap."""
        step = self._step
        kept = _undominated(labels, step)
        if self._most is not None and len(kept) > self._most:
            cost = labels.columns[0]
            spread = int(cost.max() - cost.min())
            step = self._larger
            while len(kept := _undominated(labels, step)) > self._most and step <= spread:
                step *= 2
            # The next block will need about as much.
            self._larger = max(2 * self._step, step // 2)
        self.gap += step - 1
        return kept


def _undominated(labels: Labels, step: int) -> Indices:
    if step == 1:
        return undominated(labels.columns, labels.paths)
    cost, *others = labels.columns
    preference: Figures = np.empty(len(labels), dtype=np.int64)
    preference[np.lexsort((labels.paths, cost))] = np.arange(len(labels))
    return undominated([cost // step, *others], preference)


def _worthwhile(options: Sequence[Amounts]) -> list[int]:
    """The options that no other one replaces; of equal ones the first."""
    kept: list[int] = []
    for index in sorted(range(len(options)), key=options.__getitem__):
        figures = options[index]
        if not any(all(map(int.__le__, options[other], figures)) for other in kept):
            kept.append(index)
    return sorted(kept)
