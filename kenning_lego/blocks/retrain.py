"""Retrain the variants of all blocks, each against what its original block computes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.variants import Variants
from kenning_lego.core.errors import ModelError
from kenning_lego.training.distillation import Distillation, Lesson, OnProgress, Student, distil


def retrain(
    chain: Chain,
    variants: Variants,
    training: NDArray[np.float32],
    validation: NDArray[np.float32],
    config: RetrainConfig | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Distillation]:
    """Train every variant that is not an original, in place, on the original's activations.

    The original network runs once a batch for all variants of all blocks together. Targets are
    the original blocks' true outputs, after their last activation. No labels are needed.

    Args:
        chain: the original network, with one input.
        variants: stand-ins by segment name; originals are left alone.
        training: images, samples first, as the network takes them.
        validation: other images, to keep the best epoch's weights by.
        config: how; the defaults if None.
        on_progress: called with batches done, batches in all, and a line for people.

    Returns:
        Losses by variant name; a loss is the mean squared error of the block's output.

    Raises:
        ModelError: a loss is not a number, the chain has several inputs, or there are too few
            images.
    """
    settings = config or RetrainConfig()
    if len(chain.inputs) != 1:
        raise ModelError(
            f"retraining takes networks with one input, this has {len(chain.inputs)}",
            "wrap the network so that it takes one tensor",
        )
    students = [
        Student(variant.name, name, variant.module)
        for name, several in variants.items()
        for variant in several
        if variant.kind != "original"
    ]
    subjects = [chain[name] for name in {each.subject: None for each in students}]

    def teach(batch: torch.Tensor) -> dict[str, Lesson]:
        tensors = chain.tensors(batch)
        return {
            each.name: (
                tuple(tensors[spec.name] for spec in each.inputs),
                tuple(tensors[spec.name] for spec in each.outputs),
            )
            for each in subjects
        }

    return distil(
        teach,
        students,
        training,
        validation,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        on_progress=on_progress,
    )
