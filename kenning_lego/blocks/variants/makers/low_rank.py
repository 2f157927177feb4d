"""Variants whose layers are factorised: they come near the original before any retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import fx, nn

from kenning_lego.blocks.capture.shapes import Value, propagate
from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.configuration import LowRankConfig
from kenning_lego.blocks.cost import Cost, cost_within_border
from kenning_lego.blocks.variants.allocation import Option, allocate
from kenning_lego.blocks.variants.factorise import (
    Factorable,
    Spectrum,
    factorised,
    flops_by_rank,
    is_factorable,
    spectrum,
)
from kenning_lego.blocks.variants.makers.base import Data, Draft, distinct
from kenning_lego.blocks.variants.narrow import borrow, own_memory
from kenning_lego.blocks.variants.width_plan import multiple_for


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A layer with its decomposition.

    Args:
        path: in the block's module.
        layer: as it is.
        flops: of the layer as it is.
        flops_by_rank: of its factors, for each unit of rank.
        spectrum: its decomposition.
    """

    path: str
    layer: Factorable
    flops: int
    flops_by_rank: int
    spectrum: Spectrum

    @property
    def largest(self) -> int:
        """The largest rank that saves FLOPs, 0 if none does."""
        return min((self.flops - 1) // self.flops_by_rank, len(self.spectrum.energies))

    def ranks(self, multiple: int) -> tuple[int, ...]:
        """What can be chosen, by falling FLOPs; 0 stands for the layer as it is."""
        apart = multiple_for(self.largest, multiple)
        return (0, *reversed(range(apart, self.largest + 1, apart)))

    def options(self, ranks: Sequence[int]) -> list[Option]:
        """What these ranks cost and lose."""
        errors = self.spectrum.errors()
        return [
            Option(self.flops_by_rank * rank, errors[rank]) if rank else Option(self.flops, 0.0)
            for rank in ranks
        ]


@dataclass(frozen=True, slots=True)
class LowRankMaker:
    """Factorises convolutions and linear layers; see :mod:`kenning_lego.blocks.variants.factorise`.

    The ranks share the block's FLOPs so that the relative errors of the weights have a small
    sum (:func:`.allocation.allocate`). Widths do not change, so layers at the border, such as
    those of shortcuts, take part.

    Args:
        config: which ranks.
    """

    config: LowRankConfig = field(default_factory=LowRankConfig)
    kind: str = "low_rank"
    wants_data: bool = False

    def make(
        self,
        block: Segment,
        original: Cost,
        ratios: Sequence[float],
        data: Data,  # noqa: ARG002
    ) -> list[Draft]:
        """One for each ratio that ranks can meet; none of a block without a fitting layer.

        Raises:
            ModelError: a factorised copy does not fit the border.
        """
        layers = _layers(block)
        if not layers:
            return []
        whole = original.flops
        fixed = whole - sum(each.flops for each in layers)
        plans = []
        for ratio in ratios:
            ranks = self._ranks(layers, whole * (1 - ratio) - fixed, whole)
            plans.append((ratio, 1 - (fixed + _spent(layers, ranks)) / whole, ranks))
        least = (fixed + sum(each.flops_by_rank for each in layers)) / whole
        border = [tuple(spec.sizes) for spec in block.outputs]
        drafts = []
        for ratio, ranks in distinct(plans, tuple(0 for _ in layers)):
            module = _replaced(block.module, layers, ranks)
            cost = cost_within_border(module, block.example(), border)
            drafts.append(Draft(ratio, 1 - cost.flops / whole, module, cost, least))
        return drafts

    def _ranks(self, layers: Sequence[_Layer], target: float, whole: int) -> tuple[int, ...]:
        """The largest multiples that meet the target, else the plan that comes nearest."""
        plans = []
        multiple: int = self.config.rank_multiple
        while multiple:
            choices = [each.ranks(multiple) for each in layers]
            options = [each.options(ranks) for each, ranks in zip(layers, choices, strict=True)]
            places = allocate(options, target)
            plan = tuple(ranks[place] for ranks, place in zip(choices, places, strict=True))
            if abs(_spent(layers, plan) - target) <= self.config.ratio_tolerance * whole:
                return plan
            plans.append(plan)
            multiple //= 2
        return min(reversed(plans), key=lambda plan: abs(_spent(layers, plan) - target))


def _spent(layers: Sequence[_Layer], ranks: Sequence[int]) -> int:
    return sum(
        each.flops_by_rank * rank if rank else each.flops
        for each, rank in zip(layers, ranks, strict=True)
    )


def _layers(block: Segment) -> list[_Layer]:
    """The layers of the block that a factorisation can make cheaper."""
    values = propagate(block.module, block.example())
    calls: dict[str, list[fx.Node]] = {}
    for node in block.module.graph.nodes:
        if node.op == "call_module":
            calls.setdefault(str(node.target), []).append(node)
    found = []
    for path, nodes in calls.items():
        layer = block.module.get_submodule(path)
        if is_factorable(layer):
            made = _Layer(
                path,
                layer,
                sum(values[node].flops for node in nodes),
                sum(_flops_by_rank(layer, node, values) for node in nodes),
                spectrum(layer),
            )
            if made.largest:
                found.append(made)
    return found


def _flops_by_rank(layer: Factorable, node: fx.Node, values: Mapping[fx.Node, Value]) -> int:
    (read,) = node.all_input_nodes
    return sum(flops_by_rank(layer, values[read].shape or (), values[node].shape or ()))


def _replaced(
    module: fx.GraphModule, layers: Sequence[_Layer], ranks: Sequence[int]
) -> fx.GraphModule:
    """A copy with the layers as two calls each where a rank was chosen."""
    own = borrow(module)
    for each, rank in zip(layers, ranks, strict=True):
        if rank:
            _replace(own, each.path, factorised(each.layer, each.spectrum, rank))
    own.delete_all_unused_submodules()
    own.graph.lint()
    own.recompile()
    own_memory(own, module)
    return own.requires_grad_(requires_grad=True).eval()


def _replace(module: fx.GraphModule, path: str, factors: Sequence[nn.Module]) -> None:
    names = [f"{path}_{suffix}" for suffix in ("in", "out")]
    for name, factor in zip(names, factors, strict=True):
        module.add_submodule(name, factor)
    for node in [each for each in module.graph.nodes if each.target == path]:
        with module.graph.inserting_before(node):
            first = module.graph.call_module(names[0], node.args, node.kwargs)
            second = module.graph.call_module(names[1], (first,))
        node.replace_all_uses_with(second)
        module.graph.erase_node(node)
