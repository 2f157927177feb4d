"""Engines as a careful user would call them without us, and files for them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.foreign_networks import CLASSIFIERS
from kenning_lego.core.ir_file import pack_ir, unpack_ir
from kenning_lego.models.lookup import load_model
from kenning_lego.runtimes.lookup import installed_engines

Call = Callable[[], object]

_INPUT = (1, 3, 32, 32)


def artifacts(directory: Path) -> dict[str, tuple[str, bytes]]:
    """Engine and file by a short name, for the engines that are installed here.

    ResNet-20 for CIFAR, whose weights do not matter here; for TFLite, which torch does not write,
    MLPerf Tiny's ResNet-8 where that is at hand.
    """
    here = installed_engines()
    model = load_model("resnet20-cifar10").eval()
    onnx = _onnx(model, directory / "network.onnx")
    found = {"onnxruntime": ("onnxruntime", onnx), "torch": ("torch", _exported(model))}
    if "openvino" in here:
        found["openvino"] = ("openvino", _intermediate(onnx, directory / "network.xml"))
    if "litert" in here:
        for kind in ("float", "int8"):
            path = CLASSIFIERS[f"resnet8_{kind}"].path
            if path.is_file():
                found[f"litert_{kind}"] = ("litert", path.read_bytes())
    return found


def _onnx(model: torch.nn.Module, path: Path) -> bytes:
    example = (torch.zeros(_INPUT),)
    torch.onnx.export(model, example, path, dynamo=True, external_data=False, verbose=False)
    return path.read_bytes()


def _exported(model: torch.nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(torch.export.export(model, (torch.zeros(_INPUT),)), buffer)
    return buffer.getvalue()


def _intermediate(onnx: bytes, path: Path) -> bytes:
    import openvino as ov

    ov.save_model(ov.Core().read_model(onnx), path, compress_to_fp16=False)
    return pack_ir(path.read_bytes(), path.with_suffix(".bin").read_bytes())


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
    from ai_edge_litert.interpreter import Interpreter

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
    compiled = core.compile_model(
        core.read_model(*map(bytes, unpack_ir(artifact))), "CPU", settings
    )
    request = compiled.create_infer_request()
    # The request has the array's address alone: freed, it would run on what comes there next.
    given = np.zeros(_INPUT, np.float32)
    request.set_input_tensor(ov.Tensor(given, shared_memory=True))

    def call(_given: Any = given) -> None:
        request.infer(share_outputs=True)

    return call


def torch_call(artifact: bytes) -> Call:
    """The module that torch.export.load gives."""
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
