"""Residual units in a traced module: what an addition adds to a tensor that is also passed on."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.shapes import Value

_ADDITIONS = (operator.add, operator.iadd, torch.add)


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A branch around which there is a shortcut without any operation.

    Args:
        addition: where the branch is added.
        shortcut: what it is added to, the same as what it is computed from.
        branch: its operations.
        flops: of the branch.
    """

    addition: fx.Node
    shortcut: fx.Node
    branch: frozenset[fx.Node]
    flops: int


def find_units(module: fx.GraphModule, values: Mapping[fx.Node, Value]) -> tuple[Unit, ...]:
    """The outermost residual units in the order of their additions.

    Args:
        module: traced.
        values: what each node gave.
    """
    found: list[Unit] = []
    for node in reversed(module.graph.nodes):
        unit = _unit(node, module, values) if _is_addition(node) else None
        if unit is not None and not any(node in outer.branch for outer in found):
            found.append(unit)
    return tuple(reversed(found))


def _is_addition(node: fx.Node) -> bool:
    called = node.op == "call_function" and node.target in _ADDITIONS
    return called or (node.op == "call_method" and node.target in ("add", "add_"))


def _unit(addition: fx.Node, module: nn.Module, values: Mapping[fx.Node, Value]) -> Unit | None:
    operands = addition.args
    if len(operands) != 2 or addition.kwargs:
        return None
    for shortcut, end in (operands, operands[::-1]):
        if not isinstance(shortcut, fx.Node) or not isinstance(end, fx.Node) or shortcut is end:
            continue
        if values[shortcut].shape != values[end].shape or values[end].shape is None:
            continue
        branch = _between(_source(shortcut, module), end)
        leaves = any(
            user is not addition and user not in branch for node in branch for user in node.users
        )
        if branch and not leaves:
            flops = sum(values[node].flops for node in branch)
            return Unit(addition, shortcut, branch, flops)
    return None


def _source(node: fx.Node, module: nn.Module) -> fx.Node:
    """What a node passes on unchanged: many networks write shortcuts as identity modules."""
    while node.op == "call_module" and isinstance(
        module.get_submodule(str(node.target)), nn.Identity
    ):
        node = node.all_input_nodes[0]
    return node


def _between(start: fx.Node, end: fx.Node) -> frozenset[fx.Node]:
    """What `end` needs beside `start`; empty if it needs inputs of the module, or not `start`."""
    found: set[fx.Node] = set()
    pending, reached = [end], False
    while pending:
        node = pending.pop()
        if node is start:
            reached = True
        elif node.op == "placeholder":
            return frozenset()
        elif node not in found and node.op != "get_attr":
            found.add(node)
            pending.extend(node.all_input_nodes)
    return frozenset(found) if reached else frozenset()
