"""Whether two classifiers differ on the same samples: McNemar's test, exact.

Samples that both get right, or both wrong, say nothing. Of the others, each is as likely to be one
classifier's as the other's if the two are equally good, so their counts are binomial with one half
(McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12, 1947; in the exact form, no approximation for few samples).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Paired:
    """Two classifiers on the same samples.

    Args:
        only_first: samples that only the first gets right.
        only_second: samples that only the second gets right.
    """

    only_first: int
    only_second: int

    @property
    def p_value(self) -> float:
        """Of so large a difference, either way, between two that are equally good."""
        fewer = min(self.only_first, self.only_second)
        return min(1.0, 2 * _tail(fewer, self.only_first + self.only_second))

    @property
    def loss_p_value(self) -> float:
        """Of the second being at least so much worse by chance, if it is as good as the first."""
        return _tail(self.only_second, self.only_first + self.only_second)


def compare_paired(first: NDArray[Any], second: NDArray[Any]) -> Paired:
    """Count the samples on which two classifiers differ.

    Args:
        first: whether each sample was classified rightly, (samples,).
        second: the same of the other, of the same samples in the same order.

    Raises:
        UsageError: they are not of the same samples.
    """
    if first.shape != second.shape or first.ndim != 1:
        raise UsageError(
            f"{first.shape} and {second.shape} are not one answer each for the same samples",
            "give what both classifiers got right, sample by sample",
        )
    right, other = first.astype(bool), second.astype(bool)
    return Paired(int(np.sum(right & ~other)), int(np.sum(other & ~right)))


def _tail(most: int, trials: int) -> float:
    """P(X <= most) of a binomial variable with probability one half, from whole numbers."""
    ways, total = 1, 1
    for chosen in range(most):
        ways = ways * (trials - chosen) // (chosen + 1)
        total += ways
    return total / 2**trials if trials else 1.0
