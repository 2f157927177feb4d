"""ONNX Runtime: runs ONNX files on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from kenning_lego.core.errors import ModelError, ProtocolError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors
from kenning_lego.runtimes.onnx_scan import names_other_files

# Builds for Windows, and newer ones for Linux, report their use to their maker unless told not to.
ort.disable_telemetry_events()

_PROVIDER = "CPUExecutionProvider"

_DTYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    **{f"tensor({name})": name for name in ("int8", "int16", "int32", "int64")},
    **{f"tensor({name})": name for name in ("uint8", "uint16", "uint32", "uint64")},
}

# ONNX Runtime's own exceptions share no base class.
_ENGINE_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(e for e in vars(_state).values() if isinstance(e, type) and issubclass(e, Exception)),
)


class _OnnxProgram:
    """A session with its specification."""

    def __init__(self, session: Any, spec: IOSpec) -> None:
        self.spec = spec
        self._session = session

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        binding = self._session.io_binding()
        for spec in self.spec.inputs:
            binding.bind_ortvalue_input(spec.name, _value(tensors[spec.name]))
        for spec in self.spec.outputs:
            binding.bind_ortvalue_output(spec.name, _value(tensors[spec.name]))
        run = self._session.run_with_iobinding

        def call() -> None:
            run(binding)

        return call


def _value(array: Any) -> Any:
    # An OrtValue over the array's own memory: nothing is copied on either side of a run.
    return ort.OrtValue.ortvalue_from_numpy(array)


@cache
def _share_memory() -> None:
    """Let sessions take their memory from one arena of this process.

    The artifacts of a chain run one after the other. With arenas of their own each would write its
    activations to memory that the others have driven out of the caches: for ten segments of a
    ResNet-18 that took 3 % of the time.
    """
    info = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    # As much as is asked for: the default doubles it each time.
    ort.create_and_register_allocator(info, ort.OrtArenaCfg({"arena_extend_strategy": 1}))


class OnnxRuntime:
    """ONNX Runtime on the CPU.

    Args:
        threads: intra-operator threads; operators run one after the other.
    """

    name = "onnxruntime"

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads

    def load(self, artifact: bytes, batch: int) -> _OnnxProgram:
        """Load an ONNX file; see :class:`kenning_lego.runtimes.base.Runtime`.

        Raises:
            ModelError: it cannot be loaded, or has tensors in other files. ONNX Runtime would
                read those: release 1.18 any file, 1.31 still the working directory's.
        """
        if names_other_files(artifact):
            raise ModelError(
                "the artifact has tensors in other files, which a target does not read",
                "save it as one file: onnx.save(onnx.load(PATH), PATH)",
            )
        _share_memory()
        options = ort.SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        # Only what was scanned: its own format, found by its first bytes, is another parser.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        try:
            session = ort.InferenceSession(artifact, options, providers=[_PROVIDER])
        except _ENGINE_ERRORS as error:
            raise ModelError(
                f"ONNX Runtime {ort.__version__} cannot load the artifact: {_brief(error)}",
                "check it with onnx.checker, or export it for an older opset",
            ) from error
        spec = IOSpec(
            tuple(_spec(node) for node in session.get_inputs()),
            tuple(_spec(node) for node in session.get_outputs()),
        )
        return _OnnxProgram(session, spec.with_batch(batch))

    def used(self) -> Mapping[str, str | int | float]:
        """Engine, version, provider and threads."""
        return {
            "engine": self.name,
            "version": str(ort.__version__),
            "provider": _PROVIDER,
            "threads": self._threads,
        }


def _spec(node: Any) -> TensorSpec:
    dtype = _DTYPES.get(node.type)
    if dtype is None:
        raise ModelError(f"tensor {node.name!r} has type {node.type}, which is not supported")
    try:
        return TensorSpec(node.name, tuple(node.shape), dtype)
    except ProtocolError as error:
        raise ModelError(
            error.problem, "export the model with fixed sizes (the batch may be symbolic)"
        ) from error


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
