"""The metric ``worst_class``."""

from __future__ import annotations

import numpy as np

from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric, mismatch


class WorstClass(ShareMetric):
    """Share of the samples that are told right, in the class in which it is least."""

    @property
    def name(self) -> str:
        """``worst_class``."""
        return "worst_class"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """Of each sample its class, and whether it was told right.

        Args:
            outputs: (samples, classes).
            labels: (samples,).

        Raises:
            ModelError: the shapes do not fit.
        """
        if outputs.ndim != 2 or labels.shape != outputs.shape[:1]:
            raise mismatch(outputs, labels, "give scores of (samples, classes)")
        right = outputs.argmax(axis=1) == labels
        return np.stack([labels, right], axis=1).astype(np.float64)

    def total(self, evidence: Evidence) -> float:
        """The least share of all classes that there are."""
        classes, right = evidence[:, 0], evidence[:, 1]
        return float(min(right[classes == each].mean() for each in np.unique(classes)))
