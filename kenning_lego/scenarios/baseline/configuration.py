"""Everything that the baseline scenario can be told; importing this does not import torch."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.compilers.configuration import NamedCompiler
from kenning_lego.core.configuration import Component
from kenning_lego.datasets.configuration import DatasetConfig
from kenning_lego.datasets.digits import Digits
from kenning_lego.scenarios.offline.configuration import ModelConfig
from kenning_lego.scenarios.whole.engines import NamedEngine
from kenning_lego.training.configuration import TrainingConfig


class BaselineConfig(Component):
    """Which network to measure on this machine, and how."""

    workspace: Path
    """Directory for everything that is made; a second run finds it there again."""
    model: ModelConfig = ModelConfig()
    """The network."""
    dataset: DatasetConfig = Digits()
    """The data to score it on, and to train it on if it comes without weights."""
    metric: str = "top1"
    """What quality is measured by; see `kenning-lego test --help`."""
    training: TrainingConfig = TrainingConfig()
    """How the network is trained if it comes without weights."""
    compilers: tuple[NamedCompiler, ...] = ()
    """Beside torch, measure what these make, such as onnx openvino-int8."""
    runtimes: tuple[NamedEngine, ...] = ()
    """Engines for these, such as onnxruntime openvino; without any, each format has its usual
    one."""
    threads: int = Field(default=1, ge=1)
    """Threads that each engine may use."""
    measurement: MeasurementConfig = MeasurementConfig()
    """How long and how precisely it is measured."""
    strict: bool = False
    """End with exit code 3 if a measurement cannot be trusted."""
