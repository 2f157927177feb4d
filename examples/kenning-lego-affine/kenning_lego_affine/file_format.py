"""The files of the format ``affine``: a dense network as a list of layers.

All numbers are little-endian. A file is::

    8 bytes   "AFFINE1" and a line feed
    tensor    the input
    tensor    the output
    uint32    number of layers, at most 1024
    layer     each of them

A tensor is its name (uint16 length, UTF-8), its rank (uint32, at most 8) and its sizes (uint32
each); its elements are float32. A layer is a uint32 that says what it is: 0 for y = W x + b,
followed by rows and columns (uint32 each), W in row-major order and b (float32); 1 for
y = max(x, 0), which has nothing more. The layers see the input as one row of numbers, and the last
one's become the output.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import IOSpec, TensorSpec

MAGIC = b"AFFINE1\n"
MAX_RANK = 8
MAX_LAYERS = 1024
_AFFINE, _RELU = 0, 1
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """y = W x + b.

    Args:
        weights: float32, (rows, columns).
        bias: float32, (rows,).
    """

    weights: Matrix
    bias: Matrix


@dataclass(frozen=True, slots=True)
class Relu:
    """y = max(x, 0)."""


Layer = Affine | Relu


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """What a file holds.

    Args:
        source: the input.
        result: the output.
        layers: in the order in which they run.

    Raises:
        ModelError: a layer does not take as many numbers as come.
    """

    source: TensorSpec
    result: TensorSpec
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        width = math.prod(self.source.sizes)
        for layer in self.layers:
            if isinstance(layer, Affine):
                if layer.weights.shape != (len(layer.bias), width):
                    raise ModelError(
                        f"a layer of {layer.weights.shape} weights where {width} numbers come"
                    )
                width = len(layer.bias)
        if width != math.prod(self.result.sizes):
            raise ModelError(f"{width} numbers come out, and {self.result} takes another number")

    @property
    def spec(self) -> IOSpec:
        """Its input and output."""
        return IOSpec((self.source,), (self.result,))


def pack(network: Network) -> bytes:
    """A network as a file."""
    parts = [MAGIC, _pack_tensor(network.source), _pack_tensor(network.result)]
    parts.append(struct.pack("<I", len(network.layers)))
    for layer in network.layers:
        if isinstance(layer, Affine):
            parts.append(struct.pack("<III", _AFFINE, *layer.weights.shape))
            parts += [np.ascontiguousarray(a, "<f4").tobytes() for a in (layer.weights, layer.bias)]
        else:
            parts.append(struct.pack("<I", _RELU))
    return b"".join(parts)


def unpack(content: bytes) -> Network:
    """The network in a file.

    Raises:
        ModelError: it is no such file, or damaged.
    """
    if not content.startswith(MAGIC):
        raise ModelError("cannot load the artifact: it is no affine network", "compile it again")
    reader = _Reader(content, len(MAGIC))
    source, result = reader.tensor(), reader.tensor()
    count = reader.number()
    if count > MAX_LAYERS:
        raise _damaged(f"{count} layers")
    network = Network(source, result, tuple(reader.layer() for _ in range(count)))
    reader.end()
    return network


class _Reader:
    """Reads a file from front to back, never beyond its end."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content = content
        self._at = at

    def bytes(self, count: int) -> bytes:
        piece = self._content[self._at : self._at + count]
        if len(piece) != count:
            raise _damaged("it ends too early")
        self._at += count
        return piece

    def number(self, form: str = "<I") -> int:
        (value,) = struct.unpack(form, self.bytes(struct.calcsize(form)))
        return int(value)

    def floats(self, *shape: int) -> Matrix:
        content = self.bytes(4 * math.prod(shape))
        return np.frombuffer(content, "<f4").astype(np.float32).reshape(shape)

    def tensor(self) -> TensorSpec:
        try:
            name = self.bytes(self.number("<H")).decode()
        except UnicodeDecodeError as error:
            raise _damaged("a name that is no text") from error
        rank = self.number()
        if rank > MAX_RANK:
            raise _damaged(f"a tensor of rank {rank}")
        sizes = tuple(self.number() for _ in range(rank))
        if 0 in sizes:
            raise _damaged("a tensor without elements")
        return TensorSpec(name, sizes)

    def layer(self) -> Layer:
        kind = self.number()
        if kind == _RELU:
            return Relu()
        if kind != _AFFINE:
            raise _damaged(f"a layer of the unknown kind {kind}")
        rows, columns = self.number(), self.number()
        return Affine(self.floats(rows, columns), self.floats(rows))

    def end(self) -> None:
        if self._at != len(self._content):
            raise _damaged("something follows its last layer")


def _damaged(what: str) -> ModelError:
    return ModelError(f"cannot load the artifact: {what}", "compile it again")


def _pack_tensor(spec: TensorSpec) -> bytes:
    name = spec.name.encode()
    sizes: Any = spec.sizes
    return struct.pack(f"<H{len(name)}sI{len(sizes)}I", len(name), name, len(sizes), *sizes)
