"""The Pareto front: every choice that no other choice beats, and the best of them for a budget.

All arithmetic is in whole units, so that ties are ties. See :mod:`.label_setting` for how it is
found and why nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final, overload

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import UsageError
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Column, Table
from kenning_lego.selection.checks import is_within
from kenning_lego.selection.dominance import Figures
from kenning_lego.selection.label_setting import set_labels
from kenning_lego.selection.lookup import BoundsIndex
from kenning_lego.selection.problem import Budget, Choice, Problem, evaluate, make_choice
from kenning_lego.selection.units import LARGEST, budget_units, from_units

_UNBOUNDED = Budget()
_FIGURES = (
    Column("accuracy_cost"),
    Column("latency_ms"),
    Column("memory_bytes", "bytes"),
    Column("energy_mj"),
)


@final
class Front(Shown, Sequence[Choice]):
    """Choices of which none weakly dominates another, in ascending order of their figures.

    The order is by accuracy cost, then latency, then memory, then energy where it is known; so
    the first choice within a budget is the best one. Immutable; choices are made as they are
    asked for.

    Args:
        problem: what is chosen from.
        columns: accuracy costs, latencies, memory and, if known, energies; in order.
        options: index of the option by point and block.
        gap: the accuracy cost by which these choices may be worse than others that take as much;
            0 if the front is exact.
    """

    __slots__ = ("_columns", "_index", "gap", "options", "problem")

    def __init__(
        self,
        problem: Problem,
        columns: Sequence[Figures],
        options: NDArray[np.integer[Any]],
        gap: float = 0.0,
    ) -> None:
        self.problem = problem
        self.options = options
        self.gap = gap
        self._columns = tuple(columns)
        self._index: BoundsIndex | None = None
        for array in (self.options, *self._columns):
            array.flags.writeable = False

    @property
    def costs(self) -> Figures:
        """Accuracy costs in whole units (see :mod:`.units`); ascending."""
        return self._columns[0]

    @property
    def latencies(self) -> Figures:
        """Latencies in whole units."""
        return self._columns[1]

    @property
    def memories(self) -> Figures:
        """Bytes."""
        return self._columns[2]

    @property
    def energies(self) -> Figures:
        """Energies in whole units; zeros where they are not known."""
        return self._columns[3] if self.problem.energy_known else np.zeros_like(self.costs)

    def best(self, budget: Budget) -> int | None:
        """Where the choice of lowest accuracy cost within a budget is; None if none is within it.

        Ties go to the lower latency, then to the lower memory, then to the lower energy.

        Raises:
            UsageError: energy is bounded and not known.
        """
        bounds = self.problem.caps(budget)
        if self._index is None:
            self._index = BoundsIndex(self._columns[1:])
        return self._index.first(bounds[: len(self._columns) - 1])

    def find(self, variants: Mapping[str, str]) -> int | None:
        """Where a choice is; None if it is not in the front.

        Args:
            variants: variant name by block name, one for every block.

        Raises:
            UnknownNameError: a block or a variant is not in the problem.
            UsageError: a block is left out.
        """
        wanted = evaluate(self.problem, variants).variants
        indices = [block.index(wanted[block.name]) for block in self.problem.blocks]
        places = np.flatnonzero((self.options == indices).all(axis=1))
        return int(places[0]) if len(places) else None

    def __len__(self) -> int:
        return len(self.options)

    @overload
    def __getitem__(self, index: int) -> Choice: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Choice, ...]: ...
    def __getitem__(self, index: int | slice) -> Choice | tuple[Choice, ...]:
        if isinstance(index, slice):
            return tuple(map(self._choice, range(*index.indices(len(self)))))
        return self._choice(index)

    def __iter__(self) -> Iterator[Choice]:
        return map(self._choice, range(len(self)))

    def __str__(self) -> str:
        exact = "exact" if self.gap == 0 else f"within {self.gap:.4g} of the accuracy cost"
        blocks = len(self.problem.blocks)
        return f"front of {len(self):,} choices for {blocks} blocks ({exact})"

    def tables(self) -> tuple[Table, ...]:
        """One table with a row a choice: its figures, then the variant of every block."""
        names = [[each.variant for each in block.options] for block in self.problem.blocks]
        chosen = (
            (options[index] for index in column)
            for options, column in zip(names, self.options.T.tolist(), strict=True)
        )
        energies = self.energies.tolist() if self.problem.energy_known else [None] * len(self)
        rows = zip(
            map(from_units, self.costs.tolist()),
            map(from_units, self.latencies.tolist()),
            self.memories.tolist(),
            (None if each is None else from_units(each) for each in energies),
            *chosen,
            strict=True,
        )
        blocks = (Column(each.name, "text", in_full=True) for each in self.problem.blocks)
        title = str(self).capitalize()
        return (Table("configurations", title, (*_FIGURES, *blocks), tuple(rows)),)

    def _choice(self, index: int) -> Choice:
        return make_choice(self.problem, self.options[index].tolist())


def pareto_front(
    problem: Problem,
    *,
    within: Budget = _UNBOUNDED,
    epsilon: float = 0.0,
    max_points: int | None = None,
) -> Front:
    """The choices that are not weakly dominated in accuracy cost, latency, memory and energy.

    Of choices with the same figures only one is kept: the one whose options come first in the
    blocks' order. The exact front grows with the number of blocks: hundreds of choices for 8
    blocks of 5 options, tens of thousands for 20 of 10. Where it becomes too large, bounds that
    always hold make it smaller; or `epsilon` or `max_points` make it one that covers every choice
    within :attr:`Front.gap`: some point takes no more latency, memory or energy and costs at most
    so much more. What is lost is a fraction of the gap mostly;
    :func:`kenning_lego.selection.search.best_choice` is exact for one budget at any size.

    Args:
        problem: what to choose from.
        within: only choices within this budget are of interest.
        epsilon: the gap that is allowed, in units of the metric.
        max_points: most points that are carried from block to block. The gap grows as far as it
            takes, to no more than the range of the costs: the points that latency, memory and
            energy need by themselves stay, however many they are.

    Raises:
        UsageError: no choice is within the budget, it bounds an energy that is not known,
            `epsilon` is negative or not finite, or `max_points` is not positive.
    """
    if not is_within(epsilon, 0, LARGEST):
        raise UsageError(f"the gap {epsilon!r} is no gap", "give a number from 0")
    if max_points is not None and max_points < 1:
        raise UsageError(f"a front of {max_points!r} points at most", "give a number from 1")
    labels, gap = set_labels(problem, within, epsilon=budget_units(epsilon), most=max_points)
    return Front(problem, labels.columns, labels.chosen(), from_units(gap))
