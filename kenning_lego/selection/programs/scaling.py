"""Whole numbers made fit for solvers, which work in floats and to tolerances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.selection.programs.program import Table

LARGEST_COEFFICIENT = 1e5
SLACK = 0.1
"""How much too wide a bound is at first: a millionth of the largest coefficient."""

Coefficients = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Scaled:
    """Tables in common steps of moderate size, each shifted by every group's least figure.

    Args:
        coefficients: of each table, by group and option.
        least: what each table's total is at least.
        divisor: the greatest common divisor of all differences: one step.
        scale: what one step is in the coefficients.
    """

    coefficients: tuple[Coefficients, ...]
    least: tuple[int, ...]
    divisor: int
    scale: float

    def steps(self, units: int) -> float:
        """A difference in the coefficients' measure."""
        return units / self.divisor * self.scale

    def bound(self, units: int, slack: float) -> float:
        """The right-hand side that allows `units`, and at least half a step more."""
        return units // self.divisor * self.scale + max(0.5 * self.scale, slack)


def scale(tables: Sequence[Table]) -> Scaled:
    """Shift and scale tables, all by the same factor."""
    lows = [[min(group) for group in table] for table in tables]
    shifted = [
        [[figure - low for figure in group] for group, low in zip(table, some, strict=True)]
        for table, some in zip(tables, lows, strict=True)
    ]
    figures = [figure for table in shifted for group in table for figure in group]
    divisor = math.gcd(*figures) or 1
    factor = min(1.0, LARGEST_COEFFICIENT / max(max(figures) // divisor, 1))
    return Scaled(
        tuple(
            tuple(tuple(figure // divisor * factor for figure in group) for group in table)
            for table in shifted
        ),
        tuple(map(sum, lows)),
        divisor,
        factor,
    )
