"""A small network in a file, and images that it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.datasets.base import Dataset, Part

CLASSES, CHANNELS, SIDE = 4, 3, 2
ACCURACY = 0.75


def images() -> Dataset:
    """The brightest pixel of the first four tells the class, except of one image in four."""
    pixels = np.random.default_rng(0).random((24, CHANNELS, SIDE, SIDE), np.float32)
    labels = pixels.reshape(24, -1)[:, :CLASSES].argmax(1).astype(np.int64)
    labels[:6] = (labels[:6] + 1) % CLASSES
    part = Part(pixels, labels)
    return Dataset("brightness", tuple("abcd"), part.take([]), part.take([]), part)


def network(
    path: Path, *, layout: str = "nhwc", operator: str = "Flatten", second: bool = False
) -> Path:
    """An ONNX file that gives the first four pixels of a channel.

    Args:
        path: to write.
        layout: of its input.
        operator: that flattens the image.
        second: whether it gives another tensor too.
    """
    shape = [1, SIDE, SIDE, CHANNELS] if layout == "nhwc" else [1, CHANNELS, SIDE, SIDE]
    order = [0, 3, 1, 2] if layout == "nhwc" else [0, 1, 2, 3]
    chosen = np.eye(CHANNELS * SIDE * SIDE, CLASSES, dtype=np.float32)
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=order),
        helper.make_node(operator, ["planes"], ["row"]),
        helper.make_node("MatMul", ["row", "chosen"], ["scores"]),
    ]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, CLASSES])]
    if second:
        outputs.append(
            helper.make_tensor_value_info("row", TensorProto.FLOAT, [1, CHANNELS * SIDE * SIDE])
        )
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        outputs,
        [numpy_helper.from_array(chosen, "chosen")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path
