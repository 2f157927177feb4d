"""The record of a training: every epoch, which of them was the best, and how to repeat it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, model_validator

from kenning_lego.core.run_headers import OriginRecord, Record

TRAINING_SCHEMA_VERSION: Final = 1


class EpochRecord(Record):
    """An epoch."""

    loss: float
    """Mean over the training part, while it was trained on."""
    validation_score: float
    learning_rate: float
    """Of its last step."""
    seconds: float
    """Wall time, without interruptions."""
    ended: str
    """ISO 8601 with time zone."""


class TrainingRecord(OriginRecord):
    """One run of the verb ``train``."""

    schema_version: Literal[1] = TRAINING_SCHEMA_VERSION
    kind: Literal["training"] = "training"
    network: str
    parameters: int
    dataset: str
    samples: dict[str, int]
    """In each part of the dataset."""
    metric: str
    higher_is_better: bool
    epochs: tuple[EpochRecord, ...]
    best_epoch: int
    """From 1: the one whose weights were kept; of epochs with equal scores the last."""
    validation_score: float
    """Of these weights, on the validation part; the epoch was chosen by it."""
    test_score: float
    """Of these weights, on the test part; nothing was chosen by it."""
    checkpoint: str
    """File of these weights, in the directory of this record."""
    checkpoint_digest: str
    """sha256 of that file."""
    trained_now: bool
    """Whether this run trained it, or found the weights of an earlier one."""
    durations_s: dict[str, float] = Field(default_factory=dict)
    """Wall time of each step of this run."""

    @model_validator(mode="after")
    def _fits(self) -> TrainingRecord:
        if not 1 <= self.best_epoch <= len(self.epochs):
            raise ValueError("the best epoch is not one of the epochs")
        return self
