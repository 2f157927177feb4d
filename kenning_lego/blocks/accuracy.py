"""What each variant costs in accuracy, estimated in three environments as LegoDNN does.

The cost of a variant at a block is the mean, over environments for the other blocks, of the
network's score with the original there minus its score with the variant there. Environments are:
all others original, all at their middle ratio, all at their largest (Han et al., LegoDNN,
MobiCom 2021). Costs of several blocks are then added up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.variants import BlockVariant, Variants
from kenning_lego.core.errors import ModelError
from kenning_lego.training.progress import OnProgress


class Metric(Protocol):
    """A quality metric, as those of :mod:`kenning_lego.metrics`."""

    @property
    def higher_is_better(self) -> bool:
        """Whether larger scores are better."""
        ...

    def score(self, outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        """Quality of a network's outputs, samples first, given what they should have been."""
        ...


def accuracy_costs(
    chain: Chain,
    variants: Variants,
    images: NDArray[np.float32],
    labels: NDArray[np.integer],
    metric: Metric,
    on_progress: OnProgress | None = None,
    *,
    batch_size: int = 256,
) -> dict[str, float]:
    """The accuracy cost of every variant, by its name; positive is worse, originals cost 0.

    A batch runs through an environment once; each variant then only repeats what comes from its
    block on.

    Args:
        chain: the original network, with one input and one output.
        variants: stand-ins by segment name, for every segment the original first, then by ratio.
        images: validation images, samples first.
        labels: what the metric compares the outputs with.
        metric: how good outputs are.
        on_progress: called with batches done, batches in all, and a line for people.
        batch_size: images that run at once.

    Raises:
        ModelError: the chain has several inputs or outputs, or a score is not a number.
    """
    if len(chain.inputs) != 1 or len(chain.outputs) != 1:
        raise ModelError(
            "profiling the accuracy takes networks with one input and one output, this has "
            f"{len(chain.inputs)} and {len(chain.outputs)}",
            "wrap the network so that it takes a tensor and returns its scores alone",
        )
    environments = _environments(variants)
    starts = range(0, len(images), batch_size)
    total = len(environments) * len(starts)
    done = 0
    drops: dict[str, list[float]] = {each.name: [] for each in _all(variants)}
    for environment in environments:
        setting = chain.replace({name: each.module for name, each in environment.items()})
        outputs: dict[str, list[NDArray[np.floating]]] = {name: [] for name in drops}
        for start in starts:
            # A copy, since torch warns of arrays that it could not write to.
            tensors = setting.tensors(torch.tensor(images[start : start + batch_size]))
            for each in _all(variants):
                present = each is environment[each.block]
                outputs[each.name].append(_output(setting, tensors, None if present else each))
            done += 1
            if on_progress is not None:
                on_progress(done, total, "profiling accuracy")
        scores = {
            name: metric.score(np.concatenate(several), labels) for name, several in outputs.items()
        }
        for name, several_variants in variants.items():
            reference = scores[several_variants[0].name]
            for each in several_variants:
                drops[each.name].append(_difference(reference, scores[each.name], metric, name))
    return {name: fmean(several) for name, several in drops.items()}


def _all(variants: Variants) -> Iterator[BlockVariant]:
    for several in variants.values():
        yield from several


def _environments(variants: Variants) -> list[dict[str, BlockVariant]]:
    """One variant a segment: all original, all in the middle, all smallest; each only once."""
    found: list[dict[str, BlockVariant]] = []
    for share in (0.0, 0.5, 1.0):
        environment = {
            name: several[math.ceil(share * (len(several) - 1))]
            for name, several in variants.items()
        }
        if environment not in found:
            found.append(environment)
    return found


def _output(
    setting: Chain, tensors: Mapping[str, torch.Tensor], variant: BlockVariant | None
) -> NDArray[np.floating]:
    """The network's output in a setting, with another variant in its place if one is given."""
    if variant is not None:
        changed = setting.replace({variant.block: variant.module})
        tensors = changed.resume(tensors, variant.block)
    output: NDArray[np.floating] = setting.results(tensors)[0].numpy()
    return output


def _difference(reference: float, score: float, metric: Metric, block: str) -> float:
    if not np.isfinite(reference - score):
        raise ModelError(
            f"the metric's score with variants of {block} is not a number",
            "check that the labels and images belong together, and that there are enough of them",
        )
    return reference - score if metric.higher_is_better else score - reference
