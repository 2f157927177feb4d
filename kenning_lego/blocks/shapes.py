"""Run a traced network once and keep what each node gave: shape, element type, FLOPs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from kenning_lego.blocks.flops import flop_counter


@dataclass(frozen=True, slots=True)
class Value:
    """What a node gave.

    Args:
        shape: of the tensor; None if the value is not a single tensor.
        dtype: element type as in :data:`kenning_lego.core.specs.ITEM_BYTES`, "" without a shape.
        plain: whether there is no tensor in the value, as in sizes and numbers.
        flops: 2 x multiply-accumulates of convolutions and matrix products in the node.
    """

    shape: tuple[int, ...] | None
    dtype: str
    plain: bool
    flops: int


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """The tensors in nested tuples, lists and mappings, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from tensors_in(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from tensors_in(each)


def propagate(module: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> dict[fx.Node, Value]:
    """Run `module` on copies of `inputs` and return what each of its nodes gave.

    Raises:
        RuntimeError: or whatever else the module raises.
    """
    interpreter = _Recorder(module)
    with torch.no_grad(), interpreter.counter:
        interpreter.run(*(each.clone() for each in inputs))
    return interpreter.values


class _Recorder(fx.Interpreter):
    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.counter = flop_counter()
        self.values: dict[fx.Node, Value] = {}

    def run_node(self, n: fx.Node) -> Any:
        before = self.counter.get_total_flops()
        value = super().run_node(n)
        flops = self.counter.get_total_flops() - before
        if isinstance(value, torch.Tensor):
            dtype = str(value.dtype).removeprefix("torch.")
            self.values[n] = Value(tuple(value.shape), dtype, plain=False, flops=flops)
        else:
            plain = next(tensors_in(value), None) is None
            self.values[n] = Value(None, "", plain=plain, flops=flops)
        return value
