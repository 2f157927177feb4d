"""Train the chosen variants of a configuration together, on what the whole original computes."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.retraining.groups import device_of
from kenning_lego.blocks.retraining.retrain import Images, as_arrays
from kenning_lego.blocks.variants.variants import ORIGINAL, BlockVariant
from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.training.calibration import choose_precisions
from kenning_lego.training.configuration import FineTuneConfig
from kenning_lego.training.course import Distillation, Lesson, Student
from kenning_lego.training.criteria import Criterion, MeanSquaredError, SoftLabels
from kenning_lego.training.distillation import Means, check_samples, distil
from kenning_lego.training.progress import OnProgress

Labels = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Classes of the training and of the validation images."""

_NAME = "the configuration"


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """What came of it.

    Args:
        modules: by block, trained copies of the variants that were chosen.
        result: losses of the whole network on the validation images.
    """

    modules: Mapping[str, fx.GraphModule]
    result: Distillation


def fine_tune(
    chain: Chain,
    choice: Mapping[str, BlockVariant],
    training: Images,
    validation: Images,
    config: FineTuneConfig | None = None,
    *,
    labels: Labels | None = None,
    on_progress: OnProgress | None = None,
) -> FineTuned:
    """Fine-tune a configuration end to end, so that its blocks make up for each other's errors.

    The network's logits are distilled, with the true labels where they are given (Hinton et al.,
    2015); networks with other outputs learn those by mean squared error. Only the chosen variants
    learn and adapt their normalisation; originals and fixed segments, which other configurations
    share, stay. What comes before the first chosen variant is computed by the original.

    Args:
        chain: the original network.
        choice: a variant by block; blocks without one are as in the original.
        training: images as the network takes them, of two samples or more.
        validation: other images, to keep the best epoch's weights by.
        config: how; the defaults if None.
        labels: of both parts, for networks that give logits, (samples, classes).
        on_progress: called after each batch.

    Raises:
        ConfigurationError: no variant is chosen that could learn, or there are labels and the
            network gives no logits.
        ModelError: a loss is not a number, the images do not fit, or there are too few.
        UnknownNameError: no segment has the name of a block.
    """
    settings = config or FineTuneConfig()
    copies = {
        name: copy.deepcopy(variant.module)
        for name, variant in choice.items()
        if variant.kind != ORIGINAL
    }
    if not copies:
        raise ConfigurationError(
            "there is nothing to fine-tune: all blocks are originals", "choose other variants"
        )
    own, held_out = as_arrays(chain, training), as_arrays(chain, validation)
    if labels is not None:
        own, held_out = (*own, labels[0]), (*held_out, labels[1])
    check_samples(own, held_out)
    rest = _Rest(chain, copies)
    teacher = _Teacher(chain, rest.reads, labelled=labels is not None)
    criterion = _criterion(chain, settings, labelled=labels is not None)
    student = Student(_NAME, _NAME, rest)
    device = device_of(chain)
    precision = choose_precisions(teacher, [student], own, settings, criterion, device)[_NAME]
    means = Means(precision, device, on_progress=on_progress)
    results = distil(teacher, [student], own, held_out, settings, criterion=criterion, means=means)
    return FineTuned(copies, results[_NAME])


class _Rest(nn.Module):
    """A configuration from its first chosen variant on; only these have weights to train."""

    def __init__(self, chain: Chain, chosen: Mapping[str, fx.GraphModule]) -> None:
        super().__init__()
        for name in chosen:
            chain[name]
        first = min(place for place, each in enumerate(chain) if each.name in chosen)
        self._segments = [
            replace(each, module=chosen.get(each.name) or _frozen(each.module))
            for each in chain.segments[first:]
        ]
        self._outputs = [each.name for each in chain.outputs]
        self.reads = _reads(self._segments, self._outputs)
        self.chosen = nn.ModuleList(chosen.values())

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        tensors = dict(zip(self.reads, given, strict=True))
        for segment in self._segments:
            tensors.update(segment.run(tensors))
        return tuple(tensors[name] for name in self._outputs)


class _Teacher:
    """The original network: from images to what the rest reads, and what it shall return."""

    def __init__(self, chain: Chain, reads: Sequence[str], *, labelled: bool) -> None:
        self._chain = chain
        self._reads = reads
        self._labelled = labelled

    def __call__(self, *batch: Tensor) -> Iterator[tuple[str, Lesson]]:
        images, labels = (batch[:-1], batch[-1:]) if self._labelled else (batch, ())
        try:
            tensors = self._chain.tensors(images)
        except RuntimeError as error:
            raise ModelError(
                f"the network fails on a batch: {error}",
                f"give inputs of the shapes {', '.join(map(str, self._chain.inputs))}, any number "
                "of samples; if memory ran out lower batch_size",
            ) from error
        given = tuple(tensors[name] for name in self._reads)
        yield _NAME, (given, (*self._chain.results(tensors), *labels))


def _reads(segments: Sequence[Segment], outputs: Sequence[str]) -> list[str]:
    """Names of the tensors that segments and outputs need and none of the segments makes."""
    made: set[str] = set()
    found: dict[str, None] = {}
    for segment in segments:
        found |= {spec.name: None for spec in segment.inputs if spec.name not in made}
        made |= {spec.name for spec in segment.outputs}
    found |= {name: None for name in outputs if name not in made}
    return list(found)


def _frozen(module: fx.GraphModule) -> fx.GraphModule:
    return copy.deepcopy(module).requires_grad_(requires_grad=False)


def _criterion(chain: Chain, config: FineTuneConfig, *, labelled: bool) -> Criterion:
    (first, *others) = chain.outputs
    if not others and len(first.shape) == 2 and first.dtype == "float32":
        return SoftLabels(config.temperature, config.label_share)
    if labelled:
        raise ConfigurationError(
            f"labels are for networks that give logits, this gives "
            f"{', '.join(map(str, chain.outputs))}",
            "leave them out",
        )
    return MeanSquaredError()
