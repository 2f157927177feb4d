"""Write out what a graph only calls: functions and layers of others, as operations of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.fx.node import map_arg
from torch.fx.proxy import GraphAppendingTracer, TracerBase

from kenning_lego.blocks.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.operations import name_of


def unfold(module: fx.GraphModule) -> fx.GraphModule:
    """A graph that computes the same, its calls of code that is not torch's written out.

    What cannot be written out, since it decides by a tensor's values, stays a call. Weights keep
    their names and are shared with `module`.
    """
    graph = fx.Graph()
    result = graph.graph_copy(module.graph, {}, return_output_node=False)
    graph.output(result)
    own = fx.GraphModule(module, graph)
    for node in list(own.graph.nodes):
        called = _foreign_callable(own, node)
        if called is not None:
            _write_out(own, node, called)
    own.recompile()
    return own


def _foreign_callable(module: fx.GraphModule, node: fx.Node) -> Callable[..., Any] | None:
    if node.op == "call_function" and callable(node.target) and name_of(node.target) is None:
        return node.target
    if node.op == "call_module":
        layer = module.get_submodule(str(node.target))
        if getattr(nn, type(layer).__name__, None) is not type(layer):
            return layer
    return None


class _Appending(GraphAppendingTracer):
    """Appends to a graph; weights that are met are read by their names in the module."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module.graph)
        self._names = {
            id(each): name
            for several in (module.named_parameters(), module.named_buffers())
            for name, each in several
        }

    def create_arg(self, a: Any) -> Any:
        name = self._names.get(id(a)) if isinstance(a, torch.Tensor) else None
        if name is not None:
            return self.graph.get_attr(name)
        return TracerBase.create_arg(self, a)


def _write_out(module: fx.GraphModule, node: fx.Node, called: Callable[..., Any]) -> None:
    tracer = _Appending(module)
    before = set(module.graph.nodes)

    def proxied(arguments: Any) -> Any:
        def to_proxy(one: fx.Node) -> Any:
            return fx.Proxy(one, tracer)

        return map_arg(arguments, to_proxy)

    with module.graph.inserting_before(node):
        try:
            args, kwargs = proxied(node.args), proxied(node.kwargs)
            value = called(*args, **kwargs)
        except FOREIGN_ERRORS:
            value = None
    if isinstance(value, fx.Proxy):
        node.replace_all_uses_with(value.node)
        module.graph.erase_node(node)
        return
    for each in reversed(list(module.graph.nodes)):
        if each not in before:
            module.graph.erase_node(each)
