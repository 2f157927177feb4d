"""Real targets for tests: server processes, and small ONNX artifacts to give them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.store.artifacts import digest_of

TARGET_PYTHON = "KENNING_LEGO_TARGET_PYTHON"
"""Environment variable: the interpreter that servers are started with, if it is another than this.

It has kenning-lego installed, and may stand for another machine that sees this one's temporary
directories and processes: an emulated one (docs/aarch64.md). Tests that are marked `target` can be
run so.
"""
TARGET_SLOWNESS = "KENNING_LEGO_TARGET_SLOWNESS"
"""Environment variable: how many times slower than this machine that one is; 1 by default."""


@dataclass
class ServerProcess:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    store: Path
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def patient(seconds: float) -> float:
    """How long to wait for what a target as fast as this machine does within `seconds`."""
    return seconds * float(os.environ.get(TARGET_SLOWNESS, "1"))


def serve_command(*flags: str) -> list[str]:
    """Command line of a server."""
    foreign = os.environ.get(TARGET_PYTHON)
    # Isolated, another interpreter takes what is installed for it, and not this checkout.
    python = [foreign, "-I"] if foreign else [sys.executable]
    return [*python, "-m", "kenning_lego.scenarios.inference_server", *flags]


@contextmanager
def running_server(
    directory: Path, *flags: str, address: str = "tcp://127.0.0.1:0"
) -> Iterator[ServerProcess]:
    """Start a server, wait until it listens, end it afterwards."""
    store = directory / "store"
    log = directory / "server.log"
    flags = ("--address", address, "--store", str(store), *flags)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (
        log.open("a") as errors,
        subprocess.Popen(
            serve_command(*flags), stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            assert "listening on" in announced, log.read_text()
            yield ServerProcess(process, announced.split()[-1], store, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)


@dataclass(frozen=True)
class Artifact:
    """An ONNX file and its sha256."""

    path: Path
    digest: str


def scale_artifact(
    directory: Path, factor: float, source: str = "x", result: str = "y", size: int = 8
) -> Artifact:
    """An ONNX file that multiplies `size` floats by a factor."""
    node = helper.make_node("Mul", [source, "factor"], [result])
    return _save(
        directory,
        [node],
        [numpy_helper.from_array(np.float32(factor), "factor")],
        source,
        result,
        size,
    )


def matmul_artifact(
    directory: Path, size: int, repeats: int, source: str = "x", result: str = "y"
) -> Artifact:
    """An ONNX file that multiplies a row by a square matrix again and again: takes time."""
    weights = np.full((size, size), 1.0 / size, np.float32)
    names = [source, *(f"h{index}" for index in range(1, repeats)), result]
    nodes = [
        helper.make_node("MatMul", [before, "weights"], [after])
        for before, after in pairwise(names)
    ]
    return _save(
        directory, nodes, [numpy_helper.from_array(weights, "weights")], source, result, size
    )


def _save(
    directory: Path,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    source: str,
    result: str,
    size: int,
) -> Artifact:
    graph = helper.make_graph(
        nodes,
        "artifact",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, [1, size])],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, [1, size])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content = model.SerializeToString(deterministic=True)
    digest = digest_of(content)
    path = directory / f"{digest[:16]}.onnx"
    path.write_bytes(content)
    return Artifact(path, digest)
