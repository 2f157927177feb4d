"""The JSON of IO_SPEC, and whether it is the model's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import ITEM_BYTES, IOSpec, TensorSpec
from kenning_lego.protocols.kenning_spec import agree, batch_of, read_spec, write_spec
from tests.kenning.servers import tensor

shapes = st.lists(st.integers(1, 9), max_size=4).map(tuple)
tensors = st.builds(TensorSpec, st.text(max_size=9), shapes, st.sampled_from(sorted(ITEM_BYTES)))
several = st.lists(tensors, min_size=1, max_size=4, unique_by=lambda each: each.name).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


def read(**parts: Any) -> IOSpec:
    return read_spec(json.dumps(parts).encode())


@given(several, several)
def test_what_is_written_is_read(inputs: tuple[TensorSpec, ...], outputs: Any) -> None:
    spec = IOSpec(inputs, outputs)
    assert read_spec(write_spec(spec)) == spec


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_is_read_or_refused(content: bytes) -> None:
    try:
        spec = read_spec(content)
    except ProtocolError:
        return
    assert spec.inputs
    assert spec.outputs


@given(json_values, json_values)
def test_any_tensor_is_read_or_refused(value: Any, shape: Any) -> None:
    for inputs in (value, [value], [{"name": "x", "shape": shape, "dtype": "float32"}]):
        try:
            read(input=inputs, output=[tensor("y", 1)])
        except ProtocolError:
            continue


def test_input_is_that_after_the_host_has_processed_it() -> None:
    spec = read(
        input=[{"name": "image", "shape": [[1, 9, 9], [1, 99, 99]], "dtype": "uint8"}],
        processed_input=[{**tensor("x", 1, 3), "class_names": ["a"]}],
        output=[tensor("y", 1)],
        entry_func="main",
    )
    assert spec.inputs == (TensorSpec("x", (1, 3)),)


@pytest.mark.parametrize("open_batch", [-1, None])
def test_open_batch_is_one_sample(open_batch: int | None) -> None:
    spec = read(input=[tensor("x", open_batch, 3)], output=[tensor("y", open_batch)])
    assert batch_of(spec) == 1
    model = IOSpec((TensorSpec("x", (4, 3)),), (TensorSpec("y", (4,)),))
    agree(spec, model)


def test_several_tensors_are_matched_by_name() -> None:
    announced = read(
        input=[tensor("a", 2), tensor("b", 2)], output=[tensor("p", 1), tensor("q", 1)]
    )
    model = IOSpec(
        (TensorSpec("b", (2,)), TensorSpec("a", (2,))),
        (TensorSpec("q", (1,)), TensorSpec("p", (1,))),
    )
    agreement = agree(announced, model)
    assert agreement.inputs == (1, 0)
    assert agreement.outputs == (1, 0)


@pytest.mark.parametrize(
    ("inputs", "outputs", "reason"),
    [
        ([("x", (1, 4))], [("y", (1,))], "differ in an input"),
        ([("x", (1, 3), "float64")], [("y", (1,))], "differ in an input"),
        ([("x", (1, 3))], [("y", (2,))], "differ in an output"),
        ([("x", (1, 3)), ("z", (1,))], [("y", (1,))], "1 and 2 inputs"),
        ([("x", (1, 3))], [("y", (1,)), ("z", (1,))], "2 and 1 outputs"),
    ],
)
def test_disagreement_is_refused(inputs: Any, outputs: Any, reason: str) -> None:
    announced = IOSpec(
        tuple(TensorSpec(*each) for each in inputs), tuple(TensorSpec(*each) for each in outputs)
    )
    model = IOSpec((TensorSpec("m", (1, 3)),), (TensorSpec("n", (1,)),))
    with pytest.raises(ProtocolError, match=reason):
        agree(announced, model)


def test_several_tensors_of_other_names_are_refused() -> None:
    announced = IOSpec((TensorSpec("a", (1,)), TensorSpec("b", (1,))), (TensorSpec("y", (1,)),))
    model = IOSpec((TensorSpec("c", (1,)), TensorSpec("d", (1,))), (TensorSpec("y", (1,)),))
    with pytest.raises(ProtocolError, match="name their inputs differently"):
        agree(announced, model)
