"""Metrics of object detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric, mismatch

_CLASS, _SCORE, _OUTCOMES = 0, 1, 2
"""Columns of the evidence; the outcomes, one for each threshold, come last."""
_PADDING = -1.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanAveragePrecision(ShareMetric):
    """Mean over classes and thresholds of the area under precision over recall (mAP).

    Within a sample and class, detections take the free object of largest intersection over union
    in the order of their scores. One that only meets a difficult object does not count. With
    ``points`` of 0 the area is exact, as in PASCAL VOC since 2010 (Everingham et al., 2015);
    otherwise it is the mean over so many recalls, as in COCO with 101 (Lin et al., "Microsoft
    COCO: Common Objects in Context", 2014) or VOC 2007 with 11.

    Args:
        thresholds: of the intersection over union, from which on an object is found.
        points: recalls at which precision is read; 0 for all.

    Raises:
        ConfigurationError: a threshold is not within (0, 1], or `points` is 1 or negative.
    """

    thresholds: tuple[float, ...] = (0.5,)
    points: int = 0

    def __post_init__(self) -> None:
        if not self.thresholds or not all(0 < each <= 1 for each in self.thresholds):
            raise ConfigurationError(f"thresholds {self.thresholds}", "give shares within (0, 1]")
        if self.points < 0 or self.points == 1:
            raise ConfigurationError(f"{self.points} points of recall", "give 0, or 2 or more")

    @property
    def name(self) -> str:
        """``map50`` for a single threshold of 0.5, and so on; ``map`` for several."""
        if len(self.thresholds) > 1:
            return "map"
        return f"map{self.thresholds[0] * 100:g}"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """A row for each detection and object, (samples, detections + objects, 2 + thresholds).

        A row has the class, the score (NaN for objects), and for each threshold 1 where a
        detection found an object, 0 where it did not, NaN where it does not count; for objects
        that count it has 1.

        Args:
            outputs: (samples, detections, 6): left, top, right, bottom, score, class.
            labels: (samples, objects, 5 or 6): left, top, right, bottom, class, and 1 for
                difficult ones. In both, rows of negative class are padding, as are scores of NaN.

        Raises:
            ModelError: the shapes do not fit.
        """
        fits = outputs.ndim == 3 and labels.ndim == 3 and len(outputs) == len(labels)
        if not fits or outputs.shape[2] != 6 or labels.shape[2] not in (5, 6):
            raise mismatch(outputs, labels, "give (samples, detections, 6) and (…, objects, 5)")
        rows = outputs.shape[1] + labels.shape[1]
        evidence = np.full((len(outputs), rows, _OUTCOMES + len(self.thresholds)), _PADDING)
        for place, (found, truth) in enumerate(zip(outputs, labels, strict=True)):
            own = self._rows(found.astype(np.float64), truth.astype(np.float64))
            evidence[place, : len(own)] = own
        return evidence

    def total(self, evidence: Evidence) -> float:
        """The mean over the classes that have objects."""
        rows = evidence.reshape(-1, evidence.shape[-1])
        objects = np.isnan(rows[:, _SCORE]) & (rows[:, _OUTCOMES] == 1)
        classes = np.unique(rows[objects, _CLASS])
        if not len(classes):
            raise ModelError("there are no objects to score", "give at least one")
        areas = []
        for each in classes:
            own = rows[:, _CLASS] == each
            detections = rows[own & ~np.isnan(rows[:, _SCORE])]
            ranked = detections[np.argsort(-detections[:, _SCORE], kind="stable")]
            count = int((own & objects).sum())
            areas += [
                self._area(ranked[:, column], count) for column in range(_OUTCOMES, rows.shape[1])
            ]
        return float(np.mean(areas))

    def _rows(self, found: Floats, truth: Floats) -> Floats:
        found = found[(found[:, 5] >= 0) & ~np.isnan(found[:, 4])]
        found = found[np.argsort(-found[:, 4], kind="stable")]
        truth = truth[truth[:, 4] >= 0]
        difficult = truth[:, 5] > 0 if truth.shape[1] == 6 else np.zeros(len(truth), bool)
        overlaps = np.where(
            found[:, 5, np.newaxis] == truth[:, 4], intersection_over_union(found, truth), 0.0
        )
        outcomes = [_match(overlaps, difficult, each) for each in self.thresholds]
        objects = truth[~difficult]
        return np.concatenate(
            [
                np.column_stack([found[:, 5], found[:, 4], *outcomes]),
                np.column_stack(
                    [
                        objects[:, 4],
                        np.full(len(objects), np.nan),
                        np.ones((len(objects), len(self.thresholds))),
                    ]
                ),
            ]
        )

    def _area(self, outcomes: Floats, objects: int) -> float:
        counted = outcomes[~np.isnan(outcomes)]
        hits = np.cumsum(counted)
        recall = hits / objects
        precision = hits / np.arange(1, len(hits) + 1)
        # The best precision at that recall or a higher one.
        best = np.maximum.accumulate(precision[::-1])[::-1]
        if not self.points:
            return float(np.sum(np.diff(recall, prepend=0.0) * best))
        wanted = np.linspace(0, 1, self.points)
        places = np.searchsorted(recall, wanted - 1e-12)
        return float(np.append(best, 0.0)[places].mean())


def intersection_over_union(first: Floats, second: Floats) -> Floats:
    """Of every pair of boxes.

    Args:
        first: (n, 4 or more): left, top, right, bottom.
        second: (m, 4 or more).

    Returns:
        (n, m); 0 for boxes without area.
    """
    corner = np.maximum(first[:, np.newaxis, :2], second[:, :2])
    sides = np.minimum(first[:, np.newaxis, 2:4], second[:, 2:4]) - corner
    shared = np.prod(np.maximum(sides, 0), axis=2)
    areas = [np.prod(np.maximum(b[:, 2:4] - b[:, :2], 0), axis=1) for b in (first, second)]
    either = areas[0][:, np.newaxis] + areas[1] - shared
    ratios: Floats = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return ratios


def _match(overlaps: Floats, difficult: NDArray[np.bool_], threshold: float) -> Floats:
    """1, 0 or NaN for each detection, best score first."""
    free = ~difficult
    outcomes = np.zeros(len(overlaps))
    for place, own in enumerate(overlaps):
        near = own >= threshold
        if (near & free).any():
            free[np.argmax(np.where(near & free, own, -1.0))] = False
            outcomes[place] = 1.0
        elif (near & difficult).any():
            outcomes[place] = np.nan
    return outcomes
