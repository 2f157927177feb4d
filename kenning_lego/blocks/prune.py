"""Structured pruning of one piece of a network to a share of its FLOPs, by Torch-Pruning.

The piece is put between two sentinel layers; channels that a sentinel shares are the border and
stay. The method follows DepGraph (Fang et al., CVPR 2023); the importance of a channel is the mean
L2 magnitude of all weights that go with it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch_pruning as tp
from torch import fx, nn

from kenning_lego.blocks.cost import cost
from kenning_lego.blocks.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.shapes import propagate, tensors_in
from kenning_lego.blocks.width_plan import Layer, Width, plan_widths, remaining_flops
from kenning_lego.blocks.widths import find_freedom
from kenning_lego.core.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Pruned:
    """A narrower copy of a module.

    Args:
        module: the copy, in evaluation mode; takes and gives the same shapes.
        ratio_reached: share of the FLOPs that is gone, as counted on the copy.
        flops: FLOPs that are left, as :func:`kenning_lego.blocks.cost.cost` counts them.
        parameters: parameters that are left.
    """

    module: fx.GraphModule
    ratio_reached: float
    flops: int
    parameters: int


def prune(module: fx.GraphModule, inputs: Sequence[torch.Tensor], ratio: float) -> Pruned:
    """A copy of `module` with about `ratio` of its FLOPs removed.

    The widths depend on the module's shapes and on `ratio` alone, which channels stay on its
    weights too: pruning again gives a module that a saved state of this one fits.

    Args:
        module: a piece of a network, in evaluation mode; not changed.
        inputs: example inputs in order.
        ratio: share of the FLOPs to remove, in [0, 1); the nearest that widths allow is taken.

    Raises:
        ModelError: no width can change, or what Torch-Pruning made does not fit the border.
    """
    own = copy.deepcopy(module).requires_grad_(requires_grad=True)
    with torch.no_grad():
        expected = [tuple(each.shape) for each in tensors_in(own(*inputs))]
    before = cost(own, inputs)
    try:
        _prune_in_place(own, inputs, before.flops * (1 - ratio))
        with torch.no_grad():
            shapes = [tuple(each.shape) for each in tensors_in(own(*inputs))]
        after = cost(own, inputs)
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"Torch-Pruning cannot prune this piece to {1 - ratio:.0%} of its FLOPs: {error}",
            "ask for another number of blocks, so that they are cut elsewhere",
        ) from error
    if shapes != expected:
        raise ModelError(
            f"pruning changed the shapes at the border from {expected} to {shapes}",
            "ask for another number of blocks, so that they are cut elsewhere",
        )
    reached = 1 - after.flops / before.flops
    return Pruned(own.eval(), reached, after.flops, after.parameters)


class _Sandwich(nn.Module):
    """The body between sentinels, whose channels are those of the border."""

    def __init__(self, body: nn.Module, front: list[nn.Module], back: list[nn.Module]) -> None:
        super().__init__()
        self.body = body
        self.front = nn.ModuleList(front)
        self.back = nn.ModuleList(back)

    def forward(self, *inputs: torch.Tensor) -> list[torch.Tensor]:
        entering = [layer(each) for layer, each in zip(self.front, inputs, strict=True)]
        leaving = tensors_in(self.body(*entering))
        return [layer(each) for layer, each in zip(self.back, leaving, strict=True)]


@dataclass(frozen=True, slots=True)
class _Removable:
    """A width together with the layer that Torch-Pruning names it by."""

    root: nn.Module
    width: Width


def _prune_in_place(module: fx.GraphModule, inputs: Sequence[torch.Tensor], target: float) -> None:
    values = propagate(module, inputs)
    modules = dict(module.named_modules())
    nodes = [node for node in module.graph.nodes if node.op not in ("placeholder", "output")]
    result = next(iter(reversed(module.graph.nodes)))
    freedom = find_freedom(nodes, result.all_input_nodes, modules, values)
    flops = {modules[str(node.target)]: values[node].flops for node in freedom}
    layers_in_order = list(flops)
    with torch.no_grad():
        outputs = list(tensors_in(module(*inputs)))
    sandwich = _Sandwich(
        module,
        [_sentinel(each, layers_in_order[:1]) for each in inputs],
        [_sentinel(each, layers_in_order[-1:]) for each in outputs],
    )
    with torch.enable_grad():
        graph = tp.DependencyGraph().build_dependency(sandwich, tuple(inputs), verbose=False)
    roots = [modules[str(node.target)] for node, each in freedom.items() if each.outputs]
    sentinels = {*sandwich.front, *sandwich.back}
    widths, layers = _widths_and_layers(graph, roots, flops, sentinels)
    if not widths:
        raise ModelError(
            "no width in this piece can change without changing its border",
            "a block needs a layer whose outputs are read inside the block alone",
        )
    others = sum(each.flops for each in values.values()) - remaining_flops(
        layers, [0] * len(widths)
    )
    removed = plan_widths([each.width for each in widths], layers, target - others)
    for each, count in zip(widths, removed, strict=True):
        if count:
            group = _group(graph, each.root, _least_important(graph, each, count))
            group.prune()


def _sentinel(tensor: torch.Tensor, neighbours: Sequence[nn.Module]) -> nn.Module:
    """A layer of the same width on the axis that the nearest layer takes for the channels."""
    linear = tensor.dim() == 2 or any(isinstance(each, nn.Linear) for each in neighbours)
    if linear:
        return nn.Linear(tensor.shape[-1], tensor.shape[-1])
    kinds = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
    return kinds[tensor.dim()](tensor.shape[1], tensor.shape[1], 1)


def _group(graph: tp.DependencyGraph, root: nn.Module, channels: Sequence[int]) -> tp.Group:
    pruner = graph.get_pruner_of_module(root)
    return graph.get_pruning_group(root, pruner.prune_out_channels, list(channels))


def _widths_and_layers(
    graph: tp.DependencyGraph,
    roots: Sequence[nn.Module],
    flops: dict[nn.Module, int],
    sentinels: set[nn.Module],
) -> tuple[list[_Removable], list[Layer]]:
    widths: list[_Removable] = []
    sides: dict[nn.Module, dict[str, dict[int, float]]] = {}
    seen: set[nn.Module] = set()
    for root in roots:
        if root in seen:
            continue
        size = int(graph.get_out_channels(root))
        items = [
            (dep.target.module, graph.is_out_channel_pruning_fn(dep.handler), len(channels))
            for dep, channels in _group(graph, root, range(size))
        ]
        seen.update(layer for layer, out, _ in items if out)
        step = math.lcm(*(_divisor(layer) for layer, *_ in items))
        if any(layer in sentinels for layer, *_ in items) or size % step or size <= step:
            continue
        for layer, out, channels in items:
            if layer in flops:
                side = "out" if out else "in"
                whole = graph.get_out_channels(layer) if out else graph.get_in_channels(layer)
                shares = sides.setdefault(layer, {}).setdefault(side, {})
                shares[len(widths)] = channels / size / int(whole)
        widths.append(_Removable(root, Width(size, step)))
    return widths, [Layer(flops[each], tuple(by.values())) for each, by in sides.items()]


def _divisor(layer: nn.Module) -> int:
    """What a layer's widths must stay multiples of."""
    if isinstance(layer, nn.modules.conv._ConvNd) and layer.groups != layer.out_channels:
        return int(layer.groups)
    return 1


def _least_important(graph: tp.DependencyGraph, each: _Removable, count: int) -> list[int]:
    """The channels to remove: the weakest, as many from each slice of a grouped convolution."""
    scores = tp.importance.GroupMagnitudeImportance(p=2)(
        _group(graph, each.root, range(each.width.size))
    )
    slices = scores.reshape(each.width.step, -1)
    weakest = torch.argsort(slices.mean(0), stable=True)[: count // each.width.step]
    stride = slices.shape[1]
    return sorted(
        int(one) + stride * each_slice for one in weakest for each_slice in range(len(slices))
    )
