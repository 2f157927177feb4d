"""OpenVINO's models and ONNX files on OpenVINO, where that is installed."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.core.ir_file import pack_ir
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import installed_engines, make_runtime
from kenning_lego.runtimes.options import OpenVinoOptions

pytestmark = pytest.mark.skipif("openvino" not in installed_engines(), reason="needs openvino")


def product(*, width: int | str = 4, external: bool = False) -> bytes:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [4], [1, 2, 3, 4])
    if external:
        weights.ClearField("float_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="/etc/passwd")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["m"]), helper.make_node("Identity", ["m"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", width])],
        [weights],
    )
    opset = [helper.make_opsetid("", 17)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=8)
    content: bytes = model.SerializeToString()
    return content


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    import openvino as ov

    ov.save_model(ov.Core().read_model(product()), tmp_path / "m.xml", compress_to_fp16=False)
    return pack_ir((tmp_path / "m.xml").read_bytes(), (tmp_path / "m.bin").read_bytes())


def check(content: bytes, batch: int) -> None:
    runtime = make_runtime("openvino", 1)
    program = runtime.load(content, batch)
    assert [(each.name, each.sizes) for each in program.spec] == [
        ("x", (batch, 4)),
        ("y", (batch, 4)),
    ]
    arrays = allocate(program.spec)
    call = program.bind(arrays)
    for value in (1, -2):
        arrays["x"][...] = value
        call()
        assert arrays["y"].tolist() == [[value, 2 * value, 3 * value, 4 * value]] * batch
    used = runtime.used()
    assert (used["device"], used["precision"], used["threads"]) == ("CPU", "f32", 1)


def test_model_in_one_file_runs_with_the_batch_that_was_asked_for(model: bytes) -> None:
    check(model, 1)
    check(model, 3)


def test_onnx_file_runs_under_its_own_names() -> None:
    check(product(), 2)


def test_damaged_models_are_refused(model: bytes) -> None:
    runtime = make_runtime("openvino", 1)
    for content in (model[:20], model[:200], model[:-4], model.replace(b"Multiply", b"Multipla")):
        with pytest.raises(ModelError):
            runtime.load(content, 1)


def test_tensors_in_other_files_are_refused() -> None:
    with pytest.raises(ModelError, match="tensors in other files"):
        make_runtime("openvino", 1).load(product(external=True), 1)


def test_sizes_that_are_not_fixed_are_refused() -> None:
    with pytest.raises(ModelError, match="fixed sizes"):
        make_runtime("openvino", 1).load(product(width="width"), 1)


def test_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="finds no device 'TPU'; it finds"):
        make_runtime("openvino", 1, OpenVinoOptions(device="TPU"))
