"""Metrics of semantic segmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ModelError
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric, mismatch


@dataclass(frozen=True, slots=True)
class MeanIoU(ShareMetric):
    """Mean over the classes of intersection over union, as in PASCAL VOC's segmentation task.

    Pixels of all samples are counted together. A class that is neither in the labels nor in the
    predictions does not count (Everingham et al., "The PASCAL Visual Object Classes Challenge: A
    Retrospective", 2015).

    Args:
        ignored: label of pixels that do not count, such as VOC's borders.
    """

    ignored: int = 255

    @property
    def name(self) -> str:
        """``miou``."""
        return "miou"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """Pixels in the intersection and in the union, (samples, 2, classes).

        Args:
            outputs: (samples, classes, ...), larger for likelier classes; with one channel two
                classes, the second where it is positive, as logits are.
            labels: (samples, ...), indices of classes.

        Raises:
            ModelError: the shapes or labels do not fit the outputs.
        """
        if outputs.ndim < 3 or labels.shape != (outputs.shape[0], *outputs.shape[2:]):
            raise mismatch(outputs, labels, "a segmenter gives (samples, classes, height, width)")
        classes = max(2, outputs.shape[1])
        predicted = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        counted = labels != self.ignored
        known = labels[counted]
        if known.size and not 0 <= known.min() <= known.max() < classes:
            raise ModelError(
                f"labels from {known.min()} to {known.max()} for {classes} classes",
                f"give indices of classes, or {self.ignored} where a pixel does not count",
            )
        return np.stack(
            [
                _areas(one[mask], truth[mask], classes)
                for one, truth, mask in zip(predicted, labels, counted, strict=True)
            ]
        )

    def total(self, evidence: Evidence) -> float:
        """The mean over the classes that occur."""
        intersection, union = evidence.sum(axis=0, dtype=np.float64)
        seen = union > 0
        if not seen.any():
            raise ModelError("there are no labelled pixels to score", "give at least one")
        return float(np.mean(intersection[seen] / union[seen]))


def _areas(predicted: NDArray[np.integer], truth: Labels, classes: int) -> Evidence:
    both = np.bincount(truth[predicted == truth], minlength=classes)
    either = np.bincount(truth, minlength=classes) + np.bincount(predicted, minlength=classes)
    return np.stack([both, either - both]).astype(np.float64)
