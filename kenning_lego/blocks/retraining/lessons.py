"""The original network as the teacher of its blocks' variants."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.core.errors import ModelError
from kenning_lego.training.course import Lesson


class ChainTeacher:
    """Runs a network once, as far as it is needed, and gives each block's inputs and outputs.

    No tensor is kept longer than a later segment reads it.

    Args:
        chain: the original network.
        subjects: the segments whose inputs and outputs are wanted.
    """

    def __init__(self, chain: Chain, subjects: Collection[str]) -> None:
        last = max((place for place, each in enumerate(chain) if each.name in subjects), default=-1)
        self._segments = chain.segments[: last + 1]
        self._subjects = frozenset(subjects)
        self._inputs = chain.inputs
        read_last = {
            spec.name: place for place, each in enumerate(self._segments) for spec in each.inputs
        }
        self._dead = [
            [
                spec.name
                for spec in (*each.inputs, *each.outputs)
                if read_last.get(spec.name, -1) <= place
            ]
            for place, each in enumerate(self._segments)
        ]

    def __call__(self, *batch: torch.Tensor) -> Iterator[tuple[str, Lesson]]:
        """The lessons of a batch by segment, in the chain's order.

        Raises:
            ModelError: the network refuses the batch.
        """
        tensors = {spec.name: each for spec, each in zip(self._inputs, batch, strict=True)}
        for segment, dead in zip(self._segments, self._dead, strict=True):
            tensors.update(self._run(segment, tensors))
            if segment.name in self._subjects:
                yield segment.name, _lesson(segment, tensors)
            for name in dead:
                tensors.pop(name, None)

    def _run(self, segment: Segment, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        try:
            return segment.run(tensors)
        except RuntimeError as error:
            raise ModelError(
                f"segment {segment.name} of the network fails on a batch: {error}",
                f"give inputs of the shapes {', '.join(map(str, self._inputs))}, any number of "
                "samples; if memory ran out lower batch_size",
            ) from error


def _lesson(segment: Segment, tensors: dict[str, torch.Tensor]) -> Lesson:
    return (
        tuple(tensors[spec.name] for spec in segment.inputs),
        tuple(tensors[spec.name] for spec in segment.outputs),
    )
