"""The best choice within bounds, where a whole front would be too large.

This is the multiple-choice knapsack problem with several constraints. With multipliers w >= 0
(:mod:`.multipliers`), every option has a reduced cost: its cost plus w times its figures, less the
least of its group. A choice within the caps costs at least the Lagrangian bound plus the reduced
costs of its options. So among all choices that cost at most the bound plus some margin, options
and labels whose reduced costs exceed the margin have no place (Dyer, Kayal and Walker, "A branch
and bound algorithm for solving the multiple-choice knapsack problem", 1984). What is left is
searched by label setting. A choice found within the margin is the best one, for everything as
cheap was looked at; if there is none, the margin grows.

Labels hold whole units: sums, ties and caps are exact. The reduced costs are floats and only drop
what exceeds the margin by more than their rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Final

import numpy as np

from kenning_lego.selection.dominance import Figures, Indices, ranks, undominated
from kenning_lego.selection.labels import Labels, least_to_come
from kenning_lego.selection.multipliers import Floats, best_multipliers
from kenning_lego.selection.problem import Budget, Choice, Problem, make_choice

_FEW: Final = 32
"""So few labels are extended as they are."""
_GROWTH: Final = 2.5
"""By how much a margin grows that is too small."""
_FIRST_OPTIONS: Final = 4
"""Options within the first margin, beside one of each group."""
_LEAST_MARGIN: Final = 1e-9
_MIXTURE: Final = 8
"""Parts of which weights are made, to see quickly whether caps can be kept."""
_ROUNDING: Final = 1e-11
"""Relative error that sums of floats may have; far more than they do."""


def best_choice(problem: Problem, budget: Budget) -> Choice | None:
    """The choice of lowest accuracy cost within a budget; None if none is within it.

    Ties go to the lower latency, then to the lower memory, then to the lower energy; of choices
    that are equal in all of it one is taken, the same each time.

    Raises:
        UsageError: energy is bounded and not known.
    """
    caps = problem.caps(budget)
    groups = [np.array(options, dtype=np.int64) for options in problem.table]
    room = [
        None if cap is None else cap - fixed
        for cap, fixed in zip(caps, problem.fixed[1:], strict=True)
    ]
    found = minimise(groups, room)
    return None if found is None else make_choice(problem, found)


def minimise(groups: Sequence[Figures], caps: Sequence[int | None]) -> tuple[int, ...] | None:
    """One option of each group so that the sums are lowest, figure by figure, within the caps.

    Args:
        groups: figures of the options, (options, figures); the first is minimised first, the
            next one among what is equal, and so on.
        caps: most that the sum of a figure may be, for all figures but the first; None is no
            bound. Figures with a cap are not negative.

    Returns:
        An option's index for each group; None if no choice keeps the caps.
    """
    caps = [None, *caps]
    if not _each_can_be_kept(groups, caps):
        return None
    relaxed = _Relaxed(groups, caps)
    margin, needed, possible = relaxed.first_margin(), math.inf, False
    while True:
        found = _search(relaxed, margin)
        if found is not None:
            options, needed = found
            if needed <= margin:
                return options
        elif not possible:
            possible = margin < relaxed.largest and can_be_kept(groups, caps)
            if not possible:
                return None
        # What is needed at first is much too large: labels grow fast with the margin.
        margin = min(needed, _GROWTH * margin)


def can_be_kept(groups: Sequence[Figures], caps: Sequence[int | None]) -> bool:
    """Whether any choice of one option a group keeps all caps.

    Args:
        groups: figures of the options, (options, figures).
        caps: most that the sum of each figure may be; None is no bound. Figures with a cap are
            not negative.
    """
    if not _each_can_be_kept(groups, caps):
        return False
    first, *others = [figure for figure, cap in enumerate(caps) if cap is not None] or [0]
    if not others:
        return True
    answer = _answer_of_mixtures(groups, caps)
    if answer is not None:
        return answer
    # The least of one figure within the caps of the others.
    found = minimise([group[:, [first, *others]] for group in groups], [caps[b] for b in others])
    if found is None:
        return False
    least = sum(int(group[option, first]) for group, option in zip(groups, found, strict=True))
    cap = caps[first]
    return cap is None or least <= cap


def _each_can_be_kept(groups: Sequence[Figures], caps: Sequence[int | None]) -> bool:
    """Whether each cap could be kept if it were the only one."""
    least = np.sum([group.min(axis=0) for group in groups], axis=0)
    return all(cap is None or low <= cap for low, cap in zip(least, caps, strict=True))


def _answer_of_mixtures(groups: Sequence[Figures], caps: Sequence[int | None]) -> bool | None:
    """Whether all caps can be kept, if the least of some weighted sum of the figures tells."""
    bounded = [figure for figure, cap in enumerate(caps) if cap is not None]
    limits = np.array([cap for cap in caps if cap is not None])
    weights = np.array(
        [mix for mix in product(range(_MIXTURE + 1), repeat=len(bounded)) if sum(mix) == _MIXTURE]
    ) / np.maximum(limits, 1)
    taken = np.zeros(weights.shape, dtype=np.int64)
    least = np.zeros(len(weights))
    for group in groups:
        figures = group[:, bounded]
        mixed = weights @ figures.T
        taken += figures[mixed.argmin(axis=1)]
        least += mixed.min(axis=1)
    if (taken <= limits).all(axis=1).any():
        return True
    most = weights @ limits
    return False if (least > most * (1 + _ROUNDING)).any() else None


class _Relaxed:
    """The groups without what every choice takes, and their reduced costs.

    Attributes:
        groups: figures above the least of their group, in whole units.
        caps: on these figures.
        bounded: the figures with a cap, the first one aside.
        reduced: costs of the options by group, in units of `_scale`.
        tolerance: by how much sums of reduced costs may be wrong.
        largest: no choice has larger reduced costs.
    """

    def __init__(self, groups: Sequence[Figures], caps: Sequence[int | None]) -> None:
        least = [group.min(axis=0) for group in groups]
        total = np.sum(least, axis=0)
        self.groups = [group - low for group, low in zip(groups, least, strict=True)]
        self.caps = [
            None if cap is None else cap - int(low) for cap, low in zip(caps, total, strict=True)
        ]
        self.bounded = [
            figure for figure, cap in enumerate(self.caps) if figure and cap is not None
        ]
        costs, figures, limits = self._scaled()
        multipliers = best_multipliers(costs, figures, limits)
        priced = costs + np.tensordot(multipliers, figures, axes=1)
        low = priced.min(axis=1, keepdims=True)
        self.reduced = [
            row[: len(group)] for row, group in zip(priced - low, self.groups, strict=True)
        ]
        self.largest = float(sum(row.max() for row in self.reduced))
        self._bound = float(low.sum() - multipliers @ limits)
        size = self.largest + float(low.sum() + multipliers @ limits)
        self.tolerance = _ROUNDING * (size + 1.0)

    def _scaled(self) -> tuple[Floats, Floats, Floats]:
        """Costs, bounded figures and their caps, all of the order of 1, for :mod:`.multipliers`."""
        shape = len(self.groups), max(map(len, self.groups))
        costs, figures = np.full(shape, np.inf), np.zeros((len(self.bounded), *shape))
        for number, group in enumerate(self.groups):
            costs[number, : len(group)] = group[:, 0]
            figures[:, number, : len(group)] = group[:, self.bounded].T
        limits = np.array([self.caps[figure] for figure in self.bounded], dtype=float)
        self._scale = max(float(costs[np.isfinite(costs)].max()), 1.0)
        scales = np.maximum(figures.max(axis=(1, 2), initial=0.0), 1.0)
        return costs / self._scale, figures / scales[:, None, None], limits / scales

    def first_margin(self) -> float:
        """A margin that leaves some options to choose from."""
        everything = np.sort(np.concatenate(self.reduced))
        few = everything[min(len(everything) - 1, len(self.groups) + _FIRST_OPTIONS)]
        return max(float(few), _LEAST_MARGIN)

    def margin_of(self, cost: int) -> float:
        """The margin that takes in all choices of this cost or less."""
        return cost / self._scale - self._bound + self.tolerance


def _search(relaxed: _Relaxed, margin: float) -> tuple[tuple[int, ...], float] | None:
    """The best choice whose reduced costs are within a margin, and the margin that proves it."""
    most = margin + relaxed.tolerance
    options = [np.flatnonzero(reduced <= most) for reduced in relaxed.reduced]
    order = sorted(range(len(options)), key=lambda group: len(options[group]))
    left = least_to_come([relaxed.groups[group][options[group]] for group in order])
    labels, reduced = Labels([0] * relaxed.groups[0].shape[1]), np.zeros(1)
    for number, group in enumerate(order):
        labels.extend(relaxed.groups[group], options[group])
        reduced = np.add.outer(relaxed.reduced[group][options[group]], reduced).ravel()
        rows = np.flatnonzero((reduced <= most) & labels.within(relaxed.caps, left[number + 1]))
        if not len(rows):
            return None
        labels.keep(rows)
        reduced = reduced[rows]
        if len(labels) > _FEW or number + 1 == len(order):
            rows = _undominated(labels, relaxed.bounded)
            labels.keep(rows)
            reduced = reduced[rows]
    best = labels.chosen()[0].tolist()
    found = dict(zip(order, best, strict=True))
    margin = relaxed.margin_of(int(labels.columns[0][0]))
    return tuple(found[group] for group in range(len(order))), margin


def _undominated(labels: Labels, bounded: Sequence[int]) -> Indices:
    """Labels worth keeping: none is better in the order of preference and takes no more."""
    preference = ranks(labels.columns[0])
    for column in labels.columns[1:]:
        preference = ranks(preference.astype(np.int64) << 32 | ranks(column))
    taken = [labels.columns[figure] for figure in bounded]
    return undominated([preference.astype(np.int64), *taken], labels.paths)
