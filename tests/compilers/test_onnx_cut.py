"""An ONNX file in pieces computes what the file does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from kenning_lego.compilers.onnx_count import count
from kenning_lego.compilers.onnx_cut import Piece, cut_onnx, with_shapes
from kenning_lego.compilers.onnx_merge import merge_onnx
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from tests.compilers.graphs import OPSET, SIZE, models, value

Arrays = dict[str, npt.NDArray[np.float32]]
INPUTS: Arrays = {
    "x": np.arange(-1, SIZE - 1, dtype=np.float32).reshape(1, SIZE),
    "z": np.full((1, SIZE), 0.5, np.float32),
}
REFUSED = ("no operator is left", "takes nothing", "shape is not known", "of no known type")
Drawn = tuple[onnx.ModelProto, list[str]]


def run(content: onnx.ModelProto | bytes, inputs: Mapping[str, npt.NDArray[np.float32]]) -> Arrays:
    evaluator = ReferenceEvaluator(content)
    taken = {name: inputs[name] for name in evaluator.input_names}
    return dict(zip(evaluator.output_names, evaluator.run(None, taken), strict=True))


def run_all(pieces: Sequence[Piece]) -> Arrays:
    tensors = dict(INPUTS)
    for piece in pieces:
        tensors.update(run(piece.content, tensors))
    return tensors


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.output[0] for node in model.graph.node if node.op_type != "Constant")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(models(), st.data())
def test_pieces_in_a_row_compute_what_the_file_does(drawn: Drawn, data: st.DataObject) -> None:
    model, tensors = drawn
    names = data.draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=4, unique=True))
    try:
        pieces = cut_onnx(model, names)
    except ConfigurationError as error:
        if not any(each in str(error) for each in REFUSED):
            raise
        return
    assert len(pieces) == len(names) + 1
    found, expected = run_all(pieces), run(model, INPUTS)
    for name, array in expected.items():
        assert np.array_equal(found[name], array)
    loaded = [onnx.load_model_from_string(each.content) for each in pieces]
    assert sum((operators(each) for each in loaded), Counter()) == operators(model)
    assert [each.operators for each in pieces] == [operators(each).total() for each in loaded]


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(models(), st.data())
def test_merging_undoes_cutting(drawn: Drawn, data: st.DataObject) -> None:
    model, tensors = drawn
    name = data.draw(st.sampled_from(tensors))
    try:
        pieces = cut_onnx(model, [name])
    except ConfigurationError:
        return
    expected = run(model, INPUTS)
    merged = merge_onnx([each.content for each in pieces], list(expected))
    for output, array in run(merged, INPUTS).items():
        assert np.array_equal(array, expected[output])


def chain(*, listed: bool = False) -> onnx.ModelProto:
    """x * c = a, a + c = b, b - a = y: `a` and `c` are needed on both sides of `b`."""
    nodes = [
        helper.make_node("Mul", ["x", "c"], ["a"]),
        helper.make_node("Add", ["a", "c"], ["b"]),
        helper.make_node("Sub", ["b", "a"], ["y"]),
    ]
    constant = numpy_helper.from_array(np.full((1, SIZE), 3, np.float32), "c")
    inputs = [value("x"), value("c")] if listed else [value("x")]
    graph = helper.make_graph(nodes, "chain", inputs, [value("y")], [constant])
    opsets = [helper.make_opsetid("", OPSET)]
    return with_shapes(helper.make_model(graph, opset_imports=opsets, ir_version=9))


def names(values: Sequence[onnx.ValueInfoProto]) -> list[str]:
    return [each.name for each in values]


def test_tensors_that_skip_a_piece_are_passed_on() -> None:
    pieces = [onnx.load_model_from_string(p.content) for p in cut_onnx(chain(), ["b", "a"])]
    assert [names(each.graph.input) for each in pieces] == [["x"], ["a"], ["a", "b"]]
    assert [names(each.graph.output) for each in pieces] == [["a"], ["b"], ["y"]]
    assert [len(each.graph.initializer) for each in pieces] == [1, 1, 0]


def test_constants_that_are_listed_as_inputs_stay_so() -> None:
    pieces = [onnx.load_model_from_string(p.content) for p in cut_onnx(chain(listed=True), ["a"])]
    assert [names(each.graph.input) for each in pieces] == [["x", "c"], ["a", "c"]]


def test_unknown_name_is_told_with_one_that_is_near() -> None:
    model = chain()
    model.graph.node[0].output[0] = model.graph.node[1].input[0] = "hidden.1"
    model.graph.node[2].input[1] = "hidden.1"
    with pytest.raises(UnknownNameError, match=r"'hidden1' \(did you mean 'hidden.1'\?"):
        cut_onnx(with_shapes(model), ["hidden1"])


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (["x"], "'x' is an input or a constant"),
        (["c"], "'c' is an input or a constant"),
        (["y"], "no operator is left behind the last"),
        (["a", "a"], "nothing lies between 'a' and 'a'"),
    ],
)
def test_places_where_nothing_can_be_cut_are_refused(cut: list[str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        cut_onnx(chain(), cut)


def test_tensor_of_unknown_type_cannot_cross_a_border() -> None:
    model = chain()
    model.graph.node[0].domain = "elsewhere"
    model.opset_import.add(domain="elsewhere", version=1)
    del model.graph.value_info[:]
    with pytest.raises(ConfigurationError, match=r"'a' crosses a border .* of no known type"):
        cut_onnx(with_shapes(model), ["a"])


def test_sequence_cannot_cross_a_border() -> None:
    nodes = [
        helper.make_node("SequenceConstruct", ["x", "x"], ["several"]),
        helper.make_node("ConcatFromSequence", ["several"], ["y"], axis=1),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2 * SIZE])
    graph = helper.make_graph(nodes, "sequence", [value("x")], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    with pytest.raises(ConfigurationError, match=r"'several' crosses a border .* not a tensor"):
        cut_onnx(with_shapes(model), ["several"])


def test_counts_convolutions_and_products() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[3, 3], group=2),
        helper.make_node("Flatten", ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "v"], ["y"]),
    ]
    weights = [
        numpy_helper.from_array(np.zeros((4, 1, 3, 3), np.float32), "w"),
        numpy_helper.from_array(np.zeros((4 * 9, 5), np.float32), "v"),
        numpy_helper.from_array(np.array([7]), "not_a_weight"),
    ]
    graph = helper.make_graph(
        nodes,
        "counted",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 5])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    found = count(with_shapes(model))
    assert found.parameters == 4 * 9 + 4 * 9 * 5
    # 3x3 outputs of 4 channels, each of one input channel; then 36 products for each of 5.
    assert found.flops == 2 * (4 * 9 * 9 + 5 * 36)
