"""What a target computes is what the same engine computes here, whatever the target's processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.protocols.client import connect
from kenning_lego.protocols.messages import Load
from kenning_lego.store.artifacts import digest_of
from tests.targets import running_server

pytestmark = pytest.mark.target

BATCH, CHANNELS, SIZE, CLASSES = 2, 3, 32, 10


def network() -> bytes:
    """An ONNX file of a small convolutional network with a residual connection."""
    random = np.random.default_rng(0)
    shapes = {
        "stem": (32, CHANNELS, 3, 3),
        "depthwise": (32, 1, 3, 3),
        "pointwise": (32, 32, 1, 1),
        "head": (CLASSES, 32),
    }
    weights = [
        numpy_helper.from_array(
            (random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32), name
        )
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "stem"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "depthwise"], ["c"], pads=[1, 1, 1, 1], group=32),
        helper.make_node("Sigmoid", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "pointwise"], ["e"]),
        helper.make_node("Add", ["b", "e"], ["f"]),
        helper.make_node("GlobalAveragePool", ["f"], ["g"]),
        helper.make_node("Flatten", ["g"], ["h"]),
        helper.make_node("Gemm", ["h", "head"], ["i"], transB=1),
        helper.make_node("Softmax", ["i"], ["y"]),
    ]
    shape = [BATCH, CHANNELS, SIZE, SIZE]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [BATCH, CLASSES])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def test_target_computes_what_the_engine_computes_here(tmp_path: Path) -> None:
    content = network()
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    shape = (BATCH, CHANNELS, SIZE, SIZE)
    images = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": images})

    with running_server(tmp_path) as server, connect(server.address) as target:
        target.model(path, digest_of(content), Load("onnxruntime", 1, BATCH))
        (output,), _ = target.infer([images.tobytes()])

    computed = np.frombuffer(output, np.float32).reshape(BATCH, CLASSES)
    np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-6)
    assert expected.std() > 1e-3  # and not just the same constant
