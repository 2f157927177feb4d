"""From a user's network to a graph of operations that can be cut; the network is not touched."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.capture.frozen_norm import unify_frozen_norms
from kenning_lego.blocks.capture.graph import Graph, post_order
from kenning_lego.blocks.capture.inplace import make_out_of_place
from kenning_lego.blocks.capture.inputs import Inputs
from kenning_lego.blocks.capture.shapes import Value, propagate, tensors_in
from kenning_lego.blocks.capture.sizes import find_fixed, give_each_user_its_own, read_from_operands
from kenning_lego.blocks.capture.tracing import Opaque, trace
from kenning_lego.core.errors import ModelError

Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a network returns for some inputs, both flattened."""

    inputs: Tensors
    outputs: Tensors


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A traced copy of a network on the CPU, in evaluation mode, without in-place operations.

    Args:
        module: the copy; owns all parameters.
        order: its operations and inputs in post-order from the output, without constants.
        values: what each node gave for the example input.
        inputs: the network's inputs that the example input binds, in order.
        outputs: the nodes that the network returns, in order, flattened.
        fixed: operations that give sizes which no batch changes.
        opaque: sub-modules that are single operations.
        runs: what the network itself returned for the example, and for a larger batch if it
            takes one.
    """

    module: fx.GraphModule
    order: tuple[fx.Node, ...]
    values: Mapping[fx.Node, Value]
    inputs: tuple[fx.Node, ...]
    outputs: tuple[fx.Node, ...]
    fixed: frozenset[fx.Node]
    opaque: tuple[Opaque, ...]
    runs: tuple[Run, ...]

    @property
    def graph(self) -> Graph:
        """The same without torch: positions are those in :attr:`order`."""
        places = {node: place for place, node in enumerate(self.order)}
        return Graph(
            tuple(tuple(places[each] for each in self.operands(node)) for node in self.order),
            frozenset(places[node] for node in self.outputs),
            frozenset(places[node] for node in self.inputs if node in places),
            frozenset(
                place for place, node in enumerate(self.order) if self.values[node].shape is None
            ),
        )

    @property
    def places(self) -> dict[fx.Node, int]:
        """Where each node stands in the network's own order."""
        return {node: place for place, node in enumerate(self.module.graph.nodes)}

    def operands(self, node: fx.Node) -> list[fx.Node]:
        """The nodes that `node` reads, without constants; sizes that are fixed read none."""
        return _operands(node, self.fixed)


def capture(
    model: nn.Module,
    inputs: Inputs,
    *,
    whole: Mapping[str, str] | None = None,
    by_size: bool = True,
) -> Capture:
    """Trace a copy of `model`; sub-modules that cannot be traced stay whole.

    Args:
        model: the network; neither it nor `inputs` is changed.
        inputs: what to call it with.
        whole: sub-modules to leave whole in any case, by path, and why.
        by_size: whether code of the network may branch on sizes; it is taken to branch in the
            same way for every batch.

    Raises:
        UntraceableError: the network's own forward cannot be traced.
        ModelError: the network cannot be copied or run on `inputs`, or returns no tensors.
    """
    own, runs = _run(model, inputs)
    unify_frozen_norms(own)
    module, opaque = trace(own, inputs, whole=whole or {}, by_size=by_size)
    try:
        values, *others = (propagate(module, run.inputs) for run in runs)
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{type(model).__name__} as traced fails with the example input: {error}",
            "move what depends on a tensor's values into a sub-module",
        ) from error
    make_out_of_place(module, values)
    give_each_user_its_own(module.graph, values, *others)
    for each in others:
        read_from_operands(module.graph, values, each)
    fixed = find_fixed(module.graph, values, others[0] if others else None)
    outputs = _outputs(module.graph, values)
    constant = any(each.op == "get_attr" for each in outputs)
    if constant or not outputs or len(outputs) != len(runs[0].outputs):
        raise ModelError(
            f"{type(model).__name__} does not return tensors computed from its inputs alone",
            "wrap it so that forward returns a tensor, or a tuple of tensors",
        )
    placeholders = tuple(node for node in module.graph.nodes if node.op == "placeholder")
    return Capture(
        module, _order(module.graph, fixed), values, placeholders, outputs, fixed, opaque, runs
    )


def _run(model: nn.Module, inputs: Inputs) -> tuple[nn.Module, tuple[Run, ...]]:
    """A copy of the network, and what it returns, for a larger batch too if it takes one."""
    try:
        own = copy.deepcopy(model).cpu().eval()
        first = _call(own, inputs, inputs.tensors)
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{type(model).__name__} fails on a copy of itself with the example input: {error}",
            "give an example input that the network accepts",
        ) from error
    larger = tuple(
        torch.cat([each, each[:1]]) if each.dim() else each.clone() for each in inputs.tensors
    )
    try:
        return own, (first, _call(own, inputs, larger))
    except FOREIGN_ERRORS:
        return own, (first,)


def _call(model: nn.Module, inputs: Inputs, tensors: Tensors) -> Run:
    return Run(tensors, tuple(tensors_in(inputs.call(model, tensors))))


def _operands(node: fx.Node, fixed: frozenset[fx.Node]) -> list[fx.Node]:
    if node in fixed:
        return []
    return [each for each in node.all_input_nodes if each.op != "get_attr"]


def _order(graph: fx.Graph, fixed: frozenset[fx.Node]) -> tuple[fx.Node, ...]:
    """Post-order; what depends on no input comes right before its user, not apart from it."""
    dependent: set[fx.Node] = set()
    for node in graph.nodes:
        if node.op == "placeholder" or dependent.intersection(_operands(node, fixed)):
            dependent.add(node)

    def reads(node: fx.Node) -> list[fx.Node]:
        return sorted(_operands(node, fixed), key=lambda each: each not in dependent)

    result = next(iter(reversed(graph.nodes)))
    return tuple(node for node in post_order(result, reads) if node is not result)


def _outputs(graph: fx.Graph, values: Mapping[fx.Node, Value]) -> tuple[fx.Node, ...]:
    result = next(iter(reversed(graph.nodes)))
    return tuple(_nodes_in(result.args[0], values))


def _nodes_in(value: object, values: Mapping[fx.Node, Value]) -> list[fx.Node]:
    """The tensor-valued nodes in nested arguments, in order."""
    if isinstance(value, fx.Node):
        return [value] if values[value].shape is not None else []
    if isinstance(value, Mapping):
        return [node for each in value.values() for node in _nodes_in(each, values)]
    if isinstance(value, tuple | list):
        return [node for each in value for node in _nodes_in(each, values)]
    return []
