"""Retrain the variants of all blocks, each against what its original block computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.retraining.groups import device_of, group
from kenning_lego.blocks.retraining.lessons import ChainTeacher
from kenning_lego.blocks.variants.variants import Variants
from kenning_lego.core.errors import ModelError
from kenning_lego.training.calibration import choose_precisions
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Distillation, Student
from kenning_lego.training.criteria import MeanSquaredError
from kenning_lego.training.distillation import Arrays, Means, check_samples, distil
from kenning_lego.training.memory import release_freed
from kenning_lego.training.precision import Precision
from kenning_lego.training.progress import CombinedProgress, OnProgress
from kenning_lego.training.schedule import Schedule

Images = NDArray[np.float32] | Sequence[NDArray[np.generic]]
"""What the network takes, samples first: an array for each of its inputs, or that of the one."""


def retrain(
    chain: Chain,
    variants: Variants,
    training: Images,
    validation: Images,
    config: RetrainConfig | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Distillation]:
    """Train every variant that is not an original, in place, on the original's activations.

    The original network runs once a batch for the variants of all blocks together, or of as many
    as ``max_memory_mb`` lets in. Targets are the original blocks' true outputs, after their last
    activation. No labels are needed. All is done in this process, whatever the executor.

    Args:
        chain: the original network.
        variants: stand-ins by segment name; originals are left alone.
        training: images as the network takes them, of two samples or more.
        validation: other images, to keep the best epoch's weights by.
        config: how; the defaults if None.
        on_progress: called after each batch.

    Returns:
        Losses by variant name, as measured in the precision of the training; a loss is the mean
        squared error of the block's output.

    Raises:
        ModelError: a loss is not a number, the images do not fit, or there are too few.
        ConfigurationError: a single variant takes more than ``max_memory_mb``.
    """
    settings = config or RetrainConfig()
    arrays, held_out = as_arrays(chain, training), as_arrays(chain, validation)
    check_samples(arrays, held_out)
    students = students_of(variants)
    precisions = precisions_of(chain, students, arrays, settings)
    groups = group(chain, students, precisions, arrays, held_out, settings)
    works = [work_of(each, arrays, held_out, settings) for each in groups]
    progress = CombinedProgress(works, on_progress)
    results: dict[str, Distillation] = {}
    for number, some in enumerate(groups):
        means = Means(precisions[some[0].name], on_progress=progress.of(number))
        results |= retrain_group(chain, some, arrays, held_out, settings, means)
    return {each.name: results[each.name] for each in students}


def retrain_group(
    chain: Chain,
    students: Sequence[Student],
    training: Arrays,
    validation: Arrays,
    config: DistillationConfig,
    means: Means,
) -> dict[str, Distillation]:
    """Train variants of one precision together.

    Raises:
        ModelError, StoreError, KeyboardInterrupt: as :func:`.distil`.
    """
    count, tell = len(students), means.on_progress
    own = replace(
        means,
        device=device_of(chain),
        # Work is comparable between groups: each student's counts.
        on_progress=tell and (lambda done, all_, text: tell(done * count, all_ * count, text)),
    )
    teacher = ChainTeacher(chain, {each.subject for each in students})
    results = distil(teacher, students, training, validation, config, means=own)
    release_freed()
    return results


def work_of(
    students: Sequence[Student], training: Arrays, validation: Arrays, config: DistillationConfig
) -> int:
    """How much work a group's training is, as its progress counts it."""
    schedule = Schedule(len(training[0]), len(validation[0]), config)
    return schedule.work(config.epochs) * len(students)


def students_of(variants: Variants) -> list[Student]:
    """The variants to train, in the chain's order."""
    return [
        Student(variant.name, name, variant.module)
        for name, several in variants.items()
        for variant in several
        if variant.kind != "original"
    ]


def precisions_of(
    chain: Chain, students: Sequence[Student], training: Arrays, config: DistillationConfig
) -> Mapping[str, Precision]:
    """The precision of each student by its name, as the configuration says or as suits.

    Raises:
        ModelError: a module fails.
    """
    teacher = ChainTeacher(chain, {each.subject for each in students})
    return choose_precisions(
        teacher, students, training, config, MeanSquaredError(), device_of(chain)
    )


def as_arrays(chain: Chain, images: Images) -> tuple[NDArray[np.generic], ...]:
    """An array for each input of the network.

    Raises:
        ModelError: the network has another number of inputs.
    """
    arrays = (images,) if isinstance(images, np.ndarray) else tuple(images)
    if len(arrays) != len(chain.inputs):
        raise ModelError(
            f"the network has {len(chain.inputs)} inputs, images were given for {len(arrays)}",
            f"give arrays for {', '.join(map(str, chain.inputs))}",
        )
    return arrays
