"""TFLite files in half precision or 8-bit integers."""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.utils.qsv_utils import min_max_update

from kenning_lego.compilers.artifact import Built
from kenning_lego.compilers.base import NOTHING_QUANTISED
from kenning_lego.compilers.exporting import first_line, quiet
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.litert_convert import read_model
from kenning_lego.compilers.samples import NamedSamples
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError

_EVERYTHING = ".*"
_ALL = qtyping.TFLOperationName.ALL_SUPPORTED
_BORDERS = (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT)
_CONVERSIONS = {schema.BuiltinOperator.QUANTIZE, schema.BuiltinOperator.DEQUANTIZE}
_FLOATS = {schema.TensorType.FLOAT32, schema.TensorType.FLOAT16}
_OPERATORS = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}


def quantise(content: bytes, config: LiteRt, source: CompileSource) -> Built:
    """A float32 TFLite file in the wanted precision.

    Args:
        content: the file.
        config: how.
        source: whose calibration samples are taken.

    Raises:
        CompilationError: the samples do not fit, an operator stays in float, or the quantiser
            fails.
    """
    recipe = _recipe(config)
    with quiet("", "absl"):
        try:
            ranges = _ranges(content, recipe, source) if config.calibrated else None
            made = quantizer.Quantizer(content, recipe.get_quantization_recipe()).quantize(
                ranges, enable_progress_bar=False, enable_progress_report=False
            )
        except (RuntimeError, ValueError, TypeError, LookupError, NotImplementedError) as error:
            raise CompilationError(
                f"{config.name} of {source} failed: {first_line(error)}",
                "take another precision or compiler for it",
            ) from error
    quantised = bytes(made.quantized_model)
    model = read_model(quantised)
    if config.calibrated and not config.allow_float:
        _refuse_float(model, source)
    integers = any(tensor.type == schema.TensorType.INT8 for tensor in model.subgraphs[0].tensors)
    remark = "" if integers or config.precision == "fp16" else NOTHING_QUANTISED
    return Built(quantised, remark)


def _recipe(config: LiteRt) -> Any:
    recipe = recipe_manager.RecipeManager()
    match config.precision:
        case "fp16":
            halves = qtyping.OpQuantizationConfig(
                weight_tensor_config=qtyping.TensorQuantizationConfig(
                    num_bits=16, dtype=qtyping.TensorDataType.FLOAT
                ),
                compute_precision=qtyping.ComputePrecision.FLOAT,
                explicit_dequantize=True,
            )
            recipe.add_quantization_config(_EVERYTHING, _ALL, halves, AlgorithmName.FLOAT_CASTING)
        case "int8_dynamic":
            recipe.add_dynamic_config(_EVERYTHING, _ALL, num_bits=8)
            # tflite-runtime 2.14 takes the first channel's scale for all of them, and says nothing.
            recipe.add_dynamic_config(
                _EVERYTHING,
                qtyping.TFLOperationName.FULLY_CONNECTED,
                num_bits=8,
                granularity=qtyping.QuantGranularity.TENSORWISE,
            )
        case _:
            recipe.add_static_config(_EVERYTHING, _ALL, activation_num_bits=8, weight_num_bits=8)
            for border in () if config.integer_borders else _BORDERS:
                recipe.add_quantization_config(
                    _EVERYTHING, border, algorithm_key=AlgorithmName.NO_QUANTIZE
                )
    return recipe


def _ranges(content: bytes, recipe: Any, source: CompileSource) -> Any:
    """Every tensor's range over all samples; the quantiser's own is a moving average."""
    signature = read_model(content).signatureDefs[0].signatureKey.decode()
    calibrating = calibrator.Calibrator(content, num_threads=1, qsv_update_func=min_max_update)
    calibrating.calibrate({signature: NamedSamples(source)}, recipe)
    return calibrating.get_model_qsvs()


def _refuse_float(model: Any, source: CompileSource) -> None:
    """Refuse a file in which more than the conversions at its borders are done in float."""
    codes = [max(each.builtinCode, each.deprecatedBuiltinCode) for each in model.operatorCodes]
    found = sorted(
        {
            _OPERATORS.get(codes[operator.opcodeIndex], "CUSTOM")
            for graph in model.subgraphs
            for operator in graph.operators or ()
            if codes[operator.opcodeIndex] not in _CONVERSIONS
            and any(
                graph.tensors[index].type in _FLOATS
                for index in (*operator.inputs, *operator.outputs)
                if index >= 0
            )
        }
    )
    if found:
        raise CompilationError(
            f"operators of {source} stay in float: {', '.join(found)}",
            "set allow_float, or keep these in a segment of another precision",
        )
