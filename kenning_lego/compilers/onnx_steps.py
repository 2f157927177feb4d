"""From a source to ONNX of the wanted precision, step by step."""

from __future__ import annotations

import onnx

from kenning_lego.compilers.artifact import Built
from kenning_lego.compilers.base import NOTHING_QUANTISED
from kenning_lego.compilers.exporting import first_line
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.onnx_export import onnx_model, serialise
from kenning_lego.compilers.onnx_half import to_half
from kenning_lego.compilers.onnx_int8 import quantise_dynamic, quantise_static
from kenning_lego.compilers.onnx_optimise import optimise
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError

_QUANTISERS = ("QuantizeLinear", "DynamicQuantizeLinear")


def convert(config: Onnx, source: CompileSource) -> Built:
    """The file that a configuration asks for.

    Raises:
        CompilationError: a step is not possible with this source.
    """
    model = onnx_model(source)
    if config.optimise != "none":
        model = optimise(model, config.optimise)
    elif config.precision in ("int8", "int8_dynamic"):
        model = optimise(model, "basic")
    try:
        converted = _converted(model, config, source)
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise CompilationError(
            f"{config.name} of {source} failed: {first_line(error)}",
            "take another precision or compiler for it",
        ) from error
    quantised = any(node.op_type in _QUANTISERS for node in converted.graph.node)
    remark = "" if quantised or "int8" not in config.precision else NOTHING_QUANTISED
    return Built(serialise(converted), remark)


def _converted(model: onnx.ModelProto, config: Onnx, source: CompileSource) -> onnx.ModelProto:
    match config.precision:
        case "fp16":
            return to_half(model, float_borders=config.float_borders)
        case "int8":
            return quantise_static(model, config, source)
        case "int8_dynamic":
            return quantise_dynamic(model, config)
        case _:
            return model
