"""Metrics of classification that count every class alike, however many samples it has."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from kenning_lego.metrics.anomaly import area_under_curve
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric
from kenning_lego.metrics.class_counts import ClassCounts, check_labels, predicted_classes

_SUM_TOLERANCE = 0.05
"""How far probabilities may be from 1 together: those of 8 bits are rounded."""


class _ByClass(ShareMetric):
    """Base of metrics of the predicted classes. A sample with NaN among its outputs is wrong."""

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """The class beside the predicted one, (samples, 2).

        Args:
            outputs: (samples, classes), larger for likelier classes.
            labels: (samples,), indices of the right classes.

        Raises:
            ModelError: the shapes or labels do not fit the outputs.
        """
        columns = [labels, predicted_classes(outputs, labels)]
        return np.stack(columns, axis=1).astype(np.float64)

    def total(self, evidence: Evidence) -> float:
        """The score of the samples together."""
        labels, predicted = evidence.astype(np.int64).T
        classes = int(max(labels.max(), predicted.max())) + 1
        return self._of(ClassCounts.of(labels, predicted, classes))

    @abstractmethod
    def _of(self, counts: ClassCounts) -> float:
        """The score."""


@dataclass(frozen=True, slots=True)
class MeanPrecision(_ByClass):
    """Mean precision of the classes that have samples; 0 for one that is never predicted."""

    @property
    def name(self) -> str:
        """``precision``."""
        return "precision"

    def _of(self, counts: ClassCounts) -> float:
        return counts.mean(counts.precision)


@dataclass(frozen=True, slots=True)
class MeanSensitivity(_ByClass):
    """Mean sensitivity (recall) of the classes that have samples: balanced accuracy."""

    @property
    def name(self) -> str:
        """``sensitivity``."""
        return "sensitivity"

    def _of(self, counts: ClassCounts) -> float:
        return counts.mean(counts.sensitivity)


@dataclass(frozen=True, slots=True)
class GMean(_ByClass):
    """Geometric mean of the classes' sensitivities: 0 if one class is always missed."""

    @property
    def name(self) -> str:
        """``gmean``."""
        return "gmean"

    def _of(self, counts: ClassCounts) -> float:
        return counts.g_mean


@dataclass(frozen=True, slots=True)
class F1(_ByClass):
    """Mean F1 of the classes that have samples (macro average)."""

    @property
    def name(self) -> str:
        """``f1``."""
        return "f1"

    def _of(self, counts: ClassCounts) -> float:
        return counts.mean(counts.f1)


@dataclass(frozen=True, slots=True)
class RocAuc(ShareMetric):
    """Mean over the classes of the area under the curve of one class against the rest.

    As :func:`sklearn.metrics.roc_auc_score` with ``multi_class="ovr"``; its scores are
    probabilities, so outputs go through softmax unless every sample's are probabilities. A class
    counts if samples are of it and others are not. A sample with NaN among its outputs ranks
    worst in every class.
    """

    @property
    def name(self) -> str:
        """``roc_auc``."""
        return "roc_auc"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """The outputs and the right class behind them, (samples, classes + 1).

        Args:
            outputs: (samples, classes), probabilities or logits.
            labels: (samples,), indices of the right classes.

        Raises:
            ModelError: the shapes or labels do not fit the outputs.
        """
        check_labels(outputs, labels)
        return np.concatenate([outputs, labels[:, np.newaxis]], axis=1, dtype=np.float64)

    def total(self, evidence: Evidence) -> float:
        """The mean area.

        Raises:
            ModelError: all samples are of one class.
        """
        labels = evidence[:, -1].astype(np.int64)
        scores = evidence[:, :-1]
        lost = np.isnan(scores).any(axis=1)
        if not _are_probabilities(scores[~lost]):
            scores = _softmax(scores)
        areas = []
        for each in np.unique(labels):
            own = labels == each
            worst = np.where(own, -np.inf, np.inf)
            areas.append(area_under_curve(np.where(lost, worst, scores[:, each]), own))
        return float(np.mean(areas))


def _are_probabilities(scores: Evidence) -> bool:
    if not (scores >= 0).all():
        return False
    return bool((np.abs(scores.sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def _softmax(scores: Evidence) -> Evidence:
    highest = scores.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # infinity minus infinity, which is not used
        powers = np.exp(np.where(scores == highest, 0.0, scores - highest))
    shares: Evidence = powers / powers.sum(axis=1, keepdims=True)
    return shares
