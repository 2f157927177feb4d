"""OpenVINO networks in 8-bit integers, by NNCF."""

from __future__ import annotations

from typing import Any

from kenning_lego.compilers.exporting import failure, quiet
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.samples import NamedSamples
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.openvino_import import import_openvino

_HEAVY = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul")


def quantise(model: Any, config: OpenVino, source: CompileSource) -> Any:
    """The network with quantised weights, per channel, and activations.

    Args:
        model: an OpenVINO model.
        config: how.
        source: whose calibration samples are taken.

    Raises:
        CompilationError: the samples do not fit, NNCF fails, or an operator stays in float.
    """
    with quiet("", "nncf"):
        nncf = import_openvino("nncf")
        samples = NamedSamples(source)
        preset = nncf.QuantizationPreset(config.preset)
        try:
            quantised = nncf.quantize(
                model,
                nncf.Dataset(samples),
                preset=preset,
                subset_size=len(samples),
                advanced_parameters=_parameters(config),
            )
        except (RuntimeError, ValueError, nncf.InternalError, nncf.UnsupportedModelError) as error:
            raise failure(source, "NNCF", error) from error
    if not config.allow_float:
        _refuse_float(quantised, source)
    return quantised


def _parameters(config: OpenVino) -> Any:
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
    from nncf.quantization.range_estimator import (
        AggregatorType,
        RangeEstimatorParameters,
        StatisticsCollectorParameters,
        StatisticsType,
    )

    extremes, outside = (StatisticsType.MIN, StatisticsType.MAX), 0.0
    if config.calibration.method == "percentile":
        extremes = (StatisticsType.QUANTILE, StatisticsType.QUANTILE)
        outside = 1 - config.calibration.percentile / 100
    low, high = (
        StatisticsCollectorParameters(kind, over_samples, quantile_outlier_prob=outside)
        for kind, over_samples in zip(
            extremes, (AggregatorType.MIN, AggregatorType.MAX), strict=True
        )
    )
    return AdvancedQuantizationParameters(
        activations_range_estimator_params=RangeEstimatorParameters(min=low, max=high)
    )


def _refuse_float(model: Any, source: CompileSource) -> None:
    found = sorted(
        operator.get_friendly_name()
        for operator in model.get_ops()
        if operator.get_type_name() in _HEAVY and not _quantised(operator)
    )
    if found:
        raise CompilationError(
            f"{len(found)} operators of {source} stay in float: {', '.join(found[:5])}",
            "set allow_float, or keep these in a segment of another precision",
        )


def _quantised(operator: Any) -> bool:
    """Whether both operands come from a quantiser or from a constant of 8 bits."""
    return all(_from_quantised(operator.input_value(side).get_node()) for side in (0, 1))


def _from_quantised(node: Any) -> bool:
    while node.get_type_name() in ("Convert", "Multiply", "Subtract", "Reshape", "Transpose"):
        node = node.input_value(0).get_node()
    if node.get_type_name() == "Constant":
        return node.get_element_type().get_type_name() in ("i8", "u8")
    return bool(node.get_type_name() == "FakeQuantize")
