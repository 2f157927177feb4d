"""What the steps on the host can be told; importing this does not import torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from kenning_lego.blocks.configuration import BlocksConfig, ProfileConfig, RetrainConfig
from kenning_lego.core.configuration import Component
from kenning_lego.datasets.configuration import DatasetConfig
from kenning_lego.datasets.digits import Digits
from kenning_lego.training.configuration import TrainingConfig


class ModelConfig(Component):
    """The network to scale."""

    name: str = "resnet18-digits"
    """A network of ours, or package.module:callable for one of yours."""
    checkpoint: Path | None = None
    """Its weights, as safetensors or a torch state dict; without them it is trained first."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """What the callable is called with (YAML only)."""


class OfflineConfig(Component):
    """Where everything is kept, and how it is made."""

    workspace: Path
    """Directory for everything that is made; a second run finds it there again."""
    model: ModelConfig = ModelConfig()
    """The network to scale."""
    dataset: DatasetConfig = Digits()
    """The data to train, profile and test with."""
    metric: str = "top1"
    """What quality is measured by: top1, top5, precision, sensitivity, gmean, f1, roc_auc, another
    of kenning_lego.metrics, or package.module:callable for one of yours."""
    training: TrainingConfig = TrainingConfig()
    """How the network is trained if it comes without weights."""
    blocks: BlocksConfig = BlocksConfig()
    """How the network is cut and which variants its blocks get."""
    retraining: RetrainConfig = RetrainConfig()
    """How the variants are retrained."""
    profile: ProfileConfig = ProfileConfig()
    """How the variants' accuracy costs are estimated."""
