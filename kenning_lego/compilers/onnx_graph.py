"""Which tensors the operators of an ONNX graph need, those of inner graphs included.

Field names are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def needs(node: onnx.NodeProto) -> Iterator[str]:
    """Names of the tensors that an operator reads from the graph around it.

    These are its inputs, and what the graphs inside it (of If, Loop and Scan) see from outside.
    """
    yield from (name for name in node.input if name)
    for graph in graphs_in(node):
        yield from captured(graph)


def captured(graph: onnx.GraphProto) -> Iterator[str]:
    """Names that an inner graph uses and does not define."""
    own = {each.name for each in graph.input} | constants_of(graph)
    for node in graph.node:
        yield from (name for name in needs(node) if name not in own)
        own.update(node.output)
    yield from (each.name for each in graph.output if each.name not in own)


def graphs_in(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs right inside an operator."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def all_nodes(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.NodeProto]:
    """Every operator of a graph or function, those of inner graphs included."""
    waiting = list(graph.node)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [inner for inside in graphs_in(node) for inner in inside.node]


def constants_of(graph: onnx.GraphProto) -> set[str]:
    """Names of the tensors whose values are in the file."""
    return {each.name for each in graph.initializer} | {
        each.values.name for each in graph.sparse_initializer
    }


def inputs_of(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """What a graph takes; files of IR version 3 list constants there too."""
    constants = constants_of(graph)
    return [each for each in graph.input if each.name not in constants]


def listed_constants(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """Constants that are inputs too, so that whoever runs the graph could replace them.

    Files of IR version 3 had to list all of them. Engines cannot compute with them beforehand.
    """
    constants = constants_of(graph)
    return [each for each in graph.input if each.name in constants]
