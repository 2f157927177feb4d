"""Make the operations of a traced graph work out-of-place, so that pieces of it stand alone."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx
from torch.nn import functional

from kenning_lego.blocks.capture.shapes import Value

_OPERATORS: Mapping[object, Callable[..., Any]] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
    operator.iand: operator.and_,
    operator.ior: operator.or_,
    operator.ixor: operator.xor,
}


def make_out_of_place(module: fx.GraphModule, values: Mapping[fx.Node, Value]) -> None:
    """Replace in-place operations by their out-of-place forms, in the graph and its modules.

    What reads the changed tensor afterwards reads the new one instead. Changes through a view of
    a tensor are not followed; comparing the outputs finds those.

    Args:
        module: the traced network; its graph and its modules are changed.
        values: what each node gave; numbers that are updated (`n += 1`) change nobody else's.
    """
    modules = dict(module.named_modules())
    for position, node in enumerate(module.graph.nodes):
        node.meta["position"] = position
    for node in module.graph.nodes:
        if _rewrite(node, modules):
            changed = node.all_input_nodes[0]
            if values[changed].plain:
                continue
            for user in list(changed.users):
                if user.meta["position"] > node.meta["position"]:
                    user.replace_input_with(changed, node)
    for each in modules.values():
        if getattr(each, "inplace", False) is True:
            each.inplace = False
    module.recompile()


def _rewrite(node: fx.Node, modules: Mapping[str, torch.nn.Module]) -> bool:
    """Whether the node worked in place; if so its target no longer does."""
    if node.op == "call_module":
        return getattr(modules[str(node.target)], "inplace", False) is True
    replacement: str | Callable[..., Any] | None = None
    if node.op == "call_method":
        replacement = _without_underscore(torch.Tensor, str(node.target))
        replacement = None if replacement is None else str(node.target)[:-1]
    elif node.op == "call_function":
        if _turn_off_flag(node):
            return True
        replacement = _OPERATORS.get(node.target) or _plain_function(node.target)
    if replacement is None:
        return False
    node.target = replacement
    return True


def _without_underscore(owner: object, name: str) -> Callable[..., Any] | None:
    if not name.endswith("_") or name.endswith("__"):
        return None
    found: Callable[..., Any] | None = getattr(owner, name[:-1], None)
    return found


def _plain_function(target: object) -> Callable[..., Any] | None:
    name = getattr(target, "__name__", "")
    for owner in (torch, functional):
        if getattr(owner, name, None) is target:
            return _without_underscore(owner, name)
    return None


def _turn_off_flag(node: fx.Node) -> bool:
    if getattr(node.target, "__module__", "") != functional.__name__ or not callable(node.target):
        return False
    names = list(inspect.signature(node.target).parameters)
    if "inplace" not in names:
        return False
    place = names.index("inplace")
    if node.kwargs.get("inplace") is True:
        node.update_kwarg("inplace", False)
        return True
    if len(node.args) > place and node.args[place] is True:
        node.update_arg(place, False)
        return True
    return False
