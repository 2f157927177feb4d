"""What flows in and out of a model: names, shapes and element types, without numpy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from reprlib import repr as brief  # sizes may come from the wire

from kenning_lego.core.errors import ProtocolError

ITEM_BYTES = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}
"""Element types that may cross the wire, with their sizes in bytes."""

MAX_RANK = 16
"""Higher ranks are refused."""


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How integers stand for real numbers: ``real = scale * (integer - zero_point)``.

    Args:
        scale: positive and finite.
        zero_point: the integer that stands for 0.

    Raises:
        ProtocolError: the scale is not positive and finite.
    """

    scale: float
    zero_point: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ProtocolError(f"a quantisation has the scale {self.scale!r}")

    def __str__(self) -> str:
        return f"{self.scale:.6g} * (q - {self.zero_point})"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor's name, shape and element type.

    Args:
        name: the tensor's name in its model; it also wires the segments of a chain.
        shape: sizes; only the first may be a name (a symbolic batch dimension).
        dtype: a key of :data:`ITEM_BYTES`.
        quantisation: what the integers of a quantised tensor mean.

    Raises:
        ProtocolError: the dtype is unknown, the rank too high, or a size not positive.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"
    quantisation: Quantisation | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ITEM_BYTES:
            raise ProtocolError(
                f"tensor {self.name!r} has element type {self.dtype!r}",
                f"use one of {', '.join(ITEM_BYTES)}",
            )
        if len(self.shape) > MAX_RANK:
            raise ProtocolError(f"tensor {self.name!r} has rank {len(self.shape)} > {MAX_RANK}")
        for axis, size in enumerate(self.shape):
            symbolic = isinstance(size, str) and axis == 0
            if not symbolic and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
                raise ProtocolError(f"tensor {self.name!r} has size {brief(size)} on axis {axis}")

    def with_batch(self, batch: int) -> TensorSpec:
        """The same tensor with its symbolic batch dimension, if any, bound to `batch`."""
        if self.shape and isinstance(self.shape[0], str):
            return replace(self, shape=(batch, *self.shape[1:]))
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape as integers.

        Raises:
            ProtocolError: the batch dimension is still symbolic.
        """
        sizes = tuple(size for size in self.shape if isinstance(size, int))
        if len(sizes) != len(self.shape):
            raise ProtocolError(f"the batch dimension of tensor {self.name!r} is not bound")
        return sizes

    @property
    def nbytes(self) -> int:
        """Bytes of one such tensor; the batch dimension must be bound."""
        return math.prod(self.sizes) * ITEM_BYTES[self.dtype]

    def __str__(self) -> str:
        meaning = f" = {self.quantisation}" if self.quantisation else ""
        return f"{self.name}: {self.dtype}[{', '.join(map(str, self.shape))}]{meaning}"


@dataclass(frozen=True, slots=True)
class IOSpec:
    """A model's inputs and outputs in order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def with_batch(self, batch: int) -> IOSpec:
        """The same specification with every symbolic batch dimension bound."""
        return IOSpec(
            tuple(spec.with_batch(batch) for spec in self.inputs),
            tuple(spec.with_batch(batch) for spec in self.outputs),
        )

    def check_inputs(self, frames: Sequence[bytes | bytearray | memoryview]) -> None:
        """Refuse raw tensors that are not what the model takes; its batch must be bound.

        Raises:
            ProtocolError: the number of tensors or a tensor's size in bytes is wrong.
        """
        if len(frames) != len(self.inputs):
            raise ProtocolError(f"{len(frames)} input tensors where {len(self.inputs)} are taken")
        for tensor, frame in zip(self.inputs, frames, strict=True):
            if memoryview(frame).nbytes != tensor.nbytes:
                raise ProtocolError(
                    f"{memoryview(frame).nbytes} bytes for the tensor {tensor} "
                    f"of {tensor.nbytes} bytes",
                    "send C-order bytes of exactly that shape and element type",
                )

    def __iter__(self) -> Iterator[TensorSpec]:
        yield from self.inputs
        yield from self.outputs

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.inputs))}) -> ({', '.join(map(str, self.outputs))})"
