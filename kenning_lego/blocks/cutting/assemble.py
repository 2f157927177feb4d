"""Build the chain of segments from a captured network and the regions that become blocks."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from typing import cast

from torch import fx
from torch.fx.node import Argument

from kenning_lego.blocks.capture.capture import Capture
from kenning_lego.blocks.capture.shapes import Value
from kenning_lego.blocks.capture.sizes import sources
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.cutting.naming import name_pieces
from kenning_lego.blocks.cutting.regions import Region
from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import TensorSpec


def assemble(captured: Capture, blocks: Sequence[Region]) -> Chain:
    """The chain whose blocks are the regions, in order; everything between them is fixed.

    Args:
        captured: the network.
        blocks: disjoint regions, in order.

    Raises:
        ModelError: something that is not a tensor would cross a border.
    """
    pieces = _split(captured, blocks)
    names = name_pieces([nodes for nodes, _ in pieces], [scalable for _, scalable in pieces])
    home = {node: place for place, (nodes, _) in enumerate(pieces) for node in nodes}
    specs = {node: _spec(node.name, captured.values[node]) for node in captured.inputs}
    segments = []
    for place, (nodes, scalable) in enumerate(pieces):
        leaving = _leaving(captured, nodes, home, place)
        for index, node in enumerate(leaving):
            suffix = f"_{index}" if len(leaving) > 1 else ""
            name = re.sub(r"\W", "_", f"{names[place]}_out{suffix}")
            specs[node] = _spec(_unused(name, specs), captured.values[node])
        inside = set(nodes)
        entering = list(
            dict.fromkeys(
                each for node in nodes for each in captured.operands(node) if each not in inside
            )
        )
        segments.append(
            Segment(
                names[place],
                _module(captured, nodes, entering, leaving, specs),
                tuple(specs[node] for node in entering),
                tuple(specs[node] for node in leaving),
                scalable,
            )
        )
    return Chain(
        tuple(segments),
        tuple(specs[node] for node in captured.inputs),
        tuple(specs[node] for node in captured.outputs),
        captured.opaque,
    )


def _split(captured: Capture, blocks: Sequence[Region]) -> list[tuple[list[fx.Node], bool]]:
    """The operations of each piece in order, and whether it is a block."""
    order = captured.order
    pieces: list[tuple[list[fx.Node], bool]] = []
    start = 0
    for first, leave in [*((each.first, each.exit) for each in blocks), (len(order), len(order))]:
        pieces.append((list(order[start:first]), False))
        pieces.append((list(order[first : leave + 1]), True))
        start = leave + 1
    kept = [
        ([node for node in nodes if node.op != "placeholder"], scalable)
        for nodes, scalable in pieces
    ]
    home = {node: nodes for nodes, _ in kept for node in nodes}
    for nodes, _ in kept:
        for node in list(nodes):
            source = node.args[0] if node.target is operator.getitem else None
            if not isinstance(source, fx.Node) or not _is_bundle(captured.values[source]):
                continue
            # A bundle of tensors is opened where it was made: only tensors can cross borders.
            if home[source] is not nodes:
                nodes.remove(node)
                home[source].append(node)
                home[node] = home[source]
    return [(nodes, scalable) for nodes, scalable in kept if nodes]


def _is_bundle(value: Value) -> bool:
    return value.shape is None and not value.plain


def _leaving(
    captured: Capture, nodes: Sequence[fx.Node], home: dict[fx.Node, int], place: int
) -> list[fx.Node]:
    leaving = []
    for node in nodes:
        readers = (user for user in node.users if user not in captured.fixed)
        crosses = any(home.get(user, place) != place for user in readers)
        if not crosses and node not in captured.outputs:
            continue
        if captured.values[node].shape is None:
            raise ModelError(
                f"the value of {node.name} is not a tensor, but is used far from where it is made",
                "ask for another number of blocks, or compute it again where it is used",
            )
        leaving.append(node)
    return leaving


def _module(
    captured: Capture,
    nodes: Sequence[fx.Node],
    entering: Sequence[fx.Node],
    leaving: Sequence[fx.Node],
    specs: dict[fx.Node, TensorSpec],
) -> fx.GraphModule:
    graph = fx.Graph()
    own: dict[fx.Node, Argument] = {node: graph.placeholder(specs[node].name) for node in entering}

    def emit(node: fx.Node) -> None:
        for each in node.all_input_nodes:
            if each not in own and (each.op == "get_attr" or captured.values[each].plain):
                emit(each)
        own[node] = graph.node_copy(node, own.__getitem__)

    for node in sorted(nodes, key=captured.places.__getitem__):
        if node in captured.fixed and not own.keys() >= set(sources(node, captured.values)):
            own[node] = _constant(captured.values[node].content)
        else:
            emit(node)
    results = tuple(own[node] for node in leaving)
    graph.output(results[0] if len(results) == 1 else results)
    return fx.GraphModule(captured.module, graph)


def _constant(value: object) -> Argument:
    """A size as fx stores it in a graph."""
    return tuple(value) if isinstance(value, tuple) else cast("Argument", value)


def _spec(name: str, value: Value) -> TensorSpec:
    shape = value.shape or ()
    if 0 in shape:
        raise ModelError(
            f"the tensor {name!r} is empty for the example input: {list(shape)}",
            "give an example input that leaves something, such as an image with objects, or name "
            "the part to cut",
        )
    return TensorSpec(name, shape, value.dtype)


def _unused(name: str, specs: dict[fx.Node, TensorSpec]) -> str:
    taken = {spec.name for spec in specs.values()}
    while name in taken:
        name += "_"
    return name
