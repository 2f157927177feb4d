"""What is stored of a network beside its graphs and weights; importing this needs no torch."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kenning_lego.core.records import AccuracyRecord, TensorRecord, VariantFacts

SCHEMA_VERSION: Final = 1


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoredVariant(VariantFacts):
    """A stand-in for a segment; see :class:`kenning_lego.blocks.variants.variants.BlockVariant`."""

    weight_bytes: int
    activation_bytes: int
    needs_code: str | None = None
    """Why it cannot be made again without the network's own code; None if it can."""


class StoredSegment(_Stored):
    """A piece of the chain."""

    name: str
    scalable: bool
    layers: tuple[str, ...]
    """Paths of the network's layers in it."""
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]
    variants: tuple[StoredVariant, ...]


class StoredScores(_Stored):
    """The original network's quality."""

    dataset: str
    metric: str
    validation: float
    test: float


class Manifest(_Stored):
    """A network that was cut, with its variants and what is known of them."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["network"] = "network"
    name: str
    created: str
    """ISO 8601 with time zone."""
    version: str
    """Of kenning-lego."""
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]
    segments: tuple[StoredSegment, ...]
    opaque: dict[str, str] = Field(default_factory=dict)
    """Paths of modules that could not be traced, and why."""
    scores: StoredScores | None = None
    accuracy: AccuracyRecord | None = None
    graphs: str
    """The sha256 of the file of graphs."""
    weights: str
    """The sha256 of the file of weights."""
