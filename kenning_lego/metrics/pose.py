"""Metrics of pose estimation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.metrics.base import Evidence, Labels, Outputs, ShareMetric, mismatch


@dataclass(frozen=True, slots=True)
class CorrectKeypoints(ShareMetric):
    """Share of the visible keypoints that are found near enough (PCK).

    Near enough is within `share` of a length of the same sample: the distance between two of its
    keypoints, such as the torso's ends (Yang and Ramanan, "Articulated Human Detection with
    Flexible Mixtures of Parts", 2013) or, with 0.5, the head's (PCKh: Andriluka et al., "2D Human
    Pose Estimation: New Benchmark and State of the Art Analysis", 2014). Samples in which either
    is not visible do not count.

    Args:
        share: of that length.
        ends: indices of the two keypoints.

    Raises:
        ConfigurationError: the share is not positive, or the ends are not two keypoints.
    """

    share: float = 0.5
    ends: tuple[int, int] = (8, 9)

    def __post_init__(self) -> None:
        if not self.share > 0 or self.ends[0] == self.ends[1] or min(self.ends) < 0:
            raise ConfigurationError(
                f"keypoints within {self.share} of the distance between {self.ends}",
                "give a positive share and the indices of two keypoints",
            )

    @property
    def name(self) -> str:
        """``pck``."""
        return "pck"

    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """How many keypoints are found and how many count, (samples, 2).

        Args:
            outputs: (samples, keypoints, 2), x and y in pixels; or heat maps, (samples,
                keypoints, height, width), whose maxima are the keypoints.
            labels: (samples, keypoints, 3): x, y, and more than 0 where it is visible.

        Raises:
            ModelError: the shapes do not fit, or there are fewer keypoints than `ends` names.
        """
        found = _maxima(outputs) if outputs.ndim == 4 else outputs
        if labels.ndim != 3 or labels.shape[2] != 3 or found.shape != (*labels.shape[:2], 2):
            raise mismatch(outputs, labels, "give (samples, keypoints, 2) for labels of (…, 3)")
        if max(self.ends) >= labels.shape[1]:
            raise ModelError(
                f"keypoints {self.ends} of {labels.shape[1]}", "name two of them as `ends`"
            )
        where, visible = labels[..., :2].astype(np.float64), labels[..., 2] > 0
        first, second = self.ends
        length = np.linalg.norm(where[:, first] - where[:, second], axis=1)
        counts = visible & (visible[:, first] & visible[:, second])[:, np.newaxis]
        near = np.linalg.norm(found - where, axis=2) <= self.share * length[:, np.newaxis]
        return np.stack([(near & counts).sum(axis=1), counts.sum(axis=1)], axis=1).astype(float)

    def total(self, evidence: Evidence) -> float:
        """Found over counted."""
        hits, counted = evidence.sum(axis=0)
        if not counted:
            raise ModelError("there are no visible keypoints to score", "give at least one")
        return float(hits / counted)


def _maxima(maps: Outputs) -> NDArray[np.floating]:
    """(samples, keypoints, height, width) to x and y, (samples, keypoints, 2)."""
    places = maps.reshape(*maps.shape[:2], -1).argmax(axis=2)
    return np.stack([places % maps.shape[3], places // maps.shape[3]], axis=2).astype(np.float64)
