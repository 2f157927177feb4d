"""Artifacts that an engine cannot take: a clear error, and a server that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.ir_file import MAGIC
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.store.artifacts import digest_of
from tests.runtimes.tflite_files import product
from tests.targets import ServerProcess, running_server, scale_artifact

pytestmark = pytest.mark.target

ALL = ("onnxruntime", "litert", "openvino", "torch")
BEGINNINGS = {
    "onnxruntime": b"\x08",
    "litert": b"\x10\0\0\0TFL3",
    "openvino": MAGIC,
    "torch": b"PK\x03\x04",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("bad")) as running:
        yield running


@pytest.fixture
def target(server: ServerProcess) -> Iterator[TargetClient]:
    with connect(server.address) as client:
        yield client


def refusal(target: TargetClient, content: bytes, runtime: str, directory: Path) -> RemoteError:
    """What is said of an artifact; the server must run a good one afterwards."""
    if runtime not in target.describe().engines:
        pytest.skip(f"the target has no {runtime}")
    path, digest = directory / "bad", digest_of(content)
    path.write_bytes(content)
    target.upload(path, digest)
    with pytest.raises(RemoteError) as refused:
        target.compose([digest], runtime=runtime)
    good = scale_artifact(directory, 2.0)
    target.upload(good.path, good.digest)
    target.compose([good.digest], runtime="onnxruntime")
    return refused.value


@pytest.mark.parametrize("runtime", ALL)
def test_noise_behind_a_true_beginning_is_refused(
    target: TargetClient, tmp_path: Path, runtime: str
) -> None:
    error = refusal(target, BEGINNINGS[runtime] + bytes(range(256)) * 4, runtime, tmp_path)
    assert error.code == "bad_request"
    assert error.remedy


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_half_a_file_is_refused(target: TargetClient, tmp_path: Path, runtime: str) -> None:
    whole = {
        "onnxruntime": scale_artifact(tmp_path, 3.0).path.read_bytes(),
        "litert": product(),
    }[runtime]
    assert refusal(target, whole[: len(whole) // 2], runtime, tmp_path).remedy


@pytest.mark.parametrize("runtime", ["litert", "torch"])
def test_file_for_another_engine_is_refused_with_the_engine_that_reads_it(
    target: TargetClient, tmp_path: Path, runtime: str
) -> None:
    content = scale_artifact(tmp_path, 3.0).path.read_bytes()
    error = refusal(target, content, runtime, tmp_path)
    assert "it is an ONNX file" in error.problem
    assert "choose runtime onnxruntime or openvino" in error.remedy


def test_operator_that_the_engine_lacks_is_named(target: TargetClient, tmp_path: Path) -> None:
    node = helper.make_node("Teleport", ["x"], ["y"], domain="example.org")
    border = [TensorProto.FLOAT, [1, 4]]
    graph = helper.make_graph(
        [node],
        "odd",
        [helper.make_tensor_value_info("x", *border)],
        [helper.make_tensor_value_info("y", *border)],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("example.org", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    error = refusal(target, model.SerializeToString(), "onnxruntime", tmp_path)
    assert "Teleport" in error.problem
