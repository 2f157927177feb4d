"""Metrics of classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError, ModelError


@dataclass(frozen=True, slots=True)
class TopK:
    """Share (0..1) of the samples whose class is among the k with the largest outputs.

    Of equal outputs the first class ranks first, as in argmax, so that a network that answers
    the same for every class scores at chance. A sample with NaN among its outputs is wrong.

    Raises:
        ConfigurationError: k is not positive.
    """

    k: int = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigurationError(f"top-k accuracy with k = {self.k}", "give k of at least 1")

    @property
    def name(self) -> str:
        """``top1`` for k = 1, and so on."""
        return f"top{self.k}"

    @property
    def higher_is_better(self) -> bool:
        """A larger share is better."""
        return True

    @property
    def limits(self) -> tuple[float, float]:
        """A share is between 0 and 1."""
        return (0.0, 1.0)

    def score(self, outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        """Score the outputs.

        Args:
            outputs: (samples, classes), larger for likelier classes.
            labels: (samples,), indices of the right classes.

        Raises:
            ModelError: there are no samples, or the shapes or labels do not fit the outputs.
        """
        if outputs.ndim != 2 or labels.shape != outputs.shape[:1]:
            raise ModelError(
                f"outputs of shape {outputs.shape} for labels of shape {labels.shape}",
                "a classifier gives (samples, classes)",
            )
        if not len(labels):
            raise ModelError("there are no samples to score", "give at least one")
        classes = outputs.shape[1]
        if labels.min() < 0 or labels.max() >= classes:
            raise ModelError(
                f"labels from {labels.min()} to {labels.max()} for {classes} outputs",
                "the network must have an output for every class of the dataset",
            )
        own = np.take_along_axis(outputs, labels[:, np.newaxis], axis=1)
        before = np.arange(classes) < labels[:, np.newaxis]
        rank = np.sum((outputs > own) | ((outputs == own) & before), axis=1)
        return float(np.mean((rank < self.k) & ~np.isnan(outputs).any(axis=1)))


TOP1 = TopK(1)
"""Accuracy."""
