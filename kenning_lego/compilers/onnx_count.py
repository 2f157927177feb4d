"""Parameters and FLOPs of an ONNX file, without running it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from kenning_lego.compilers.onnx_graph import all_nodes


@dataclass(frozen=True, slots=True)
class Count:
    """What an ONNX graph holds and does.

    Args:
        parameters: numbers in its constants of floats, and of the 8-bit integers of quantised
            weights.
        flops: 2 x multiply-accumulates of convolutions and products of matrices for one sample;
            None where a shape that is needed is not known.
    """

    parameters: int
    flops: int | None


_WEIGHTS = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.BFLOAT16,
    onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
)
_CONVOLUTIONS = ("Conv", "ConvInteger", "QLinearConv")
_PRODUCTS = ("MatMul", "Gemm", "MatMulInteger", "QLinearMatMul")
_Shapes = Mapping[str, tuple[int, ...]]


def count(model: onnx.ModelProto) -> Count:
    """Count a model whose shapes were inferred (:func:`.onnx_cut.with_shapes`).

    Every product counts once, whether an inner graph runs it often or never.
    """
    graph = model.graph
    parameters = sum(
        math.prod(each.dims) for each in graph.initializer if each.data_type in _WEIGHTS
    )
    shapes = _shapes(graph)
    flops = 0
    for node in all_nodes(graph):
        own = _flops(node, shapes)
        if own is None:
            return Count(parameters, None)
        flops += own
    return Count(parameters, flops)


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """Shapes by name, an unknown first size taken as 1; none where others are unknown."""
    found = {each.name: tuple(each.dims) for each in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            continue
        sizes = [each.dim_value for each in tensor.shape.dim]
        if sizes and not sizes[0]:
            sizes[0] = 1
        if all(sizes):
            found[value.name] = tuple(sizes)
    return found


def _flops(node: onnx.NodeProto, shapes: _Shapes) -> int | None:
    if node.op_type in _CONVOLUTIONS:
        quantised = node.op_type == "QLinearConv"
        weight = shapes.get(node.input[3 if quantised else 1])
        output = shapes.get(node.output[0])
        if weight is None or output is None:
            return None
        return 2 * math.prod(output) * math.prod(weight[1:])
    if node.op_type == "ConvTranspose":
        weight, taken = shapes.get(node.input[1]), shapes.get(node.input[0])
        if weight is None or taken is None:
            return None
        return 2 * math.prod(taken) * math.prod(weight[1:])
    if node.op_type in _PRODUCTS:
        left, output = shapes.get(node.input[0]), shapes.get(node.output[0])
        if left is None or output is None:
            return None
        transposed = any(each.name == "transA" and each.i for each in node.attribute)
        return 2 * math.prod(output) * left[-2 if transposed else -1]
    return 0
