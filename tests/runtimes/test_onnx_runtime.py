"""What ONNX Runtime is given to read, and what it is not."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from kenning_lego.core.errors import ModelError
from kenning_lego.runtimes.onnx_runtime import OnnxRuntime
from kenning_lego.runtimes.onnx_scan import CHILDREN, names_other_files

SIZE = 16


def elsewhere(location: str) -> onnx.TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[SIZE])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(SIZE)}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def inline() -> onnx.TensorProto:
    return TensorProto(name="w", data_type=TensorProto.UINT8, dims=[SIZE], raw_data=bytes(SIZE))


def model(tensor: onnx.TensorProto, *nodes: onnx.NodeProto) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["y"]), *nodes],
        "graph",
        [],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [SIZE])],
        [tensor],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="tensors in other files"):
        OnnxRuntime().load(content, 1)


def test_model_in_one_file_is_loaded() -> None:
    program = OnnxRuntime().load(model(inline()).SerializeToString(), 1)
    assert program.spec.outputs[0].name == "y"


@pytest.mark.parametrize(
    "location", ["secret", "./secret", "../secret", "/etc/passwd", "*/_ORT_MEM_ADDR_/*", ""]
)
def test_model_that_names_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    (tmp_path / "secret").write_bytes(b"x" * SIZE)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "secret").write_bytes(b"x" * SIZE)
    monkeypatch.chdir(tmp_path / "inner")
    refused(model(elsewhere(location)).SerializeToString())


def in_attribute() -> onnx.ModelProto:
    return model(inline(), helper.make_node("Constant", [], ["c"], value=elsewhere("a")))


def in_list_of_tensors() -> onnx.ModelProto:
    node = helper.make_node("Custom", [], ["c"], values=[inline(), elsewhere("a")])
    return model(inline(), node)


def in_subgraph() -> onnx.ModelProto:
    branch = in_attribute().graph
    for _ in range(20):  # about as deep as protobuf lets one make it
        branch = helper.make_graph(
            [helper.make_node("If", ["c"], ["d"], then_branch=branch)], "b", [], []
        )
    return model(inline(), helper.make_node("If", ["c"], ["d"], else_branch=branch))


def in_sparse_tensor() -> onnx.ModelProto:
    whole = model(inline())
    whole.graph.sparse_initializer.add(values=elsewhere("a"), indices=inline(), dims=[SIZE])
    return whole


def in_function() -> onnx.ModelProto:
    whole = model(inline())
    whole.functions.add(name="f", domain="d").node.extend(in_attribute().graph.node)
    return whole


def in_training() -> onnx.ModelProto:
    whole = model(inline())
    whole.training_info.add().initialization.CopyFrom(in_attribute().graph)
    return whole


@pytest.mark.parametrize(
    "make",
    [in_attribute, in_list_of_tensors, in_subgraph, in_sparse_tensor, in_function, in_training],
)
def test_tensors_are_found_wherever_they_hide(make: object) -> None:
    assert callable(make)
    assert names_other_files(make().SerializeToString())


def test_scan_knows_every_place_of_a_tensor() -> None:
    """Against the installed onnx: a later release may put tensors in new places."""

    def leads_to_tensors(message: object, seen: frozenset[str]) -> bool:
        name = message.name  # type: ignore[attr-defined]
        if name == "TensorProto":
            return True
        return name not in seen and any(
            field.message_type and leads_to_tensors(field.message_type, seen | {name})
            for field in message.fields  # type: ignore[attr-defined]
        )

    waiting = [onnx.ModelProto.DESCRIPTOR]
    found: dict[str, dict[int, str]] = {}
    while waiting:
        message = waiting.pop()
        if message.name in found:
            continue
        places = {
            field.number: field.message_type
            for field in message.fields
            if field.message_type and leads_to_tensors(field.message_type, frozenset())
        }
        found[message.name] = {number: child.name for number, child in places.items()}
        waiting.extend(places.values())
    assert found == {name: dict(children) for name, children in CHILDREN.items()}


def test_repeated_and_oversized_encodings_are_refused() -> None:
    marked = b"\x70\x01"  # data_location: EXTERNAL
    oversized = b"\x70\x81\x80\x80\x80\x10"  # 1 once it is cut to 32 bits
    for encoding in (marked, oversized, marked + b"\x70\x00"):
        initializer = inline().SerializeToString() + encoding
        graph = b"\x2a" + bytes([len(initializer)]) + initializer
        assert names_other_files(b"\x3a" + bytes([len(graph)]) + graph)
    cut_tag = b"\xf0\x80\x80\x80\x10\x01"  # 0x70 once it is cut to 32 bits
    with pytest.raises(ModelError, match="no ONNX file"):
        names_other_files(cut_tag)


@given(st.binary(max_size=200))
def test_noise_is_no_model_or_names_nothing(noise: bytes) -> None:
    with contextlib.suppress(ModelError):
        assert not names_other_files(noise)


@given(st.data())
def test_damage_raises_nothing_else(data: st.DataObject) -> None:
    content = bytearray(in_function().SerializeToString())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        found = names_other_files(bytes(content))
    except ModelError:
        return
    # Never blinder than the reference parser.
    whole = onnx.ModelProto()
    try:
        whole.ParseFromString(bytes(content))
    except Exception:  # noqa: BLE001 - protobuf's own class, which depends on its backend
        return
    constants = [a.t for f in whole.functions for n in f.node for a in n.attribute]
    if any(t.data_location == TensorProto.EXTERNAL for t in constants):
        assert found


def test_format_of_the_engine_itself_is_refused(tmp_path: Path) -> None:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = os.fspath(tmp_path / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    ort.InferenceSession(
        model(inline()).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    content = (tmp_path / "model.ort").read_bytes()
    assert content[4:8] == b"ORTM"
    with pytest.raises(ModelError, match="cannot load the artifact"):
        OnnxRuntime().load(content, 1)
