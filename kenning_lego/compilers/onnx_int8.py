"""ONNX in 8-bit integers: static as QDQ, with ranges from real samples, or dynamic."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
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
from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from kenning_lego.compilers.exporting import quiet
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.samples import NamedSamples
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_TYPES = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}
_AT_ONCE = 8
"""Samples whose activations are in memory together."""
_BINS = 2048
"""Of histograms. With ONNX Runtime's own 128, as many as there are integers, entropy would have
only the whole range to choose from."""
_OPERATORS = sorted({*QLinearOpsRegistry, *QDQRegistry})
"""In order: a set of strings is in another order in every process."""
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
    add_pre_process_metadata(model)  # or it would advise, through the root logger, to optimise
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory, quiet(""):
        path = Path(directory) / "int8.onnx"
        quantize_static(
            model,
            path,
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_OPERATORS,
            per_channel=config.per_channel,
            reduce_range=config.reduce_range,
            activation_type=_TYPES[config.activations],
            weight_type=QuantType.QInt8,
            calibrate_method=_METHODS[config.calibration.method],
            calibration_cache_path=_ranges(model, config, source, Path(directory)),
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


def _ranges(model: onnx.ModelProto, config: Onnx, source: CompileSource, directory: Path) -> Path:
    """A file with the range of every tensor over all samples."""
    floats = directory / "float.onnx"
    onnx.save_model(model, floats)
    method = config.calibration.method
    options: dict[str, float] = {} if method == "minmax" else {"num_bins": _BINS}
    if method == "percentile":
        options["percentile"] = config.calibration.percentile
    calibrator = create_calibrator(
        floats,
        _OPERATORS,
        augmented_model_path=str(directory / "augmented.onnx"),
        calibrate_method=_METHODS[method],
        extra_options=options,
    )
    samples = iter(NamedSamples(source))
    while some := list(islice(samples, _AT_ONCE)):
        calibrator.collect_data(_Reader(some))
    found = directory / "ranges.json"
    save_tensors_data(calibrator.compute_data(), found)
    return found


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Some samples for ONNX Runtime.

    Args:
        samples: by names of inputs.
    """

    def __init__(self, samples: Sequence[dict[str, NDArray[Any]]]) -> None:
        self._samples = iter(samples)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """A sample; None after the last."""
        return next(self._samples, None)


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
