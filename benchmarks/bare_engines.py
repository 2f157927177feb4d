"""Engines as a careful user would call them without us."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kenning_lego.core.ir_file import unpack_ir
from kenning_lego.runtimes.formats import format_of

Call = Callable[[], object]

_INPUT = (1, 3, 32, 32)


def onnxruntime_call(artifact: bytes) -> Call:
    """ONNX Runtime with bound tensors."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(artifact, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for node in session.get_inputs():
        values = ort.OrtValue.ortvalue_from_numpy(np.zeros(node.shape, np.float32))
        binding.bind_ortvalue_input(node.name, values)
    for node in session.get_outputs():
        room = ort.OrtValue.ortvalue_from_numpy(np.zeros(node.shape, np.float32))
        binding.bind_ortvalue_output(node.name, room)
    return lambda: session.run_with_iobinding(binding)


def litert_call(artifact: bytes) -> Call:
    """LiteRT's interpreter: a tensor in, a run, a tensor out."""
    interpreter, (given, taken) = _interpreter(artifact)
    values = np.zeros(given["shape"], given["dtype"])

    def call() -> None:
        interpreter.set_tensor(given["index"], values)
        interpreter.invoke()
        interpreter.get_tensor(taken["index"])

    return call


def litert_run(artifact: bytes) -> Call:
    """LiteRT's interpreter without any tensor going in or out."""
    call: Call = _interpreter(artifact)[0].invoke
    return call


def _interpreter(artifact: bytes) -> tuple[Any, tuple[Any, Any]]:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError:
        from tflite_runtime.interpreter import Interpreter

    interpreter = Interpreter(model_content=artifact, num_threads=1)
    interpreter.allocate_tensors()
    (given,), (taken,) = interpreter.get_input_details(), interpreter.get_output_details()
    return interpreter, (given, taken)


def openvino_call(artifact: bytes) -> Call:
    """OpenVINO with shared tensors and views of its outputs."""
    import openvino as ov

    core = ov.Core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        # Bound to one processor, which others use too, it waits for them.
        "ENABLE_CPU_PINNING": False,
    }
    parts = unpack_ir(artifact) if format_of(artifact) == "openvino" else (artifact,)
    compiled = core.compile_model(core.read_model(*map(bytes, parts)), "CPU", settings)
    request = compiled.create_infer_request()
    # The request has the array's address alone: freed, it would run on what comes there next.
    given = np.zeros(_INPUT, np.float32)
    request.set_input_tensor(ov.Tensor(given, shared_memory=True))

    def call(_given: Any = given) -> None:
        request.infer(share_outputs=True)

    return call


def torch_call(artifact: bytes) -> Call:
    """The module that torch.export.load gives."""
    import torch

    module, example = torch.export.load(io.BytesIO(artifact)).module(), torch.zeros(_INPUT)

    def call() -> None:
        with torch.inference_mode():
            module(example)

    return call


BARE: Mapping[str, Callable[[bytes], Call]] = {
    "onnxruntime": onnxruntime_call,
    "litert": litert_call,
    "openvino": openvino_call,
    "torch": torch_call,
}
"""How each engine is called without us."""
