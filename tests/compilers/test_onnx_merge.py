"""A chain of ONNX files merged into one computes what the chain does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from kenning_lego.compilers.fused import fuse
from kenning_lego.compilers.onnx_merge import merge_onnx
from kenning_lego.core.errors import CompilationError

SIZE = 4
Array = npt.NDArray[np.float32]


def value(name: str, size: int = SIZE) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])


def stage(
    inputs: Sequence[str],
    output: str,
    *,
    factor: float = 2.0,
    opset: int = 20,
    ir_version: int = 9,
    inner: str = "hidden",
    size: int = SIZE,
) -> bytes:
    """factor * the sum of the inputs; every stage calls its inner tensors alike."""
    nodes = [
        helper.make_node("Sum", list(inputs), [inner], name="add"),
        helper.make_node("Mul", [inner, "factor"], [output], name="scale"),
    ]
    graph = helper.make_graph(
        nodes,
        "stage",
        [value(name, size) for name in inputs],
        [value(output, size)],
        [numpy_helper.from_array(np.float32(factor), "factor")],
    )
    return to_bytes(graph, opset, ir_version)


def to_bytes(graph: onnx.GraphProto, opset: int = 20, ir_version: int = 9) -> bytes:
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
    content: bytes = model.SerializeToString()
    return content


def run(content: bytes, **inputs: Array) -> list[Array]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    found: list[Array] = session.run(None, inputs)
    return found


X = np.arange(1, SIZE + 1, dtype=np.float32).reshape(1, SIZE)


def test_stages_of_equal_inner_names_stay_apart() -> None:
    merged = merge_onnx([stage(["x"], "a", factor=3), stage(["a"], "y", factor=5)], ["y"])
    assert np.array_equal(run(merged, x=X)[0], 15 * X)


def test_tensor_used_by_several_later_segments() -> None:
    stages = [stage(["x"], "skip"), stage(["skip"], "deep", factor=3), stage(["deep", "skip"], "y")]
    merged = merge_onnx(stages, ["y"])
    assert np.array_equal(run(merged, x=X)[0], 2 * (6 + 2) * X)
    model = onnx.load_model_from_string(merged)
    assert [each.name for each in model.graph.input] == ["x"]


def test_network_input_used_again_at_the_end() -> None:
    merged = merge_onnx([stage(["x"], "a"), stage(["a", "x"], "y", factor=1)], ["y"])
    assert np.array_equal(run(merged, x=X)[0], 3 * X)


def test_outputs_are_those_asked_for_in_their_order() -> None:
    merged = merge_onnx([stage(["x"], "a"), stage(["a"], "b")], ["b", "a"])
    session = ort.InferenceSession(merged, providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_outputs()] == ["b", "a"]


def test_border_name_that_another_stage_has_inside() -> None:
    stages = [stage(["x"], "hidden", inner="y"), stage(["hidden"], "y", inner="s1/x")]
    assert np.array_equal(run(merge_onnx(stages, ["y"]), x=X)[0], 4 * X)


def test_border_name_like_the_names_that_merging_makes() -> None:
    stages = [stage(["x"], "s1/hidden"), stage(["s1/hidden"], "y")]
    assert np.array_equal(run(merge_onnx(stages, ["y"]), x=X)[0], 4 * X)


def test_equal_constants_are_kept_once() -> None:
    stages = [stage(["x"], "a"), stage(["a"], "b"), stage(["b"], "y", factor=7)]
    merged = merge_onnx(stages, ["y"])
    model = onnx.load_model_from_string(merged)
    assert len(model.graph.initializer) == 2
    assert np.array_equal(run(merged, x=X)[0], 28 * X)


def test_equal_stages_give_equal_bytes() -> None:
    stages = [stage(["x"], "a"), stage(["a"], "y")]
    assert merge_onnx(stages, ["y"]) == merge_onnx(stages, ["y"])


def test_constant_that_is_an_output() -> None:
    first = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["a"])],
        "constant",
        [value("x")],
        [value("a"), value("weights")],
        [numpy_helper.from_array(X, "weights")],
    )
    stages = [to_bytes(first), stage(["a", "weights"], "y", factor=1)]
    assert np.array_equal(run(merge_onnx(stages, ["y"]), x=X)[0], 2 * X)


def test_default_of_an_input_stays_inside() -> None:
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "old",
        [value("x"), helper.make_tensor_value_info("factor", TensorProto.FLOAT, [])],
        [value("y")],
        [numpy_helper.from_array(np.float32(3), "factor")],
    )
    merged = merge_onnx([stage(["input"], "x"), to_bytes(graph)], ["y"])
    assert np.array_equal(run(merged, input=X)[0], 6 * X)


def test_names_inside_branches_follow() -> None:
    """Both stages choose by their inputs' sums between graphs that use a constant outside."""

    def branching(source: str, result: str, then: float, otherwise: float) -> bytes:
        def branch(name: str, factor: str) -> onnx.GraphProto:
            node = helper.make_node("Mul", [source, factor], [f"{name}_y"])
            return helper.make_graph([node], name, [], [value(f"{name}_y")])

        nodes = [
            helper.make_node("ReduceSum", [source], ["total"], keepdims=0),
            helper.make_node("Greater", ["total", "limit"], ["big"]),
            helper.make_node(
                "If",
                ["big"],
                [result],
                then_branch=branch("then", "large"),
                else_branch=branch("else", "small"),
            ),
        ]
        constants = {"limit": 30.0, "large": then, "small": otherwise}
        initializers = [
            numpy_helper.from_array(np.float32(number), name) for name, number in constants.items()
        ]
        return to_bytes(
            helper.make_graph(nodes, "stage", [value(source)], [value(result)], initializers)
        )

    stages = [branching("x", "a", 0.5, 4.0), branching("a", "y", 10.0, 1.0)]
    assert np.array_equal(run(merge_onnx(stages, ["y"]), x=X)[0], 40 * X)


