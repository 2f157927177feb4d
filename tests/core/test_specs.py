"""Tensors and their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import ITEM_BYTES, MAX_RANK, IOSpec, TensorSpec


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_item_sizes_are_those_of_numpy(dtype: str) -> None:
    assert ITEM_BYTES[dtype] == np.dtype(dtype).itemsize


@given(
    sizes=st.lists(st.integers(1, 9), max_size=5),
    dtype=st.sampled_from(sorted(ITEM_BYTES)),
)
def test_bytes_of_a_tensor_are_those_of_an_array(sizes: list[int], dtype: str) -> None:
    spec = TensorSpec("x", tuple(sizes), dtype)
    assert spec.nbytes == np.zeros(sizes, dtype).nbytes
    assert spec.sizes == tuple(sizes)


def test_symbolic_batch_is_bound_and_only_once() -> None:
    spec = TensorSpec("x", ("N", 3))
    assert spec.with_batch(4) == TensorSpec("x", (4, 3))
    assert spec.with_batch(4).with_batch(9) == TensorSpec("x", (4, 3))
    assert TensorSpec("scalar", ()).with_batch(4) == TensorSpec("scalar", ())


def test_size_of_an_unbound_tensor_is_not_known() -> None:
    with pytest.raises(ProtocolError, match=r"batch dimension of tensor 'x' is not bound"):
        _ = TensorSpec("x", ("N", 3)).nbytes


@pytest.mark.parametrize(
    "shape", [(0,), (-1,), (1, 0), (1, "N"), (True,), (1.0,), (None,), ([[1]],), (1, b"3")]
)
def test_sizes_that_are_not_positive_integers_are_refused(shape: tuple[object, ...]) -> None:
    with pytest.raises(ProtocolError, match="has size"):
        TensorSpec("x", shape)  # type: ignore[arg-type]


def test_long_nonsense_for_a_size_is_shown_in_brief() -> None:
    nested: object = 0
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ProtocolError) as refused:
        TensorSpec("x", (nested,))  # type: ignore[arg-type]
    assert len(str(refused.value)) < 200
    while isinstance(nested, list):  # deep enough to trouble the interpreter if freed at once
        nested = nested.pop()


def test_unknown_element_type_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ProtocolError, match="use one of bool, int8"):
        TensorSpec("x", (1,), "complex64")


def test_rank_is_bounded() -> None:
    TensorSpec("x", (1,) * MAX_RANK)
    with pytest.raises(ProtocolError, match="rank 17 > 16"):
        TensorSpec("x", (1,) * (MAX_RANK + 1))


def test_inputs_are_checked_by_number_and_by_bytes() -> None:
    spec = IOSpec((TensorSpec("a", (2,)), TensorSpec("b", (3,), "uint8")), ())
    spec.check_inputs([bytes(8), memoryview(bytes(3))])
    spec.check_inputs([np.zeros(2, np.float32).data, bytearray(3)])  # elements of 4 bytes
    with pytest.raises(ProtocolError, match="1 input tensors where 2 are taken"):
        spec.check_inputs([bytes(8)])
    with pytest.raises(ProtocolError, match=r"4 bytes for the tensor b: uint8\[3\] of 3 bytes"):
        spec.check_inputs([bytes(8), bytes(4)])


def test_specification_binds_and_lists_all_its_tensors() -> None:
    spec = IOSpec((TensorSpec("x", ("N", 2)),), (TensorSpec("y", ("N",), "int64"),))
    bound = spec.with_batch(5)
    assert [tensor.shape for tensor in bound] == [(5, 2), (5,)]
    assert str(bound) == "(x: float32[5, 2]) -> (y: int64[5])"
