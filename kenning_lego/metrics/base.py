"""What a quality metric is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Metric(Protocol):
    """Scores a network's outputs on labelled samples."""

    @property
    def name(self) -> str:
        """Short name, such as ``top1``."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is a better one."""
        ...

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest score that there can be."""
        ...

    def score(self, outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        """Score the outputs of all samples, given their labels.

        Raises:
            ModelError: the outputs do not fit the labels.
        """
        ...
