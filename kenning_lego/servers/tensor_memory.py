"""The pipeline's inputs and outputs in memory that server and worker share.

The server writes DATA and reads OUTPUT there, so that only a few bytes cross the channel for
PROCESS. The memory is an anonymous file that the worker makes once it knows the pipeline's
tensors; both sides derive the same layout from its specification.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Sequence

from kenning_lego.core.specs import IOSpec

ALIGNMENT = 64
"""Tensors start at multiples of a cache line, as engines like them."""


def layout(spec: IOSpec) -> tuple[list[int], int]:
    """The offset of every tensor, inputs before outputs, and the size of the whole in bytes."""
    offsets = []
    end = 0
    for tensor in spec:
        offsets.append(end)
        end += -(-tensor.nbytes // ALIGNMENT) * ALIGNMENT
    return offsets, max(end, ALIGNMENT)


def create(spec: IOSpec) -> int:
    """A descriptor of fresh shared memory for a pipeline's tensors; the caller closes it."""
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    descriptor = os.memfd_create("kenning-lego-tensors", flags)
    os.ftruncate(descriptor, layout(spec)[1])
    return descriptor


class TensorMemory:
    """The server's view of a pipeline's inputs and outputs.

    Args:
        descriptor: of the shared memory; it may be closed afterwards.
        spec: the pipeline's tensors with the batch dimension bound.
    """

    def __init__(self, descriptor: int, spec: IOSpec) -> None:
        offsets, size = layout(spec)
        # A worker that shrank the memory later would kill the server with SIGBUS.
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self._map = mmap.mmap(descriptor, size)
        places = [(o, o + t.nbytes) for o, t in zip(offsets, spec, strict=True)]
        self._inputs = places[: len(spec.inputs)]
        self._outputs = places[len(spec.inputs) :]

    def write_inputs(self, frames: Sequence[bytes | bytearray | memoryview]) -> None:
        """Copy the inputs in; their number and sizes have been checked."""
        for (begin, end), frame in zip(self._inputs, frames, strict=True):
            self._map[begin:end] = bytes(frame)

    def read_outputs(self) -> tuple[bytes, ...]:
        """Copies of the outputs: the next run overwrites the memory."""
        return tuple(self._map[begin:end] for begin, end in self._outputs)

    def close(self) -> None:
        """Give the memory back."""
        self._map.close()
