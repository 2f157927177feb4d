"""All that can be picked at no more than an answer's objective: a proof, and what ties are among.

Lagrangian multipliers of the rows make every option's reduced cost, by which it is worse than the
best of its group, and a bound from below on the objective. What is picked within the rows at no
more than the answer's objective has reduced costs whose sum is at most the answer's distance from
that bound (reduced-cost fixing; Geoffrion, "Lagrangean relaxation for integer programming", 1974).
Few combinations do. The multipliers are found in floats; whatever they are, the bound is valid, and
it is counted in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.programs.program import Picked, Row, Table, total

MOST = 30_000
"""Combinations, and parts of them, that are looked at; beyond, asking the solver is faster."""

_ASCENT = 200
_FRACTION_BITS = 40
_EXACT = 2**62

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def contenders(table: Table, rows: Sequence[Row], answer: Picked) -> list[Picked] | None:
    """All that can be picked within the rows at no more than an answer's total, itself included.

    Args:
        table: the objective.
        rows: bounds, which the answer keeps.
        answer: of a solver.

    Returns:
        The picks; None if there are too many combinations to look at.
    """
    most = total(table, answer)
    bounded = [*(row for row in rows if any(len(set(group)) > 1 for group in row.table))]
    reduced, room = _reduced(table, bounded, most)
    bounded.append(Row(table, most))
    if any(sum(max(map(abs, group)) for group in row.table) >= _EXACT for row in bounded):
        return None
    groups = [_Group.of(place, reduced, bounded, room) for place in range(len(table))]
    # Where leaving the best option costs most, there is least to combine: these come first.
    groups.sort(key=lambda group: -group.step)
    found = _combinations(groups, room, np.array([row.most for row in bounded]))
    return None if found is None else [tuple(pick) for pick in found.tolist()]


@dataclass(frozen=True, slots=True)
class _Group:
    """The options of a group that are still in question.

    Args:
        place: of the group.
        options: their indices.
        reduced: their reduced costs.
        figures: in each row; one option a line.
    """

    place: int
    options: NDArray[np.int32]
    reduced: Counts
    figures: Counts

    @property
    def step(self) -> float:
        """What leaving its best option costs, on average."""
        others = np.sort(self.reduced)[1:]
        return float(others.mean()) if len(others) else np.inf

    @classmethod
    def of(
        cls, place: int, reduced: Sequence[Sequence[int]], rows: Sequence[Row], room: int
    ) -> _Group:
        options = [o for o, cost in enumerate(reduced[place]) if cost <= room]
        return cls(
            place,
            np.array(options, dtype=np.int32),
            np.array([reduced[place][o] for o in options], dtype=np.int64),
            np.array([[row.table[place][o] for row in rows] for o in options], dtype=np.int64),
        )


def _combinations(groups: Sequence[_Group], room: int, most: Counts) -> NDArray[np.int32] | None:
    least = np.cumsum([group.figures.min(axis=0) for group in groups][::-1], axis=0)[::-1]
    spent = np.zeros(1, dtype=np.int64)
    sums = np.zeros((1, len(most)), dtype=np.int64)
    picks = np.zeros((1, len(groups)), dtype=np.int32)
    for number, group in enumerate(groups):
        rest = least[number + 1] if number + 1 < len(groups) else 0
        grown = spent[:, None] + group.reduced[None, :]
        parts, options = np.nonzero(grown <= room)
        sums = sums[parts] + group.figures[options]
        kept = (sums + rest <= most).all(axis=1)
        parts, options, sums = parts[kept], options[kept], sums[kept]
        if len(parts) > MOST:
            return None
        spent, picks = grown[parts, options], picks[parts]
        picks[:, group.place] = group.options[options]
    return picks


def _reduced(table: Table, rows: Sequence[Row], most: int) -> tuple[list[list[int]], int]:
    """Reduced costs of all options, and how much of them fits between the bound and `most`.

    Both in whole numbers, the reduced costs rounded down and of a size that can be added up.
    """
    multipliers = _multipliers(table, rows, most)
    weight = 1 << _FRACTION_BITS
    factors = [round(each * weight) for each in multipliers.tolist()]
    costs = [
        [
            figure * weight
            + sum(factor * row.table[g][o] for factor, row in zip(factors, rows, strict=True))
            for o, figure in enumerate(group)
        ]
        for g, group in enumerate(table)
    ]
    lows = [min(group) for group in costs]
    bound = sum(lows) - sum(factor * row.most for factor, row in zip(factors, rows, strict=True))
    room = max(0, most * weight - bound)
    step = max(1, room >> 50)
    return [
        [min((cost - low) // step, room // step + 1) for cost in group]
        for group, low in zip(costs, lows, strict=True)
    ], room // step


def _multipliers(table: Table, rows: Sequence[Row], most: int) -> Floats:
    """Multipliers from 0 whose bound is near `most`, by subgradients (Polyak, 1969).

    Figures are taken as shares of their spread, so that one length of step suits all rows.
    """
    if not rows:
        return np.zeros(0)
    width = max(map(len, table))
    objective = _padded(table, width, np.inf)
    figures = np.stack([_padded(row.table, width, 0.0) for row in rows])
    spreads = np.array([_spread(row.table) for row in rows])
    scale = _spread(table)
    costs = (objective - objective.min(axis=1, keepdims=True)) / scale
    target = (most - objective.min(axis=1).sum()) / scale
    shares = figures / spreads[:, None, None]
    bounds = np.array([row.most for row in rows]) / spreads
    found, best, highest = np.zeros(len(rows)), np.zeros(len(rows)), -np.inf
    lines = np.arange(len(table))
    for turn in range(_ASCENT):
        lagrangian = costs + np.tensordot(found, shares, 1)
        picked = lagrangian.argmin(axis=1)
        value = float(lagrangian[lines, picked].sum() - found @ bounds)
        if value > highest:
            highest, best = value, found
        slope = shares[:, lines, picked].sum(axis=1) - bounds
        slope[(found <= 0) & (slope < 0)] = 0.0
        length = float(slope @ slope)
        if length == 0 or value >= target:
            break
        relaxation = 1.0 / (1.0 + turn / 40)
        found = np.maximum(0.0, found + relaxation * (target - value) / length * slope)
    return np.asarray(best * scale / spreads)


def _padded(table: Table, width: int, fill: float) -> Floats:
    return np.array([[*map(float, group), *[fill] * (width - len(group))] for group in table])


def _spread(table: Table) -> float:
    return float(sum(max(group) - min(group) for group in table)) or 1.0
