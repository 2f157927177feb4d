"""Random frames."""

from __future__ import annotations

import numpy as np

from kenning_lego.runtimes.base import Arrays
from kenning_lego.servers.pipeline import randomise


class NoiseSource:
    """Frames as normalised inputs are (see :func:`.pipeline.randomise`), for ever.

    Args:
        seed: of the first frame; the same seed gives the same frames.
    """

    def __init__(self, seed: int) -> None:
        self._seeds = np.random.default_rng(seed)

    def fill(self, inputs: Arrays) -> bool:
        """A new frame."""
        randomise(inputs, int(self._seeds.integers(2**62)))
        return True

    def close(self) -> None:
        """Nothing to do."""
