"""Samples that do not fit what is compiled are refused, with the reason."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.samples import NamedSamples, checked, samples_of
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.specs import TensorSpec
from tests.compilers.sources import images, onnx_file, source_of

INPUTS = (TensorSpec("x", (1, 3, 8, 8)),)
GOOD = images(2, 0)


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ((GOOD.astype(np.float64),), r"sample 0 has float64\[1, 3, 8, 8\] for the input"),
        ((GOOD[:, :, :4],), r"float32\[1, 3, 4, 8\]"),
        ((GOOD.reshape(2, -1),), r"float32\[1, 192\]"),
        ((GOOD, GOOD), "2 tensors where 1 are taken"),
        ((GOOD[:0],), "no calibration samples"),
        ((np.concatenate([GOOD, GOOD * np.nan]),), "sample 2 .* not finite"),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    arrays: tuple[NDArray[np.generic], ...], problem: str
) -> None:
    samples = samples_of(*arrays)
    with pytest.raises(CompilationError, match=problem):
        list(checked(samples, INPUTS, "calibration"))
    with pytest.raises(CompilationError, match=problem):
        Onnx(precision="int8").compile(source_of(None, onnx=onnx_file(), calibration=samples))


def test_calibration_without_samples_is_refused() -> None:
    given = source_of(None, onnx=onnx_file())
    source = CompileSource(None, given.onnx, given.inputs, given.outputs, given.example)
    with pytest.raises(CompilationError, match="needs calibration samples"):
        Onnx(precision="int8").compile(source)
    with pytest.raises(CompilationError, match="no samples to calibrate"):
        NamedSamples(source)


def test_samples_start_anew_and_are_told_apart_by_their_values() -> None:
    samples = samples_of(GOOD)
    assert [len(list(samples())) for _ in range(2)] == [2, 2]
    assert samples_of(GOOD.copy()).fingerprint == samples.fingerprint
    assert samples_of(GOOD + 1).fingerprint != samples.fingerprint
    named = NamedSamples(source_of(None, onnx=onnx_file(), calibration=samples))
    assert [list(each) for each in named] == [["block.0"]] * len(named) == [["block.0"]] * 2
