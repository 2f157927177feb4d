"""Which operators of a TFLite graph a delegate has taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """An operator, or a delegate's stand-in for several.

    Args:
        is_delegate: whether it stands in.
        inputs: indices of tensors, constants among them; -1 for one that is left out.
        outputs: indices of tensors.
    """

    is_delegate: bool
    inputs: Sequence[int]
    outputs: Sequence[int]


def nodes_left(nodes: Sequence[Node]) -> tuple[int, int]:
    """How many operators there are, and how many of them no delegate runs.

    LiteRT lists the operators with their stand-ins after them, and does not tell which stand for
    which: what lies between a stand-in's outputs and its inputs is its own.
    """
    operators = [node for node in nodes if not node.is_delegate]
    maker = {tensor: at for at, node in enumerate(operators) for tensor in node.outputs}
    taken: set[int] = set()
    for node in nodes:
        if not node.is_delegate:
            continue
        given = set(node.inputs)
        waiting = list(node.outputs)
        while waiting:
            tensor = waiting.pop()
            at = maker.get(tensor)
            if tensor in given or at is None or at in taken:
                continue
            taken.add(at)
            waiting.extend(operators[at].inputs)
    return len(operators), len(operators) - len(taken)
