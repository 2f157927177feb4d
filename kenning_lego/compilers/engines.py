"""Artifacts run on the host, to compare what they compute with the original; for nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.compilers.artifact import SPECIFICATION, ArtifactFormat
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.ir_file import unpack_ir
from kenning_lego.core.openvino_import import import_openvino

Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], Arrays]
"""From inputs to outputs by name. Floats are converted to what the artifact takes."""


def open_own(content: bytes, kind: ArtifactFormat) -> Run:
    """Load an artifact of a format that one of our compilers makes, on one CPU thread.

    Raises:
        CompilationError: the format is another one.
    """
    if kind not in _OPEN:
        raise CompilationError(
            f"nothing here runs files of the format {kind!r}",
            "give the compiler an `open` of its own",
        )
    return _OPEN[kind](content)


def _open_onnx(content: bytes) -> Run:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    # The exporter drops inputs that the outputs do not depend on.
    halves = {node.name: node.type == "tensor(float16)" for node in session.get_inputs()}
    names = [node.name for node in session.get_outputs()]

    def run(inputs: Arrays) -> Arrays:
        feeds = {
            name: inputs[name].astype(np.float16) if half else inputs[name]
            for name, half in halves.items()
        }
        return dict(zip(names, session.run(names, feeds), strict=True))

    return run


def _open_tflite(content: bytes) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    runner = interpreter.get_signature_runner()
    takes, gives = runner.get_input_details(), runner.get_output_details()

    def run(inputs: Arrays) -> Arrays:
        found = runner(**{name: _quantised(inputs[name], each) for name, each in takes.items()})
        return {name: _real(array, gives[name]) for name, array in found.items()}

    return run


def _quantised(array: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    """A float input as the integers that a network takes, by their scale and zero point."""
    dtype = np.dtype(details["dtype"])
    scale, zero = details["quantization"]
    if not scale or array.dtype.kind != "f":
        return array.astype(dtype)
    limits = np.iinfo(dtype)
    rounded: NDArray[Any] = np.clip(np.rint(array / scale) + zero, limits.min, limits.max)
    return rounded.astype(dtype)


def _real(array: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    if not scale:
        return array
    real: NDArray[Any] = (array.astype(np.float32) - zero) * np.float32(scale)
    return real


def _open_openvino(content: bytes) -> Run:
    ov = import_openvino()
    xml, weights = unpack_ir(content)
    core = ov.Core()
    tensor = ov.Tensor(np.frombuffer(weights, np.uint8))
    # Some CPUs would compute in bfloat16 by default: the artifact is looked at, not this CPU.
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(bytes(xml), tensor), "CPU", options)

    def run(inputs: Arrays) -> Arrays:
        taken = {port.any_name for port in compiled.inputs}
        found = compiled({name: array for name, array in inputs.items() if name in taken})
        return {name: np.array(found[name]) for name in _names(compiled.outputs)}

    return run


def _names(ports: Any) -> list[str]:
    return [name for port in ports for name in port.names]


def _open_torch(content: bytes) -> Run:
    import json

    import torch

    extra = {SPECIFICATION: ""}
    module = torch.export.load(io.BytesIO(content), extra_files=extra).module()
    spec = json.loads(extra[SPECIFICATION])

    def run(inputs: Arrays) -> Arrays:
        with torch.no_grad():
            found = module(*(torch.from_numpy(inputs[each["name"]]) for each in spec["inputs"]))
        several = found if isinstance(found, tuple | list) else (found,)
        names = (each["name"] for each in spec["outputs"])
        return {name: tensor.numpy() for name, tensor in zip(names, several, strict=True)}

    return run


_OPEN: Mapping[ArtifactFormat, Callable[[bytes], Run]] = {
    "onnx": _open_onnx,
    "tflite": _open_tflite,
    "openvino": _open_openvino,
    "torch": _open_torch,
}

OWN_FORMATS = frozenset(_OPEN)
"""Of files that our own compilers make."""
