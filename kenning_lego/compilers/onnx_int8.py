"""ONNX in 8-bit integers: static as QDQ, with ranges from real samples, or dynamic."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from kenning_lego.compilers.base import CompileSource
from kenning_lego.compilers.exporting import quiet
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.samples import NamedSamples
from kenning_lego.core.errors import CompilationError

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_TYPES = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}
_AT_ONCE = 8
"""Samples whose activations are in memory together."""
_HEAVY = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_DYNAMIC = ("Conv", "Gemm", "MatMul")


def quantise_static(model: onnx.ModelProto, config: Onnx, source: CompileSource) -> onnx.ModelProto:
    """Weights and activations as int8, between QuantizeLinear and DequantizeLinear.

    Args:
        model: optimised; changed in place.
        config: how.
        source: whose calibration samples are taken.

    Raises:
        CompilationError: the samples do not fit, or an operator stays in float.
    """
    reader = _Reader(source)
    add_pre_process_metadata(model)  # or it would advise, through the root logger, to optimise
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory, quiet(""):
        path = Path(directory) / "int8.onnx"
        quantize_static(
            model,
            path,
            reader,
            quant_format=QuantFormat.QDQ,
            # A set of its own would be in another order in every process.
            op_types_to_quantize=sorted({*QLinearOpsRegistry, *QDQRegistry}),
            per_channel=config.per_channel,
            reduce_range=config.reduce_range,
            activation_type=_TYPES[config.activations],
            weight_type=QuantType.QInt8,
            calibrate_method=_METHODS[config.calibration.method],
            extra_options={
                "CalibStridedMinMax": reader.stride,
                "CalibPercentile": config.calibration.percentile,
            },
        )
        quantised = onnx.load_model(path)
    _refuse_float(quantised, config, source)
    return quantised


def quantise_dynamic(model: onnx.ModelProto, config: Onnx) -> onnx.ModelProto:
    """Weights as integers; activations become integers by their range in each run.

    Args:
        model: optimised; changed in place.
        config: how.

    Raises:
        CompilationError: an operator stays in float.
    """
    add_pre_process_metadata(model)
    # It transposes weights and keeps shapes of before, which then contradict.
    del model.graph.value_info[:]
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory, quiet(""):
        path = Path(directory) / "int8.onnx"
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=list(_DYNAMIC),
            per_channel=config.per_channel,
            reduce_range=config.reduce_range,
            weight_type=QuantType.QUInt8,
        )
        return onnx.load_model(path)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Calibration samples for ONNX Runtime, a few at a time.

    Attributes:
        stride: how many at a time; a divisor of their number, as ONNX Runtime wants it.
    """

    def __init__(self, source: CompileSource) -> None:
        samples = NamedSamples(source)
        self._length = len(samples)
        self.stride = next(n for n in range(_AT_ONCE, 0, -1) if self._length % n == 0)
        self._samples = iter(samples)
        self._some: Iterator[dict[str, NDArray[Any]]] = iter(())

    def __len__(self) -> int:
        return self._length

    def set_range(self, start_index: int, end_index: int) -> None:
        """The next samples; ranges come in order, without gaps."""
        self._some = islice(self._samples, end_index - start_index)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """A sample by names of inputs; None after the last of the range."""
        return next(self._some, None)


def _refuse_float(model: onnx.ModelProto, config: Onnx, source: CompileSource) -> None:
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    found = sorted(
        f"{node.op_type} {node.name!r}"
        for node in model.graph.node
        if node.op_type in _HEAVY
        and any(makers.get(name) != "DequantizeLinear" for name in node.input[:2])
    )
    if found and not config.allow_float:
        raise CompilationError(
            f"{len(found)} operators of {source} stay in float: {', '.join(found[:5])}",
            "set allow_float, or keep these in a segment of another precision",
        )
