"""By how much the rows of a program must be exceeded for anything to be picked at all."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.programs.engines import Solver
from kenning_lego.selection.programs.program import Quantity, Row, times, total
from kenning_lego.selection.programs.solving import can_be_met, minimise
from kenning_lego.selection.programs.sums import Totals, totals

_CLOSE = 1e-9
"""Overruns in floats that differ by less are compared exactly."""


class Overruns:
    """Answers about rows that cannot all be kept.

    They are read off the undominated totals of all rows, or asked of a solver where there are too
    many of those.

    Args:
        sizes: options of each group.
        rows: that some may be exceeded of.
        solver: to ask.
    """

    def __init__(self, sizes: Sequence[int], rows: Sequence[Row], solver: Solver) -> None:
        self._sizes, self._rows, self._solver = sizes, rows, solver

    @cached_property
    def _totals(self) -> Totals | None:
        return totals(self._sizes, [row.table for row in self._rows])

    def can_be_kept(self, rows: Collection[int]) -> bool:
        """Whether anything can be picked within these rows, given by their indices."""
        if self._totals is None:
            return can_be_met(self._sizes, [self._rows[row] for row in rows], self._solver)
        return bool(self._within(self._totals, rows).any())

    def smallest(self, elastic: Sequence[int], hard: Collection[int]) -> tuple[int, ...] | None:
        """What the elastic rows come to if they are exceeded as little as can be.

        The largest overrun, as a share of the row's unit, is as small as possible, then the sum of
        all overruns.

        Args:
            elastic: rows that may be exceeded, by index.
            hard: rows that are kept.

        Returns:
            The bound that each elastic row needs, its own if it is kept; None if the hard rows
            cannot be kept.
        """
        found = (
            self._asked(elastic, hard)
            if self._totals is None
            else self._read_off(self._totals, elastic, hard)
        )
        if found is None:
            return None
        return tuple(
            max(self._rows[row].most, value) for row, value in zip(elastic, found, strict=True)
        )

    def _within(self, found: Totals, rows: Collection[int]) -> NDArray[np.bool_]:
        most = np.array([self._rows[row].most for row in rows], dtype=np.int64)
        return np.asarray((found[:, [*rows]] <= most).all(axis=1))

    def _read_off(
        self, found: Totals, elastic: Sequence[int], hard: Collection[int]
    ) -> tuple[int, ...] | None:
        values = found[self._within(found, hard)][:, [*elastic]]
        if not len(values):
            return None
        rows = [self._rows[row] for row in elastic]
        most = np.array([row.most for row in rows], dtype=np.int64)
        units = np.array([float(row.unit) for row in rows])
        worst = (np.maximum(0, values - most) / units).max(axis=1)
        near = np.unique(values[worst <= worst.min() * (1 + _CLOSE)], axis=0)

        def overrun(line: Iterable[int]) -> tuple[Fraction, Fraction]:
            shares = [
                Fraction(max(0, value - row.most), row.unit)
                for value, row in zip(line, rows, strict=True)
            ]
            return max(shares), sum(shares, Fraction(0))

        lines: list[list[int]] = near.tolist()
        return tuple(min(lines, key=lambda line: (overrun(line), line)))

    def _asked(self, elastic: Sequence[int], hard: Collection[int]) -> tuple[int, ...] | None:
        rows = [self._rows[row] for row in elastic]
        common = math.lcm(*(row.unit for row in rows))
        tables, offsets = [], []
        for row in rows:
            factor = common // row.unit
            tables.append(times(row.table, factor))
            offsets.append(-row.most * factor)
        count = len(rows)
        # With a zero for each row beside it, the sum of the largest half counts no row below its
        # bound.
        tables += [times(rows[0].table, 0)] * count
        offsets += [0] * count
        worst = Quantity(tuple(tables), tuple(offsets), 1)
        every = Quantity(tuple(tables), tuple(offsets), count)
        objectives = [Quantity.of(rows[0].table)] if count == 1 else [worst, every]
        picked = minimise(self._sizes, [self._rows[row] for row in hard], objectives, self._solver)
        return None if picked is None else tuple(total(row.table, picked) for row in rows)
