"""Artifacts that carry a frame's number through and tell which variants ran it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from benchmarks.artifacts import Artifact

BLOCKS = 4
VARIANTS = 5


class NumberedNetwork:
    """Blocks that take and give ``[number, digits]``; each variant appends its own digit.

    Args:
        directory: for the artifacts.
    """

    def __init__(self, directory: Path) -> None:
        self._blocks = [
            [_block(directory, f"t{block}", f"t{block + 1}", digit) for digit in range(VARIANTS)]
            for block in range(BLOCKS)
        ]
        self.artifacts = [artifact for block in self._blocks for artifact in block]
        self.bytes = sum(block[0].path.stat().st_size for block in self._blocks)
        """Of one configuration: all variants of a block are equally large."""

    def stages(self, digits: Sequence[int]) -> list[str]:
        """The configuration that appends these digits."""
        return [block[digit].digest for block, digit in zip(self._blocks, digits, strict=True)]

    def digits(self, stages: Sequence[str]) -> tuple[int, ...]:
        """The digits that a configuration appends."""
        return tuple(
            [artifact.digest for artifact in block].index(digest)
            for block, digest in zip(self._blocks, stages, strict=True)
        )


def frame(number: int) -> bytes:
    """The input of a frame."""
    return np.array([number, 0], np.int64).tobytes()


def told(output: bytes) -> tuple[int, tuple[int, ...]]:
    """A frame's number and the digits of the variants that ran it."""
    number, digits = np.frombuffer(output, np.int64).tolist()
    return number, tuple(int(digit) for digit in f"{digits:0{BLOCKS}}")


def _block(directory: Path, source: str, result: str, digit: int) -> Artifact:
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [source, "shift"], ["shifted"]),
            helper.make_node("Add", ["shifted", "digit"], [result]),
        ],
        "block",
        [helper.make_tensor_value_info(source, TensorProto.INT64, [2])],
        [helper.make_tensor_value_info(result, TensorProto.INT64, [2])],
        [
            numpy_helper.from_array(np.array([1, 10], np.int64), "shift"),
            numpy_helper.from_array(np.array([0, digit], np.int64), "digit"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    content = model.SerializeToString(deterministic=True)
    digest = hashlib.sha256(content).hexdigest()
    path = directory / f"{digest}.onnx"
    path.write_bytes(content)
    return Artifact(path, digest)
