"""Frames from an artifact of raw tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.runtimes.base import Arrays
from kenning_lego.store.artifacts import ArtifactStore


class StoredSource:
    """The frames of an artifact in order, once or again and again.

    Args:
        store: that holds the artifact.
        digest: sha256 of the artifact: a frame's inputs, one behind the other, then the next's.
        inputs: of the pipeline, in order.
        frames_before: frames that were given before.
        repeat: begin again after the last frame.

    Raises:
        StoreError: the artifact is missing or damaged.
        ModelError: it does not hold a whole number of frames.
    """

    def __init__(
        self,
        store: ArtifactStore,
        digest: str,
        inputs: Sequence[TensorSpec],
        frames_before: int = 0,
        *,
        repeat: bool,
    ) -> None:
        content = store.read(digest)
        size = sum(tensor.nbytes for tensor in inputs)
        if not content or len(content) % size:
            raise ModelError(
                f"the artifact {digest[:12]} of {len(content)} bytes does not hold whole frames, "
                f"which take {size} bytes each",
                "put the raw inputs of each frame one behind the other, in C order",
            )
        self._frames = np.frombuffer(content, np.uint8).reshape(-1, size)
        self._inputs = tuple(inputs)
        self._repeat = repeat
        count = len(self._frames)
        self._next = frames_before % count if repeat else min(frames_before, count)

    def fill(self, inputs: Arrays) -> bool:
        """The next frame."""
        if self._next == len(self._frames):
            if not self._repeat:
                return False
            self._next = 0
        row = self._frames[self._next]
        begin = 0
        for tensor in self._inputs:
            values = row[begin : begin + tensor.nbytes].view(tensor.dtype)
            inputs[tensor.name][...] = values.reshape(tensor.sizes)
            begin += tensor.nbytes
        self._next += 1
        return True

    def close(self) -> None:
        """Nothing to do."""
