"""Cutting an ONNX file at tensors that are named, into files that compute the same in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import onnx

from kenning_lego.compilers.onnx_graph import (
    all_nodes,
    constants_of,
    inputs_of,
    listed_constants,
    needs,
)
from kenning_lego.core.errors import ConfigurationError, UnknownNameError

_CONSTANT = ("Constant", "")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cut file.

    Args:
        content: an ONNX file of its own.
        operators: how many of the original's are in it, constants not counted.
    """

    content: bytes
    operators: int


def cut_onnx(model: onnx.ModelProto, names: Sequence[str]) -> list[Piece]:
    """Cut a model after the operators that give the named tensors.

    A piece holds what its tensor depends on and no piece before it holds; the last one holds the
    rest. So every operator is in exactly one piece, and pieces only need earlier ones. A tensor
    that later pieces need is an output of the piece that computes it, whether it was named or not:
    pieces are wired by names, and one may skip pieces. Constants, shared ones too, are copied to
    every piece that uses them.

    Args:
        model: with its weights inside, of one graph, and with known types and shapes of what
            crosses borders (:func:`with_shapes`).
        names: of tensors between its operators, in any order.

    Returns:
        The pieces in the order in which they run, one more than names.

    Raises:
        UnknownNameError: there is no such tensor.
        ConfigurationError: a name leaves a piece empty, or what crosses a border is no tensor of a
            known type and shape.
    """
    _check_model(model)
    cut = _Cut.of(model, names)
    return [cut.piece(number) for number in range(cut.count)]


def with_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with whatever ONNX's own inference finds out about its tensors.

    Raises:
        ConfigurationError: an operator is given what it does not take.
    """
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ConfigurationError(f"the file is not valid ONNX: {reason}") from error


def _check_model(model: onnx.ModelProto) -> None:
    if model.training_info:
        raise ConfigurationError(
            "the file holds steps of training, which have no place in pieces",
            "export the network for inference",
        )
    taken = {each.name for each in model.graph.input} | constants_of(model.graph)
    for node in model.graph.node:
        if (node.op_type, node.domain) == _CONSTANT:
            taken.update(node.output)
    passed = [each.name for each in model.graph.output if each.name in taken]
    if passed:
        raise ConfigurationError(
            f"the output {passed[0]!r} is an input or constant of the file itself",
            "remove it from the outputs before it is cut",
        )


def _ordered(
    graph: onnx.GraphProto, names: Sequence[str], place_of: Mapping[str, int]
) -> list[str]:
    """The names in the order of their operators.

    Raises:
        UnknownNameError: there is no such tensor.
        ConfigurationError: the tensor is no place to cut.
    """
    given = {each.name for each in graph.input} | constants_of(graph)
    for name in names:
        if name in given:
            raise ConfigurationError(
                f"{name!r} is an input or a constant: there is nothing before it to cut off",
                "name a tensor that an operator gives",
            )
        if name not in place_of:
            raise UnknownNameError("tensor of the file to cut at", name, place_of)
        if (graph.node[place_of[name]].op_type, graph.node[place_of[name]].domain) == _CONSTANT:
            raise ConfigurationError(
                f"{name!r} is a constant: there is nothing before it to cut off",
                "name a tensor that another operator gives",
            )
    ordered = sorted(names, key=lambda name: place_of[name])
    for before, after in pairwise(ordered):
        if place_of[before] == place_of[after]:
            raise ConfigurationError(
                f"nothing lies between {before!r} and {after!r}", "name one of them"
            )
    return ordered


def _assign(
    graph: onnx.GraphProto, marks: Sequence[int], place_of: Mapping[str, int]
) -> list[int | None]:
    """The piece of every operator, in the graph's order; None for constants.

    ONNX lists operators so that each stands behind those that it needs.
    """
    piece_of: list[int | None] = [len(marks)] * len(graph.node)
    done: set[int] = set()
    for number, mark in enumerate(marks):
        waiting = [mark]
        while waiting:
            at = waiting.pop()
            if at in done:
                continue
            done.add(at)
            piece_of[at] = number
            waiting += [place_of[name] for name in needs(graph.node[at]) if name in place_of]
    for at, node in enumerate(graph.node):
        if (node.op_type, node.domain) == _CONSTANT:
            piece_of[at] = None
    for number in range(len(marks) + 1):
        if number not in piece_of:
            where = "behind the last" if number == len(marks) else "before the first"
            raise ConfigurationError(
                f"no operator is left {where} of the tensors to cut at", "name fewer of them"
            )
    return piece_of


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where everything of a model goes.

    Args:
        model: what is cut.
        count: of the pieces.
        piece_of: the piece of every operator; None for constants.
        place_of: the operator that gives a tensor, by name.
        wanted: pieces that need a tensor, by name; the count of pieces stands for the whole.
        types: of tensors, by name.
    """

    model: onnx.ModelProto
    count: int
    piece_of: Sequence[int | None]
    place_of: Mapping[str, int]
    wanted: Mapping[str, set[int]]
    types: Mapping[str, onnx.ValueInfoProto]

    @classmethod
    def of(cls, model: onnx.ModelProto, names: Sequence[str]) -> _Cut:
        graph = model.graph
        place_of = {name: at for at, node in enumerate(graph.node) for name in node.output if name}
        marks = [place_of[name] for name in _ordered(graph, names, place_of)]
        piece_of = _assign(graph, marks, place_of)
        count = len(marks) + 1
        wanted: dict[str, set[int]] = {each.name: {count} for each in graph.output}
        for at, piece in enumerate(piece_of):
            if piece is not None:
                for name in needs(graph.node[at]):
                    wanted.setdefault(name, set()).add(piece)
        values = (*graph.value_info, *graph.input, *graph.output)
        return cls(model, count, piece_of, place_of, wanted, {each.name: each for each in values})

    def piece(self, number: int) -> Piece:
        graph = self.model.graph
        own = [at for at, piece in enumerate(self.piece_of) if piece == number]
        used = {name for name, pieces in self.wanted.items() if number in pieces}
        constants = {self.place_of[n] for n in used & self.place_of.keys()} - {
            at for at, piece in enumerate(self.piece_of) if piece is not None
        }
        nodes = sorted([*own, *constants])
        inside = {name for at in nodes for name in graph.node[at].output}
        taken = used - inside - constants_of(graph)
        given = [n for at in own for n in graph.node[at].output if self._leaves(n, number)]
        if not taken:
            raise ConfigurationError(
                f"piece {number} takes nothing: it computes constants alone",
                "cut elsewhere, or fold constants first",
            )
        made = onnx.ModelProto(ir_version=self.model.ir_version)
        made.producer_name = self.model.producer_name
        made.opset_import.extend(self.model.opset_import)
        made.functions.extend(_functions(self.model, [graph.node[at] for at in own]))
        made.graph.name = f"{graph.name or 'graph'}_{number}"
        made.graph.node.extend(graph.node[at] for at in nodes)
        made.graph.initializer.extend(each for each in graph.initializer if each.name in used)
        made.graph.sparse_initializer.extend(
            each for each in graph.sparse_initializer if each.values.name in used
        )
        # In the order of the whole file: its inputs, then what operators give.
        order = [*(each.name for each in inputs_of(graph)), *self.place_of]
        made.graph.input.extend(_typed(n, self.types) for n in order if n in taken)
        # Constants that the file lists as inputs stay listed: engines treat them in another way.
        made.graph.input.extend(each for each in listed_constants(graph) if each.name in used)
        made.graph.output.extend(_typed(n, self.types) for n in given)
        hidden = sorted((inside - set(given)) & self.types.keys())
        made.graph.value_info.extend(self.types[name] for name in hidden)
        return Piece(_checked(made, number), len(own))

    def _leaves(self, name: str, number: int) -> bool:
        return bool(self.wanted.get(name, set()) - {number})


