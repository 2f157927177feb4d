"""What of a module's FLOPs and parameters depends on which widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from kenning_lego.blocks.variants.attention import Attention
from kenning_lego.blocks.variants.dependencies import ChannelGroup
from kenning_lego.blocks.variants.width_plan import Layer, remaining

_Sides = Mapping[str, Mapping[bool, Mapping[int, float]]]
"""By path of a layer and by whether its outputs: by group, the share of one channel of it."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """FLOPs or parameters of a module.

    Args:
        whole: of the module as it is.
        layers: those that depend on widths.
        fixed: the rest.
    """

    whole: int
    layers: tuple[Layer, ...]
    fixed: float

    def left(self, removed: Sequence[int]) -> float:
        """What is left after removing so many channels of each group."""
        return remaining(self.layers, removed) + self.fixed


def flops(
    groups: Sequence[ChannelGroup],
    attentions: Sequence[Attention],
    by_layer: Mapping[str, int],
    by_node: Mapping[str, int],
) -> Amounts:
    """The FLOPs.

    Args:
        groups: channels that may be removed, in the order of the widths.
        attentions: layers whose heads may be removed, as widths after those.
        by_layer: FLOPs by path of the layers.
        by_node: FLOPs by name of all nodes.
    """
    sides = _sides(groups)
    return _amounts(
        sum(by_node.values()),
        [
            Layer(by_layer[path], tuple(shares.values()))
            for path, shares in sides.items()
            if path in by_layer
        ]
        + [
            Layer(sum(by_node[name] for name in each.nodes), ({index: 1 / each.heads},))
            for index, each in enumerate(attentions, len(groups))
        ],
    )


def parameters(
    groups: Sequence[ChannelGroup], attentions: Sequence[Attention], module: nn.Module
) -> Amounts:
    """The parameters: a bias has no input side, that behind all heads depends on no width."""
    found = []
    for path, shares in _sides(groups).items():
        for parameter in module.get_submodule(path).parameters(recurse=False):
            matrix = parameter.dim() > 1
            sides = tuple(side for out, side in shares.items() if out or matrix)
            found.append(Layer(parameter.numel(), sides))
    for index, each in enumerate(attentions, len(groups)):
        paths = {each.back.weight}
        for projection in each.projections:
            paths |= {projection.weight} | ({projection.bias} if projection.bias else set())
        amount = sum(module.get_parameter(path).numel() for path in paths)
        found.append(Layer(amount, ({index: 1 / each.heads},)))
    return _amounts(sum(each.numel() for each in module.parameters()), found)


def _amounts(whole: int, layers: Sequence[Layer]) -> Amounts:
    return Amounts(whole, tuple(layers), whole - sum(each.amount for each in layers))


def _sides(groups: Sequence[ChannelGroup]) -> _Sides:
    sides: dict[str, dict[bool, dict[int, float]]] = {}
    for index, group in enumerate(groups):
        for each in group.slices:
            shares = sides.setdefault(each.path, {}).setdefault(each.out, {})
            shares[index] = each.channels.shape[1] / each.width
    return sides
