"""What compiled variants cost in accuracy: the artifacts themselves run within the network.

In each of the profile's environments (:mod:`.profile`) an artifact takes its block's place, and so
does the variant that it was compiled from; what differs between these two networks is the price of
compiling. Both run on the same samples, so that their difference is known better than either
score. By the law of :mod:`kenning_lego.stats.quality_law` it is a difference of costs; its mean
over the environments is added to the cost of the variant that was compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.compositions import Choice, Metric, Samples
from kenning_lego.blocks.accuracy.cost_estimates import sign_of
from kenning_lego.blocks.accuracy.evaluation import Prepared
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.stats.quality_law import QualityLaw

Arrays = Mapping[str, NDArray[Any]]
Run = Callable[[Arrays], Arrays]
"""An artifact on some engine: from inputs to outputs by name, in the sizes of its segment."""
Tensors = Mapping[str, torch.Tensor]

_HALF = 0.5
"""Of a sample: added to distances, since a perfect score has no logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledVariant:
    """An artifact that may stand in for a block.

    Args:
        name: unique in the network.
        block: the segment's name.
        source: name of the variant that it was compiled from.
        run: the artifact on an engine.
    """

    name: str
    block: str
    source: str
    run: Run


@dataclass(frozen=True, slots=True)
class CompiledCosts:
    """What artifacts cost.

    Args:
        costs: by name, in the metric's units; positive is worse.
        original: score of the original network on the samples.
    """

    costs: Mapping[str, float]
    original: float


def cost_compiled(
    prepared: Prepared,
    surroundings: Sequence[Choice],
    compiled: Sequence[CompiledVariant],
    costs: Mapping[str, float],
    law: QualityLaw,
    samples: Samples,
    size: int,
    on_batch: Callable[[], None],
) -> CompiledCosts:
    """Measure what artifacts cost.

    Args:
        prepared: the network with the variants that were compiled.
        surroundings: networks to try the artifacts in, that of originals first.
        compiled: the artifacts.
        costs: of the variants that were compiled, by name.
        law: by which these combine.
        samples: to score on.
        size: images in a batch.
        on_batch: called after each batch of each environment.
    """
    drops: dict[str, list[float]] = {each.name: [] for each in compiled}
    here, original = law, 0.0
    for number, environment in enumerate(surroundings):
        scores = _scores(prepared, environment, compiled, samples, size, on_batch)
        if number == 0:
            original = scores[None]
            here = _law_here(law, original, samples)
        scale = 1.0 if law.unit is None or here.unit is None else law.unit / here.unit
        sign = sign_of(samples.metric)
        spent = {name: here.cost(sign * (original - score)) for name, score in scores.items()}
        for each in compiled:
            drops[each.name].append(scale * (spent[each.name] - spent[each.source]))
    found = {each.name: costs[each.source] + fmean(drops[each.name]) for each in compiled}
    return CompiledCosts(found, original)


def score_compiled(
    prepared: Prepared,
    choices: Sequence[Mapping[str, str]],
    compiled: Sequence[CompiledVariant],
    samples: Samples,
    size: int,
    on_batch: Callable[[], None],
) -> list[float]:
    """Score networks of variants and artifacts.

    Args:
        prepared: the network with the variants that were compiled.
        choices: name of a variant or artifact by segment name, for every segment.
        compiled: the artifacts.
        samples: to score on.
        size: images in a batch.
        on_batch: called after each batch of each network.
    """
    artifacts = {each.name: each for each in compiled}
    modules = {each.name: each for several in prepared.variants.values() for each in several}
    found = []
    for choice in choices:
        chosen = {
            block: modules[artifacts[name].source if name in artifacts else name]
            for block, name in choice.items()
        }
        setting = prepared.compose(chosen)
        running = {
            block: artifacts[name].run for block, name in choice.items() if name in artifacts
        }
        evidence = []
        for batch in samples.batches(size):
            given = {setting.inputs[0].name: prepared.tensor(samples.images[batch])}
            with torch.inference_mode():
                tensors = _passed(setting, given, 0, running)
            evidence.append(_evidence(setting, tensors, samples, batch))
            on_batch()
        found.append(samples.metric.total(np.concatenate(evidence)))
    return found


