"""Networks that take and give integers, through a real server: who converts, and who says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.core.specs import Quantisation
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.runtimes.quantisation import to_array, to_bytes
from kenning_lego.store.artifacts import digest_of
from tests.runtimes.tflite_files import INT8, product, quantised
from tests.targets import ServerProcess, running_server

pytestmark = pytest.mark.target

ROW = np.array([[1.0, 2.0, -3.0, 4.0]], np.float32)
EXPECTED = ROW * [1, 2, 3, 4]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("quantised")) as running:
        yield running


def upload(target: TargetClient, content: bytes, directory: Path) -> str:
    path, digest = directory / "artifact", digest_of(content)
    path.write_bytes(content)
    target.upload(path, digest)
    return digest


@pytest.fixture
def litert(server: ServerProcess, tmp_path: Path) -> Iterator[tuple[TargetClient, str]]:
    """The client, and an artifact that multiplies by 1, 2, 3 and 4 in int8."""
    content = product(dtype=INT8, meanings=(quantised(0.5, 3), quantised(1, 0), quantised(0.5, -2)))
    with connect(server.address) as target:
        if "litert" not in target.describe().engines:
            pytest.skip("needs ai-edge-litert or tflite-runtime on the target")
        yield target, upload(target, content, tmp_path)


def test_host_converts_by_the_scale_and_zero_point_that_it_is_told(
    litert: tuple[TargetClient, str],
) -> None:
    target, digest = litert
    spec = target.compose([digest], runtime="litert").spec
    assert [each.dtype for each in spec] == ["int8", "int8"]
    assert [each.quantisation for each in spec] == [Quantisation(0.5, 3), Quantisation(0.5, -2)]
    (output,), _ = target.infer([to_bytes(ROW, spec.inputs[0])])
    assert to_array(output, spec.outputs[0]).tolist() == EXPECTED.tolist()
    assert target.statistics().used["io"] == "quantised, converted by the host"


def test_target_converts_if_it_is_told_to(litert: tuple[TargetClient, str]) -> None:
    target, digest = litert
    spec = target.compose([digest], runtime="litert", options={"float_io": True}).spec
    assert [(each.dtype, each.quantisation) for each in spec] == [("float32", None)] * 2
    (output,), _ = target.infer([ROW.tobytes()])
    assert np.frombuffer(output, np.float32).tolist() == EXPECTED[0].tolist()
    assert target.statistics().used["io"] == "float32"


def test_both_are_timed_side_by_side(litert: tuple[TargetClient, str]) -> None:
    target, digest = litert
    items = (PlanItem("integers", (digest,)), PlanItem("integers again", (digest,)))
    target.measure(Plan(items, runtime="litert", min_rounds=2, max_rounds=2))
    floats = Plan(items[:1], "litert", min_rounds=2, max_rounds=2, options={"float_io": True})
    target.measure(floats)
    assert all(each.samples_ns for each in target.statistics().measurements)


def test_qdq_graph_keeps_floats_at_its_borders(server: ServerProcess, tmp_path: Path) -> None:
    constants = [
        numpy_helper.from_array(np.float32(0.5), "scale"),
        numpy_helper.from_array(np.int8(3), "zero"),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]
    border = [TensorProto.FLOAT, [1, 4]]
    graph = helper.make_graph(
        nodes,
        "qdq",
        [helper.make_tensor_value_info("x", *border)],
        [helper.make_tensor_value_info("y", *border)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    with connect(server.address) as target:
        digest = upload(target, model.SerializeToString(), tmp_path)
        spec = target.compose([digest], runtime="onnxruntime").spec
        assert [(each.dtype, each.quantisation) for each in spec] == [("float32", None)] * 2
        (output,), _ = target.infer([to_bytes(ROW, spec.inputs[0])])
        assert to_array(output, spec.outputs[0]).tolist() == ROW.tolist()
        assert "io" not in target.statistics().used


def test_network_by_others_gives_the_same_whoever_converts(
    litert: tuple[TargetClient, str], tmp_path: Path
) -> None:
    target, _ = litert
    pytest.importorskip("PIL", reason="needs Pillow to decode the images")
    from benchmarks.foreign_networks import CLASSIFIERS

    network = CLASSIFIERS["resnet8_int8"]
    if not network.path.is_file():
        pytest.skip("needs the shared data; KENNING_LEGO_SHARED_DATA names its place")
    samples, labels = (each[:100] for each in network.load())
    images = samples.astype(np.float32) + 128  # scale 1, zero point -128
    digest = upload(target, network.path.read_bytes(), tmp_path)
    spec = target.compose([digest], runtime="litert", batch=100).spec
    assert spec.inputs[0].quantisation == Quantisation(1.0, -128)
    (by_host,), _ = target.infer([to_bytes(images, spec.inputs[0])])
    scores = to_array(by_host, spec.outputs[0])
    assert np.mean(scores.argmax(1) == labels) > 0.8
    target.compose([digest], runtime="litert", batch=100, options={"float_io": True})
    (by_target,), _ = target.infer([images.tobytes()])
    assert np.frombuffer(by_target, np.float32).reshape(scores.shape).tolist() == scores.tolist()
