"""Which engine an artifact is for, by its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ModelError
from kenning_lego.core.ir_file import pack_ir, unpack_ir
from kenning_lego.runtimes.formats import FORMATS, format_of, require_format
from kenning_lego.runtimes.onnx_runtime import OnnxRuntime
from tests.runtimes.tflite_files import product


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\x08\x08\x12\x00", "onnx"),
        (product(), "tflite"),
        (pack_ir(b"<net/>", b""), "openvino"),
        (b"PK\x03\x04rest", "torch"),
        (b"", None),
        (b"noise", None),
    ],
)
def test_format_is_told_by_content(content: bytes, found: str | None) -> None:
    assert format_of(content) == found


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (product(), "is a TFLite file.*choose runtime litert"),
        (pack_ir(b"<net/>", b""), "is an OpenVINO model.*choose runtime openvino"),
        (b"PK\x03\x04rest", "exported torch program.*choose runtime torch"),
        (b"\x89HDF\r\n", "a Keras or HDF5 file.*convert it to TFLite"),
        (b"ftrt" + bytes(9), "a TensorRT engine.*ship the ONNX file"),
        (b"\x80\x02}q\x00.", "a pickle, which is never loaded"),
        (b"<?xml version='1.0'?>", "XML without its weights"),
        (b"", "is not an ONNX file"),
    ],
)
def test_wrong_engine_for_a_format_is_named_with_the_right_one(content: bytes, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        OnnxRuntime().load(content, 1)


@given(st.binary(max_size=64), st.sampled_from(sorted(FORMATS)))
def test_noise_is_refused_or_of_that_format(noise: bytes, wanted: str) -> None:
    try:
        assert require_format(noise, "engine", (wanted,)) == wanted == format_of(noise)
    except ModelError:
        assert format_of(noise) != wanted


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200))
def test_openvino_file_keeps_both_parts(xml: bytes, weights: bytes) -> None:
    content = pack_ir(xml, weights)
    assert tuple(map(bytes, unpack_ir(content))) == (xml, weights)
    for end in range(16 + len(xml)):
        with pytest.raises(ModelError):
            unpack_ir(content[:end])
