"""Scores of composed networks, of which only what differs is computed.

Images go through in batches. Of an environment, one variant for every block, a batch's tensors at
all borders are computed once; each network that differs in one block then resumes there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.evaluation import Prepared
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.variants.variants import BlockVariant
from kenning_lego.core.errors import ModelError

Choice = Mapping[str, BlockVariant]
"""One variant by segment name, for every segment."""

_BATCH = 512
"""Images in a batch at most: larger ones only leave the caches."""
_FLOAT_BYTES = 4


class Metric(Protocol):
    """A quality metric, as those of :mod:`kenning_lego.metrics`."""

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Whether larger scores are better."""
        ...

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest score that there can be."""
        ...

    def evidence(self, outputs: NDArray[np.floating], labels: NDArray[Any]) -> NDArray[np.floating]:
        """What the score needs of these samples, samples first."""
        ...

    def total(self, evidence: NDArray[np.floating]) -> float:
        """The score of all samples from their evidence."""
        ...


@dataclass(frozen=True, slots=True)
class Composition:
    """A network of one variant for every segment, and its score.

    Args:
        variants: by name, in the order of the chain.
        score: the metric over all images.
    """

    variants: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What networks are scored on.

    Args:
        images: as the network takes them, samples first.
        labels: what the metric compares the outputs with, samples first.
        metric: how good outputs are.
    """

    images: NDArray[np.float32]
    labels: NDArray[Any]
    metric: Metric

    def batches(self, size: int) -> list[slice]:
        """All samples, in order."""
        return [slice(start, start + size) for start in range(0, len(self.images), size)]


def batch_size(chain: Chain, activations_mb: float) -> int:
    """How many images may run at once.

    Args:
        chain: the network.
        activations_mb: 10^6 bytes that the tensors at its borders may take, in float32.
    """
    specs = [*chain.inputs, *(spec for segment in chain for spec in segment.outputs)]
    numbers = sum(math.prod(spec.sizes[1:]) for spec in specs)
    return max(1, min(_BATCH, int(activations_mb * 1e6 / (numbers * _FLOAT_BYTES))))


def score_neighbours(
    prepared: Prepared,
    environment: Choice,
    samples: Samples,
    size: int,
    on_batch: Callable[[], None],
) -> list[Composition]:
    """Score an environment and every network that differs from it in one block.

    Args:
        prepared: the network with its variants.
        environment: one variant for every segment.
        samples: to score on.
        size: images in a batch.
        on_batch: called after each batch.

    Raises:
        ModelError: a score is not a number.
    """
    setting = prepared.compose(environment)
    choices = [environment, *_neighbours(prepared, environment)]
    evidence: list[list[NDArray[np.floating]]] = [[] for _ in choices]
    for batch in samples.batches(size):
        labels = samples.labels[batch]
        with torch.inference_mode():
            tensors = setting.tensors(prepared.tensor(samples.images[batch]))
            for choice, found in zip(choices, evidence, strict=True):
                outputs = _outputs(setting, tensors, environment, choice)
                found.append(samples.metric.evidence(outputs, labels))
        on_batch()
    return [
        _scored(choice, found, samples) for choice, found in zip(choices, evidence, strict=True)
    ]


def score_whole(
    prepared: Prepared,
    choices: Sequence[Choice],
    samples: Samples,
    size: int,
    on_batch: Callable[[], None],
) -> list[Composition]:
    """Score networks that have nothing in common; the arguments are those of the neighbours."""
    found = []
    for choice in choices:
        setting = prepared.compose(choice)
        evidence = []
        for batch in samples.batches(size):
            with torch.inference_mode():
                output = setting.run(prepared.tensor(samples.images[batch]))[0]
            evidence.append(samples.metric.evidence(_array(output), samples.labels[batch]))
            on_batch()
        found.append(_scored(choice, evidence, samples))
    return found


def _neighbours(prepared: Prepared, environment: Choice) -> Iterator[Choice]:
    for name, several in prepared.variants.items():
        for each in several:
            if each is not environment[name]:
                yield {**environment, name: each}


def _outputs(
    setting: Chain,
    tensors: Mapping[str, torch.Tensor],
    environment: Choice,
    choice: Choice,
) -> NDArray[np.floating]:
    changed = [each for name, each in choice.items() if each is not environment[name]]
    for variant in changed:
        composed = setting.replace({variant.block: variant.module})
        tensors = composed.resume(tensors, variant.block)
    return _array(setting.results(tensors)[0])


def _array(output: torch.Tensor) -> NDArray[np.floating]:
    array: NDArray[np.floating] = output.float().numpy()
    return array


def _scored(
    choice: Choice, evidence: Sequence[NDArray[np.floating]], samples: Samples
) -> Composition:
    names = tuple(each.name for each in choice.values())
    score = samples.metric.total(np.concatenate(evidence))
    if not math.isfinite(score):
        raise ModelError(
            f"the score of a network with {', '.join(names)} is not a number",
            "check that the labels and images belong together, and that there are enough of them",
        )
    return Composition(names, score)
