"""Metrics of classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric
from kenning_lego.metrics.class_counts import check_labels


@dataclass(frozen=True, slots=True)
class TopK(ShareMetric):
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

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """1 for each sample that is right, 0 for others.

        Args:
            outputs: (samples, classes), larger for likelier classes.
            labels: (samples,), indices of the right classes.

        Raises:
            ModelError: the shapes or labels do not fit the outputs.
        """
        check_labels(outputs, labels)
        classes = outputs.shape[1]
        own = np.take_along_axis(outputs, labels[:, np.newaxis], axis=1)
        before = np.arange(classes) < labels[:, np.newaxis]
        rank = np.sum((outputs > own) | ((outputs == own) & before), axis=1)
        right = (rank < self.k) & ~np.isnan(outputs).any(axis=1)
        return np.asarray(right, np.float32)

    def total(self, evidence: Evidence) -> float:
        """The share of ones."""
        return float(np.mean(evidence, dtype=np.float64))


TOP1 = TopK(1)
"""Accuracy."""
