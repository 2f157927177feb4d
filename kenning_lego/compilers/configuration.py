"""The compilers that a scenario can name; importing this loads no framework."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.torch_export import TorchExport

CompilerConfig = Annotated[Onnx | LiteRt | OpenVino | TorchExport, Field(discriminator="type")]
"""A field of this type is told by its ``type``: onnx, litert, openvino or torch."""
