"""Real numbers, and the integers that stand for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec
from kenning_lego.runtimes.base import Tensors, allocate
from kenning_lego.runtimes.float_io import FloatProgram
from kenning_lego.runtimes.quantisation import dequantise, quantise

DTYPES = st.sampled_from(["int8", "uint8", "int16", "int32"])


@st.composite
def meanings(draw: st.DrawFn) -> tuple[Quantisation, str]:
    dtype = draw(DTYPES)
    limits = np.iinfo(dtype)
    zero_point = draw(st.integers(max(limits.min, -(2**20)), min(limits.max, 2**20)))
    return Quantisation(draw(st.floats(1e-6, 1e6)), zero_point), dtype


@given(meanings(), st.data())
def test_integers_survive_both_ways(meaning: tuple[Quantisation, str], data: st.DataObject) -> None:
    quantisation, dtype = meaning
    limits = np.iinfo(dtype)
    # float32 holds no more digits than these.
    low, high = max(limits.min, -(2**20)), min(limits.max, 2**20)
    integers = np.array(data.draw(st.lists(st.integers(low, high), min_size=1)), dtype)
    back = quantise(dequantise(integers, quantisation), quantisation, dtype)
    assert back.dtype == integers.dtype
    assert np.array_equal(back, integers)


@given(meanings(), st.lists(st.floats(-1e6, 1e6, width=32), min_size=1))
def test_real_numbers_are_off_by_half_a_step_or_out_of_range(
    meaning: tuple[Quantisation, str], values: list[float]
) -> None:
    quantisation, dtype = meaning
    limits = np.iinfo(dtype)
    given_ = np.array(values, np.float32)
    integers = quantise(given_, quantisation, dtype)
    exact = given_.astype(np.float64) / quantisation.scale + quantisation.zero_point
    inside = (exact >= limits.min) & (exact <= limits.max)
    assert np.all(np.abs(integers[inside] - exact[inside]) <= 0.5 + 1e-9)
    assert np.all(integers[exact > limits.max] == limits.max)
    assert np.all(integers[exact < limits.min] == limits.min)


@given(meanings(), st.lists(st.floats(width=32), min_size=2))
def test_order_is_kept_and_nothing_but_nan_is_lost(
    meaning: tuple[Quantisation, str], values: list[float]
) -> None:
    quantisation, dtype = meaning
    given_ = np.array(values, np.float32)
    integers = quantise(given_, quantisation, dtype)
    assert np.all(integers[np.isnan(given_)] == quantisation.zero_point)
    ordered = (
        integers[np.argsort(given_[~np.isnan(given_)])] if not np.isnan(given_).any() else None
    )
    if ordered is not None:
        assert np.all(ordered[1:] >= ordered[:-1])


def test_results_are_written_where_asked() -> None:
    quantisation = Quantisation(0.5, 3)
    integers = np.zeros((2, 2), np.int8)
    reals = np.zeros((2, 2), np.float32)
    values = np.array([[0, 1], [-64, 1000]], np.float32)
    assert quantise(values, quantisation, "int8", integers) is integers
    assert integers.tolist() == [[3, 5], [-125, 127]]
    assert dequantise(integers, quantisation, reals) is reals
    assert reals.tolist() == [[0, 1], [-64, 62]]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_scale_must_be_positive(scale: float) -> None:
    with pytest.raises(ProtocolError, match="scale"):
        Quantisation(scale)


class Negation:
    """``y = -x`` on int8, and ``kept = same`` on float32."""

    spec = IOSpec(
        (TensorSpec("x", (3,), "int8", Quantisation(0.5, 1)), TensorSpec("kept", (1,))),
        (TensorSpec("y", (3,), "int8", Quantisation(0.25, 0)), TensorSpec("same", (1,))),
    )

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        def call() -> None:
            tensors["y"][...] = -2 * (tensors["x"] - 1)
            tensors["same"][...] = tensors["kept"]

        return call


def test_program_behind_conversions_gives_and_takes_floats() -> None:
    program = FloatProgram(Negation())
    assert {each.dtype for each in program.spec} == {"float32"}
    assert not any(each.quantisation for each in program.spec)
    arrays = allocate(program.spec)
    call = program.bind(arrays)
    for values in ([1, -2, 0.5], [3, 0, -8]):
        arrays["x"][...] = values
        arrays["kept"][...] = values[0]
        call()
        assert arrays["y"].tolist() == [-each for each in values]
        assert arrays["same"].tolist() == values[:1]


def test_batch_keeps_the_meaning() -> None:
    spec = TensorSpec("x", ("batch", 3), "int8", Quantisation(0.5, 1)).with_batch(4)
    assert spec == TensorSpec("x", (4, 3), "int8", Quantisation(0.5, 1))
    assert str(spec) == "x: int8[4, 3] = 0.5 * (q - 1)"
