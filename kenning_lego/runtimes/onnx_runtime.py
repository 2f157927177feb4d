"""ONNX Runtime: runs ONNX files on the CPU, or with another of its execution providers."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from kenning_lego.core.errors import ModelError, ProtocolError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors, Used, allocate
from kenning_lego.runtimes.formats import require_format
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.onnx_providers import (
    CPU,
    Placement,
    Settings,
    affinity_text,
    require_available,
    require_placed,
    require_running,
    settings_of,
)
from kenning_lego.runtimes.onnx_scan import names_other_files
from kenning_lego.runtimes.options import PROVIDERS, OnnxRuntimeOptions
from kenning_lego.runtimes.tensorrt_cache import (
    EngineBuild,
    build_of,
    device_directory,
    engines_in,
    gpu_name,
    prefix_of,
    tensorrt_settings,
)

# Builds for Windows, and newer ones for Linux, report their use to their maker unless told not to.
ort.disable_telemetry_events()

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
    """ONNX Runtime with one execution provider.

    Args:
        threads: intra-operator threads; operators run one after the other.
        options: see :class:`kenning_lego.runtimes.options.OnnxRuntimeOptions`.
        offers: where engines may be kept.

    Raises:
        ConfigurationError: the installed build lacks the provider, or the affinity does not fit.
    """

    name = "onnxruntime"

    def __init__(
        self,
        threads: int = 1,
        options: OnnxRuntimeOptions | None = None,
        offers: Offers | None = None,
    ) -> None:
        options = options or OnnxRuntimeOptions()
        require_available(options.provider, ort.get_available_providers(), ort.__version__)
        self._affinity = affinity_text(options.affinity, threads) if options.affinity else ""
        self._threads = threads
        self._options = options
        self._cache = offers.engine_cache if offers else None
        self._placed = Placement(0, 0)
        self._builds: list[EngineBuild] = []

    def load(self, artifact: bytes, batch: int) -> _OnnxProgram:
        """Load an ONNX file; see :class:`kenning_lego.runtimes.base.Runtime`.

        Raises:
            ModelError: it cannot be loaded, the provider does not run it, or it has tensors in
                other files. ONNX Runtime would read those: release 1.18 any file, 1.31 still the
                working directory's.
            ConfigurationError: the provider cannot be started.
        """
        require_format(artifact, self.name, ("onnx",))
        if names_other_files(artifact):
            raise ModelError(
                "the artifact has tensors in other files, which a target does not read",
                "save it as one file: onnx.save(onnx.load(PATH), PATH)",
            )
        if self._options.provider == "tensorrt":
            return self._build(artifact, batch)
        settings = settings_of(self._options.provider, self._threads)
        return self._load(artifact, batch, settings)

    def used(self) -> Used:
        """Engine, version, provider and threads; what was left to the CPU, and builds' times."""
        facts: dict[str, str | int | float] = {
            "engine": self.name,
            "version": str(ort.__version__),
            "provider": PROVIDERS[self._options.provider],
            "threads": self._threads,
        }
        if self._affinity:
            facts["affinity"] = ", ".join(map(str, self._options.affinity))
        if not self._options.arena:
            facts["arena"] = "none"
        if self._placed.nodes:
            facts |= {"nodes": self._placed.nodes, "fallback_nodes": self._placed.on_cpu}
        if self._builds:
            facts["engine_build_s"] = round(sum(each.seconds for each in self._builds), 3)
            facts["engines_from_cache"] = sum(each.cached for each in self._builds)
        return facts

    def _build(self, artifact: bytes, batch: int) -> _OnnxProgram:
        """Load with TensorRT, and run once: what is built only then is not to be timed."""
        fp16 = self._options.fp16
        prefix = prefix_of(artifact, fp16=fp16, batch=batch)
        directory = None
        if self._cache:
            directory = device_directory(self._cache, gpu_name(), str(ort.__version__))
            directory.mkdir(parents=True, exist_ok=True)
        before = engines_in(directory, prefix)
        begin = time.monotonic()
        program = self._load(artifact, batch, tensorrt_settings(directory, prefix, fp16=fp16))
        program.bind(allocate(program.spec))()
        seconds = time.monotonic() - begin
        self._builds.append(build_of(before, engines_in(directory, prefix), seconds))
        return program

    def _load(self, artifact: bytes, batch: int, settings: Settings) -> _OnnxProgram:
        provider = PROVIDERS[self._options.provider]
        try:
            session = ort.InferenceSession(
                artifact, self._session_options(), providers=[(provider, dict(settings))]
            )
        except _ENGINE_ERRORS as error:
            raise ModelError(
                f"ONNX Runtime {ort.__version__} cannot load the artifact: {_brief(error)}",
                "check it with onnx.checker, or export it for an older opset",
            ) from error
        require_running(self._options, session.get_providers())
        placement = _placement(session) if provider != CPU else None
        require_placed(self._options, placement)
        if placement:
            self._placed = Placement(
                self._placed.nodes + placement.nodes, self._placed.on_cpu + placement.on_cpu
            )
        spec = IOSpec(
            tuple(_spec(node) for node in session.get_inputs()),
            tuple(_spec(node) for node in session.get_outputs()),
        )
        return _OnnxProgram(session, spec.with_batch(batch))

    def _session_options(self) -> Any:
        options = ort.SessionOptions()
        entry = options.add_session_config_entry
        if self._options.arena:
            _share_memory()
            entry("session.use_env_allocators", "1")
        options.enable_cpu_mem_arena = self._options.arena
        # XNNPACK has threads of its own, and the two pools would take turns at spinning.
        own_pool = self._options.provider == "xnnpack"
        options.intra_op_num_threads = 1 if own_pool else self._threads
        if own_pool:
            entry("session.intra_op.allow_spinning", "0")
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        if self._affinity:
            entry("session.intra_op_thread_affinities", self._affinity)
        if self._options.provider != "cpu":
            entry("session.record_ep_graph_assignment_info", "1")
            entry("session.disable_cpu_ep_fallback", str(int(not self._options.allow_cpu)))
        # Only what was scanned: its own format, found by its first bytes, is another parser.
        entry("session.load_model_format", "ONNX")
        return options


def _placement(session: Any) -> Placement | None:
    """Where the operators are; None for releases before 1.24, which do not tell."""
    tell = getattr(session, "get_provider_graph_assignment_info", None)
    if tell is None:
        return None
    parts = [(part.ep_name, len(part.get_nodes())) for part in tell()]
    return Placement(sum(n for _, n in parts), sum(n for name, n in parts if name == CPU))


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
