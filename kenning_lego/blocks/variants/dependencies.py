"""Which channels of which layers go together, as Torch-Pruning's dependency graph finds them.

The piece is put between two sentinel layers; channels that a sentinel shares are the border and
stay. The method follows DepGraph (Fang et al., CVPR 2023). Only layers are asked for that are known
to be free (:mod:`.widths`): asking for all explodes on networks that reshape their tokens.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch_pruning as tp
from torch import fx, nn

from kenning_lego.blocks.capture.shapes import tensors_in

_OPERATIONS = tuple(
    each
    for each in vars(tp.ops).values()
    if isinstance(each, type) and each.__module__ == tp.ops.__name__ and issubclass(each, nn.Module)
)
"""What Torch-Pruning puts into its graph for operations between layers."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The channels of a layer that go with those of a group.

    Args:
        path: of the layer.
        out: whether they are the layer's outputs; its inputs otherwise. Layers of which both are
            the same, such as normalisation, have outputs.
        width: channels that the layer has on that side.
        channels: shape (channels of the group, channels of the layer for each), int64.
    """

    path: str
    out: bool
    width: int
    channels: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ChannelGroup:
    """Channels of several layers that can only be removed together.

    Args:
        size: how many there are.
        step: removals are multiples of it: one from each of so many equal parts of the group.
        slices: what goes with them, the layer that computes them first.
    """

    size: int
    step: int
    slices: tuple[Slice, ...]


def find_groups(
    module: fx.GraphModule,
    inputs: Sequence[torch.Tensor],
    roots: Sequence[str],
    layers: Sequence[str],
) -> tuple[ChannelGroup, ...]:
    """The groups of channels that can be removed without changing the border.

    Args:
        module: a piece of a network, in evaluation mode.
        inputs: example inputs in order.
        roots: paths of layers whose outputs are known to be free.
        layers: paths of all convolutions and linear layers in the order in which they run.

    Raises:
        RuntimeError: or one of the other :data:`.FOREIGN_ERRORS`, from Torch-Pruning.
    """
    with torch.no_grad():
        outputs = list(tensors_in(module(*inputs)))
    first, last = (module.get_submodule(each) for each in (layers[0], layers[-1]))
    sandwich = _Sandwich(
        module,
        [_sentinel(each, first) for each in inputs],
        [_sentinel(each, last) for each in outputs],
    )
    with warnings.catch_warnings():
        # It warns of shapes that it gives up on; what comes of that is checked afterwards.
        warnings.simplefilter("ignore", UserWarning)
        with torch.enable_grad():
            graph = tp.DependencyGraph().build_dependency(sandwich, tuple(inputs), verbose=False)
        return _groups(graph, module, roots)


def _groups(
    graph: tp.DependencyGraph, module: fx.GraphModule, roots: Sequence[str]
) -> tuple[ChannelGroup, ...]:
    paths = {each: path for path, each in module.named_modules()}
    found: list[ChannelGroup] = []
    seen: set[str] = set()
    for root in roots:
        if root in seen:
            continue
        items = _items(graph, module.get_submodule(root))
        seen.update(paths[layer] for layer, *_, out in items if out and layer in paths)
        group = _group(items, paths)
        if group is not None:
            found.append(group)
    return tuple(found)


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


def _sentinel(tensor: torch.Tensor, neighbour: nn.Module) -> nn.Module:
    """A layer of the same width on the axis that the nearest layer takes for the channels."""
    if tensor.dim() == 2 or isinstance(neighbour, nn.Linear | nn.MultiheadAttention):
        return nn.Linear(tensor.shape[-1], tensor.shape[-1])
    kinds = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
    return kinds[tensor.dim()](tensor.shape[1], tensor.shape[1], 1)


_Item = tuple[object, Sequence[int], Sequence[int | None], int, bool]
"""A layer, its channels, the group's for each of them, the width of that side, whether outputs."""


def _items(graph: tp.DependencyGraph, root: nn.Module) -> list[_Item]:
    pruner = graph.get_pruner_of_module(root)
    every = list(range(int(graph.get_out_channels(root))))
    items: list[_Item] = []
    for item in graph.get_pruning_group(root, pruner.prune_out_channels, every):
        layer = item.dep.target.module
        out = graph.is_out_channel_pruning_fn(item.dep.handler)
        width = graph.get_out_channels(layer) if out else graph.get_in_channels(layer)
        items.append((layer, item.idxs, item.root_idxs, width or 0, out))
    return items


def _group(items: Sequence[_Item], paths: Mapping[object, str]) -> ChannelGroup | None:
    """The group, or None if it reaches the border or is not understood."""
    size = len(items[0][1])
    slices = []
    for layer, channels, roots, width, out in items:
        if isinstance(layer, _OPERATIONS) or not width:
            continue  # nothing to slice there
        table = _table(channels, roots, size)
        if layer not in paths or table is None:
            return None
        slices.append(Slice(paths[layer], out, width, table))
    step = math.lcm(*(_divisor(each) for each, *_ in items))
    if size % step or size <= step:
        return None
    return ChannelGroup(size, step, tuple(slices))


def _table(channels: Sequence[int], roots: Sequence[int | None], size: int) -> torch.Tensor | None:
    """A layer's channels by the group's, or None unless each has as many and all differ."""
    rows: list[list[int]] = [[] for _ in range(size)]
    for channel, root in zip(channels, roots, strict=True):
        if root is None:
            return None
        rows[root].append(channel)
    if len({len(row) for row in rows}) != 1 or len(set(channels)) != len(channels):
        return None
    return torch.tensor(rows)


def _divisor(layer: object) -> int:
    """What a layer's widths must stay multiples of."""
    if isinstance(layer, nn.modules.conv._ConvNd) and layer.groups != layer.out_channels:
        return int(layer.groups)
    return 1