def _scores(
    prepared: Prepared,
    environment: Choice,
    compiled: Sequence[CompiledVariant],
    samples: Samples,
    size: int,
    on_batch: Callable[[], None],
) -> dict[str | None, float]:
    """By name, of networks with an artifact or its source in the block; None is none of them."""
    setting = prepared.compose(environment)
    places = {segment.name: place for place, segment in enumerate(setting)}
    modules = {each.name: each for several in prepared.variants.values() for each in several}
    sources = {each.source: modules[each.source] for each in compiled}
    evidence: dict[str | None, list[NDArray[np.floating]]] = {}
    for batch in samples.batches(size):
        with torch.inference_mode():
            base = setting.tensors(prepared.tensor(samples.images[batch]))
            whole = _evidence(setting, base, samples, batch)
            evidence.setdefault(None, []).append(whole)
            for name, variant in sources.items():
                found = whole
                if variant is not environment[variant.block]:
                    composed = setting.replace({variant.block: variant.module})
                    resumed = composed.resume(base, variant.block)
                    found = _evidence(setting, resumed, samples, batch)
                evidence.setdefault(name, []).append(found)
            for each in compiled:
                tensors = _passed(setting, base, places[each.block], {each.block: each.run})
                evidence.setdefault(each.name, []).append(
                    _evidence(setting, tensors, samples, batch)
                )
        on_batch()
    return {name: samples.metric.total(np.concatenate(some)) for name, some in evidence.items()}


def _passed(chain: Chain, tensors: Tensors, first: int, running: Mapping[str, Run]) -> Tensors:
    """All tensors, those from a segment on computed anew, some segments by artifacts."""
    current = dict(tensors)
    for segment in chain.segments[first:]:
        run = running.get(segment.name)
        current.update(segment.run(current) if run is None else _run(segment, run, current, chain))
    return current


def _run(segment: Segment, run: Run, tensors: Tensors, chain: Chain) -> dict[str, torch.Tensor]:
    """A segment's outputs by an artifact, which takes its own number of samples at a time."""
    batch = chain.inputs[0].sizes[0]
    samples = len(tensors[chain.inputs[0].name])
    given = {
        spec.name: _in_batches(_array(tensors[spec.name]), spec.sizes[0] // batch, batch)
        for spec in segment.inputs
    }
    count = math.ceil(samples / batch)
    parts = [
        run({name: pieces[number] for name, pieces in given.items()}) for number in range(count)
    ]
    found = {}
    for spec in segment.outputs:
        rows = samples * spec.sizes[0] // batch
        tensor = torch.tensor(np.concatenate([part[spec.name] for part in parts])[:rows])
        # Scores of classes would be rounded to ties in bfloat16.
        final = spec in chain.outputs
        found[spec.name] = tensor if final else _like(tensor, tensors[chain.inputs[0].name])
    return found


def _in_batches(array: NDArray[Any], rows: int, batch: int) -> list[NDArray[Any]]:
    """The array in pieces of so many samples of so many rows; the last is filled up."""
    length = rows * batch
    missing = -len(array) % length
    if missing:
        array = np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])
    return [array[start : start + length] for start in range(0, len(array), length)]


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    plain = tensor.float() if tensor.is_floating_point() else tensor
    return plain.contiguous().numpy()


def _like(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """As the network computes: in its precision, and channels last in bfloat16."""
    if not tensor.is_floating_point() or not like.is_floating_point():
        return tensor
    tensor = tensor.to(like.dtype)
    if like.dtype == torch.bfloat16 and tensor.ndim == like.ndim == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor


def _evidence(
    chain: Chain, tensors: Tensors, samples: Samples, batch: slice
) -> NDArray[np.floating]:
    outputs: NDArray[np.floating] = chain.results(tensors)[0].float().numpy()
    return samples.metric.evidence(outputs, samples.labels[batch])


def _law_here(law: QualityLaw, original: float, samples: Samples) -> QualityLaw:
    """The law with these samples' own distance from a perfect score."""
    if law.unit is None:
        return law
    perfect = _perfect(samples.metric)
    span = abs(samples.metric.limits[1] - samples.metric.limits[0])
    floor = _HALF / len(samples.images) * (span if math.isfinite(span) else 1.0)
    return QualityLaw(abs(perfect - original) + floor, law.power)


def _perfect(metric: Metric) -> float:
    low, high = metric.limits
    return high if metric.higher_is_better else low
