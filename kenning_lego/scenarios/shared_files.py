"""Verbs that do a part of what `test` does, and read its scenario files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from kenning_lego.core.configuration import Component
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig

C = TypeVar("C", bound=Component)


def parse_part_of_test(
    model: type[C],
    arguments: Sequence[str],
    *,
    program: str,
    description: str,
    common: Sequence[str],
    example: str,
) -> C:
    """Read a configuration as :func:`parse_configuration` does, from a file for ``test`` too.

    Keys of the file that only `test` knows are left alone.
    """
    return parse_configuration(
        model,
        arguments,
        program=program,
        description=description,
        file="a scenario in YAML, such as one for test, of which the rest is left alone; flags "
        "override it",
        beside=InferenceTestConfig.model_fields.keys() - model.model_fields.keys(),
        common=common,
        example=example,
    )
