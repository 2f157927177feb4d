"""Write out what a graph only calls: functions and layers of others, as operations of torch."""

from __future__ import annotations

from typing import Any

from torch import fx, nn
from torch.fx.node import map_arg
from torch.fx.proxy import GraphAppendingTracer

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.storage.operations import name_of


def unfold(module: fx.GraphModule) -> fx.GraphModule:
    """A graph that computes the same, its calls of code that is not torch's written out.

    What cannot be written out, since it decides by a tensor's values or shape, stays a call.
    Weights keep their names and are shared with `module`.
    """
    graph = fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    own = fx.GraphModule(module, graph)
    for node in list(own.graph.nodes):
        if _is_foreign(own, node):
            _write_out(own, node)
    own.recompile()
    return own


def _is_foreign(module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_function":
        return callable(node.target) and name_of(node.target) is None
    if node.op == "call_module":
        return not _is_of_torch(module.get_submodule(str(node.target)))
    return False


def _is_of_torch(layer: nn.Module) -> bool:
    return getattr(nn, type(layer).__name__, None) is type(layer)


def _write_out(module: fx.GraphModule, node: fx.Node) -> None:
    before = set(module.graph.nodes)
    with module.graph.inserting_before(node):
        try:
            value = (
                _function(module.graph, node)
                if callable(node.target)
                else _layer(module, node, str(node.target))
            )
        except FOREIGN_ERRORS:
            value = None
    if isinstance(value, fx.Node):
        node.replace_all_uses_with(value)
        module.graph.erase_node(node)
        return
    for each in reversed(list(module.graph.nodes)):
        if each not in before:
            module.graph.erase_node(each)


def _function(graph: fx.Graph, node: fx.Node) -> object:
    """Call it with proxies, which append what it does to the graph."""
    tracer = GraphAppendingTracer(graph)

    def proxies(arguments: Any) -> Any:
        def proxy(one: fx.Node) -> Any:
            return fx.Proxy(one, tracer)

        return map_arg(arguments, proxy)

    function: Any = node.target
    value = function(*proxies(node.args), **proxies(node.kwargs))
    return value.node if isinstance(value, fx.Proxy) else None


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return _is_of_torch(m) and super().is_leaf_module(m, module_qualified_name)


def _layer(module: fx.GraphModule, node: fx.Node, path: str) -> object:
    """Trace it by itself, and copy that with the layer's path before all names."""
    inner = _Tracer().trace(module.get_submodule(path))
    names = [each for each in inner.nodes if each.op == "placeholder"]
    given = dict(zip((each.target for each in names), node.args, strict=False)) | node.kwargs
    copied: dict[fx.Node, Any] = {each: given[each.target] for each in names}
    value = module.graph.graph_copy(inner, copied)
    for each in inner.nodes:
        if each.op in ("call_module", "get_attr"):
            copied[each].target = f"{path}.{each.target}"
    return value
