"""What a maker of variants is: how to plug in one of your own, too."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import fx

from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.cost import Cost

Key = TypeVar("Key", bound=Hashable)

Data = Sequence[tuple[torch.Tensor, ...]]
"""Batches of a block's inputs, as the original network computes them."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A stand-in for a block, not retrained yet.

    Args:
        ratio: share that was asked to be removed, in [0, 1); tells the maker's drafts of a
            block apart by its first two decimals.
        ratio_reached: share that is gone.
        module: takes and gives the same shapes as the block's, in evaluation mode. Made from the
            same block again, its state has the same shapes.
        cost: of the module, from :func:`kenning_lego.blocks.cost.cost_within_border`.
        least_share: the smallest share that the maker can leave of this block, if it knows.
    """

    ratio: float
    ratio_reached: float
    module: fx.GraphModule
    cost: Cost
    least_share: float | None = None


class VariantMaker(Protocol):
    """Makes variants of a block; found by :func:`.lookup.find_makers`."""

    @property
    def kind(self) -> str:
        """Of its variants, part of their names: letters, digits, ``_`` and ``-``."""
        ...

    @property
    def wants_data(self) -> bool:
        """Whether :meth:`make` needs data."""
        ...

    def make(
        self, block: Segment, original: Cost, ratios: Sequence[float], data: Data
    ) -> Sequence[Draft]:
        """Stand-ins for `block`, all different from each other and from it.

        Args:
            block: its module is not changed, and shares no memory with what is made.
            original: what it costs.
            ratios: shares to remove, each in (0, 1), ascending. A maker that cannot meet one
                makes the nearest it can, or nothing.
            data: batches of the block's inputs; empty unless the maker wants them.

        Raises:
            ModelError: the block cannot be worked on.
        """
        ...


def distinct(plans: Iterable[tuple[float, float, Key]], nothing: Key) -> list[tuple[float, Key]]:
    """One ratio for each plan: the one that it meets best.

    Args:
        plans: asked ratio, ratio that the plan reaches, and the plan.
        nothing: the plan that leaves the block as it is, which is dropped.

    Returns:
        Asked ratios and plans, in the order in which they were given.
    """
    best: dict[Key, tuple[float, float]] = {}
    for ratio, reached, plan in plans:
        miss = abs(ratio - reached)
        if plan != nothing and (plan not in best or miss < best[plan][0]):
            best[plan] = miss, ratio
    return sorted((ratio, plan) for plan, (_, ratio) in best.items())
