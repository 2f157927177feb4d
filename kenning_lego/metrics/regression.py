"""Metrics of regression; lower is better."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kenning_lego.metrics.base import Evidence, Labels, Metric, Outputs, mismatch


class _ErrorMetric(Metric):
    @property
    def higher_is_better(self) -> bool:
        """A smaller error is better."""
        return False

    @property
    def limits(self) -> tuple[float, float]:
        """An error is never negative."""
        return (0.0, math.inf)


@dataclass(frozen=True, slots=True)
class MeanAbsoluteError(_ErrorMetric):
    """Mean of the absolute differences over all elements."""

    @property
    def name(self) -> str:
        """``mae``."""
        return "mae"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """Each sample's mean absolute error.

        Args:
            outputs: (samples, ...).
            labels: of the same shape.

        Raises:
            ModelError: the shapes differ.
        """
        errors: Evidence = np.abs(_differences(outputs, labels)).mean(axis=1)
        return errors

    def total(self, evidence: Evidence) -> float:
        """The mean."""
        return float(np.mean(evidence))


@dataclass(frozen=True, slots=True)
class RootMeanSquareError(_ErrorMetric):
    """Square root of the mean squared difference over all elements."""

    @property
    def name(self) -> str:
        """``rmse``."""
        return "rmse"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """Each sample's mean squared error.

        Args:
            outputs: (samples, ...).
            labels: of the same shape.

        Raises:
            ModelError: the shapes differ.
        """
        errors: Evidence = np.square(_differences(outputs, labels)).mean(axis=1)
        return errors

    def total(self, evidence: Evidence) -> float:
        """The root of the mean."""
        return math.sqrt(float(np.mean(evidence)))


def _differences(outputs: Outputs, labels: Labels) -> Evidence:
    if outputs.shape != labels.shape or not outputs.ndim:
        raise mismatch(outputs, labels, "give the values that the network is to return")
    return (outputs.astype(np.float64) - labels).reshape(len(outputs), -1)
