"""OpenVINO: runs its own models and ONNX files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from kenning_lego.core.errors import ConfigurationError, ModelError, ProtocolError
from kenning_lego.core.ir_file import unpack_ir
from kenning_lego.core.openvino_import import import_openvino
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors, Used
from kenning_lego.runtimes.formats import require_format
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.onnx_scan import names_other_files
from kenning_lego.runtimes.options import OpenVinoOptions

ov = import_openvino()

_FORMATS = ("openvino", "onnx")
_REMEDIES = {
    "openvino": "compile it again, with a release of OpenVINO that is no newer",
    "onnx": "compile it for OpenVINO, or run it on onnxruntime",
}
_ENGINE_ERRORS = (RuntimeError, ValueError)
"""What OpenVINO raises; the latter for names that are no UTF-8."""
_SINK = "/sink_port_0"
"""What OpenVINO appends to an ONNX output's name for the node that takes it."""


class _OpenVinoProgram:
    """A compiled model with its specification."""

    def __init__(self, compiled: Any, spec: IOSpec) -> None:
        self.spec = spec
        self._compiled = compiled

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        request = self._compiled.create_infer_request()
        for at, spec in enumerate(self.spec.inputs):
            request.set_input_tensor(at, _shared(tensors[spec.name]))
        for at, spec in enumerate(self.spec.outputs):
            request.set_output_tensor(at, _shared(tensors[spec.name]))
        # The request has addresses alone: the arrays live as long as the call does.
        return partial(_infer, request, [tensors[spec.name] for spec in self.spec])


def _infer(request: Any, _arrays: Sequence[Any]) -> None:
    # Without sharing, each call would also copy the outputs into fresh arrays.
    request.infer(share_outputs=True)


def _shared(array: Any) -> Any:
    # Over the array's own memory: nothing is copied on either side of a run.
    return ov.Tensor(array, shared_memory=True)


class OpenVino:
    """OpenVINO on one device.

    Args:
        threads: of the CPU's kernels.
        options: see :class:`kenning_lego.runtimes.options.OpenVinoOptions`.
        offers: nothing of them is used.

    Raises:
        ConfigurationError: OpenVINO does not find that device.
    """

    name = "openvino"

    def __init__(
        self,
        threads: int = 1,
        options: OpenVinoOptions | None = None,
        offers: Offers | None = None,  # noqa: ARG002 - as all engines are made
    ) -> None:
        options = options or OpenVinoOptions()
        self._core = ov.Core()
        devices = self._core.available_devices
        if options.device not in devices:
            raise ConfigurationError(
                f"OpenVINO {_version()} finds no device {options.device!r}; "
                f"it finds {', '.join(devices)}",
                "install the device's driver, or choose one that is there",
            )
        self._threads = threads
        self._options = options
        self._precision = ""

    def load(self, artifact: bytes, batch: int) -> _OpenVinoProgram:
        """Load a model; see :class:`kenning_lego.runtimes.base.Runtime`.

        Args:
            artifact: an ONNX file, or a model in one file (:mod:`kenning_lego.core.ir_file`).
            batch: size of a dynamic batch dimension.

        Raises:
            ModelError: it cannot be loaded, or has tensors in other files.
        """
        try:
            model = self._read(artifact)
            model.reshape({port: _sizes(port, batch) for port in model.inputs})
            compiled = self._core.compile_model(model, self._options.device, self._settings())
            self._precision = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
            spec = IOSpec(
                tuple(map(_spec, compiled.inputs)),
                # Only the model's own outputs have the nodes that keep their names.
                tuple(
                    _spec(port, _name(named))
                    for port, named in zip(compiled.outputs, model.outputs, strict=True)
                ),
            )
        except _ENGINE_ERRORS as error:
            raise ModelError(
                f"OpenVINO {_version()} cannot load the artifact: {_brief(error)}",
                _REMEDIES[require_format(artifact, self.name, _FORMATS)],
            ) from error
        return _OpenVinoProgram(compiled, spec)

    def used(self) -> Used:
        """Engine, version, device, precision and threads."""
        return {
            "engine": self.name,
            "version": _version(),
            "device": self._options.device,
            "precision": self._precision or self._options.precision,
            "threads": self._threads,
        }

    def _read(self, artifact: bytes) -> Any:
        found = require_format(artifact, self.name, _FORMATS)
        if found == "openvino":
            return self._core.read_model(*map(bytes, unpack_ir(artifact)))
        if names_other_files(artifact):
            raise ModelError(
                "the artifact has tensors in other files, which a target does not read",
                "save it as one file: onnx.save(onnx.load(PATH), PATH)",
            )
        return self._core.read_model(artifact)

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self._options.precision,
            "NUM_STREAMS": 1,
        }
        if self._options.device == "CPU":
            settings["INFERENCE_NUM_THREADS"] = self._threads
            settings["ENABLE_CPU_PINNING"] = self._options.pinning
        return settings


def _sizes(port: Any, batch: int) -> list[int]:
    shape = port.partial_shape
    if any(size.is_dynamic for size in list(shape)[1:]):
        raise ModelError(
            f"tensor {_name(port)!r} has the sizes {shape}",
            "compile the network with fixed sizes (the batch may be dynamic)",
        )
    return [batch if size.is_dynamic else size.get_length() for size in shape]


def _spec(port: Any, name: str = "") -> TensorSpec:
    try:
        return TensorSpec(
            name or _name(port), tuple(port.shape), np.dtype(port.element_type.to_dtype()).name
        )
    except ProtocolError as error:
        raise ModelError(error.problem, error.remedy) from error


def _name(port: Any) -> str:
    """A tensor may have several names: its node's if that is one of them, else the first."""
    names = port.get_names()
    own: str = port.get_node().get_friendly_name().removesuffix(_SINK)
    return own if own in names or not names else min(names)


def _version() -> str:
    return str(ov.__version__).partition("-")[0]


def _brief(error: Exception) -> str:
    # The first lines are places in OpenVINO's source.
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    return (said or lines or [type(error).__name__])[0][:300]
