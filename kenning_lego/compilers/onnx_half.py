"""ONNX in half precision."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16

from kenning_lego.core.errors import CompilationError

_LARGEST = float(np.finfo(np.float16).max)


def to_half(model: onnx.ModelProto, *, float_borders: bool) -> onnx.ModelProto:
    """Weights and arithmetic as float16.

    Args:
        model: changed in place.
        float_borders: whether inputs and outputs stay float32.

    Raises:
        CompilationError: a weight is larger than float16 holds.
    """
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        largest = float(np.abs(numpy_helper.to_array(tensor)).max(initial=0.0))
        if largest > _LARGEST:
            raise CompilationError(
                f"the constant {tensor.name!r} reaches {largest:.3g}, more than fp16 holds",
                "keep that part in fp32",
            )
    converted: onnx.ModelProto = convert_float_to_float16(model, keep_io_types=float_borders)
    return converted
