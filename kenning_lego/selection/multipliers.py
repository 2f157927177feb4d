"""What each limited figure is worth: multipliers of the Lagrangian bound.

For multipliers w >= 0, the sum over the groups of min(cost + w * figures), less w * caps, is a
lower bound of what any choice within the caps costs. The bound is concave in w. Its kinks are
smoothed (min by a soft minimum of falling temperature), so that Newton's method finds the best w
in some dozens of steps. Any w gives a valid bound: how well this converges decides how fast a
search is, never what it finds.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TEMPERATURES: Final = (0.05, 0.002)
_STEPS: Final = 8
_HALVINGS: Final = 12
_ENOUGH: Final = 1e-7
_LARGEST: Final = 1e9


def best_multipliers(costs: Floats, figures: Floats, caps: Floats) -> Floats:
    """Multipliers whose bound is about the highest.

    Args:
        costs: of the options, (groups, options); infinite where a group has fewer. Their range
            should be of the order of 1.
        figures: limited ones, (figures, groups, options); finite, of the order of 1.
        caps: on the sums of the figures.
    """
    multipliers = np.zeros(len(caps))
    for temperature in _TEMPERATURES:
        for _ in range(_STEPS):
            smooth = _Smooth(costs, figures, caps, temperature, multipliers)
            gradient = smooth.gradient()
            free = (multipliers > 0) | (gradient < 0)
            if not free.any() or np.abs(gradient[free]).max() < _ENOUGH:
                break
            better = _improve(smooth, gradient, free)
            if better is None:
                break
            multipliers = better
    return multipliers


class _Smooth:
    """The negated, smoothed bound at some multipliers; convex."""

    def __init__(
        self, costs: Floats, figures: Floats, caps: Floats, temperature: float, at: Floats
    ) -> None:
        self.costs, self.figures, self.caps = costs, figures, caps
        self.temperature, self.at = temperature, at
        priced = costs + (at @ figures.reshape(len(at), costs.size)).reshape(costs.shape)
        least = priced.min(axis=1, keepdims=True)
        weights = np.exp((least - priced) / temperature)
        total = weights.sum(axis=1, keepdims=True)
        self.value = float(temperature * np.log(total).sum() - least.sum() + at @ caps)
        self._shares = weights / total

    def gradient(self) -> Floats:
        self._means = (self._shares * self.figures).sum(axis=2)
        gradient: Floats = self.caps - self._means.sum(axis=1)
        return gradient

    def hessian(self) -> Floats:
        centred = self.figures - self._means[:, :, None]
        hessian: Floats = np.einsum("igo,jgo,go->ij", centred, centred, self._shares)
        return hessian / self.temperature

    def moved(self, at: Floats) -> _Smooth:
        return _Smooth(self.costs, self.figures, self.caps, self.temperature, at)


def _improve(smooth: _Smooth, gradient: Floats, free: NDArray[np.bool_]) -> Floats | None:
    """A Newton step over the free multipliers, shortened until it helps; None if none does."""
    hessian = smooth.hessian()[np.ix_(free, free)]
    hessian += np.eye(len(hessian)) * (1e-9 * np.trace(hessian) + 1e-12)
    step = np.zeros(len(gradient))
    step[free] = -np.linalg.solve(hessian, gradient[free])
    for halving in range(_HALVINGS):
        tried = np.clip(smooth.at + step * 0.5**halving, 0.0, _LARGEST)
        if smooth.moved(tried).value < smooth.value:
            return tried
    return None
