"""Random frames."""

from __future__ import annotations

from kenning_lego.runtimes.base import Arrays
from kenning_lego.servers.pipeline import randomise


class NoiseSource:
    """Frames as normalised inputs are (see :func:`.pipeline.randomise`), for ever.

    Args:
        seed: of the first frame; the same seed gives the same frames.
        frames_before: frames that are left out.
    """

    def __init__(self, seed: int, frames_before: int = 0) -> None:
        self._seed = seed + frames_before

    def fill(self, inputs: Arrays) -> bool:
        """A new frame."""
        randomise(inputs, self._seed)
        self._seed += 1
        return True

    def close(self) -> None:
        """Nothing to do."""
