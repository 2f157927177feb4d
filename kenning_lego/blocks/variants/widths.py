"""Which layers of a piece of a network may change their widths while its border stays as it is.

A tensor's channels belong to one or more groups. Operations that need equal widths merge groups;
the border, and whatever is not known to leave channels where they are, freezes them. This errs to
the safe side: a layer that is called free can be scaled.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.nn import functional

from kenning_lego.blocks.capture.shapes import Value
from kenning_lego.blocks.variants.attention import Attention

Groups = frozenset[int]

_CHANNELWISE_MODULES = tuple(
    f"torch.nn.modules.{name}"
    for name in ("activation", "dropout", "flatten", "padding", "pooling", "upsampling")
)
# fmt: off
_CHANNELWISE_NAMES = frozenset({
    "abs", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
    "adaptive_max_pool2d", "add", "avg_pool1d", "avg_pool2d", "avg_pool3d", "clamp", "clone",
    "contiguous", "div", "dropout", "dropout2d", "elu", "exp", "gelu", "hardsigmoid", "hardswish",
    "hardtanh", "interpolate", "leaky_relu", "max_pool1d", "max_pool2d", "max_pool3d", "mish",
    "mul", "neg", "pad", "pow", "relu", "relu6", "selu", "sigmoid", "silu", "softplus", "sqrt",
    "sub", "tanh", "truediv",
})
# fmt: on
_FLATTENING_NAMES = frozenset({"flatten", "reshape", "view", "squeeze"})
_OWNERS = (operator, torch, functional, torch.Tensor)


@dataclass(frozen=True, slots=True)
class Freedom:
    """Whether a layer's inputs and outputs may become narrower, and attention lose heads."""

    inputs: bool = False
    outputs: bool = False
    heads: bool = False

    def __bool__(self) -> bool:
        return self.inputs or self.outputs or self.heads


class _Union:
    """Groups of channels that must keep equal widths."""

    def __init__(self) -> None:
        self.parents: list[int] = []
        self.frozen: set[int] = set()

    def new(self) -> Groups:
        self.parents.append(len(self.parents))
        return frozenset({len(self.parents) - 1})

    def find(self, group: int) -> int:
        while self.parents[group] != group:
            group = self.parents[group]
        return group

    def merge(self, groups: Iterable[int]) -> Groups:
        roots = sorted({self.find(group) for group in groups})
        for root in roots[1:]:
            self.parents[root] = roots[0]
        return frozenset(roots[:1])

    def freeze(self, groups: Iterable[int]) -> None:
        self.frozen.update(groups)

    def free_groups(self) -> Callable[[Groups], bool]:
        """Whether none of some groups is frozen, once all are merged that will be."""
        frozen = {self.find(group) for group in self.frozen}
        return lambda groups: bool(groups) and not any(self.find(each) in frozen for each in groups)


