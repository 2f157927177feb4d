"""The compiler to ONNX, for ONNX Runtime and whatever else reads ONNX."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from kenning_lego.compilers.artifact import ArtifactFormat, Built
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.calibration import CalibrationConfig
from kenning_lego.compilers.source import CompileSource


class Onnx(Compiler):
    """ONNX: as exported, optimised, in half precision or quantised.

    Static int8 is QDQ with int8 weights, per channel. Dynamic int8 quantises weights only once,
    and activations by their range in each run.
    """

    format: ClassVar[ArtifactFormat] = "onnx"
    extra: ClassVar[str] = "host"

    type: Literal["onnx"] = "onnx"
    """The compiler's short name."""
    optimise: Literal["none", "basic", "extended"] = "none"
    """By ONNX Runtime, ahead of time. `basic` stays plain ONNX, which other engines load too (int8
    always begins with it); `extended` uses ONNX Runtime's own fused operators. The hardware's
    layouts are left to the target, which applies them when it loads."""
    float_borders: bool = True
    """Whether a network in fp16 takes and gives float32."""
    activations: Literal["int8", "uint8"] = "int8"
    """Type of quantised activations; uint8 is faster on x86, but may saturate without VNNI."""
    reduce_range: bool = False
    """Whether weights get 7 bits, which do not saturate anywhere."""
    per_channel: bool = True
    """Whether each output channel's weights have a scale of their own."""
    allow_float: bool = False
    """Whether convolutions and products that cannot be quantised may stay in float."""
    calibration: CalibrationConfig = CalibrationConfig()
    """Where the ranges for static int8 come from."""

    @model_validator(mode="after")
    def _optimise_what_can_be_converted(self) -> Onnx:
        if self.optimise == "extended" and self.precision != "fp32":
            raise ValueError(
                "optimise extended makes operators of ONNX Runtime that only exist in fp32; "
                "take basic"
            )
        return self

    def packages(self) -> tuple[str, ...]:
        """Distributions that take part."""
        return ("onnxruntime", "onnx", "torch", "onnxscript")

    def build(self, source: CompileSource) -> Built:
        """Export, optimise and convert; see the base class."""
        from kenning_lego.compilers.onnx_steps import convert

        return convert(self, source)
