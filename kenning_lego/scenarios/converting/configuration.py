"""What the verb ``convert`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.scenarios.converting.routes import ROUTES


class ConvertConfig(Component):
    """Networks to convert, and how."""

    workspace: Path
    """Directory for what is found out; a second run only does what is missing."""
    models: tuple[str, ...] = ()
    """Networks of ours, or package.module:callable for yours; all of ours if none is named."""
    checkpoint: Path | None = None
    """Weights of the network, if only one is named; without them the weights are random."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """What the callable is called with, if only one network is named (YAML only)."""
    shape: tuple[PositiveInt, ...] | None = None
    """Sizes of an input without the batch, such as 3 224 224; our networks have theirs."""
    routes: tuple[str, ...] = tuple(ROUTES)
    """Ways out of torch to try; imports of an ONNX file need its export."""
    time_limit_s: float = Field(default=600.0, gt=0)
    """For one network on one route; then it is ended, and the cell says so."""
    tolerance: float = Field(default=1e-3, gt=0)
    """Largest difference to torch's outputs that counts as the same, as a share of the largest."""
    retry: bool = False
    """Try again what failed before."""
    output: Path | None = None
    """Directory for the matrix as conversion.rst, .md and .html; by default the run's."""

    @model_validator(mode="after")
    def _fits(self) -> ConvertConfig:
        if len(self.models) != 1 and (self.checkpoint is not None or self.arguments):
            raise ValueError("checkpoint and arguments are one network's; name one in models")
        unknown = [name for name in self.routes if name not in ROUTES]
        if unknown or not self.routes:
            raise ValueError(f"no such routes: {unknown}; known: {', '.join(ROUTES)}")
        for name in self.routes:
            needed = ROUTES[name].needs
            if needed and needed not in self.routes:
                raise ValueError(f"route {name} imports what {needed} exports; name both")
        return self
