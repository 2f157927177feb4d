"""Run a traced network once and keep what each node gave: shape, element type, FLOPs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, cast

import torch
from torch import fx

from kenning_lego.blocks.capture.flops import flop_counter


@dataclass(frozen=True, slots=True)
class Value:
    """What a node gave.

    Args:
        shape: of the tensor; None if the value is not a single tensor.
        dtype: element type as in :data:`kenning_lego.core.specs.ITEM_BYTES`, "" without a shape.
        plain: whether there is no tensor in the value, as in sizes and numbers.
        flops: 2 x multiply-accumulates of convolutions and matrix products in the node.
        content: the value itself if it is plain.
    """

    shape: tuple[int, ...] | None
    dtype: str
    plain: bool
    flops: int
    content: object = None


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


def map_tensors(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """Nested tuples, lists and mappings with other things in place of the tensors, in order."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        changed = {key: map_tensors(each, change) for key, each in value.items()}
        return type(value)(**changed) if is_dataclass(value) else cast("Any", type(value))(changed)
    if isinstance(value, tuple | list):
        items = [map_tensors(each, change) for each in value]
        named = hasattr(value, "_fields")  # a named tuple
        return type(value)(*items) if named else type(value)(items)
    return value


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
            content = value if plain else None
            self.values[n] = Value(None, "", plain=plain, flops=flops, content=content)
        return value
