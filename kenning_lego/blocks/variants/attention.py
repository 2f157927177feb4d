"""Attention whose heads can be removed, each on its own, without changing its border."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.nn import functional

PARTS = ("query", "key", "value")


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A matrix of which each head has some rows, or columns for the projection back.

    Args:
        weight: path of the parameter, of shape (outputs, inputs).
        bias: path of what is added behind it, if anything is.
        channels: of each head, shape (heads, width of a head), int64.
    """

    weight: str
    bias: str | None
    channels: torch.Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """Scaled dot-product attention with its projections, in a traced module.

    Args:
        result: name of the node that gives what the projection back gives.
        nodes: names of all nodes whose FLOPs are proportional to the number of heads.
        reads: names of the nodes that query, key and value are projected from.
        projections: of query, key and value.
        back: the projection back; its bias belongs to no head.
        scale: of the scores; by the width of a head if None.
    """

    result: str
    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    projections: tuple[Projection, ...]
    back: Projection
    scale: float | None = None

    @property
    def heads(self) -> int:
        """How many there are."""
        return len(self.back.channels)


def of_layer(node: fx.Node, module: nn.Module) -> Attention | None:
    """What a call of ``nn.MultiheadAttention`` is, or None if heads cannot go or it is another.

    Masks, extra keys and weights that are returned all stand in the way.

    Args:
        node: calls `module`, once.
        module: what it calls.
    """
    if not isinstance(module, nn.MultiheadAttention) or not module.batch_first:
        return None
    plain = module._qkv_same_embed_dim and module.bias_k is None and not module.add_zero_attn
    reads = [*node.args, *(node.kwargs[each] for each in PARTS if each in node.kwargs)]
    others = {name for name, value in node.kwargs.items() if value not in (None, False)}
    users = list(node.users)
    first_alone = len(users) == 1 and users[0].target is operator.getitem and not users[0].args[1]
    if not plain or len(reads) != len(PARTS) or others - set(PARTS) or not first_alone:
        return None
    path = str(node.target)
    channels = torch.arange(module.embed_dim).reshape(module.num_heads, -1)
    bias = None if module.in_proj_bias is None else f"{path}.in_proj_bias"
    return Attention(
        users[0].name,
        (node.name,),
        tuple(str(each) for each in reads),
        tuple(
            Projection(f"{path}.in_proj_weight", bias, channels + part * module.embed_dim)
            for part in range(len(PARTS))
        ),
        Projection(
            f"{path}.out_proj.weight",
            None if module.out_proj.bias is None else f"{path}.out_proj.bias",
            channels,
        ),
    )


@torch.no_grad()
def remove_heads(module: fx.GraphModule, attention: Attention, removed: Sequence[int]) -> None:
    """Write the attention anew without these heads, where there are any; dropout is left out.

    Args:
        module: changed; to be recompiled.
        attention: found in the module, or in one that it is a copy of.
        removed: some of its heads, not all.
    """
    if not removed:
        return
    kept = [each for each in range(attention.heads) if each not in set(removed)]
    nodes = {node.name: node for node in module.graph.nodes}
    result = nodes[attention.result]
    graph = module.graph
    with graph.inserting_before(result):
        parts = []
        for name, read, each in zip(PARTS, attention.reads, attention.projections, strict=True):
            linear = _rows(module, each, each.channels[kept].flatten())
            projected = _call(module, f"{attention.result}_{name}", linear, nodes[read])
            shape = (len(kept), each.channels.shape[1])
            split = graph.call_method("unflatten", (projected, -1, shape))
            parts.append(graph.call_method("transpose", (split, 1, 2)))
        summed = graph.call_function(
            functional.scaled_dot_product_attention, tuple(parts), {"scale": attention.scale}
        )
        joined = graph.call_method("flatten", (graph.call_method("transpose", (summed, 1, 2)), -2))
        linear = _columns(module, attention.back, attention.back.channels[kept].flatten())
        result.replace_all_uses_with(_call(module, f"{attention.result}_back", linear, joined))
    graph.eliminate_dead_code()
    module.delete_all_unused_submodules()


def _call(module: fx.GraphModule, name: str, linear: nn.Linear, read: fx.Node) -> fx.Node:
    module.add_submodule(name, linear)
    return module.graph.call_module(name, (read,))


def _rows(module: nn.Module, projection: Projection, rows: torch.Tensor) -> nn.Linear:
    weight = module.get_parameter(projection.weight)
    linear = nn.Linear(weight.shape[1], len(rows), bias=projection.bias is not None)
    linear.weight.copy_(weight[rows])
    if projection.bias is not None:
        linear.bias.copy_(module.get_parameter(projection.bias)[rows])
    return linear


def _columns(module: nn.Module, projection: Projection, columns: torch.Tensor) -> nn.Linear:
    weight = module.get_parameter(projection.weight)
    linear = nn.Linear(len(columns), weight.shape[0], bias=projection.bias is not None)
    linear.weight.copy_(weight[:, columns])
    if projection.bias is not None:
        linear.bias.copy_(module.get_parameter(projection.bias))
    return linear
