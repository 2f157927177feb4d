"""What the steps on the host can be told; importing this does not import torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from kenning_lego.blocks.configuration import BlocksConfig, ProfileConfig, RetrainConfig
from kenning_lego.core.configuration import Component, changed
from kenning_lego.datasets.configuration import DatasetConfig
from kenning_lego.datasets.digits import Digits
from kenning_lego.datasets.feeding import InputConfig
from kenning_lego.training.configuration import TrainingConfig

_OF_FILES = ("cut", "input", "output")


class ModelConfig(Component):
    """The network to scale."""

    name: str = "resnet18-digits"
    """A network of ours, or package.module:callable for one of yours."""
    checkpoint: Path | None = None
    """Its weights, as safetensors or a torch state dict; without them it is trained first."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """What the callable is called with (YAML only)."""
    file: Path | None = None
    """Instead: an ONNX or TFLite file, which is tested as it is (`kenning-lego test` only)."""
    cut: tuple[str, ...] = ()
    """Names of tensors to cut an ONNX file at; its pieces are timed one by one too."""
    input: InputConfig = InputConfig()
    """What becomes of the dataset's images before a file sees them."""
    output: str | None = None
    """The output of a file that quality is measured on, if it has several."""

    @model_validator(mode="after")
    def _one_network(self) -> ModelConfig:
        others, own = changed(self, "name", "checkpoint", "arguments"), changed(self, *_OF_FILES)
        if self.file is not None and others:
            raise ValueError(f"file is the network, so {', '.join(others)} is not for it")
        if self.file is None and own:
            raise ValueError(f"{', '.join(own)} is for a file; name it in file")
        return self


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
