"""Putting the record of a training together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from torch import nn

from kenning_lego.core.training_records import EpochRecord, TrainingRecord
from kenning_lego.datasets.base import Dataset
from kenning_lego.metrics.base import Metric
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.trainer.configuration import TrainConfig
from kenning_lego.training.fitting import EpochResult
from kenning_lego.training.teacher import Trained


def record_training(
    run_id: str,
    command: Sequence[str],
    config: TrainConfig,
    model: nn.Module,
    dataset: Dataset,
    metric: Metric,
    trained: Trained,
    test_score: float,
    checkpoint: str,
    checkpoint_digest: str,
    durations_s: Mapping[str, float],
) -> TrainingRecord:
    """Everything that came of it, of what, on what, and how to repeat it."""
    result = trained.result
    return TrainingRecord(
        **origin(run_id, command, config),
        network=config.model.name,
        parameters=sum(each.numel() for each in model.parameters()),
        dataset=dataset.name,
        samples={name: len(part) for name, part in dataset.parts.items()},
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        epochs=tuple(map(_epoch, result.epochs)),
        best_epoch=result.best_epoch,
        validation_score=result.validation_score,
        test_score=test_score,
        checkpoint=checkpoint,
        checkpoint_digest=checkpoint_digest,
        trained_now=trained.computed,
        durations_s=dict(durations_s),
    )


def _epoch(epoch: EpochResult) -> EpochRecord:
    return EpochRecord(
        loss=epoch.loss,
        validation_score=epoch.validation_score,
        learning_rate=epoch.learning_rate,
        seconds=round(epoch.seconds, 3),
        ended=_moment(datetime.fromtimestamp(epoch.ended_unix_s, timezone.utc)),
    )


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
