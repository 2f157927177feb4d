"""Exports that share torch's table of operators give what exports with a table each give."""

from __future__ import annotations

import pytest
import torch

from kenning_lego.compilers.exporting import quiet
from kenning_lego.compilers.onnx_export import export_by_dynamo, serialise
from kenning_lego.compilers.onnx_table import one_table
from tests.compilers.sources import source_of, tiny

registration = pytest.importorskip("torch.onnx._internal.exporter._registration")
OPSET = 18


def a_table() -> object:
    return registration.ONNXRegistry().from_torchlib(opset_version=OPSET)


def test_model_is_the_one_that_torch_makes_alone() -> None:
    module = tiny()
    source = source_of(module)
    shared = [serialise(export_by_dynamo(module, source)) for _ in range(2)]
    with quiet("torch.onnx"):
        alone = torch.onnx.export(
            module,
            source.example,
            dynamo=True,
            external_data=False,
            input_names=[each.name for each in source.inputs],
            output_names=[each.name for each in source.outputs],
            verbose=False,
        )
    assert alone is not None
    assert shared == [serialise(alone.model_proto)] * 2


def test_table_is_made_once() -> None:
    with one_table():
        first = a_table()
    with one_table():
        assert a_table() is first


def test_torch_makes_its_own_afterwards() -> None:
    with one_table():
        shared = a_table()
    assert a_table() is not shared


def test_operator_that_is_registered_meanwhile_is_not_missed() -> None:
    with one_table():
        before = a_table()
        torch.library.define("kenning_lego_tests::nothing", "(Tensor x) -> Tensor")
        assert a_table() is not before
