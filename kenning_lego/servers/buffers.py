"""Arrays for the tensors of chains, which take turns in the same memory.

A network in one piece keeps few activations at a time, and those stay in the caches. So do chains
whose tensors give their memory to later ones as soon as nobody reads them any more. Which may is
decided on intervals of places in the chain, and the memory is given out greedily, the largest
tensors first (Pisarchyk and Lee, "Efficient memory management for deep neural net inference",
2020).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kenning_lego.core.plans import PlanItem
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Arrays, Program, allocate
from kenning_lego.servers.pipeline import randomise, tensors_of

Places = Sequence[Collection[IOSpec]]
"""For each place of a chain, what the programs take and give of which one runs there."""


@dataclass(slots=True)
class _Buffer:
    dtype: str
    bytes: int = 0
    tensors: list[str] = field(default_factory=list)


def shared_arrays(
    tensors: Mapping[str, TensorSpec], chains: Iterable[Places], own: Collection[str] = ()
) -> Arrays:
    """Arrays of which those that are never needed together share memory.

    Only floating-point tensors that every chain computes itself share any: what another tensor
    leaves behind is then read as numbers, never as indices.

    Args:
        tensors: all that the chains have, by name.
        chains: that run on these arrays, one after the other in any order.
        own: names of tensors that keep their contents.
    """
    lives = [_lives(places) for places in chains]
    sharing = [
        spec
        for name, spec in tensors.items()
        if name not in own
        and np.dtype(spec.dtype).kind == "f"
        and any(name in each for each in lives)
        and all(each.get(name, _NEVER)[0] >= 0 for each in lives)
    ]
    buffers: list[_Buffer] = []
    for spec in sorted(sharing, key=lambda each: each.nbytes, reverse=True):
        buffer = next(
            (
                each
                for each in buffers
                if each.dtype == spec.dtype and not _clash(spec.name, each.tensors, lives)
            ),
            None,
        )
        if buffer is None:
            buffers.append(buffer := _Buffer(spec.dtype))
        buffer.bytes = max(buffer.bytes, spec.nbytes)
        buffer.tensors.append(spec.name)
    placed = {name for buffer in buffers for name in buffer.tensors}
    arrays = allocate(IOSpec((), tuple(s for name, s in tensors.items() if name not in placed)))
    for buffer in buffers:
        count = buffer.bytes // np.dtype(buffer.dtype).itemsize
        memory = allocate(IOSpec((), (TensorSpec("", (count,), buffer.dtype),)))[""]
        for name in buffer.tensors:
            sizes = tensors[name].sizes
            arrays[name] = memory[: int(np.prod(sizes))].reshape(sizes)
    return arrays


def chain_arrays(chain: Sequence[Program], seed: int) -> Arrays:
    """Arrays that one chain runs on, filled by :func:`.pipeline.randomise`."""
    arrays = shared_arrays(tensors_of(chain), [places_of(chain)])
    randomise(arrays, seed)
    return arrays


def places_of(chain: Sequence[Program]) -> Places:
    """One program at each place."""
    return [[program.spec] for program in chain]


def chains_of(items: Iterable[PlanItem], specs: Mapping[str, IOSpec]) -> list[Places]:
    """What a plan's items are to each other: stand-ins for places of one chain, and whole chains.

    Args:
        items: of the plan; those of a single artifact run in the order of their positions.
        specs: of the artifacts, by sha256.
    """
    single: dict[int, list[IOSpec]] = {}
    chains: list[Places] = []
    for item in items:
        if len(item.stages) == 1:
            single.setdefault(item.position, []).append(specs[item.stages[0]])
        else:
            chains.append([[specs[digest]] for digest in item.stages])
    return [[single[position] for position in sorted(single)], *chains]


_Life = tuple[int, int]
"""The place that gives a tensor, negative if none does, and the last that reads it."""
_NEVER: _Life = (0, -1)


def _lives(places: Places) -> dict[str, _Life]:
    """By tensor. What nobody reads stays to the end: it is the chain's result."""
    lives: dict[str, _Life] = {}
    for place, specs in enumerate(places):
        for spec in specs:
            for tensor in spec.inputs:
                given, _ = lives.get(tensor.name, (-1, place))
                lives[tensor.name] = (given, place)
        for spec in specs:
            for tensor in spec.outputs:
                lives.setdefault(tensor.name, (place, len(places)))
    return lives


def _clash(name: str, others: Collection[str], lives: Sequence[Mapping[str, _Life]]) -> bool:
    return any(
        begin <= last and first <= end
        for each in lives
        if name in each
        for begin, end in [each[name]]
        for first, last in _of(others, each)
    )


def _of(names: Collection[str], lives: Mapping[str, _Life]) -> Iterator[_Life]:
    return (lives[name] for name in names if name in lives)
