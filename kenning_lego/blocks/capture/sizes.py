"""Sizes and numbers in a traced graph: they are no tensors, so they must not cross borders.

A size is computed where it is used. One that no batch changes may become a number there; one that
the batch does change is read from a tensor nearby, if one has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import fx

from kenning_lego.blocks.capture.shapes import Value

Values = dict[fx.Node, Value]


def give_each_user_its_own(graph: fx.Graph, *values: Values) -> None:
    """Copy operations that give sizes, so that each has one user.

    Args:
        graph: changed.
        values: what each node gave, in one or more runs; the copies are added.
    """
    for node in reversed(list(graph.nodes)):
        if node.op not in ("call_function", "call_method") or not values[0][node].plain:
            continue
        for user in list(node.users)[1:]:
            with graph.inserting_before(user):
                own = graph.node_copy(node, lambda each: each)
            for each in values:
                each[own] = each[node]
            user.replace_input_with(node, own)


def read_from_operands(graph: fx.Graph, values: Values, others: Values) -> None:
    """Where a size of one tensor is used with another that has it too, read it from that one.

    Args:
        graph: changed; each size has one user.
        values: what each node gave; new nodes are added.
        others: the same for another batch.
    """
    for node in list(graph.nodes):
        size, other = values[node].content, others[node].content
        if not isinstance(size, int) or size == other or len(node.users) != 1:
            continue
        (user,) = node.users
        operands = [each for each in user.all_input_nodes if values[each].shape is not None]
        if set(operands) & set(sources(node, values)):
            continue
        for operand in operands:
            pairs = zip(values[operand].shape or (), others[operand].shape or (), strict=False)
            axis = next((place for place, pair in enumerate(pairs) if pair == (size, other)), None)
            if axis is None:
                continue
            with graph.inserting_before(user):
                own = graph.call_method("size", (operand, axis))
            values[own], others[own] = values[node], others[node]
            user.replace_input_with(node, own)
            break


def find_fixed(graph: fx.Graph, values: Values, others: Values | None) -> frozenset[fx.Node]:
    """The operations on tensors that give sizes which no batch changes.

    Args:
        graph: a traced network.
        values: what each node gave.
        others: the same for another batch; None if the network takes no other.
    """
    return frozenset(
        node
        for node in graph.nodes
        if node.op in ("call_function", "call_method")
        and values[node].plain
        and (others is None or values[node].content == others[node].content)
        and next(sources(node, values), None) is not None
    )


def sources(node: fx.Node, values: Mapping[fx.Node, Value]) -> Iterator[fx.Node]:
    """The tensors whose sizes `node` is computed from."""
    for each in node.all_input_nodes:
        if values[each].plain:
            yield from sources(each, values)
        else:
            yield each
