"""Tensors share memory only where no chain can tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.plans import PlanItem
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Arrays
from kenning_lego.servers.buffers import Places, chains_of, shared_arrays


def tensor(name: str, size: int = 8, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(name, (size,), dtype)


def stage(reads: Sequence[TensorSpec], gives: Sequence[TensorSpec]) -> IOSpec:
    return IOSpec(tuple(reads), tuple(gives))


def known(places: Places) -> dict[str, TensorSpec]:
    return {spec.name: spec for specs in places for each in specs for spec in each}


def straight(count: int, dtype: str = "float32") -> Places:
    tensors = [tensor(f"t{n}", 8, dtype) for n in range(count + 1)]
    return [[stage([before], [after])] for before, after in itertools.pairwise(tensors)]


def memories(arrays: Arrays) -> int:
    """How many buffers there are that do not overlap."""
    roots = {id(each) if each.base is None else id(each.base) for each in arrays.values()}
    return len(roots)


def test_straight_chain_needs_its_input_its_result_and_two_to_take_turns() -> None:
    places = straight(10)
    arrays = shared_arrays(known(places), [places])
    assert memories(arrays) == 3  # the result takes the memory of one that is done with
    assert not np.shares_memory(arrays["t0"], arrays["t10"])
    assert not any(np.shares_memory(arrays[f"t{n}"], arrays[f"t{n + 1}"]) for n in range(10))


def test_skip_keeps_its_tensor_until_it_is_read() -> None:
    a, b, c, d = (tensor(name) for name in "abcd")
    places = [[stage([a], [b])], [stage([b], [c])], [stage([b, c], [d])]]
    arrays = shared_arrays(known(places), [places])
    assert not np.shares_memory(arrays["b"], arrays["c"])
    assert not np.shares_memory(arrays["b"], arrays["d"])


def test_integers_and_what_is_to_keep_its_contents_have_memory_of_their_own() -> None:
    places = straight(6, "int64")
    assert memories(shared_arrays(known(places), [places])) == 7
    places = straight(6)
    arrays = shared_arrays(known(places), [places], own=[f"t{n}" for n in range(7)])
    assert memories(arrays) == 7


def test_items_of_a_plan_are_one_chain_by_position_and_whole_chains_beside_it() -> None:
    a, b, c = (tensor(name) for name in "abc")
    specs = {"1": stage([a], [b]), "2": stage([b], [c]), "12": stage([a], [c])}
    items = [
        PlanItem("second", ("2",), 1),
        PlanItem("first", ("1",), 0),
        PlanItem("other", ("1",), 0),
        PlanItem("both", ("1", "2")),
        PlanItem("whole", ("12",), 2),
    ]
    single, both = chains_of(items, specs)
    assert single == [[specs["1"], specs["1"]], [specs["2"]], [specs["12"]]]
    assert both == [[specs["1"]], [specs["2"]]]


@st.composite
def chains(draw: st.DrawFn) -> Places:
    names = ["input"]
    places: list[list[IOSpec]] = []
    for place in range(draw(st.integers(1, 8))):
        reads = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        gives = [f"t{place}_{n}" for n in range(draw(st.integers(1, 2)))]
        sizes = [draw(st.integers(1, 9)) for _ in gives]
        known_sizes = {spec.name: spec for each in places for s in each for spec in s}
        inputs = [known_sizes.get(name, tensor(name)) for name in reads]
        outputs = [tensor(*each) for each in zip(gives, sizes, strict=True)]
        places.append([stage(inputs, outputs)])
        names += gives
    return places


def run(places: Places, arrays: Arrays) -> list[list[float]]:
    """Each stage gives numbers that depend on everything that it reads."""
    results = []
    arrays["input"][...] = 1.0
    for number, alternatives in enumerate(places):
        (spec,) = alternatives
        total = sum(float(arrays[each.name].sum()) for each in spec.inputs) + number
        for offset, each in enumerate(spec.outputs):
            arrays[each.name][...] = (total + offset) % 97
        results.append([float(arrays[each.name][0]) for each in spec.inputs])
    results.append([float(arrays[each.name][0]) for each in next(iter(places[-1])).outputs])
    return results


@given(chains())
def test_chain_computes_the_same_in_shared_memory(places: Places) -> None:
    tensors = known(places)
    apart = shared_arrays(tensors, [places], own=tensors)
    assert run(places, shared_arrays(tensors, [places])) == run(places, apart)
