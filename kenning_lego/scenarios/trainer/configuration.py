"""Everything that the training scenario can be told; importing this does not import torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.datasets.configuration import DatasetConfig
from kenning_lego.datasets.digits import Digits
from kenning_lego.scenarios.offline.configuration import ModelConfig
from kenning_lego.training.configuration import TrainingConfig


class TrainConfig(Component):
    """What to train on what, and where to keep it."""

    workspace: Path
    """Directory for the weights, the log and the record; a training that was stopped goes on."""
    model: ModelConfig = ModelConfig()
    """The network; training begins with its checkpoint's weights, if one is named."""
    dataset: DatasetConfig = Digits()
    """The data to train, choose the best epoch and test with."""
    metric: str = "top1"
    """What the best epoch is chosen by: top1, top5, precision, sensitivity, gmean, f1, roc_auc,
    another of kenning_lego.metrics, or package.module:callable for one of yours."""
    training: TrainingConfig = TrainingConfig()
    """How it is trained."""
    output: Path | None = None
    """Also write the best weights to this file, .safetensors."""
    checkpoint_s: float = Field(default=60.0, ge=0)
    """Leave a checkpoint so often, in s, and on Ctrl-C: no more work than that can be lost."""

    @model_validator(mode="after")
    def _can_be_trained(self) -> TrainConfig:
        if self.model.file is not None:
            raise ValueError(
                f"{self.model.file} is a file, and what is trained is a torch network: name it "
                "in model.name"
            )
        return self