def find_freedom(
    nodes: Sequence[fx.Node],
    exits: Iterable[fx.Node],
    modules: Mapping[str, nn.Module],
    values: Mapping[fx.Node, Value],
    attentions: Sequence[Attention] = (),
) -> dict[fx.Node, Freedom]:
    """The layers among `nodes` that have widths, and on which sides each is free.

    These are convolutions, linear layers, and what there is of attention whose heads can go.

    Args:
        nodes: a piece of a traced network in order, without its inputs.
        exits: those of them whose values leave the piece.
        modules: the network's modules by path.
        values: what each node gave.
        attentions: those in the network whose heads can go, see :func:`.heads.find_attentions`.
    """
    union = _Union()
    groups: dict[fx.Node, Groups] = {}
    layers: dict[fx.Node, tuple[Groups, Groups]] = {}
    calls: dict[nn.Module, int] = {}
    for node in nodes:
        if node.op == "call_module":
            called = modules[str(node.target)]
            calls[called] = calls.get(called, 0) + 1

    def of(operand: fx.Node) -> Groups:
        if operand not in groups:  # from outside, or a constant
            groups[operand] = union.new()
            union.freeze(groups[operand])
        return groups[operand]

    for node in nodes:
        read = [each for each in node.all_input_nodes if not values[each].plain]
        incoming = [of(each) for each in read]
        module = modules[str(node.target)] if node.op == "call_module" else None
        if module is not None and calls[module] == 1 and _is_layer(module):
            narrowing = _is_depthwise(module)
            groups[node] = incoming[0] if narrowing else union.new()
            layers[node] = incoming[0], groups[node]
        elif _is_concatenation(node, values):
            groups[node] = frozenset().union(*incoming)
        elif _keeps_channels(node, read, module, values):
            one = len(set(incoming)) == 1
            groups[node] = incoming[0] if one else union.merge(frozenset().union(*incoming))
        else:
            groups[node] = union.new()
            union.freeze(groups[node].union(*incoming))
    for each in exits:
        union.freeze(of(each))
    free = union.free_groups()
    inside = {node.name for node in nodes}
    found = {
        node: Freedom(free(entering), free(leaving)) for node, (entering, leaving) in layers.items()
    }
    for attention in attentions:
        if inside.issuperset((*attention.nodes, attention.result)):
            found |= {node: Freedom(heads=True) for node in nodes if node.name in attention.nodes}
    return {node: found[node] for node in nodes if node in found}


def _is_layer(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.conv._ConvNd | nn.Linear)


def _is_depthwise(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.modules.conv._ConvNd)
        and module.groups > 1
        and module.groups == module.in_channels == module.out_channels
    )


def _name(node: fx.Node) -> str:
    if node.op == "call_method":
        return str(node.target)
    name = getattr(node.target, "__name__", "") if node.op == "call_function" else ""
    known = any(getattr(owner, name, None) is node.target for owner in _OWNERS)
    return name if known else ""


def _is_concatenation(node: fx.Node, values: Mapping[fx.Node, Value]) -> bool:
    shape = values[node].shape
    if _name(node) not in ("cat", "concat") or shape is None or len(shape) not in (2, 4, 5):
        return False
    axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    return axis in (1, 1 - len(shape))


def _keeps_channels(
    node: fx.Node,
    read: Sequence[fx.Node],
    module: nn.Module | None,
    values: Mapping[fx.Node, Value],
) -> bool:
    """Whether channel i of the output depends on channel i of every input alone."""
    shapes = [values[each].shape for each in [*read, node]]
    if any(shape is None or len(shape) < 2 for shape in shapes):
        return False
    ranks = {len(shape) for shape in shapes if shape is not None}
    same_width = len({shape[1] for shape in shapes if shape is not None}) == 1
    flattens = shapes[0] is not None and shapes[-1] is not None and _flattens(shapes[0], shapes[-1])
    if module is not None:
        if isinstance(module, nn.modules.batchnorm._NormBase):
            return True
        if isinstance(module, nn.LayerNorm):
            return len(module.normalized_shape) == 1
        channelwise = type(module).__module__ in _CHANNELWISE_MODULES or type(module) is nn.Identity
        if not channelwise or isinstance(module, nn.MultiheadAttention):
            return False
        return (same_width and len(ranks) == 1) or (isinstance(module, nn.Flatten) and flattens)
    name = _name(node)
    if name in _FLATTENING_NAMES:
        return flattens
    if name == "mean":
        return _averages_space(node, shapes[0] or ())
    return name in _CHANNELWISE_NAMES and same_width and len(ranks) == 1


def _flattens(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    return len(after) == 2 and len(before) > 2 and before[0] == after[0]


def _averages_space(node: fx.Node, shape: tuple[int, ...]) -> bool:
    axes = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    named = axes if isinstance(axes, tuple | list) else (axes,)
    return len(shape) > 2 and all(isinstance(axis, int) and axis % len(shape) > 1 for axis in named)
