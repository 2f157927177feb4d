"""On which engines artifacts of a format are to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from kenning_lego.compilers.base import Compiler
from kenning_lego.core.configuration import Component
from kenning_lego.core.engines import Engine, OptionValue
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.runtimes.formats import readers_of
from kenning_lego.runtimes.options import read_options
from kenning_lego.scenarios.tester.configuration import TargetConfig


class EngineConfig(Component):
    """An engine and what is chosen about it."""

    runtime: str
    """Its name, such as onnxruntime."""
    options: Mapping[str, OptionValue] = Field(default_factory=dict)
    """Of that engine, such as its provider; docs/reference/runtimes.md has them."""

    @model_validator(mode="before")
    @classmethod
    def _options_are_the_engines(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("runtime"), str):
            return values
        given = values.get("options", {})
        if not isinstance(given, Mapping):
            return values
        try:
            return {**values, "options": read_options(values["runtime"], given)}
        except KenningLegoError as error:
            raise ValueError(f"{error.problem}; {error.remedy}") from error


def _from_word(given: Any) -> Any:
    """``litert`` for an engine without options."""
    return {"runtime": given} if isinstance(given, str) else given


NamedEngine = Annotated[
    EngineConfig, BeforeValidator(_from_word, json_schema_input_type=EngineConfig | str)
]
"""For which its name will do."""


def engines_for(
    compiler: Compiler, asked: Sequence[EngineConfig], target: TargetConfig
) -> list[Engine]:
    """The engines that are to run what a compiler makes.

    Args:
        compiler: that makes it.
        asked: of these all that read its format; if there are none, the format's usual one.
        target: whose own engine is taken, with its options, where none is asked for, if it reads
            the format.
    """
    # A format that no engine here reads is the target's affair.
    readers = readers_of(compiler.format) or (target.runtime,)
    found = [Engine(each.runtime, each.options) for each in asked if each.runtime in readers]
    if asked:
        return found
    usual = target.runtime if target.runtime in readers else readers[0]
    return [Engine(usual, target.options if usual == target.runtime else {})]
