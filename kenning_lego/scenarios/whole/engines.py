"""On which engines artifacts of a format are to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from kenning_lego.compilers.base import Compiler
from kenning_lego.core.configuration import Component
from kenning_lego.core.engines import Engine
from kenning_lego.runtimes.formats import ENGINES
from kenning_lego.scenarios.tester.configuration import TargetConfig


class EngineConfig(Component):
    """An engine and what is chosen about it."""

    runtime: str
    """Its name, such as onnxruntime."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Of that engine, such as its provider; docs/runtimes.md has them."""


def _from_word(given: Any) -> Any:
    """``litert`` for an engine without options."""
    return {"runtime": given} if isinstance(given, str) else given


NamedEngine = Annotated[EngineConfig, BeforeValidator(_from_word)]
"""For which its name will do."""


def engines_for(
    compiler: Compiler, asked: Sequence[EngineConfig], target: TargetConfig
) -> list[Engine]:
    """The engines that are to run what a compiler makes.

    Args:
        compiler: that makes it.
        asked: of these all that read its format; if there are none, the format's usual one.
        target: whose own engine is taken where none is asked for, if it reads the format.
    """
    readers = ENGINES[compiler.format]
    found = [Engine(each.runtime, each.options) for each in asked if each.runtime in readers]
    if asked:
        return found
    usual = target.runtime if target.runtime in readers else readers[0]
    return [Engine(usual)]
