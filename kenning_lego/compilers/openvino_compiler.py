"""The compiler to OpenVINO's intermediate representation."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from kenning_lego.compilers.artifact import ArtifactFormat, Built
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.calibration import CalibrationConfig
from kenning_lego.compilers.source import CompileSource


class OpenVino(Compiler):
    """OpenVINO: in float32, with weights in float16, or quantised by NNCF.

    fp16 halves the file; in which precision is computed, the target's plugin decides.
    """

    format: ClassVar[ArtifactFormat] = "openvino"
    extra: ClassVar[str] = "nncf"

    type: Literal["openvino"] = "openvino"
    """The compiler's short name."""
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    """Of weights and arithmetic."""
    preset: Literal["symmetric", "mixed"] = "mixed"
    """Ranges of quantised activations: around zero, or only where they are."""
    allow_float: bool = False
    """Whether convolutions and products that cannot be quantised may stay in float."""
    calibration: CalibrationConfig = CalibrationConfig()
    """Where the ranges for int8 come from."""

    @model_validator(mode="after")
    def _do_what_the_quantiser_can(self) -> OpenVino:
        if self.precision == "int8" and self.calibration.method == "entropy":
            raise ValueError("openvino finds ranges by minmax or percentile; take one of them")
        return self

    def packages(self) -> tuple[str, ...]:
        """Distributions that take part."""
        needed = ("openvino", "onnx", "torch", "onnxscript")
        return (*needed, "nncf") if self.precision == "int8" else needed

    def build(self, source: CompileSource) -> Built:
        """Convert by way of ONNX, and quantise; see the base class."""
        from kenning_lego.compilers.openvino_convert import convert

        return convert(self, source)
