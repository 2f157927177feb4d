"""LiteRT, or its predecessor tflite-runtime: runs TFLite files."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

try:
    from ai_edge_litert import interpreter as _engine

    _PACKAGE = "ai-edge-litert"
except ModuleNotFoundError:
    from tflite_runtime import interpreter as _engine

    _PACKAGE = "tflite-runtime"

from kenning_lego.core.errors import ConfigurationError, ModelError, ProtocolError
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec
from kenning_lego.runtimes.base import Tensors, Used
from kenning_lego.runtimes.delegated import Node, nodes_left
from kenning_lego.runtimes.formats import require_format
from kenning_lego.runtimes.offers import OWN_DELEGATES, Offers
from kenning_lego.runtimes.options import LiteRtOptions
from kenning_lego.runtimes.tflite_scan import scan_tflite

_ENGINE_ERRORS = (RuntimeError, ValueError, OSError)
"""What the engine raises, for names that are no UTF-8 too."""
_ENTRY = "tflite_plugin_create_delegate"
"""The function by which a library hands out its delegate."""


class _LiteRtProgram:
    """An interpreter with its specification.

    Args:
        interpreter: with its tensors allocated.
        spec: of its inputs and outputs.
        places: index of each tensor by its name.
    """

    def __init__(self, interpreter: Any, spec: IOSpec, places: Mapping[str, int]) -> None:
        self.spec = spec
        self._interpreter = interpreter
        self._places = places

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        # The interpreter has memory of its own, so each tensor is copied once, in or out.
        interpreter = self._interpreter
        inputs = [(self._places[t.name], tensors[t.name]) for t in self.spec.inputs]
        outputs = [
            (tensors[t.name], interpreter.tensor(self._places[t.name])) for t in self.spec.outputs
        ]
        put, run, copy = interpreter.set_tensor, interpreter.invoke, np.copyto

        def call() -> None:
            for index, array in inputs:
                put(index, array)
            run()
            for array, view in outputs:
                copy(array, view())

        return call


class LiteRt:
    """LiteRT with its XNNPACK kernels, or a delegate that the server offers.

    Args:
        threads: of the CPU's kernels.
        options: see :class:`kenning_lego.runtimes.options.LiteRtOptions`.
        offers: where its delegate is found.

    Raises:
        UnknownNameError: the server does not offer that delegate.
        ConfigurationError: the delegate's library cannot be loaded here.
    """

    name = "litert"

    def __init__(
        self,
        threads: int = 1,
        options: LiteRtOptions | None = None,
        offers: Offers | None = None,
    ) -> None:
        options = options or LiteRtOptions()
        self._threads = threads
        self._options = options
        self._own = options.delegate in OWN_DELEGATES
        self._delegates = (
            [] if self._own else [_load_delegate(options.delegate, offers or Offers())]
        )
        self._nodes = self._left = 0

    def load(self, artifact: bytes, batch: int) -> _LiteRtProgram:
        """Load a TFLite file; see :class:`kenning_lego.runtimes.base.Runtime`.

        Tensors have the names of the file's first signature, if it has any, and else their own.
        A batch dimension of -1 is resized.

        Raises:
            ModelError: it cannot be loaded, or the delegate does not run it.
        """
        require_format(artifact, self.name, ("tflite",))
        scan_tflite(artifact)
        try:
            interpreter = self._interpreter(artifact)
            for each in interpreter.get_input_details():
                if _signature(each)[:1] == [-1]:
                    sizes = [batch, *_signature(each)[1:]]
                    interpreter.resize_tensor_input(each["index"], sizes, strict=True)
            interpreter.allocate_tensors()
            self._count(interpreter)
            return _program(interpreter)
        except _ENGINE_ERRORS as error:
            raise ModelError(
                f"{_PACKAGE} {version(_PACKAGE)} cannot load the artifact: {_brief(error)}",
                "an operator that it lacks may need a delegate (edgetpu-custom-op: the server's "
                "edgetpu) or a newer engine; else convert the network again",
            ) from error

    def used(self) -> Used:
        """Engine, version, delegate, threads, and how many operators the delegate left."""
        return {
            "engine": self.name,
            "version": version(_PACKAGE),
            "package": _PACKAGE,
            "delegate": self._options.delegate,
            "threads": self._threads,
            "nodes": self._nodes,
            "fallback_nodes": self._left,
        }

    def _interpreter(self, artifact: bytes) -> Any:
        kernels = _engine.OpResolverType
        return _engine.Interpreter(
            model_content=artifact,
            num_threads=self._threads,
            experimental_delegates=self._delegates,
            # Beside a delegate the plain kernels run: XNNPACK would be taken for its work.
            experimental_op_resolver_type=(
                kernels.BUILTIN
                if self._options.delegate == "xnnpack"
                else kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )

    def _count(self, interpreter: Any) -> None:
        operators = interpreter._get_ops_details()
        total, left = nodes_left([_node(each) for each in operators])
        self._nodes += total
        self._left += left
        if self._own or not total:
            return
        if left == total or (left and not self._options.allow_cpu):
            raise ModelError(
                f"the delegate {self._options.delegate!r} runs {total - left} of the artifact's "
                f"{total} operators",
                "compile the network for it (an EdgeTPU takes full integer networks that went "
                "through its compiler), or choose the delegate xnnpack for the CPU",
            )


def _load_delegate(name: str, offers: Offers) -> Any:
    offered = offers.delegate(name)
    try:
        # By ourselves first: the engine's wrapper complains a second time where this fails.
        if not hasattr(ctypes.PyDLL(offered.library), _ENTRY):
            raise ValueError(f"it has no function {_ENTRY}")
        return _engine.load_delegate(offered.library, dict(offered.settings))
    except _ENGINE_ERRORS as error:
        raise ConfigurationError(
            f"the delegate {name!r} ({offered.library}) cannot be loaded: {_brief(error)}",
            "check that its library and its device are there; see the vendor's instructions",
        ) from error


def _program(interpreter: Any) -> _LiteRtProgram:
    details = interpreter.get_input_details(), interpreter.get_output_details()
    spec = IOSpec(
        *(
            tuple(_spec(each, names) for each in part)
            for part, names in zip(details, _signature_names(interpreter), strict=True)
        )
    )
    places = {
        tensor.name: int(each["index"])
        for tensor, each in zip(spec, (*details[0], *details[1]), strict=True)
    }
    if len(places) != len(spec.inputs) + len(spec.outputs):
        raise ModelError(
            "two inputs or outputs of the artifact have one name",
            "convert the network with a signature that names each once",
        )
    return _LiteRtProgram(interpreter, spec, places)


def _signature_names(interpreter: Any) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """Names of inputs and outputs by their indices; empty where there is no signature."""
    # The public list has no indices, and no word of which subgraph is meant.
    native = interpreter._interpreter
    for key, signature in native.GetSignatureDefs().items():
        if native.GetSubgraphIndexFromSignature(key) == 0:
            inputs, outputs = signature["inputs"], signature["outputs"]
            return _turned(inputs), _turned(outputs)
    return {}, {}


def _turned(indices: Mapping[str, int]) -> Mapping[int, str]:
    return {int(index): name for name, index in indices.items()}


def _spec(details: Mapping[str, Any], names: Mapping[int, str]) -> TensorSpec:
    name = names.get(details["index"], details["name"])
    if any(size < 0 for size in _signature(details)[1:]):
        raise ModelError(
            f"tensor {name!r} has the sizes {_signature(details)}",
            "convert the network with fixed sizes (the batch may be dynamic)",
        )
    parameters = details["quantization_parameters"]
    scales, zeros = parameters["scales"], parameters["zero_points"]
    if len(scales) > 1:
        raise ModelError(
            f"tensor {name!r} has a scale for each of {len(scales)} channels",
            "convert the network with one scale for each input and output",
        )
    try:
        return TensorSpec(
            name,
            tuple(map(int, details["shape"])),
            np.dtype(details["dtype"]).name,
            Quantisation(float(scales[0]), int(zeros[0])) if len(scales) else None,
        )
    except ProtocolError as error:
        raise ModelError(error.problem, error.remedy) from error


def _signature(details: Mapping[str, Any]) -> list[int]:
    return list(map(int, details["shape_signature"]))


def _node(details: Mapping[str, Any]) -> Node:
    inputs, outputs = (tuple(map(int, details[each])) for each in ("inputs", "outputs"))
    return Node(details["op_name"] == "DELEGATE", inputs, outputs)


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
