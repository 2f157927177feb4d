"""What is done when in a training: batches, their order, and the learning rate of each step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.training.configuration import DistillationConfig

_PASSES_TRAINED = 5
_PASSES_SEEN = 2
"""A step costs some 2.5 forward passes: the gradient to a block's input is not computed."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The same for the same numbers, whatever was done before: a training can go on anywhere.

    Args:
        samples: in the training part, 2 or more.
        validation_samples: to choose the epoch by.
        config: of the training.
    """

    samples: int
    validation_samples: int
    config: DistillationConfig

    @property
    def batches(self) -> int:
        """In an epoch, of two or more samples each: normalisation needs two."""
        return min(math.ceil(self.samples / self.config.batch_size), self.samples // 2)

    def order(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        """The indices of the samples of each batch of an epoch, from 0."""
        rng = np.random.default_rng((self.config.seed, epoch))
        yield from np.array_split(rng.permutation(self.samples), self.batches)

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0 over all epochs.

        Rises linearly, then falls to zero along a cosine (Loshchilov and Hutter, "SGDR", 2017).
        """
        steps = self.config.epochs * self.batches
        warmup = math.ceil(self.config.warmup * steps)
        if step < warmup:
            return self.config.learning_rate * (step + 1) / warmup
        progress = (step - warmup) / max(1, steps - warmup)
        return self.config.learning_rate * (1 + math.cos(math.pi * progress)) / 2

    def work(self, epochs: int, samples: int = 0) -> int:
        """Work done, in a unit in which time passes evenly.

        Args:
            epochs: finished, each with its validation; the one before the first has been made.
            samples: seen of the next epoch.
        """
        validation = (epochs + 1) * self.validation_samples * _PASSES_SEEN
        return validation + (epochs * self.samples + samples) * _PASSES_TRAINED
