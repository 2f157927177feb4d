"""The ways out of torch that are tried: exporters, and engines that import what they made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal


@dataclass(frozen=True, slots=True)
class Route:
    """One way out of torch.

    Args:
        title: for people.
        action: what its process does; see :mod:`kenning_lego.scenarios.converting.child`.
        packages: distributions that take part.
        extra: of kenning-lego, which brings them.
        engine: that runs the result; empty for an export, which nothing runs.
        needs: the route whose ONNX file it takes; empty for none.
    """

    title: str
    action: Literal["torchscript", "dynamo", "import", "tflite"]
    packages: tuple[str, ...]
    extra: str
    engine: str = ""
    needs: str = ""

    def versions(self) -> dict[str, str]:
        """Installed versions of its packages by name."""
        found = {}
        for package in self.packages:
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
        return found

    def missing(self) -> list[str]:
        """Its packages that are not installed."""
        found = self.versions()
        return [package for package in self.packages if package not in found]


_EXPORT = ("torch", "onnx")
_ONNXRUNTIME, _OPENVINO = ("onnxruntime",), ("openvino",)

ROUTES: Mapping[str, Route] = {
    "torchscript": Route("ONNX by TorchScript", "torchscript", _EXPORT, "host"),
    "torchscript-onnxruntime": Route(
        "… in ONNX Runtime", "import", _ONNXRUNTIME, "onnxruntime", "onnxruntime", "torchscript"
    ),
    "torchscript-openvino": Route(
        "… in OpenVINO", "import", _OPENVINO, "openvino", "openvino", "torchscript"
    ),
    "dynamo": Route("ONNX by dynamo", "dynamo", (*_EXPORT, "onnxscript"), "host"),
    "dynamo-onnxruntime": Route(
        "… in ONNX Runtime", "import", _ONNXRUNTIME, "onnxruntime", "onnxruntime", "dynamo"
    ),
    "dynamo-openvino": Route(
        "… in OpenVINO", "import", _OPENVINO, "openvino", "openvino", "dynamo"
    ),
    "tflite": Route(
        "TFLite by LiteRT",
        "tflite",
        ("torch", "litert-torch", "ai-edge-litert", "litert-converter"),
        "litert",
        "litert",
    ),
}
"""By name, in the order of the matrix's columns; what is needed stands before what needs it."""
