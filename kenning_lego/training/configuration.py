"""Configuration of the training; importing this does not import torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from kenning_lego.core.configuration import Component


class TrainingConfig(Component):
    """How a classifier is trained; the defaults suit small sets of small grey images."""

    epochs: PositiveInt = 10
    """Passes over the training part."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    """Most samples in a step; an epoch's batches are of about equal size."""
    learning_rate: PositiveFloat = 0.05
    """Highest learning rate; reached after a fifth of the steps, then falls to 0 (cosine)."""
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    """L2 penalty on the weights."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of each target that is spread over all classes."""
    shift: NonNegativeInt = 1
    """Training images are moved at random by up to this many pixels."""
    flip: bool = False
    """Mirror training images at random, left to right."""
    seed: int = Field(default=0, ge=0)
    """Seed of the order of the samples, of the augmentation and of dropout."""


class DistillationConfig(Component):
    """How students learn what a teacher computes: everything that the weights depend on."""

    epochs: PositiveInt = 6
    """Passes over the training images."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    """Images in a batch at most."""
    learning_rate: PositiveFloat = 8e-3
    """Of AdamW, at its highest; falls to zero along a cosine."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the steps in which the learning rate rises to its highest."""
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    """Of AdamW."""
    patience: NonNegativeInt = 10
    """Stop a variant after so many epochs without a better validation loss; 0: never."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of activations; auto: bfloat16 where that is faster here and exact enough."""
    seed: int = Field(default=0, ge=0)
    """Of the order of the images."""


class FineTuneConfig(DistillationConfig):
    """How a chosen configuration is fine-tuned as a whole; short, since its blocks are trained."""

    epochs: PositiveInt = 2
    """Passes over the training images."""
    learning_rate: PositiveFloat = 5e-4
    """Of AdamW, at its highest; falls to zero along a cosine."""
    temperature: PositiveFloat = 4.0
    """That softens the original's class probabilities."""
    label_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of true labels, if they are given, beside the original's probabilities."""
