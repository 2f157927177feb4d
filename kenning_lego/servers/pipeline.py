"""Chains of programs wired by tensor names over one set of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Arrays, Program, allocate


def chain_spec(stages: Sequence[Program], outputs: Sequence[str] = ()) -> IOSpec:
    """The inputs and outputs of programs that run one after the other.

    Inputs are the tensors that a stage takes and no earlier stage gives.

    Args:
        stages: in the order in which they run.
        outputs: names of tensors that stages give; none for the last stage's.

    Raises:
        ModelError: two stages disagree about a tensor, one gives a tensor again, or none gives
            an output.
    """
    known: dict[str, TensorSpec] = {}
    given: set[str] = set()
    inputs: list[TensorSpec] = []
    for stage in stages:
        for spec in stage.spec.inputs:
            if spec.name not in known:
                inputs.append(spec)
            elif known[spec.name] != spec:
                raise ModelError(f"a chain gives {known[spec.name]} where a stage takes {spec}")
            known[spec.name] = spec
        for spec in stage.spec.outputs:
            if spec.name in given or spec.name in known:
                raise ModelError(f"two stages of a chain give the tensor {spec.name!r}")
            known[spec.name] = spec
            given.add(spec.name)
    missing = [name for name in outputs if name not in given]
    if missing or len(set(outputs)) != len(outputs):
        raise ModelError(
            f"no stage of the chain gives the output {missing[0]!r}"
            if missing
            else "a chain is to give one output twice",
            "name each output once, as an artifact does",
        )
    named = tuple(known[name] for name in outputs)
    return IOSpec(tuple(inputs), named or stages[-1].spec.outputs)


def tensors_of(programs: Iterable[Program]) -> dict[str, TensorSpec]:
    """All tensors of programs that share arrays by name.

    Raises:
        ModelError: two programs disagree about a tensor of one name.
    """
    known: dict[str, TensorSpec] = {}
    for program in programs:
        for spec in program.spec:
            if known.setdefault(spec.name, spec) != spec:
                raise ModelError(f"two artifacts disagree: {known[spec.name]} and {spec}")
    return known


def bind_chain(stages: Sequence[Program], arrays: Arrays) -> Callable[[], object]:
    """A call that runs the stages in order on the arrays."""
    return run_in_order([stage.bind(arrays) for stage in stages])


def run_in_order(calls: Sequence[Callable[[], object]]) -> Callable[[], object]:
    """One call for several."""
    if len(calls) == 1:
        return calls[0]
    calls = tuple(calls)

    def run() -> None:
        for call in calls:
            call()

    return run


def randomise(arrays: Arrays, seed: int) -> None:
    """Fill arrays as normalised inputs are: seeded, about N(0, 1).

    Integers are small and not negative, so that they can be indices.
    """
    rng = np.random.default_rng(seed)
    for array in arrays.values():
        is_float = array.dtype.kind == "f"
        array[...] = (
            rng.standard_normal(array.shape) if is_float else rng.integers(0, 2, array.shape)
        )


def random_arrays(tensors: Mapping[str, TensorSpec], seed: int) -> Arrays:
    """Arrays of their own for all tensors, filled by :func:`randomise`."""
    arrays = allocate(IOSpec((), tuple(tensors.values())))
    randomise(arrays, seed)
    return arrays
