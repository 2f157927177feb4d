"""Chains are wired by tensor names; stages that do not fit together are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import ITEM_BYTES, IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors, allocate
from kenning_lego.servers.pipeline import bind_chain, chain_spec, random_arrays, tensors_of


def tensor(name: str, size: int = 4, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name, (1, size), dtype)


class Adder:
    """A program whose outputs are the sum of its inputs plus one."""

    def __init__(self, inputs: list[TensorSpec], outputs: list[TensorSpec]) -> None:
        self.spec = IOSpec(tuple(inputs), tuple(outputs))
        self.bound = 0

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        self.bound += 1
        sources = [tensors[each.name] for each in self.spec.inputs]
        results = [tensors[each.name] for each in self.spec.outputs]

        def run() -> None:
            for result in results:
                result[...] = sum(sources) + 1

        return run


def stage(inputs: str, outputs: str) -> Adder:
    return Adder([tensor(name) for name in inputs], [tensor(name) for name in outputs])


def test_chain_takes_what_no_stage_gives_and_gives_what_the_last_gives() -> None:
    spec = chain_spec([stage("x", "a"), stage("ay", "b"), stage("ab", "zw")])
    assert [each.name for each in spec.inputs] == ["x", "y"]
    assert [each.name for each in spec.outputs] == ["z", "w"]


def test_input_that_several_stages_take_is_one() -> None:
    spec = chain_spec([stage("x", "a"), stage("xa", "b")])
    assert [each.name for each in spec.inputs] == ["x"]


@pytest.mark.parametrize("other", [tensor("a", 5), tensor("a", 4, "float16")])
def test_stages_that_disagree_about_a_tensor_are_refused(other: TensorSpec) -> None:
    chain = [stage("x", "a"), Adder([other], [tensor("b")])]
    with pytest.raises(ModelError, match=r"gives a: float32\[1, 4\] where a stage takes a: "):
        chain_spec(chain)
    with pytest.raises(ModelError, match="two artifacts disagree: a: "):
        tensors_of(chain)


def test_stages_that_disagree_about_the_networks_input_are_refused() -> None:
    with pytest.raises(ModelError, match="where a stage takes x"):
        chain_spec([stage("x", "a"), Adder([tensor("x", 9)], [tensor("b")])])


@pytest.mark.parametrize(
    "chain",
    [
        [stage("x", "a"), stage("a", "a")],
        [stage("x", "a"), stage("x", "a")],
        [stage("x", "x")],
        [stage("x", "aa")],
        [stage("ax", "b"), stage("b", "a")],
    ],
    ids=["in place", "again", "its own input", "twice", "an input"],
)
def test_tensor_that_is_given_twice_is_refused(chain: list[Adder]) -> None:
    with pytest.raises(ModelError, match="two stages of a chain give the tensor"):
        chain_spec(chain)


def test_tensors_of_programs_are_shared_by_name() -> None:
    shared = tensors_of([stage("x", "a"), stage("a", "b"), stage("x", "c")])
    assert sorted(shared) == ["a", "b", "c", "x"]


def test_chain_runs_its_stages_in_order_on_shared_arrays() -> None:
    chain = [stage("x", "a"), stage("xa", "b"), stage("b", "y")]
    arrays = allocate(IOSpec(tuple(tensors_of(chain).values()), ()))
    call = bind_chain(chain, arrays)
    arrays["x"][...] = 10
    call()
    assert arrays["a"].tolist() == [[11.0] * 4]
    assert arrays["y"].tolist() == [[23.0] * 4]
    arrays["x"][...] = 0
    call()
    assert arrays["y"].tolist() == [[3.0] * 4]
    assert [each.bound for each in chain] == [1, 1, 1]


def test_chain_of_one_is_the_programs_own_call() -> None:
    only = stage("x", "y")
    arrays = allocate(only.spec)
    bind_chain([only], arrays)()
    assert arrays["y"].tolist() == [[1.0] * 4]


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_random_arrays_have_the_type_that_was_asked_for_and_are_the_seeds(dtype: str) -> None:
    tensors = {"x": tensor("x", 64, dtype), "scalar": TensorSpec("scalar", (), dtype)}
    arrays = random_arrays(tensors, 7)
    assert arrays["x"].dtype == np.dtype(dtype)
    assert arrays["x"].shape == (1, 64)
    assert arrays["scalar"].shape == ()
    assert arrays["x"].flags.c_contiguous
    assert arrays["x"].flags.writeable
    np.testing.assert_array_equal(arrays["x"], random_arrays(tensors, 7)["x"])
    assert (arrays["x"] != random_arrays(tensors, 8)["x"]).any()


def test_random_integers_can_be_indices_and_floats_are_normalised() -> None:
    arrays = random_arrays({"i": tensor("i", 999, "int64"), "f": tensor("f", 9999)}, 0)
    assert set(arrays["i"].flatten().tolist()) == {0, 1}
    assert abs(float(arrays["f"].mean())) < 0.1
    assert abs(float(arrays["f"].std()) - 1) < 0.1


def test_outputs_may_come_from_any_stage() -> None:
    chain = [stage("x", "a"), stage("a", "bc"), stage("b", "d")]
    assert [each.name for each in chain_spec(chain, ["d", "a", "c"]).outputs] == ["d", "a", "c"]


@pytest.mark.parametrize(
    ("outputs", "told"), [(["x"], "gives the output 'x'"), (["a", "a"], "twice")]
)
def test_outputs_that_no_stage_gives_or_that_are_named_twice_are_refused(
    outputs: list[str], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        chain_spec([stage("x", "a"), stage("a", "b")], outputs)
