"""Stand-ins for the blocks of a network: each block itself and pruned copies of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import fx

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.configuration import check_ratios
from kenning_lego.blocks.cost import cost
from kenning_lego.blocks.prune import prune
from kenning_lego.core.errors import ConfigurationError, ModelError


@dataclass(frozen=True, slots=True, eq=False)
class BlockVariant:
    """A module that can stand in for a segment.

    Args:
        block: the segment's name.
        kind: the segment's own module, or a pruned copy.
        ratio: share of the FLOPs that was asked to be removed.
        ratio_reached: share of the FLOPs that is gone.
        module: takes and gives the same shapes as the segment's.
        flops: 2 x multiply-accumulates for the chain's example input.
        parameters: number of parameters.
    """

    block: str
    kind: Literal["original", "pruned"]
    ratio: float
    ratio_reached: float
    module: fx.GraphModule
    flops: int
    parameters: int

    @property
    def name(self) -> str:
        """Unique in the network, such as ``layer2.0@original`` or ``layer2.0@pruned-0.40``."""
        suffix = "original" if self.kind == "original" else f"pruned-{self.ratio:.2f}"
        return f"{self.block}@{suffix}"

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.flops:,} FLOPs ({self.ratio_reached:.1%} removed), "
            f"{self.parameters:,} parameters"
        )


Variants = Mapping[str, tuple[BlockVariant, ...]]
"""Segment name to its variants, the original first, then by ratio."""


def make_variants(chain: Chain, ratios: Sequence[float]) -> dict[str, tuple[BlockVariant, ...]]:
    """The variants of every segment: of fixed ones the original only.

    The original's module is the segment's own; the others are untrained copies.

    Args:
        chain: a network that was cut.
        ratios: as in :class:`.BlocksConfig`.

    Raises:
        ConfigurationError: the ratios are not as :class:`.BlocksConfig` wants them.
        ModelError: a block cannot be pruned.
    """
    try:
        wanted = check_ratios(ratios)
    except ValueError as error:
        raise ConfigurationError(f"ratios {list(ratios)}: {error}", "correct them") from error
    return {
        segment.name: tuple(
            _make(segment, ratio) for ratio in (wanted if segment.scalable else (0.0,))
        )
        for segment in chain
    }


def _make(segment: Segment, ratio: float) -> BlockVariant:
    if ratio == 0:
        own = cost(segment.module, segment.example())
        return BlockVariant(
            segment.name, "original", 0.0, 0.0, segment.module, own.flops, own.parameters
        )
    try:
        pruned = prune(segment.module, segment.example(), ratio)
    except ModelError as error:
        raise ModelError(f"block {segment.name}: {error.problem}", error.remedy) from error
    return BlockVariant(
        segment.name,
        "pruned",
        ratio,
        pruned.ratio_reached,
        pruned.module,
        pruned.flops,
        pruned.parameters,
    )
