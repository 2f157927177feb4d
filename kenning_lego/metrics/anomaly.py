"""Metrics of anomaly detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ModelError
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric, mismatch


@dataclass(frozen=True, slots=True)
class AreaUnderCurve(ShareMetric):
    """Area under the receiver operating characteristic.

    It is the probability that an anomalous sample has a larger output than a normal one, half
    where they are equal (Hanley and McNeil, "The meaning and use of the area under a receiver
    operating characteristic (ROC) curve", 1982). NaN counts as the worst output there can be.
    """

    @property
    def name(self) -> str:
        """``auc``."""
        return "auc"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """The output beside the label, (samples, 2).

        Args:
            outputs: (samples,) or (samples, 1), larger for likelier anomalies.
            labels: (samples,), 1 for anomalies and 0 for others.

        Raises:
            ModelError: the shapes do not fit, or a label is neither 0 nor 1.
        """
        if labels.ndim != 1 or outputs.shape not in (labels.shape, (*labels.shape, 1)):
            raise mismatch(outputs, labels, "a detector of anomalies gives one number a sample")
        if not np.isin(labels, (0, 1)).all():
            raise ModelError("a label is neither 0 nor 1", "give 1 for anomalies, 0 for others")
        scores = outputs.reshape(-1).astype(np.float64)
        worst = np.where(labels == 1, -np.inf, np.inf)
        return np.stack([np.where(np.isnan(scores), worst, scores), labels], axis=1)

    def total(self, evidence: Evidence) -> float:
        """The area over all samples."""
        return area_under_curve(evidence[:, 0], evidence[:, 1] == 1)


def area_under_curve(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, from ranks (Mann and Whitney, 1947).

    Args:
        scores: (samples,), larger for likelier positives; not NaN.
        positive: (samples,).

    Raises:
        ModelError: all samples are positive, or none is.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ModelError(f"{positives} positive and {negatives} negative samples", "give both")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = ranks[positive].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))
