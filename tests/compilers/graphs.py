"""Random ONNX graphs: skips, shared constants, inner graphs that look outside, local functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

SIZE = 4
OPSET = 17
_ONE, _TWO = ("Relu", "Neg", "Abs", "Identity"), ("Add", "Sub", "Mul", "Max")


def value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIZE])


@dataclass
class Graph:
    """What was drawn so far.

    `tensors` can be used by further operators; `cuttable` ones are no constants.
    """

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    tensors: list[str] = field(default_factory=lambda: ["x", "z"])
    cuttable: list[str] = field(default_factory=list)

    def add(self, node: onnx.NodeProto, *, constant: bool = False) -> None:
        self.nodes.append(node)
        self.tensors += node.output
        if not constant:
            self.cuttable += node.output

    def name(self) -> str:
        return f"t{len(self.tensors)}"

    def model(self, outputs: list[str]) -> onnx.ModelProto:
        twice = helper.make_function(
            "local",
            "Twice",
            ["a"],
            ["b"],
            [helper.make_node("Add", ["a", "a"], ["b"])],
            [helper.make_opsetid("", OPSET)],
        )
        graph = helper.make_graph(
            self.nodes,
            "drawn",
            [value("x"), value("z")],
            [value(name) for name in outputs],
            self.constants,
            value_info=[value(each) for each in self.cuttable if each not in outputs],
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("local", 1)]
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=9, functions=[twice], producer_name="drawn"
        )


def _one(graph: Graph, pick: Callable[[], str], draw: st.DrawFn) -> None:
    graph.add(helper.make_node(draw(st.sampled_from(_ONE)), [pick()], [graph.name()]))


def _two(graph: Graph, pick: Callable[[], str], draw: st.DrawFn) -> None:
    graph.add(helper.make_node(draw(st.sampled_from(_TWO)), [pick(), pick()], [graph.name()]))


def _scaled(graph: Graph, pick: Callable[[], str], draw: st.DrawFn) -> None:
    """By a constant of the file, which others may share."""
    if not graph.constants or draw(st.booleans()):
        number = np.float32(draw(st.integers(-3, 3)))
        graph.constants.append(numpy_helper.from_array(number, f"c{len(graph.constants)}"))
    constant = draw(st.sampled_from([each.name for each in graph.constants]))
    graph.add(helper.make_node("Mul", [pick(), constant], [graph.name()]))


def _constant(graph: Graph, _pick: Callable[[], str], draw: st.DrawFn) -> None:
    held = numpy_helper.from_array(np.full((1, SIZE), draw(st.integers(-3, 3)), np.float32))
    graph.add(helper.make_node("Constant", [], [graph.name()], value=held), constant=True)


def _function(graph: Graph, pick: Callable[[], str], _draw: st.DrawFn) -> None:
    graph.add(helper.make_node("Twice", [pick()], [graph.name()], domain="local"))


def _branch(graph: Graph, pick: Callable[[], str], _draw: st.DrawFn) -> None:
    """Both sides look at tensors around them; one has a tensor that is called as one outside."""
    name = graph.name()
    condition = f"{name}_if"
    sides = []
    for side, operator in (("then", "Add"), ("else", "Sub")):
        hidden, given = f"{name}_{side}_hidden", f"{name}_{side}"
        inner = [
            helper.make_node("Neg", [pick()], [hidden]),
            helper.make_node(operator, [hidden, pick()], [given]),
        ]
        sides.append(helper.make_graph(inner, side, [], [value(given)]))
    graph.nodes.append(helper.make_node("ReduceSum", [pick()], [f"{name}_sum"], keepdims=0))
    if not any(each.name == "zero" for each in graph.constants):
        graph.constants.append(numpy_helper.from_array(np.float32(0), "zero"))
    graph.nodes.append(helper.make_node("Greater", [f"{name}_sum", "zero"], [condition]))
    graph.add(
        helper.make_node("If", [condition], [name], then_branch=sides[0], else_branch=sides[1])
    )


_KINDS = (_one, _two, _two, _scaled, _constant, _function, _branch)


@st.composite
def models(draw: st.DrawFn) -> tuple[onnx.ModelProto, list[str]]:
    """A model, and the tensors at which it might be cut, in order."""
    graph = Graph()
    for kind in draw(st.lists(st.sampled_from(_KINDS), min_size=3, max_size=14)):
        kind(graph, lambda: draw(st.sampled_from(graph.tensors)), draw)
    if not graph.cuttable:
        _two(graph, lambda: "x", draw)
    rest = draw(st.lists(st.sampled_from(graph.cuttable), max_size=2))
    outputs = list(dict.fromkeys([graph.cuttable[-1], *rest]))
    return graph.model(outputs), graph.cuttable
