"""Samples of one thing as a plan took them: in order, so many in each round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import UsageError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """Samples in the order in which they were taken, and how many of them each round holds.

    Args:
        values: the samples, in any unit; all finite.
        counts: samples in each round, in order, at least one; they add up to all samples.
    """

    values: Floats
    counts: Integers

    @classmethod
    def of(cls, samples: Sequence[float] | Floats, counts: Sequence[int] = ()) -> Rounds:
        """Make it of plain sequences or arrays.

        Args:
            samples: in the order in which they were taken.
            counts: samples in each round; by default each round holds one.

        Raises:
            UsageError: a sample is not finite, a round holds none, or the counts do not add up.
        """
        values = np.asarray(samples, dtype=np.float64)
        if not np.isfinite(values).all():
            raise UsageError(
                "a sample is not a finite number", "leave failed runs out of the samples"
            )
        if not len(counts):
            return cls(values, np.ones(len(values), dtype=np.int64))
        held = np.asarray(counts, dtype=np.int64)
        if held.min() < 1 or held.sum() != len(values):
            raise UsageError(
                f"rounds of {held.sum()} samples, the emptiest of {held.min()}, were named "
                f"for {len(values)} samples",
                "count the samples of each round, and leave empty rounds out",
            )
        return cls(values, held)

    @property
    def rounds(self) -> int:
        """How many rounds there were."""
        return len(self.counts)

    def labels(self) -> Integers:
        """The round of each sample, from 0."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def sums(self, figures: Floats) -> Floats:
        """Sums of one figure a sample over each round."""
        return np.bincount(self.labels(), figures, self.rounds).astype(np.float64)

    def levels(self) -> Floats:
        """The median of each round, in order."""
        if len(self.values) == len(self.counts):
            return self.values
        ascending = self.values[np.lexsort((self.values, self.labels()))]
        starts = np.cumsum(self.counts) - self.counts
        low = ascending[starts + (self.counts - 1) // 2]
        high = ascending[starts + self.counts // 2]
        levels: Floats = low / 2 + high / 2
        return levels
