"""Make the tiny network that `kenning-lego selftest` runs, with an input and its known answer.

    python examples/selftest_model.py kenning_lego/operations/selftest

writes ``tiny.onnx`` and ``tiny.json``. Needs the onnx package; a target gets the files. Weights
come from a formula, so the same files come out anywhere; the answer is computed here with numpy in
double precision, not by the engine that is tested.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUT = (1, 3, 16, 16)
CHANNELS = 16
CLASSES = 10

Array = npt.NDArray[np.float64]


def weights(shape: tuple[int, ...], start: int, scale: float) -> npt.NDArray[np.float32]:
    """Numbers between -scale and scale that look random and are not (Knuth's multiplier)."""
    count = int(np.prod(shape))
    steps = (np.arange(start, start + count, dtype=np.uint64) * 2654435761) % 2**32
    values = (steps.astype(np.float64) / 2**31 - 1.0) * scale
    return values.reshape(shape).astype(np.float32)


def parameters() -> dict[str, npt.NDArray[np.float32]]:
    """The network's weights by name."""
    return {
        "w1": weights((CHANNELS, 3, 3, 3), 1, 0.3),
        "b1": weights((CHANNELS,), 1000, 0.1),
        "w2": weights((CHANNELS, CHANNELS, 3, 3), 2000, 0.15),
        "b2": weights((CHANNELS,), 5000, 0.1),
        "w3": weights((CHANNELS * 8 * 8, CLASSES), 6000, 0.1),
        "b3": weights((CLASSES,), 20000, 0.1),
    }


def example() -> npt.NDArray[np.float32]:
    """The input whose answer is known."""
    return weights(INPUT, 30000, 1.0)


def model() -> bytes:
    """Two convolutions and a matrix product as an ONNX file."""
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("Flatten", ["r2"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w3", "b3"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, INPUT)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, CLASSES))],
        [numpy_helper.from_array(value, name) for name, value in parameters().items()],
    )
    made = helper.make_model(
        graph,
        producer_name="kenning-lego",
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=7,
    )
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))


def answer() -> Array:
    """What the network computes for the example."""
    p = {name: value.astype(np.float64) for name, value in parameters().items()}
    hidden = np.maximum(convolve(example().astype(np.float64), p["w1"], p["b1"], 1), 0)
    hidden = np.maximum(convolve(hidden, p["w2"], p["b2"], 2), 0)
    return np.asarray(hidden.reshape(1, -1) @ p["w3"] + p["b3"])


def convolve(image: Array, kernel: Array, bias: Array, stride: int) -> Array:
    """A convolution of 3 x 3 with a border of one zero; image is [1, C, H, W]."""
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    result = np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], kernel)
    return np.asarray(result + bias[None, :, None, None])


def description() -> dict[str, Any]:
    """The input in single precision and the answer, as JSON."""
    return {
        "input": [float(value) for value in example().ravel()],
        "answer": [float(value) for value in answer().ravel()],
    }


def main(directory: Path) -> None:
    """Write both files."""
    (directory / "tiny.onnx").write_bytes(model())
    text = json.dumps(description())
    (directory / "tiny.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
