"""Names for the pieces of a network, from the paths of the modules that they come from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from torch import fx


def name_pieces(pieces: Sequence[Sequence[fx.Node]], scalable: Sequence[bool]) -> list[str]:
    """Unique names of letters, digits, ``_``, ``.`` and ``-``, such as ``stem`` or ``layer2.0``.

    Args:
        pieces: the operations of each piece, in order.
        scalable: whether a piece is a block; fixed ones at the ends are ``stem`` and ``head``.
    """
    paths = [[module_path(node) for node in nodes] for nodes in pieces]
    common = [".".join(common_path(each)) for each in paths]
    shared = Counter(common)
    names = []
    for place, block in enumerate(scalable):
        if not block and place in (0, len(pieces) - 1):
            names.append("head" if place else "stem")
        elif common[place] and shared[common[place]] == 1:
            names.append(common[place])
        else:
            names.append(_first_layer(pieces[place]))
        # paths in a Sequential are numbers, and operations of the network itself have none
        if not names[-1][:1].isalpha():
            kind = "block" if block else "glue"
            names[-1] = f"{kind}.{names[-1]}".rstrip(".")
    return _distinct([re.sub(r"[^A-Za-z0-9_.-]", "_", each) for each in names])


def module_path(node: fx.Node) -> tuple[str, ...]:
    """The path of the module in whose forward the operation stands; a layer's own path."""
    stack = node.meta.get("nn_module_stack") or {}
    path = next((str(each[0]) for each in reversed(stack.values())), "")
    return tuple(path.split("."))


def common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest path that all of these are in."""
    first, *others = paths
    length = len(first)
    while any(each[:length] != first[:length] for each in others):
        length -= 1
    return first[:length]


def _first_layer(nodes: Sequence[fx.Node]) -> str:
    return next((str(node.target) for node in nodes if node.op == "call_module"), "")


def _distinct(names: Sequence[str]) -> list[str]:
    result: list[str] = []
    for name in names:
        unique, number = name, 2
        while unique in result:
            unique, number = f"{name}-{number}", number + 1
        result.append(unique)
    return result
