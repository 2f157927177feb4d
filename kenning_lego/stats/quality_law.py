"""How accuracy costs of several variants combine to what the composed network loses.

Scores of composed networks do not lose by sums: a variant that turns few answers wrong in the
original network turns more of them wrong in one that is already damaged. What does add up, nearly,
is the logarithm of the distance to a perfect score, such as the share of wrong answers: variants
multiply it. That is what happens if damage moves all samples towards the border of their class and
the number of samples at a distance falls exponentially with it, as margins near the border do.

Costs are kept in the metric's own units, so that a small one is what a variant loses alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEEPEST = 700.0
"""Beyond it, an exponential is no number any more."""


@dataclass(frozen=True, slots=True)
class QualityLaw:
    """From the sum of accuracy costs to the loss of score.

    The loss grows with the sum, so the configuration with the smallest sum also loses least.

    Args:
        unit: distance of the original's score from a perfect one, where costs were estimated;
            None if costs are losses that simply add up.
    """

    unit: float | None = None

    def loss(self, cost: float) -> float:
        """What a network loses whose variants' costs have this sum."""
        if self.unit is None:
            return cost
        return self.unit * math.expm1(min(cost / self.unit, _STEEPEST))

    def cost(self, loss: float) -> float:
        """The sum of costs that comes with a loss.

        Raises:
            ValueError: nothing can be so much better than the original.
        """
        if self.unit is None:
            return loss
        return self.unit * math.log1p(loss / self.unit)