def test_differing_opsets_are_refused() -> None:
    stages = [stage(["x"], "a", opset=20), stage(["a"], "y", opset=18)]
    with pytest.raises(CompilationError, match=r"segment 1 is of opset 18 of ai\.onnx.* of 20"):
        merge_onnx(stages, ["y"])


def test_newest_ir_version_counts() -> None:
    stages = [stage(["x"], "a", ir_version=8), stage(["a"], "y", ir_version=9)]
    assert onnx.load_model_from_string(merge_onnx(stages, ["y"])).ir_version == 9


def test_shapes_that_do_not_fit_are_refused() -> None:
    stages = [stage(["x"], "a"), stage(["a"], "y", size=8)]
    with pytest.raises(CompilationError, match=r"segment 1 takes 'a' as FLOAT\[1, 8\]"):
        merge_onnx(stages, ["y"])


def test_tensor_given_twice_is_refused() -> None:
    with pytest.raises(CompilationError, match="segment 1 gives 'y', which is there before it"):
        merge_onnx([stage(["x"], "y"), stage(["y"], "y", factor=3)], ["y"])


def test_output_that_nothing_gives_is_refused() -> None:
    with pytest.raises(CompilationError, match="no segment gives the output 'z'"):
        merge_onnx([stage(["x"], "y")], ["z"])


def test_what_is_no_onnx_file_is_refused() -> None:
    with pytest.raises(CompilationError, match="segment 1 of the chain is no ONNX file"):
        merge_onnx([stage(["x"], "y"), b"\xff\xff\xff"], ["y"])


def test_data_in_other_files_is_refused() -> None:
    model = onnx.load_model_from_string(stage(["x"], "y"))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights")
    with pytest.raises(CompilationError, match="segment 0 of the chain has tensors in other files"):
        merge_onnx([model.SerializeToString()], ["y"])


def test_functions_of_one_name_must_mean_the_same() -> None:
    def with_function(source: str, result: str, operator: str) -> bytes:
        graph = helper.make_graph(
            [helper.make_node("Own", [source], [result], domain="mine")],
            "stage",
            [value(source)],
            [value(result)],
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("mine", 1)]
        body = [helper.make_node(operator, ["a"], ["b"])]
        function = helper.make_function("mine", "Own", ["a"], ["b"], body, opsets[:1])
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=[function])
        content: bytes = model.SerializeToString()
        return content

    equal = [with_function("x", "a", "Neg"), with_function("a", "y", "Neg")]
    assert np.array_equal(run(merge_onnx(equal, ["y"]), x=X)[0], X)
    with pytest.raises(CompilationError, match="another function mine::Own"):
        merge_onnx([equal[0], with_function("a", "y", "Abs")], ["y"])


@st.composite
def chains(draw: st.DrawFn) -> list[tuple[list[str], str, float]]:
    """Stages that each take some of what is there before them."""
    known = ["x"]
    stages = []
    for number in range(draw(st.integers(1, 6))):
        sources = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        stages.append((sources, f"t{number}", draw(st.sampled_from([0.5, 1.0, -2.0]))))
        known.append(f"t{number}")
    return stages


@settings(max_examples=30)
@given(chains())
def test_any_wiring_computes_what_the_chain_does(
    stages: list[tuple[list[str], str, float]],
) -> None:
    tensors = {"x": X}
    for sources, result, factor in stages:
        tensors[result] = np.float32(factor) * np.sum([tensors[name] for name in sources], axis=0)
    contents = [stage(sources, result, factor=factor) for sources, result, factor in stages]
    outputs = [result for _, result, _ in stages]
    made = fuse(contents, outputs, {"x": X})
    # The first stage can only take x, so the merged network has just that input.
    for name, found in zip(outputs, run(made.content, x=X), strict=True):
        assert np.allclose(found, tensors[name], rtol=1e-6)
    assert made.gap.max_abs <= 1e-4


def test_chain_that_the_merged_form_differs_from_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = stage(["x"], "y", factor=2.5)
    monkeypatch.setattr("kenning_lego.compilers.fused.merge_onnx", lambda *_: wrong)
    with pytest.raises(CompilationError, match=r"differs from the chain by 2 on up to 8"):
        fuse([stage(["x"], "y")], ["y"], {"x": X})


def test_merged_file_says_what_it_was_told_to() -> None:
    made = fuse([stage(["x"], "y")], ["y"], {"x": X}, metadata={"run": "7", "who": "me"})
    session = ort.InferenceSession(made.content, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"run": "7", "who": "me"}
