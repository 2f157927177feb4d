"""What can be exported: a configuration with its artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.records import ScoreRecord

WHOLE = "whole"
"""Name of the network as it was given, before it was cut."""


@dataclass(frozen=True, slots=True)
class Exportable:
    """What is to be exported.

    Args:
        name: of the configuration.
        variants: by block name; empty for the network before it was cut.
        stages: in order; see :mod:`kenning_lego.core.engines`.
        predicted: of the configuration.
        measured: the same, where a test did.
    """

    name: str
    variants: Mapping[str, str]
    stages: tuple[str, ...]
    predicted: ScoreRecord | None = None
    measured: ScoreRecord | None = None
