"""Stand-ins for the blocks of a network: each block itself and what makers make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import fx

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.configuration import check_ratios
from kenning_lego.blocks.cost import Cost, cost
from kenning_lego.blocks.variants.makers.base import Data, Draft, VariantMaker
from kenning_lego.blocks.variants.makers.pruned import PrunedMaker
from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.core.records import VariantFacts

ORIGINAL = "original"
"""Kind of the variant that is the block itself."""

_PROBES = 8
"""Batches that the data for the makers is split into."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockVariant:
    """A module that can stand in for a segment.

    Args:
        block: the segment's name.
        kind: :data:`ORIGINAL` for the segment's own module, else the maker's.
        ratio: share of the FLOPs, or of what the maker was told to measure, that was asked to be
            removed.
        ratio_reached: share that is gone.
        module: takes and gives the same shapes as the segment's.
        cost: for the chain's example input.
        least_share: the smallest share that its maker can leave of this block, if known.
    """

    block: str
    kind: str
    ratio: float
    ratio_reached: float
    module: fx.GraphModule
    cost: Cost
    least_share: float | None = None

    @property
    def name(self) -> str:
        """Unique in the network, such as ``layer2.0@original`` or ``layer2.0@pruned-0.40``."""
        suffix = ORIGINAL if self.kind == ORIGINAL else f"{self.kind}-{self.ratio:.2f}"
        return f"{self.block}@{suffix}"

    @property
    def flops(self) -> int:
        """2 x multiply-accumulates for the chain's example input."""
        return self.cost.flops

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return self.cost.parameters

    def facts(self, losses: Mapping[str, float], costs: Mapping[str, float]) -> VariantFacts:
        """What records hold of it.

        Args:
            losses: of retraining, by variant name, where there are any.
            costs: in accuracy, likewise.
        """
        return VariantFacts(
            name=self.name,
            kind=self.kind,
            ratio=self.ratio,
            ratio_reached=self.ratio_reached,
            flops=self.flops,
            parameters=self.parameters,
            weight_bytes=self.cost.weight_bytes,
            activation_bytes=self.cost.activation_bytes,
            least_share=self.least_share,
            reconstruction_loss=losses.get(self.name),
            accuracy_cost=costs.get(self.name),
        )

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.flops:,} FLOPs ({self.ratio_reached:.1%} removed), "
            f"{self.parameters:,} parameters"
        )


Variants = Mapping[str, tuple[BlockVariant, ...]]
"""Segment name to its variants, the original first, then by ratio and kind."""


def make_variants(
    chain: Chain,
    ratios: Sequence[float],
    makers: Sequence[VariantMaker] = (PrunedMaker(),),
    calibration: torch.Tensor | Sequence[torch.Tensor] | None = None,
) -> dict[str, tuple[BlockVariant, ...]]:
    """The variants of every segment: of fixed ones the original only.

    The original's module is the segment's own; the others are untrained copies.

    Args:
        chain: a network that was cut.
        ratios: as in :class:`.BlocksConfig`.
        makers: of the variants, each with a kind of its own.
        calibration: the network's inputs, samples first, for makers that want data; some dozens
            of images do.

    Raises:
        ConfigurationError: the ratios are not as :class:`.BlocksConfig` wants them, two makers
            are of one kind, or a maker wants data and there is none.
        ModelError: a maker cannot work on a block.
    """
    wanted = _check(ratios, makers)
    data = _block_inputs(chain, makers, calibration)
    return {
        segment.name: _variants(segment, wanted, makers, data.get(segment.name, ()))
        for segment in chain
    }


def _variants(
    segment: Segment, ratios: Sequence[float], makers: Sequence[VariantMaker], data: Data
) -> tuple[BlockVariant, ...]:
    own = cost(segment.module, segment.example())
    original = BlockVariant(segment.name, ORIGINAL, 0.0, 0.0, segment.module, own)
    if not segment.scalable:
        return (original,)
    made = [
        _variant(segment, maker.kind, draft)
        for maker in makers
        for draft in _drafts(maker, segment, own, ratios, data)
    ]
    return (original, *sorted(made, key=lambda each: (each.ratio, each.kind)))


def _variant(segment: Segment, kind: str, draft: Draft) -> BlockVariant:
    return BlockVariant(
        segment.name,
        kind,
        draft.ratio,
        draft.ratio_reached,
        draft.module,
        draft.cost,
        draft.least_share,
    )


def _drafts(
    maker: VariantMaker, segment: Segment, own: Cost, ratios: Sequence[float], data: Data
) -> Sequence[Draft]:
    try:
        return maker.make(segment, own, ratios, data if maker.wants_data else ())
    except ModelError as error:
        raise ModelError(f"block {segment.name}: {error.problem}", error.remedy) from error


def _check(ratios: Sequence[float], makers: Sequence[VariantMaker]) -> tuple[float, ...]:
    try:
        wanted = check_ratios(ratios)
    except ValueError as error:
        raise ConfigurationError(f"ratios {list(ratios)}: {error}", "correct them") from error
    kinds = [each.kind for each in makers]
    if len({*kinds, ORIGINAL}) <= len(kinds):
        raise ConfigurationError(
            f"makers of the kinds {', '.join(kinds)} would give variants the same names",
            f"name each maker once, and none {ORIGINAL!r}",
        )
    return wanted[1:]


def _block_inputs(
    chain: Chain,
    makers: Sequence[VariantMaker],
    calibration: torch.Tensor | Sequence[torch.Tensor] | None,
) -> dict[str, list[tuple[torch.Tensor, ...]]]:
    wanting = [each.kind for each in makers if each.wants_data]
    if not wanting:
        return {}
    if calibration is None:
        raise ConfigurationError(
            f"{', '.join(wanting)} variants are made by means of data, and there is none",
            "give some of the network's inputs, or choose an importance that needs none",
        )
    given = (calibration,) if isinstance(calibration, torch.Tensor) else tuple(calibration)
    found: dict[str, list[tuple[torch.Tensor, ...]]] = {each.name: [] for each in chain.blocks}
    for batch in zip(*(each.tensor_split(min(_PROBES, len(each))) for each in given), strict=True):
        tensors = chain.tensors(batch)
        for block in chain.blocks:
            found[block.name].append(tuple(tensors[spec.name] for spec in block.inputs))
    return found
