"""What a quality metric is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ModelError

Outputs = NDArray[np.floating]
Labels = NDArray[Any]
Evidence = NDArray[np.floating]


class Metric(ABC):
    """Scores a network's outputs on labelled samples, in two steps.

    :meth:`evidence` keeps the few numbers of each sample that count, so that outputs as large as
    segmentation maps need not be kept; :meth:`total` makes one score of all samples' evidence.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Short name, such as ``top1``."""

    @property
    @abstractmethod
    def higher_is_better(self) -> bool:
        """Whether a higher score is a better one."""

    @property
    @abstractmethod
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest score that there can be."""

    @abstractmethod
    def evidence(self, outputs: Outputs, labels: Labels) -> Evidence:
        """What the score needs of these samples.

        Args:
            outputs: of the network, samples first.
            labels: what they should have been, samples first.

        Returns:
            Samples first; the same sizes behind that for any samples.

        Raises:
            ModelError: the outputs do not fit the labels.
        """

    @abstractmethod
    def total(self, evidence: Evidence) -> float:
        """The score of one sample or more, their evidence put together along the first axis.

        Raises:
            ModelError: nothing in it can be scored.
        """

    def score(self, outputs: Outputs, labels: Labels) -> float:
        """Score the outputs of all samples, given their labels.

        Raises:
            ModelError: the outputs do not fit the labels, or there is nothing to score.
        """
        if not len(labels):
            raise ModelError("there are no samples to score", "give at least one")
        return self.total(self.evidence(outputs, labels))


class ShareMetric(Metric):
    """Base of metrics that are shares of one, of which more is better."""

    @property
    def higher_is_better(self) -> bool:
        """A larger share is better."""
        return True

    @property
    def limits(self) -> tuple[float, float]:
        """A share is between 0 and 1."""
        return (0.0, 1.0)


def mismatch(outputs: Outputs, labels: Labels, expected: str) -> ModelError:
    """The error for outputs whose shape does not fit that of the labels."""
    return ModelError(
        f"outputs of shape {outputs.shape} for labels of shape {labels.shape}", expected
    )
