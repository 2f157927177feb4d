"""Variants with fewer channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.configuration import PrunedConfig
from kenning_lego.blocks.cost import Cost
from kenning_lego.blocks.variants.importance import Criterion, sensitivities
from kenning_lego.blocks.variants.makers.base import Data, Draft, distinct
from kenning_lego.blocks.variants.prune import Prunable


@dataclass(frozen=True, slots=True)
class PrunedMaker:
    """Removes channels that are read inside the block alone.

    See :mod:`kenning_lego.blocks.variants.prune`.

    Args:
        config: which channels, and how many.
    """

    config: PrunedConfig = field(default_factory=PrunedConfig)
    kind: str = "pruned"

    @property
    def wants_data(self) -> bool:
        """Only for importance that depends on it."""
        return self.config.importance == "taylor"

    def make(
        self, block: Segment, original: Cost, ratios: Sequence[float], data: Data
    ) -> list[Draft]:
        """One for each ratio, where the widths allow so many different ones.

        Raises:
            ModelError: no width can change, or Torch-Pruning fails.
        """
        config = self.config
        prunable = Prunable(block.module, block.example())
        found = sensitivities(block.module, data, config.seed) if self.wants_data else {}
        criterion = Criterion(config.importance, config.seed, found)
        least = prunable.least_share(config.measure)
        plans = []
        for ratio in ratios:
            plan = prunable.plan(
                ratio,
                config.measure,
                width_multiple=config.width_multiple,
                tolerance=config.ratio_tolerance,
            )
            plans.append((ratio, plan.ratio, plan.removed))
        different = distinct(plans, tuple(0 for _ in (*prunable.groups, *prunable.attentions)))
        drafts = []
        for ratio, removed in different:
            pruned = prunable.narrow(removed, criterion)
            reached = 1 - pruned.cost.share_of(original, config.measure)
            drafts.append(Draft(ratio, reached, pruned.module, pruned.cost, least))
        return drafts
