"""Structured pruning of one piece of a network to a share of what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import fx

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.capture.shapes import Value, propagate
from kenning_lego.blocks.configuration import Measure
from kenning_lego.blocks.cost import Cost, cost_within_border
from kenning_lego.blocks.variants import layer_costs
from kenning_lego.blocks.variants.attention import Attention
from kenning_lego.blocks.variants.dependencies import ChannelGroup, find_groups
from kenning_lego.blocks.variants.heads import find_attentions
from kenning_lego.blocks.variants.importance import (
    MAGNITUDE,
    Criterion,
    head_importances,
    importances,
)
from kenning_lego.blocks.variants.layer_costs import Amounts
from kenning_lego.blocks.variants.narrow import borrow, narrow
from kenning_lego.blocks.variants.width_plan import Width, plan_multiples
from kenning_lego.blocks.variants.widths import find_freedom
from kenning_lego.core.errors import ModelError

_AGREEMENT = 0.001
"""Share of the FLOPs by which the count on a copy may differ from the plan."""

_ELSEWHERE = "ask for another number of blocks, so that they are cut elsewhere"


@dataclass(frozen=True, slots=True)
class Pruning:
    """What to remove.

    Args:
        removed: channels of each of :attr:`Prunable.groups`, then heads of each of
            :attr:`Prunable.attentions`.
        ratio: share of the FLOPs or parameters that goes with them.
    """

    removed: tuple[int, ...]
    ratio: float


@dataclass(frozen=True, slots=True, eq=False)
class Pruned:
    """A narrower copy of a module.

    Args:
        module: the copy, in evaluation mode; takes and gives the same shapes.
        cost: as counted on the copy.
    """

    module: fx.GraphModule
    cost: Cost


def prune(module: fx.GraphModule, inputs: Sequence[torch.Tensor], ratio: float) -> Pruned:
    """A copy of `module` with about `ratio` of its FLOPs removed; see :class:`Prunable`.

    Raises:
        ModelError: no width can change, or what Torch-Pruning made does not fit the border.
    """
    prunable = Prunable(module, inputs)
    return prunable.narrow(prunable.plan(ratio).removed)


class Prunable:
    """A piece of a network, taken apart once to be pruned to several ratios.

    Args:
        module: in evaluation mode; not changed.
        inputs: example inputs in order.

    Attributes:
        groups: channels that may be removed, by what goes together.
        attentions: layers that may lose heads.

    Raises:
        ModelError: no width can change, or Torch-Pruning does not understand the piece.
    """

    def __init__(self, module: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> None:
        own = borrow(module).requires_grad_(requires_grad=True)
        try:
            values = propagate(own, inputs)
            self.groups, self.attentions = _find_widths(own, inputs, values)
        except FOREIGN_ERRORS as error:
            raise ModelError(
                f"Torch-Pruning does not understand this piece: {error}", _ELSEWHERE
            ) from error
        if not self.groups and not self.attentions:
            raise ModelError(
                "no width in this piece can change without changing its border",
                "a block needs a layer whose outputs are read inside the block alone",
            )
        self.module = module
        self.inputs = tuple(inputs)
        self._border = [values[node].shape or () for node in _result(own).all_input_nodes]
        self._widths = [Width(each.size, each.step) for each in self.groups]
        self._widths += [Width(each.heads) for each in self.attentions]
        by_node = {node.name: each.flops for node, each in values.items()}
        self._amounts: Mapping[Measure, Amounts] = {
            "flops": layer_costs.flops(
                self.groups, self.attentions, _flops_by_layer(values), by_node
            ),
            "parameters": layer_costs.parameters(self.groups, self.attentions, module),
        }
        self._rankings: dict[Criterion, list[list[int]]] = {}

    def least_share(self, measure: Measure = "flops") -> float:
        """The smallest share of the FLOPs or parameters that can be left."""
        amounts = self._amounts[measure]
        return amounts.left([each.removals[-1] for each in self._widths]) / amounts.whole

    def smallest_step(self, measure: Measure = "flops") -> float:
        """The smallest share that the first step of any width removes."""
        amounts = self._amounts[measure]
        nothing = [0] * len(self._widths)
        steps = (
            amounts.left(nothing)
            - amounts.left([*nothing[:i], each.removals[1], *nothing[i + 1 :]])
            for i, each in enumerate(self._widths)
        )
        return min(steps) / amounts.whole

    def plan(
        self,
        ratio: float,
        measure: Measure = "flops",
        *,
        width_multiple: int = 1,
        tolerance: float = 0.0,
    ) -> Pruning:
        """What to remove; depends on the module's shapes alone, not on its weights.

        Args:
            ratio: share to remove, in [0, 1); the nearest that the widths allow is taken.
            measure: of what.
            width_multiple: what wide widths are kept to multiples of, a power of two.
            tolerance: by how much the ratio may be missed for that.
        """
        amounts = self._amounts[measure]
        plan = plan_multiples(
            self._widths,
            amounts.layers,
            amounts.whole * (1 - ratio) - amounts.fixed,
            multiple=width_multiple,
            tolerance=tolerance * amounts.whole,
        )
        return Pruning(plan.removed, 1 - (plan.left + amounts.fixed) / amounts.whole)

    def narrow(self, removed: Sequence[int], criterion: Criterion = MAGNITUDE) -> Pruned:
        """A copy with so many channels of each group, then heads of each attention, removed.

        Which ones depends on the module's weights and on `criterion` alone: pruning again gives
        a module that a saved state of this one fits.

        Raises:
            ModelError: what Torch-Pruning made does not fit the border, or costs something else
                than was planned.
        """
        try:
            weakest = self._weakest(removed, criterion)
            module = narrow(self.module, self.groups, self.attentions, weakest)
            cost = cost_within_border(module, self.inputs, self._border)
        except FOREIGN_ERRORS as error:
            raise ModelError(
                f"Torch-Pruning cannot narrow this piece: {error}", _ELSEWHERE
            ) from error
        self._check(cost, removed)
        return Pruned(module, cost)

    def _weakest(self, removed: Sequence[int], criterion: Criterion) -> list[list[int]]:
        rankings = self._rankings.get(criterion)
        if rankings is None:
            rankings = [_weakest_first(self.module, each, criterion) for each in self.groups]
            rankings += [_weakest_heads(self.module, each, criterion) for each in self.attentions]
            self._rankings[criterion] = rankings
        return [ranking[:count] for ranking, count in zip(rankings, removed, strict=True)]

    def _check(self, cost: Cost, removed: Sequence[int]) -> None:
        """Whether Torch-Pruning did what was planned: both counts are exact but for rounding."""
        flops = self._amounts["flops"]
        planned = flops.left(removed)
        if abs(cost.flops - planned) > _AGREEMENT * flops.whole:
            raise ModelError(
                f"Torch-Pruning left {cost.flops:,} FLOPs of this piece, not {planned:,.0f}",
                _ELSEWHERE,
            )


def _find_widths(
    module: fx.GraphModule, inputs: Sequence[torch.Tensor], values: Mapping[fx.Node, Value]
) -> tuple[tuple[ChannelGroup, ...], tuple[Attention, ...]]:
    modules = dict(module.named_modules())
    nodes = [node for node in module.graph.nodes if node.op not in ("placeholder", "output")]
    attentions = find_attentions(nodes, modules, values)
    exits = _result(module).all_input_nodes
    freedom = find_freedom(nodes, exits, modules, values, attentions)
    roots = [str(node.target) for node, each in freedom.items() if each.outputs]
    layers = [str(node.target) for node in freedom if node.op == "call_module"]
    groups = find_groups(module, inputs, roots, layers) if roots else ()
    return groups, attentions


def _flops_by_layer(values: Mapping[fx.Node, Value]) -> dict[str, int]:
    found: dict[str, int] = {}
    for node, each in values.items():
        if node.op == "call_module":
            found[str(node.target)] = found.get(str(node.target), 0) + each.flops
    return found


def _weakest_first(module: fx.GraphModule, group: ChannelGroup, criterion: Criterion) -> list[int]:
    """The group's channels in the order in which to remove them, in turn from each of its parts."""
    parts = importances(module, group, criterion).reshape(group.step, -1)
    order = torch.argsort(parts.mean(0), stable=True)
    return [int(each) + part * parts.shape[1] for each in order for part in range(group.step)]


def _weakest_heads(module: fx.GraphModule, each: Attention, criterion: Criterion) -> list[int]:
    order: list[int] = torch.argsort(
        head_importances(module, each, criterion), stable=True
    ).tolist()
    return order


def _result(module: fx.GraphModule) -> fx.Node:
    return module.graph.output_node()
