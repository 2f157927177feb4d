"""What a test can be told about compiling its blocks in several ways."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, model_validator

from kenning_lego.compilers.configuration import NamedCompiler
from kenning_lego.core.configuration import Component

_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class WayConfig(Component):
    """A further way to compile and run every variant of every block."""

    compiler: NamedCompiler
    """Makes the artifacts; onnx-int8 stands for type onnx and precision int8."""
    runtime: str | None = None
    """The engine that runs them; by default the target's, or else the one for their format."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Of that engine."""
    name: str = ""
    """Stands behind + in the variants' names; by default the precision, after the compiler's type
    where that is not the main one's."""

    @model_validator(mode="after")
    def _name_can_be_read(self) -> WayConfig:
        if self.name and not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the name {self.name!r} is to be of letters, digits, '_', '.' and '-'"
            )
        return self


class MixConfig(Component):
    """Whether every block also comes in other precisions and on other engines."""

    ways: tuple[WayConfig, ...] = ()
    """Further ways to compile, each of which gives every variant of every block once more."""
    samples: int = Field(default=2000, ge=1)
    """Images of the validation part that compiled variants run on, to see what they cost."""
    peers: bool = False
    """Also run on the target what each budget would get of one precision, and of one ratio."""
