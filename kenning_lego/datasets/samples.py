"""What a part of a dataset offers, whether its images are in memory or decoded on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Indices = NDArray[np.int64]
Batch = tuple[Images, Labels]
"""Images, float32 (samples, channels, height, width), and labels, int64 (samples,)."""


class Samples(Protocol):
    """Labelled images: :class:`.base.Part` in memory, :class:`.lazy.LazyPart` on demand."""

    @property
    def labels(self) -> Labels:
        """int64, (samples,), indices into the dataset's classes."""
        ...

    @property
    def images(self) -> Images:
        """All images at once, float32, (samples, channels, height, width), normalised.

        Those that are decoded on demand go to a temporary file first; :meth:`batches` does not
        need that, and :meth:`take` leaves only what is wanted.
        """
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        ...

    def __len__(self) -> int:
        """How many samples there are."""
        ...

    def take(self, indices: Indices | Sequence[int]) -> Samples:
        """The samples at these indices, in that order."""
        ...

    def batches(self, size: int) -> Iterator[Batch]:
        """All samples in order, so many at a time; the last batch may be smaller."""
        ...
