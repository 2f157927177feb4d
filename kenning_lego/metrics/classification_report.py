"""Everything that is said of a classifier's outputs, in one record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kenning_lego.core.errors import ModelError
from kenning_lego.core.records import ClassificationRecord
from kenning_lego.metrics.base import Labels, Outputs
from kenning_lego.metrics.by_class import RocAuc
from kenning_lego.metrics.class_counts import NO_CLASS, ClassCounts, Counts, predicted_classes
from kenning_lego.metrics.classification import TOP1, TopK

_TOP = 5


def classification_report(
    outputs: Outputs, labels: Labels, classes: Sequence[str]
) -> ClassificationRecord:
    """Compare a classifier's outputs with the right classes.

    A sample with NaN among its outputs is wrong, and in no cell of the confusion matrix.

    Args:
        outputs: (samples, classes), probabilities or logits.
        labels: int, (samples,), indices of the right classes.
        classes: their names, in the order of the outputs.

    Raises:
        ModelError: there are no samples, or outputs, labels and classes do not fit together.
    """
    if not len(labels):
        raise ModelError("there are no samples to score", "give at least one")
    predicted = predicted_classes(outputs, labels)
    if outputs.shape[1] != len(classes):
        raise ModelError(
            f"{outputs.shape[1]} outputs for {len(classes)} classes",
            "the network must have one output for every class of the dataset",
        )
    counts = ClassCounts.of(labels, predicted, len(classes))
    several = np.count_nonzero(counts.samples) > 1
    return ClassificationRecord(
        classes=tuple(classes),
        samples=tuple(counts.samples.tolist()),
        confusion=_cells(labels, predicted, len(classes)),
        accuracy=TOP1.score(outputs, labels),
        top5=TopK(_TOP).score(outputs, labels) if len(classes) > _TOP else None,
        precision=_known(counts.precision, counts.predicted),
        sensitivity=_known(counts.sensitivity, counts.samples),
        mean_precision=counts.mean(counts.precision),
        mean_sensitivity=counts.mean(counts.sensitivity),
        g_mean=counts.g_mean,
        f1=counts.mean(counts.f1),
        roc_auc=RocAuc().score(outputs, labels) if several else None,
    )


def _cells(labels: Labels, predicted: Counts, classes: int) -> tuple[tuple[int, int, int], ...]:
    answered = predicted != NO_CLASS
    places, counts = np.unique(
        labels[answered].astype(np.int64) * classes + predicted[answered], return_counts=True
    )
    return tuple(
        (int(place) // classes, int(place) % classes, int(count))
        for place, count in zip(places, counts, strict=True)
    )


def _known(shares: Sequence[float] | np.ndarray, of: Counts) -> tuple[float | None, ...]:
    return tuple(float(share) if count else None for share, count in zip(shares, of, strict=True))
