"""Attention layers whose heads can be removed, each on its own, without changing their border."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.nn import functional

_PARTS = ("query", "key", "value")


@dataclass(frozen=True, slots=True)
class Attention:
    """A layer of attention in a traced module.

    Args:
        path: of the ``nn.MultiheadAttention``.
        heads: how many it has.
    """

    path: str
    heads: int


def has_free_heads(node: fx.Node, module: nn.Module) -> bool:
    """Whether a call is of a layer whose heads can be removed: no masks, no extra keys.

    Args:
        node: calls `module`, once.
        module: what it calls.
    """
    if not isinstance(module, nn.MultiheadAttention):
        return False
    plain = (
        module.batch_first
        and module._qkv_same_embed_dim
        and module.bias_k is None
        and not module.add_zero_attn
        and module.num_heads > 1
    )
    queries = [*node.args, *(node.kwargs[each] for each in _PARTS if each in node.kwargs)]
    others = {name for name, value in node.kwargs.items() if value not in (None, False)}
    return (
        plain
        and len(queries) == len(_PARTS)
        and others <= set(_PARTS)
        and all(user.target is operator.getitem and user.args[1] == 0 for user in node.users)
    )


@torch.no_grad()
def remove_heads(module: fx.GraphModule, attention: Attention, removed: Sequence[int]) -> None:
    """Put a layer without these heads in place of the one that there is.

    PyTorch's layer is as wide inside as outside, so it becomes its parts: projections, scaled
    dot-product attention, and the projection back. Dropout is left out.

    Args:
        module: changed.
        attention: a layer of it, with :func:`has_free_heads`.
        removed: some of its heads, not all.
    """
    layer = module.get_submodule(attention.path)
    if not isinstance(layer, nn.MultiheadAttention) or not removed:
        return
    kept = [each for each in range(attention.heads) if each not in set(removed)]
    channels = torch.arange(layer.embed_dim).reshape(attention.heads, -1)[kept].flatten()
    for name, linear in zip((*_PARTS, "output"), _projections(layer, channels), strict=True):
        module.add_submodule(f"{attention.path}_{name}", linear)
    (node,) = (each for each in module.graph.nodes if each.target == attention.path)
    entering = [*node.args, *(node.kwargs[each] for each in _PARTS if each in node.kwargs)]
    attended = _write(module.graph, node, attention.path, entering, (len(kept), layer.head_dim))
    for user in list(node.users):
        user.replace_all_uses_with(attended)
        module.graph.erase_node(user)
    module.graph.erase_node(node)
    module.delete_submodule(attention.path)


def _projections(layer: nn.MultiheadAttention, channels: torch.Tensor) -> list[nn.Linear]:
    linears = []
    biased = layer.in_proj_bias is not None
    for part, weight in enumerate(layer.in_proj_weight.chunk(3)):
        linear = nn.Linear(layer.embed_dim, len(channels), bias=biased)
        linear.weight.copy_(weight[channels])
        if biased:
            linear.bias.copy_(layer.in_proj_bias.chunk(3)[part][channels])
        linears.append(linear)
    back = layer.out_proj
    linear = nn.Linear(len(channels), layer.embed_dim, bias=back.bias is not None)
    linear.weight.copy_(back.weight[:, channels])
    if back.bias is not None:
        linear.bias.copy_(back.bias)
    return [*linears, linear]


def _write(
    graph: fx.Graph, node: fx.Node, path: str, entering: Sequence[fx.Node], shape: tuple[int, int]
) -> fx.Node:
    """The nodes of an attention with so many heads of such a width, before `node`."""
    with graph.inserting_before(node):
        parts = []
        for name, each in zip(_PARTS, entering, strict=True):
            projected = graph.call_module(f"{path}_{name}", (each,))
            split = graph.call_method("unflatten", (projected, -1, shape))
            parts.append(graph.call_method("transpose", (split, 1, 2)))
        summed = graph.call_function(functional.scaled_dot_product_attention, tuple(parts))
        joined = graph.call_method("flatten", (graph.call_method("transpose", (summed, 1, 2)), -2))
        return graph.call_module(f"{path}_output", (joined,))
