"""Variants whose layers are factorised: they come near the original before any retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import fx, nn

from kenning_lego.blocks.allocation import Option, allocate
from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.configuration import LowRankConfig
from kenning_lego.blocks.cost import Cost, cost_within_border
from kenning_lego.blocks.factorise import (
    Factorable,
    Spectrum,
    factorised,
    flops_by_rank,
    is_factorable,
    spectrum,
)
from kenning_lego.blocks.makers.base import Data, Draft, distinct
from kenning_lego.blocks.narrow import borrow, own_memory
from kenning_lego.blocks.shapes import Value, propagate
from kenning_lego.blocks.width_plan import multiple_for


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A layer with its decomposition and what its ranks cost and lose.

    Args:
        ranks: by falling cost; 0 stands for the layer as it is.
        options: as many.
    """

    path: str
    layer: Factorable
    spectrum: Spectrum
    ranks: tuple[int, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class LowRankMaker:
    """Factorises convolutions and linear layers; see :mod:`kenning_lego.blocks.factorise`.

    The ranks share the block's FLOPs so that the relative errors of the weights have the
    smallest sum (:func:`.allocation.allocate`). Widths do not change, so layers at the border,
    such as those of shortcuts, take part.

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
        layers = self._layers(block)
        if not layers:
            return []
        whole = original.flops
        fixed = whole - sum(each.options[0].cost for each in layers)
        options = [each.options for each in layers]
        plans = []
        for ratio in ratios:
            chosen = allocate(options, whole * (1 - ratio) - fixed)
            spent = fixed + sum(
                each.options[place].cost for each, place in zip(layers, chosen, strict=True)
            )
            plans.append((ratio, 1 - spent / whole, chosen))
        least = (fixed + sum(each.options[-1].cost for each in layers)) / whole
        drafts = []
        for ratio, chosen in distinct(plans, tuple(0 for _ in layers)):
            module = _replaced(block.module, layers, chosen)
            border = [tuple(spec.sizes) for spec in block.outputs]
            cost = cost_within_border(module, block.example(), border)
            drafts.append(Draft(ratio, 1 - cost.flops / whole, module, cost, least))
        return drafts

    def _layers(self, block: Segment) -> list[_Layer]:
        values = propagate(block.module, block.example())
        calls: dict[str, list[fx.Node]] = {}
        for node in block.module.graph.nodes:
            if node.op == "call_module":
                calls.setdefault(str(node.target), []).append(node)
        found = []
        for path, nodes in calls.items():
            layer = block.module.get_submodule(path)
            if is_factorable(layer):
                made = self._layer(path, layer, nodes, values)
                if len(made.ranks) > 1:
                    found.append(made)
        return found

    def _layer(
        self,
        path: str,
        layer: Factorable,
        nodes: Sequence[fx.Node],
        values: Mapping[fx.Node, Value],
    ) -> _Layer:
        whole = sum(values[node].flops for node in nodes)
        unit = sum(
            sum(
                flops_by_rank(
                    layer, values[node.all_input_nodes[0]].shape or (), values[node].shape or ()
                )
            )
            for node in nodes
        )
        decomposed = spectrum(layer)
        largest = min((whole - 1) // unit, len(decomposed.energies))
        apart = multiple_for(largest, self.config.rank_multiple)
        ranks = range(apart, largest + 1, apart)
        errors = decomposed.errors()
        return _Layer(
            path,
            layer,
            decomposed,
            (0, *reversed(ranks)),
            (Option(whole, 0.0), *(Option(unit * each, errors[each]) for each in reversed(ranks))),
        )


def _replaced(
    module: fx.GraphModule, layers: Sequence[_Layer], chosen: Sequence[int]
) -> fx.GraphModule:
    """A copy with the layers as two calls each where a rank was chosen."""
    own = borrow(module)
    for each, place in zip(layers, chosen, strict=True):
        if place:
            _replace(own, each.path, factorised(each.layer, each.spectrum, each.ranks[place]))
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
