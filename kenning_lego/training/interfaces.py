"""What training asks of data and metrics; the rooms that hold those are not imported."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Samples(Protocol):
    """Labelled images, such as :class:`kenning_lego.datasets.base.Part`."""

    @property
    def images(self) -> NDArray[np.float32]:
        """float32, (samples, channels, height, width)."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """int64, (samples,)."""
        ...


class TrainingData(Protocol):
    """Data to fit on and to choose by, such as :class:`kenning_lego.datasets.base.Dataset`."""

    @property
    def train(self) -> Samples:
        """To fit weights on."""
        ...

    @property
    def validation(self) -> Samples:
        """To choose the epoch by."""
        ...


class Score(Protocol):
    """Scores outputs, such as :class:`kenning_lego.metrics.base.Metric`."""

    def score(self, outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """Score the outputs of all samples, given their labels."""
        ...


class Goal(Score, Protocol):
    """What a training strives for: a score, and which of two is the better."""

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is a better one."""
        ...


class NamedGoal(Goal, Protocol):
    """A goal with a name, such as :class:`kenning_lego.metrics.base.Metric`."""

    @property
    def name(self) -> str:
        """Short name, such as ``top1``."""
        ...
