"""The compiler to TFLite files, for LiteRT and for tflite-runtime."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from kenning_lego.compilers.artifact import ArtifactFormat, Built
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.calibration import CalibrationConfig
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError


class LiteRt(Compiler):
    """TFLite: in float32, with weights in float16, or in integers.

    fp16 halves the file; arithmetic stays in float32 unless the target's delegate does better.
    int8 is int8 throughout, with weights per channel.
    """

    format: ClassVar[ArtifactFormat] = "tflite"
    extra: ClassVar[str] = "litert"

    type: Literal["litert"] = "litert"
    """The compiler's short name."""
    integer_borders: bool = False
    """Whether a network in int8 takes and gives int8, as an EdgeTPU needs it, and leaves the
    conversion by scale and zero point to the target's runtime."""
    allow_float: bool = False
    """Whether operators that cannot be quantised may stay in float."""
    calibration: CalibrationConfig = CalibrationConfig()
    """Where the ranges for int8 come from."""

    @model_validator(mode="after")
    def _do_what_the_quantiser_can(self) -> LiteRt:
        if self.precision == "int8" and self.calibration.method != "minmax":
            raise ValueError("litert finds ranges by minmax only; take that, or another compiler")
        if self.integer_borders and self.precision != "int8":
            raise ValueError("integer_borders needs precision int8")
        return self

    def packages(self) -> tuple[str, ...]:
        """Distributions that take part."""
        needed = ("litert-torch", "ai-edge-litert", "litert-converter", "torch")
        return needed if self.precision == "fp32" else (*needed, "ai-edge-quantizer")

    def build(self, source: CompileSource) -> Built:
        """Convert and quantise; see the base class."""
        from kenning_lego.compilers.litert_convert import convert
        from kenning_lego.compilers.litert_quantise import quantise

        if source.module is None:
            raise CompilationError(
                f"{source} is an ONNX file, which litert-torch cannot read",
                "give a torch module, or compile the file with `onnx` or `openvino`",
            )
        content = convert(source.module, source)
        return Built(content) if self.precision == "fp32" else quantise(content, self, source)
