"""What the verb ``export`` can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from kenning_lego.scenarios.tester.configuration import BudgetConfig


class ExportConfig(BudgetConfig):
    """A configuration of a tested network, and where to write it."""

    workspace: Path
    """Directory in which the network was tested."""
    run: str | None = None
    """Name of the test's run there; the newest if not given."""
    configuration: str | None = None
    """A configuration that the test chose, original, or whole for the network before it was cut."""
    variants: tuple[str, ...] = ()
    """Instead, or instead of bounds: names of variants or patterns, originals elsewhere."""
    output: Path | None = None
    """File to write; NETWORK-CONFIGURATION.onnx if not given. Its record is the same with .json."""
    format: str = "onnx"
    """Of the file; onnx is all that there is so far."""
    overwrite: bool = False
    """Replace a file that is there."""

    @model_validator(mode="after")
    def _one_of_three(self) -> ExportConfig:
        bounds = (getattr(self, name) for name in BudgetConfig.model_fields)
        given = [
            self.configuration is not None,
            bool(self.variants),
            any(bound is not None for bound in bounds),
        ]
        if given.count(True) != 1:
            raise ValueError("which configuration? name it, or its variants, or give bounds")
        suffix = self.output.suffix.lower() if self.output else ".onnx"
        if self.format == "tflite" or suffix == ".tflite":
            raise ValueError("there is no TFLite compiler yet: the artifacts are ONNX")
        if self.format != "onnx":
            raise ValueError(f"the format {self.format!r} is not known; the artifacts are ONNX")
        if suffix != ".onnx":
            raise ValueError(f"{self.output} is to be an ONNX file; end its name in .onnx")
        return self
