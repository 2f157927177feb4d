"""Chains of programs wired by tensor names over one set of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Program

Arrays = dict[str, "npt.NDArray[Any]"]


def chain_spec(stages: Sequence[Program]) -> IOSpec:
    """The inputs and outputs of programs that run one after the other.

    Inputs are the tensors that a stage takes and no earlier stage gives; outputs are the last
    stage's.

    Raises:
        ModelError: two stages disagree about a tensor, or one gives a tensor again.
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
    return IOSpec(tuple(inputs), stages[-1].spec.outputs)


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
    calls = tuple(stage.bind(arrays) for stage in stages)
    if len(calls) == 1:
        return calls[0]

    def run() -> None:
        for call in calls:
            call()

    return run


def random_arrays(tensors: Mapping[str, TensorSpec], seed: int) -> Arrays:
    """Arrays for all tensors, filled as normalised inputs are: seeded, about N(0, 1).

    Integers are small and not negative, so that they can be indices.
    """
    rng = np.random.default_rng(seed)
    arrays: Arrays = {}
    for name, spec in tensors.items():
        kind = np.dtype(spec.dtype).kind
        values = rng.standard_normal(spec.sizes) if kind == "f" else rng.integers(0, 2, spec.sizes)
        arrays[name] = np.asarray(values, dtype=spec.dtype, order="C")  # scalars stay scalars
    return arrays
