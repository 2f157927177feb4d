"""Attention that a network writes out: linear layers, views, and the function of torch.

Which channels of the linear layers belong to which head is read off by sending the numbers of all
elements through the views, so that it does not matter how these are written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.capture.shapes import Value
from kenning_lego.blocks.variants.attention import Attention, Projection

# fmt: off
_VIEWS = frozenset({
    "chunk", "contiguous", "flatten", "getitem", "movedim", "permute", "reshape", "select", "split",
    "squeeze", "swapaxes", "transpose", "unbind", "unflatten", "unsqueeze", "view",
})
# fmt: on
_PASSING = (nn.Identity, nn.modules.dropout._DropoutNd)
_NEUTRAL = {"attn_mask": (None,), "is_causal": (False,), "enable_gqa": (False,)}

Modules = Mapping[str, nn.Module]
Values = Mapping[fx.Node, Value]


def of_function(node: fx.Node, modules: Modules, values: Values) -> Attention | None:
    """What surrounds a call of ``scaled_dot_product_attention``, or None if it is not understood.

    Query, key and value must be views of what linear layers gave, all of their elements, and a
    linear layer must read a view of the result, tokens in the same order.

    Args:
        node: any node.
        modules: the network's modules by path.
        values: what each node gave.
    """
    if node.target is not functional.scaled_dot_product_attention or len(node.args) != 3:
        return None
    if any(node.kwargs.get(name) not in (None, *usual) for name, usual in _NEUTRAL.items()):
        return None
    scale = node.kwargs.get("scale")
    back = _reader(node, modules, values)
    if back is None or not (scale is None or isinstance(scale, float)):
        return None
    projections, sources = [], []
    for operand in node.args:
        source = _source(operand, modules) if isinstance(operand, fx.Node) else None
        if source is None or not isinstance(operand, fx.Node):
            return None
        channels = _rows(_numbers(source, operand, values), values[source])
        if channels is None:
            return None
        projections.append(_projection(source, modules, channels))
        sources.append(source)
    columns = _columns(_numbers(node, back.all_input_nodes[0], values), values[node])
    if columns is None or {len(each.channels) for each in projections} != {len(columns)}:
        return None
    return Attention(
        back.name,
        tuple(dict.fromkeys((*(each.name for each in sources), node.name, back.name))),
        tuple(each.all_input_nodes[0].name for each in sources),
        tuple(projections),
        _projection(back, modules, columns),
        scale,
    )


def _is_linear(node: fx.Node, modules: Modules) -> bool:
    return node.op == "call_module" and isinstance(modules[str(node.target)], nn.Linear)


def _is_view(node: fx.Node, modules: Modules) -> bool:
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], _PASSING)
    name = node.target if node.op == "call_method" else getattr(node.target, "__name__", "")
    return node.op in ("call_method", "call_function") and name in _VIEWS


def _source(node: fx.Node, modules: Modules) -> fx.Node | None:
    """The linear layer that a node is a view of."""
    while not _is_linear(node, modules):
        if not _is_view(node, modules):
            return None
        node = node.all_input_nodes[0]
    return node


def _reader(node: fx.Node, modules: Modules, values: Values) -> fx.Node | None:
    """The linear layer that alone reads a node, through views."""
    while True:
        users = [each for each in node.users if not values[each].plain]
        if len(users) != 1:
            return None
        (node,) = users
        if _is_linear(node, modules):
            return node
        if not _is_view(node, modules):
            return None


def _numbers(start: fx.Node, end: fx.Node, values: Values) -> torch.Tensor | None:
    """Which element of `start` each element of `end` is, if there are views alone between."""
    path = [end]
    while path[-1] is not start:
        path.append(path[-1].all_input_nodes[0])
    shape = values[start].shape or ()
    known: dict[fx.Node, Any] = {start: torch.arange(math.prod(shape)).reshape(shape)}

    def look_up(node: fx.Node) -> Any:
        return known[node] if node in known else values[node].content

    try:
        for node in reversed(path[:-1]):
            args = fx.map_arg(node.args, look_up)
            kwargs = fx.map_arg(node.kwargs, look_up)
            if node.op == "call_module":
                known[node] = args[0]
            elif node.op == "call_method":
                known[node] = getattr(args[0], str(node.target))(*args[1:], **kwargs)
            elif callable(node.target):
                known[node] = node.target(*args, **kwargs)
    except FOREIGN_ERRORS:
        return None
    found = known[end]
    return found if isinstance(found, torch.Tensor) else None


def _rows(numbers: torch.Tensor | None, linear: Value) -> torch.Tensor | None:
    """Channels of a linear layer by head, shape (heads, width), if all tokens have the same.

    Args:
        numbers: shape (batch, heads, tokens, width), of elements of the layer's output.
        linear: that output, of shape (batch, tokens, channels).
    """
    shape = linear.shape
    if numbers is None or shape is None or len(shape) != 3 or numbers.dim() != 4:
        return None
    batch, tokens, channels = shape
    if (numbers.shape[0], numbers.shape[2]) != (batch, tokens):
        return None
    places = torch.arange(batch * tokens).reshape(batch, 1, tokens, 1)
    found = (numbers % channels)[0, :, 0]
    expected = places * channels + found[None, :, None]
    return found if torch.equal(expected, numbers) else None


def _columns(numbers: torch.Tensor | None, attended: Value) -> torch.Tensor | None:
    """Inputs of a linear layer by head, shape (heads, width), if all tokens have the same.

    Args:
        numbers: shape (batch, tokens, channels), of elements of what attention gave.
        attended: that, of shape (batch, heads, tokens, width).
    """
    shape = attended.shape
    if numbers is None or shape is None or len(shape) != 4 or numbers.dim() != 3:
        return None
    batch, heads, tokens, width = shape
    if numbers.shape != (batch, tokens, heads * width):
        return None
    elements = torch.arange(numbers.numel()).reshape(shape).permute(0, 2, 1, 3).flatten(2)
    order = torch.argsort(numbers[0, 0])  # by head, then by place in it
    found = order.reshape(heads, width)
    return found if torch.equal(numbers[:, :, order], elements) else None


def _projection(node: fx.Node, modules: Modules, channels: torch.Tensor) -> Projection:
    path = str(node.target)
    bias = None if modules[path].bias is None else f"{path}.bias"
    return Projection(f"{path}.weight", bias, channels)
