"""What a module costs to compute and to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.flops import flop_counter
from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.configuration import Measure
from kenning_lego.blocks.liveness import Buffer, peak_bytes
from kenning_lego.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class Cost:
    """What a module costs for certain inputs, their whole batch included.

    Args:
        flops: 2 x multiply-accumulates of convolutions and matrix products.
        parameters: elements of all parameters, shared ones once.
        weight_bytes: of its parameters and buffers, such as the statistics of normalisation.
        activation_bytes: the most that tensors hold at once while it runs: its inputs until they
            are read last, its outputs, and what is between; workspaces inside of operations
            are not counted.
    """

    flops: int
    parameters: int
    weight_bytes: int
    activation_bytes: int

    def share_of(self, original: Cost, measure: Measure) -> float:
        """These FLOPs or parameters as a share of another module's."""
        if measure == "flops":
            return self.flops / original.flops
        return self.parameters / original.parameters


def cost(module: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> Cost:
    """Run `module` once, in the mode in which it is, and count.

    Args:
        module: what to count.
        inputs: its inputs in order.

    Raises:
        RuntimeError: or whatever else the module raises on these inputs.
    """
    return _run(module, inputs).cost()


def cost_within_border(
    module: fx.GraphModule, inputs: Sequence[torch.Tensor], border: Sequence[tuple[int, ...]]
) -> Cost:
    """The same, of a module whose outputs must have these shapes.

    Raises:
        ModelError: they have others.
        RuntimeError: or whatever else the module raises on these inputs.
    """
    meter = _run(module, inputs)
    if meter.border != tuple(border):
        raise ModelError(
            f"the shapes at the border changed from {list(border)} to {list(meter.border)}",
            "ask for another number of blocks, so that they are cut elsewhere",
        )
    return meter.cost()


def count_parameters(*modules: nn.Module) -> int:
    """Elements of all parameters, shared ones once; buffers are none."""
    unique = {id(each): each.numel() for module in modules for each in module.parameters()}
    return sum(unique.values())


def _run(module: fx.GraphModule, inputs: Sequence[torch.Tensor]) -> _Meter:
    meter = _Meter(module)
    with torch.no_grad(), meter.counter:
        meter.run(*inputs)
    return meter


def _weight_bytes(module: nn.Module) -> int:
    unique = {id(each): each.nbytes for each in chain(module.parameters(), module.buffers())}
    return sum(unique.values())


class _Meter(fx.Interpreter):
    """Notes which memory every node gives; a view is in the memory of what it shows."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.counter = flop_counter()
        self.border: tuple[tuple[int, ...], ...] = ()
        self.sizes: list[int] = []
        self.held: dict[fx.Node, dict[int, int]] = {}
        """By node: address of a storage to the index of its buffer."""

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.op == "output":
            self.border = tuple(tuple(each.shape) for each in tensors_in(value))
        if n.op in ("output", "get_attr"):
            return value
        # Known from what it reads alone: the address may be another buffer's later on.
        buffers = {place: i for each in n.all_input_nodes for place, i in self._of(each)}
        own = self.held[n] = {}
        for tensor in tensors_in(value):
            storage = tensor.untyped_storage()
            place = storage.data_ptr()
            if place not in buffers:
                buffers[place] = len(self.sizes)
                self.sizes.append(tensor.nbytes if n.op == "placeholder" else storage.nbytes())
            own[place] = buffers[place]
        return value

    def _of(self, node: fx.Node) -> Sequence[tuple[int, int]]:
        return tuple(self.held.get(node, {}).items())

    def cost(self) -> Cost:
        """From what was seen while running."""
        steps = {node: step for step, node in enumerate(self.graph.nodes)}
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for node, addresses in self.held.items():
            end = max((steps[user] for user in node.users), default=steps[node])
            for index in addresses.values():
                first.setdefault(index, steps[node])
                last[index] = max(last.get(index, 0), end)
        buffers = [Buffer(size, first[i], last[i]) for i, size in enumerate(self.sizes)]
        return Cost(
            self.counter.get_total_flops(),
            count_parameters(self.module),
            _weight_bytes(self.module),
            peak_bytes(buffers),
        )
