"""What is right and wrong by class: where precision, sensitivity and the like come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ModelError
from kenning_lego.metrics.base import Labels, Outputs, mismatch

NO_CLASS = -1
"""The predicted class of a sample with NaN among its outputs."""

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClassCounts:
    """Samples by class; a class is scored if it has samples.

    Args:
        samples: that are of the class, int64, (classes,).
        predicted: that were taken to be of the class, int64, (classes,).
        right: that are both, int64, (classes,).
    """

    samples: Counts
    predicted: Counts
    right: Counts

    @classmethod
    def of(cls, labels: Labels, predicted: Counts, classes: int) -> ClassCounts:
        """Count samples from their classes and the predicted ones, both (samples,)."""
        return cls(
            np.bincount(labels, minlength=classes),
            np.bincount(predicted[predicted != NO_CLASS], minlength=classes),
            np.bincount(labels[predicted == labels], minlength=classes),
        )

    @property
    def precision(self) -> Shares:
        """Share of what was taken for a class that is of it; 0 where nothing was."""
        return _ratio(self.right, self.predicted)

    @property
    def sensitivity(self) -> Shares:
        """Share of a class that was taken for it (recall); 0 where it has no samples."""
        return _ratio(self.right, self.samples)

    @property
    def f1(self) -> Shares:
        """Harmonic mean of precision and sensitivity (van Rijsbergen, 1979), by class."""
        return _ratio(2 * self.right, self.samples + self.predicted)

    def mean(self, shares: Shares) -> float:
        """The mean over the classes that have samples."""
        return float(np.mean(shares[self.samples > 0]))

    @property
    def g_mean(self) -> float:
        """Geometric mean of the sensitivities of classes that have samples.

        From Kubat and Matwin, "Addressing the Curse of Imbalanced Training Sets", 1997.
        """
        shares = self.sensitivity[self.samples > 0]
        if not shares.all():
            return 0.0
        return float(np.exp(np.mean(np.log(shares))))


def predicted_classes(outputs: Outputs, labels: Labels) -> Counts:
    """The class with the largest output, the first of equals; NO_CLASS where one is NaN.

    Args:
        outputs: (samples, classes).
        labels: (samples,), indices of the right classes.

    Returns:
        int64, (samples,).

    Raises:
        ModelError: the shapes or labels do not fit the outputs.
    """
    check_labels(outputs, labels)
    predicted: Counts = outputs.argmax(axis=1).astype(np.int64)
    predicted[np.isnan(outputs).any(axis=1)] = NO_CLASS
    return predicted


def check_labels(outputs: Outputs, labels: Labels) -> None:
    """Refuse outputs that are no classifier's for these labels.

    Raises:
        ModelError: the shapes or labels do not fit the outputs.
    """
    if outputs.ndim != 2 or labels.shape != outputs.shape[:1]:
        raise mismatch(outputs, labels, "a classifier gives (samples, classes)")
    classes = outputs.shape[1]
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise ModelError(
            f"labels from {labels.min()} to {labels.max()} for {classes} outputs",
            "the network must have an output for every class of the dataset",
        )


def _ratio(part: Counts, whole: Counts) -> Shares:
    shares: Shares = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return shares
