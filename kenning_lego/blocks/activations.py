"""What the segments of a chain take while it runs on real inputs: samples to compile with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.chain import Chain
from kenning_lego.compilers.source import Samples
from kenning_lego.core.errors import ModelError
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.training.weights import module_fingerprint

Arrays = Sequence[NDArray[Any]]


class Activations:
    """A chain's own tensors, at one border at a time.

    Segments are asked for in the order of the chain, so that each runs once a sample. Only what
    later segments still need is held; an earlier segment starts the chain anew.

    Args:
        chain: the original network, in evaluation mode.
        inputs: for each input of the network an array, samples first.

    Raises:
        ModelError: the arrays are not one for each input, or not whole samples.
    """

    def __init__(self, chain: Chain, inputs: Arrays) -> None:
        self._chain = chain
        self._given = list(_samples(chain, inputs))
        self._fingerprints = [
            fingerprint({str(number): array for number, array in enumerate(inputs)})
        ]
        self._places = {segment.name: place for place, segment in enumerate(chain)}
        self._last_use = {
            spec.name: place for place, segment in enumerate(chain) for spec in segment.inputs
        }
        self._place = 0
        self._held = self._given

    def samples(self, segment: str) -> Samples:
        """The inputs of a segment; nothing runs before they are opened.

        Args:
            segment: its name.

        Raises:
            UnknownNameError: no segment has that name.
        """
        place = self._places[self._chain[segment].name]
        names = [spec.name for spec in self._chain[segment].inputs]

        def opened() -> Iterator[tuple[NDArray[Any], ...]]:
            self._go_to(place)
            for tensors in self._held:
                yield tuple(tensors[name].numpy() for name in names)

        return Samples(self._identity(place), opened)

    def _identity(self, place: int) -> str:
        """Of a segment's inputs: the images and what has computed on them, as far as there."""
        segments = self._chain.segments
        while len(self._fingerprints) <= place:
            module = module_fingerprint(segments[len(self._fingerprints) - 1].module)
            self._fingerprints.append(
                fingerprint({"inputs": self._fingerprints[-1], "module": module})
            )
        return self._fingerprints[place]

    def _go_to(self, place: int) -> None:
        if place < self._place:
            self._place, self._held = 0, self._given
        while self._place < place:
            # A new list: whoever still reads the samples of before keeps these.
            self._held = [self._passed(tensors) for tensors in self._held]
            self._place += 1

    def _passed(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A sample's tensors on the other side of the next segment."""
        with torch.no_grad():
            computed = self._chain.segments[self._place].run(tensors)
        return {
            name: tensor
            for name, tensor in {**tensors, **computed}.items()
            if self._last_use.get(name, -1) > self._place
        }


def _samples(chain: Chain, inputs: Arrays) -> Iterator[dict[str, torch.Tensor]]:
    rows = [spec.sizes[0] for spec in chain.inputs]
    counts = {len(array) // row for array, row in zip(inputs, rows, strict=False)}
    if len(inputs) != len(rows) or len(counts) != 1:
        raise ModelError(
            f"the network takes {', '.join(map(str, chain.inputs))}; given were arrays of shape "
            f"{', '.join(str(array.shape) for array in inputs)}",
            "give as many samples of each input",
        )
    for number in range(counts.pop()):
        yield {
            spec.name: torch.from_numpy(
                np.ascontiguousarray(array[number * row : (number + 1) * row])
            )
            for spec, array, row in zip(chain.inputs, inputs, rows, strict=True)
        }
