"""ONNX Runtime's graph optimisation, ahead of time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

import onnx
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from kenning_lego.core.errors import CompilationError

Level = Literal["basic", "extended"]

_LEVELS = {
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
}

# ONNX Runtime's own exceptions share no base class.
ENGINE_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(e for e in vars(_state).values() if isinstance(e, type) and issubclass(e, Exception)),
)


def optimise(model: onnx.ModelProto, level: Level) -> onnx.ModelProto:
    """Fold constants, remove what has no effect, fuse operators.

    Args:
        model: left as it is.
        level: ``basic`` keeps to operators of ONNX; ``extended`` takes ONNX Runtime's own too.

    Raises:
        CompilationError: ONNX Runtime lacks an operator of the model, or finds it invalid.
    """
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory:
        path = Path(directory) / "optimised.onnx"  # ONNX Runtime writes it to files only
        options = ort.SessionOptions()
        options.graph_optimization_level = _LEVELS[level]
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        try:
            ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except ENGINE_ERRORS as error:
            reason = str(error).strip().splitlines()[0][:300]
            raise CompilationError(
                f"ONNX Runtime cannot load the network to optimise it: {reason}",
                "export it without optimisation, or take another compiler",
            ) from error
        return onnx.load_model(path)
