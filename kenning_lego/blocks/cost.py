"""What a module costs to compute and to keep.

FLOPs are 2 x multiply-accumulates of convolutions and matrix products, for the inputs that are
given, their whole batch included; everything else in a network is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Cost:
    """FLOPs (2 x multiply-accumulates) and number of parameters."""

    flops: int
    parameters: int


def cost(module: nn.Module, inputs: Sequence[torch.Tensor]) -> Cost:
    """Run `module` once, in the mode in which it is, and count.

    Args:
        module: what to count.
        inputs: its inputs in order.

    Raises:
        RuntimeError: or whatever else the module raises on these inputs.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return Cost(counter.get_total_flops(), count_parameters(module))


def count_parameters(*modules: nn.Module) -> int:
    """Elements of all parameters, shared ones once; buffers are none."""
    unique = {id(each): each.numel() for module in modules for each in module.parameters()}
    return sum(unique.values())
