"""From a user's network to a graph of operations that can be cut; the network is not touched."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from kenning_lego.blocks.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.graph import Graph, post_order
from kenning_lego.blocks.inplace import make_out_of_place
from kenning_lego.blocks.shapes import Value, propagate, tensors_in
from kenning_lego.core.errors import ModelError

_LEAVES = (
    nn.modules.conv._ConvNd,
    nn.Linear,
    nn.modules.batchnorm._NormBase,
    nn.GroupNorm,
    nn.LayerNorm,
)
"""Subclasses defined outside torch.nn are layers too: tracing into them would hide the layer."""


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A traced copy of a network on the CPU, in evaluation mode, without in-place operations.

    Args:
        module: the copy; owns all parameters.
        order: its operations and inputs in post-order from the output, without constants.
        values: what each node gave for the example input.
        inputs: the network's inputs that the example input binds, in order.
        outputs: the nodes that the network returns, in order, flattened.
        expected: what the network itself returned for the example input, flattened.
    """

    module: fx.GraphModule
    order: tuple[fx.Node, ...]
    values: Mapping[fx.Node, Value]
    inputs: tuple[fx.Node, ...]
    outputs: tuple[fx.Node, ...]
    expected: tuple[torch.Tensor, ...]

    @property
    def graph(self) -> Graph:
        """The same without torch: positions are those in :attr:`order`."""
        places = {node: place for place, node in enumerate(self.order)}
        return Graph(
            tuple(tuple(places[each] for each in operands(node)) for node in self.order),
            frozenset(places[node] for node in self.outputs),
            frozenset(places[node] for node in self.inputs if node in places),
            frozenset(
                place for place, node in enumerate(self.order) if self.values[node].shape is None
            ),
        )


def operands(node: fx.Node) -> list[fx.Node]:
    """The nodes that `node` reads, without constants."""
    return [each for each in node.all_input_nodes if each.op != "get_attr"]


def capture(model: nn.Module, example: tuple[torch.Tensor, ...]) -> Capture:
    """Trace a copy of `model`; sub-modules that cannot be traced stay whole.

    Args:
        model: the network; neither it nor `example` is changed.
        example: its inputs in order; further parameters of `forward` keep their defaults.

    Raises:
        ModelError: the network cannot be copied, run on `example`, or traced.
    """
    try:
        own = copy.deepcopy(model).cpu().eval()
        with torch.no_grad():
            expected = tuple(tensors_in(own(*(each.clone() for each in example))))
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{type(model).__name__} fails on a copy of itself with the example input: {error}",
            "give an example input that the network accepts",
        ) from error
    module = _trace(own, example)
    try:
        values = propagate(module, example)
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{type(model).__name__} as traced fails with the example input: {error}",
            "move what depends on a tensor's values into a sub-module",
        ) from error
    make_out_of_place(module, values)
    _give_each_user_its_own_sizes(module.graph, values)
    result = next(iter(reversed(module.graph.nodes)))
    outputs = tuple(_nodes_in(result.args[0], values))
    constant = any(each.op == "get_attr" for each in outputs)
    if constant or not outputs or len(outputs) != len(expected):
        raise ModelError(
            f"{type(model).__name__} does not return tensors computed from its inputs alone",
            "wrap it so that forward returns a tensor, or a tuple of tensors",
        )
    order = tuple(node for node in post_order(result, operands) if node is not result)
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    return Capture(module, order, values, tuple(placeholders[: len(example)]), outputs, expected)


class _Tracer(fx.Tracer):
    def __init__(self, whole: frozenset[str]) -> None:
        super().__init__()
        self.whole = whole
        self.running: list[str] = []

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return (
            module_qualified_name in self.whole
            or isinstance(m, _LEAVES)
            or super().is_leaf_module(m, module_qualified_name)
        )

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        # Not popped when the call raises: the last path is then the deepest that failed.
        self.running.append(self.path_of_module(m))
        value = super().call_module(m, forward, args, kwargs)
        self.running.pop()
        return value


def _trace(model: nn.Module, example: tuple[torch.Tensor, ...]) -> fx.GraphModule:
    names = list(inspect.signature(model.forward).parameters.values())[len(example) :]
    defaults = {
        each.name: each.default for each in names if each.default is not inspect.Parameter.empty
    }
    whole: frozenset[str] = frozenset()
    while True:
        tracer = _Tracer(whole)
        try:
            graph = tracer.trace(model, concrete_args=defaults or None)
        except FOREIGN_ERRORS as error:
            if not tracer.running or tracer.running[-1] in whole:
                raise ModelError(
                    f"{type(model).__name__}.forward cannot be traced: {error}",
                    "move what depends on a tensor's values into a sub-module, or cut the "
                    "sub-network that can be traced",
                ) from error
            whole |= {tracer.running[-1]}
        else:
            graph.set_codegen(fx.graph.CodeGen())
            return fx.GraphModule(tracer.root, graph)


def _nodes_in(value: object, values: Mapping[fx.Node, Value]) -> list[fx.Node]:
    """The tensor-valued nodes in nested arguments, in order."""
    if isinstance(value, fx.Node):
        return [value] if values[value].shape is not None else []
    if isinstance(value, Mapping):
        return [node for each in value.values() for node in _nodes_in(each, values)]
    if isinstance(value, tuple | list):
        return [node for each in value for node in _nodes_in(each, values)]
    return []


def _give_each_user_its_own_sizes(graph: fx.Graph, values: dict[fx.Node, Value]) -> None:
    """Sizes and numbers are no tensors, so they must not cross borders: compute them where used."""
    for node in reversed(list(graph.nodes)):
        if node.op not in ("call_function", "call_method") or not values[node].plain:
            continue
        for user in list(node.users)[1:]:
            with graph.inserting_before(user):
                own = graph.node_copy(node, lambda each: each)
            values[own] = values[node]
            user.replace_input_with(node, own)
