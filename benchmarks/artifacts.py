"""Artifacts for benchmarks: ONNX files whose engine call takes about as long as is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.core.specs import IOSpec, TensorSpec

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file and its sha256."""

    path: Path
    digest: str


def classifier(directory: Path) -> Artifact:
    """3x32x32 floats to 10 scores: the smallest network that is still one."""
    weights = np.linspace(-1, 1, 30, dtype=np.float32).reshape(3, 10)
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
    ]
    return _save(
        directory,
        nodes,
        numpy_helper.from_array(weights, "weights"),
        ("image", [1, 3, 32, 32]),
        ("scores", [1, 10]),
    )


def matmul_chain(directory: Path, repeats: int, size: int = 128) -> Artifact:
    """`repeats` products with one orthogonal matrix, so that values neither grow nor vanish."""
    rng = np.random.default_rng(0)
    weights = np.linalg.qr(rng.standard_normal((size, size)))[0].astype(np.float32)
    names = ["x", *(f"h{index}" for index in range(1, repeats)), "y"]
    nodes = [helper.make_node("MatMul", [a, "weights"], [b]) for a, b in pairwise(names)]
    rows = size // 4
    return _save(
        directory,
        nodes,
        numpy_helper.from_array(weights, "weights"),
        ("x", [rows, size]),
        ("y", [rows, size]),
    )


def weighty(
    directory: Path, size: int, seed: int, *, packed: bool = False
) -> tuple[Artifact, IOSpec]:
    """A model of `size` bytes, nearly all of them weights, and what flows in and out of it.

    Args:
        directory: for the file.
        size: about how large.
        seed: of the weights.
        packed: the weights are a matrix, which engines bring into another order when they load
            it; else a table that rows are taken from, as it is.
    """
    rows = 1000
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((rows, size // 4 // rows), dtype=np.float32)
    columns = weights.shape[1]
    node = helper.make_node("MatMul", ["x", "weights"], ["y"])
    source = TensorSpec("x", (1, rows))
    if not packed:
        node = helper.make_node("Gather", ["weights", "x"], ["y"])
        source = TensorSpec("x", (1,), "int64")
    artifact = _save(
        directory,
        [node],
        numpy_helper.from_array(weights, "weights"),
        ("x", list(source.sizes)),
        ("y", [1, columns]),
        TensorProto.FLOAT if packed else TensorProto.INT64,
    )
    return artifact, IOSpec((source,), (TensorSpec("y", (1, columns)),))


def noise(directory: Path, size: int, seed: int) -> Artifact:
    """`size` random bytes, written block by block so that making them takes no memory."""
    rng = np.random.default_rng(seed)
    path = directory / f"noise-{size}-{seed}"
    total = hashlib.sha256()
    with path.open("wb") as file:
        for begin in range(0, size, _BLOCK):
            block = rng.bytes(min(_BLOCK, size - begin))
            total.update(block)
            file.write(block)
    return Artifact(path, total.hexdigest())


def raw(directory: Path, name: str, content: bytes) -> Artifact:
    """A file with exactly that content."""
    path = directory / name
    path.write_bytes(content)
    return Artifact(path, hashlib.sha256(content).hexdigest())


def file_digest(path: Path) -> str:
    """The sha256 of a file, read as a host reads it before an upload."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save(
    directory: Path,
    nodes: list[onnx.NodeProto],
    weights: onnx.TensorProto,
    source: tuple[str, list[int]],
    result: tuple[str, list[int]],
    source_type: int = TensorProto.FLOAT,
) -> Artifact:
    graph = helper.make_graph(
        nodes,
        "artifact",
        [helper.make_tensor_value_info(source[0], source_type, source[1])],
        [helper.make_tensor_value_info(result[0], TensorProto.FLOAT, result[1])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content = model.SerializeToString(deterministic=True)
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.onnx"
    return raw(directory, name, content)
