"""What the verb ``export`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
    format: Literal["onnx", "tflite"] = "onnx"
    """Of the file: onnx is merged from the artifacts; tflite is compiled anew, in float32."""
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
        return self

    @model_validator(mode="after")
    def _named_as_it_is(self) -> ExportConfig:
        wanted = f".{self.format}"
        if self.output is not None and self.output.suffix.lower() != wanted:
            raise ValueError(
                f"{self.output} is to be a file of the format {self.format}; end its name in "
                f"{wanted}, or name another format"
            )
        return self
