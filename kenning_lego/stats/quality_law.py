"""How accuracy costs of several variants combine to what the composed network loses.

Scores of composed networks do not lose by sums: a variant that turns few answers wrong in the
original network turns more of them wrong in one that is already damaged. What does add up, nearly,
is a power of the distance to a perfect score, such as the share of wrong answers, or its logarithm,
which is the power 0 (Box and Cox, "An analysis of transformations", 1964). Logarithms add up if
damage moves all samples towards the border of their class and the number of samples at a distance
falls exponentially with it; where most answers are wrong already there are fewer left to lose, and
a larger power fits.

Costs are kept in the metric's own units, so that a small one is what a variant loses alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEEPEST = 700.0
"""Beyond it, an exponential is no number any more."""
_LEAST = 1e-9
"""Distances as a share of the original's: nothing becomes perfect."""


@dataclass(frozen=True, slots=True)
class QualityLaw:
    """From the sum of accuracy costs to the loss of score.

    The loss grows with the sum, so the configuration with the smallest sum also loses least.

    Args:
        unit: distance of the original's score from a perfect one, where costs were estimated;
            None if costs are losses that simply add up.
        power: of the distances that adds up, from 0 (their logarithms) to 1 (themselves).
    """

    unit: float | None = None
    power: float = 0.0

    def loss(self, cost: float) -> float:
        """What a network loses whose variants' costs have this sum."""
        if self.unit is None:
            return cost
        if self.power == 0:
            return self.unit * math.expm1(min(cost / self.unit, _STEEPEST))
        least = math.pow(_LEAST, self.power)
        distance = math.pow(max(least, 1 + self.power * cost / self.unit), 1 / self.power)
        return self.unit * (distance - 1)

    def cost(self, loss: float) -> float:
        """The sum of costs that comes with a loss.

        Raises:
            ValueError: nothing can be so much better than the original.
        """
        if self.unit is None:
            return loss
        distance = 1 + loss / self.unit
        if distance <= 0:
            raise ValueError(f"no score is better than a perfect one by {-loss - self.unit:g}")
        if self.power == 0:
            return self.unit * math.log(distance)
        return self.unit * (math.pow(distance, self.power) - 1) / self.power
