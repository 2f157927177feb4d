"""Variants with fewer residual units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import fx

from kenning_lego.blocks.capture.shapes import propagate
from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.cost import Cost, cost_within_border
from kenning_lego.blocks.variants.makers.base import Data, Draft, distinct
from kenning_lego.blocks.variants.narrow import borrow, own_memory
from kenning_lego.blocks.variants.residual_units import Unit, find_units


@dataclass(frozen=True, slots=True)
class DepthMaker:
    """Skips residual units of a block, the last ones first.

    Later units of a stage refine what earlier ones computed, and networks bear their loss best
    (Veit et al., NeurIPS 2016; Huang et al., ECCV 2016). Something that can be trained is left.
    """

    kind: str = "depth"
    wants_data: bool = False

    def make(
        self,
        block: Segment,
        original: Cost,
        ratios: Sequence[float],
        data: Data,  # noqa: ARG002
    ) -> list[Draft]:
        """One for each number of units that is nearest to a ratio; none of a block without units.

        Raises:
            ModelError: a copy does not fit the border.
        """
        units = find_units(block.module, propagate(block.module, block.example()))[::-1]
        gone = [0.0]
        for unit in units:
            gone.append(gone[-1] + unit.flops / original.flops)
        counts = range(len(units) + 1)
        nearest = [min(counts, key=lambda count: abs(gone[count] - ratio)) for ratio in ratios]
        plans = ((ratio, gone[n], n) for ratio, n in zip(ratios, nearest, strict=True))
        border = [tuple(spec.sizes) for spec in block.outputs]
        drafts = []
        for ratio, count in distinct(plans, 0):
            module = _without(block.module, units[:count])
            if any(True for _ in module.parameters()):
                cost = cost_within_border(module, block.example(), border)
                reached = 1 - cost.flops / original.flops
                drafts.append(Draft(ratio, reached, module, cost, 1 - gone[-1]))
        return drafts


def _without(module: fx.GraphModule, units: Sequence[Unit]) -> fx.GraphModule:
    """A copy in which the additions of the units give their shortcuts."""
    own = borrow(module)
    nodes = {node.name: node for node in own.graph.nodes}
    for unit in units:
        nodes[unit.addition.name].replace_all_uses_with(nodes[unit.shortcut.name])
    own.graph.eliminate_dead_code()
    own.delete_all_unused_submodules()
    own.recompile()
    own_memory(own, module)
    return own.requires_grad_(requires_grad=True).eval()
