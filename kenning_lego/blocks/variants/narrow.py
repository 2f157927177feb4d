"""Copies of a module with channels removed, sliced by Torch-Pruning's functions."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import chain

import torch
import torch_pruning as tp
from torch import fx, nn

from kenning_lego.blocks.variants.attention import Attention, remove_heads
from kenning_lego.blocks.variants.dependencies import ChannelGroup


def borrow(module: fx.GraphModule) -> fx.GraphModule:
    """A copy whose parameters and buffers are others, but in the same memory."""
    tensors = chain(module.parameters(), module.buffers())
    memo: dict[int, object] = {
        id(each): nn.Parameter(each.detach()) if isinstance(each, nn.Parameter) else each.detach()
        for each in tensors
    }
    return copy.deepcopy(module, memo)


def own_memory(borrowed: nn.Module, lender: nn.Module) -> None:
    """Copy what a borrowed module still has in the memory of the module that it comes from."""
    lent = {_address(each) for each in chain(lender.parameters(), lender.buffers())}
    for each in chain(borrowed.parameters(), borrowed.buffers()):
        if _address(each) in lent:
            each.data = each.data.clone()


def narrow(
    module: fx.GraphModule,
    groups: Sequence[ChannelGroup],
    attentions: Sequence[Attention],
    removed: Sequence[Sequence[int]],
) -> fx.GraphModule:
    """A copy without some channels and heads, all its parameters to be trained.

    Args:
        module: not changed.
        groups: channels that go together.
        attentions: layers whose heads can go.
        removed: which, for each of the groups and then for each of the attention layers.

    Raises:
        RuntimeError: or one of the other :data:`.FOREIGN_ERRORS`, from Torch-Pruning.
    """
    own = borrow(module)
    graph = tp.DependencyGraph()
    for (path, out), channels in _by_layer(groups, removed[: len(groups)]).items():
        layer = own.get_submodule(path)
        pruner = graph.get_pruner_of_module(layer)
        remove = pruner.prune_out_channels if out else pruner.prune_in_channels
        remove(layer, channels)
    for attention, heads in zip(attentions, removed[len(groups) :], strict=True):
        remove_heads(own, attention, heads)
    own.recompile()
    own_memory(own, module)
    return own.requires_grad_(requires_grad=True).eval()


def _by_layer(
    groups: Sequence[ChannelGroup], removed: Sequence[Sequence[int]]
) -> Mapping[tuple[str, bool], list[int]]:
    """Channels by layer and side: several groups may meet in one layer, behind a concatenation."""
    found: dict[tuple[str, bool], list[int]] = {}
    for group, channels in zip(groups, removed, strict=True):
        if not channels:
            continue
        for each in group.slices:
            found.setdefault((each.path, each.out), []).extend(
                each.channels[list(channels)].flatten().tolist()
            )
    return found


def _address(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