def _typed(name: str, types: Mapping[str, onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
    """A tensor that crosses a border, as an input or output.

    Raises:
        ConfigurationError: it is no tensor, or of a type or rank that is not known.
    """
    found = types.get(name)
    if found is None or not found.type.HasField("tensor_type"):
        what = "not a tensor" if found is not None else "of no known type"
        raise ConfigurationError(
            f"{name!r} crosses a border between pieces and is {what}",
            "cut elsewhere, or save the file with onnx.shape_inference.infer_shapes",
        )
    if not found.type.tensor_type.HasField("shape"):
        raise ConfigurationError(
            f"{name!r} crosses a border between pieces, and its shape is not known",
            "cut elsewhere, or export the file with fixed shapes",
        )
    return found


def _functions(
    model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]
) -> Iterator[onnx.FunctionProto]:
    """The model's functions that these operators call, directly or through others."""
    known = {(each.domain, each.name, each.overload): each for each in model.functions}
    called: set[tuple[str, str, str]] = set()
    waiting = [(n.domain, n.op_type, n.overload) for n in _deep(nodes)]
    while waiting:
        key = waiting.pop()
        if key in known and key not in called:
            called.add(key)
            waiting += [(n.domain, n.op_type, n.overload) for n in all_nodes(known[key])]
    return (each for key, each in known.items() if key in called)


def _deep(nodes: Sequence[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    holder = onnx.GraphProto()
    holder.node.extend(nodes)
    return all_nodes(holder)


def _checked(model: onnx.ModelProto, number: int) -> bytes:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ConfigurationError(f"piece {number} is not valid ONNX: {reason}") from error
    content: bytes = model.SerializeToString(deterministic=True)
    return content
