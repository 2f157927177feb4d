"""Everything that a search can be told; importing this does not import torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.compilers.configuration import NamedCompiler
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.configuration import Component
from kenning_lego.scenarios.offline.configuration import OfflineConfig
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.whole.engines import NamedEngine


class LimitsConfig(Component):
    """What the best candidate must keep."""

    score: float | None = None
    """No worse than this on the validation part, in the metric's own units."""
    latency_ms: float | None = Field(default=None, gt=0)
    """No slower than this, in ms."""
    size_mb: float | None = Field(default=None, gt=0)
    """An artifact no larger than this, in 10^6 bytes."""


class OptimisationConfig(OfflineConfig):
    """Candidates: every compiler, with every ratio of all blocks alike, on every engine for it."""

    compilers: tuple[NamedCompiler, ...] = Field(
        default=(Onnx(), Onnx(precision="fp16"), Onnx(precision="int8")), min_length=1
    )
    """Compilers with their precisions, such as onnx onnx-int8 litert-fp16; in YAML also with all
    their options. Ratios are those of blocks."""
    runtimes: tuple[NamedEngine, ...] = ()
    """Engines, such as onnxruntime openvino; in YAML also with options. Each runs what it reads;
    without any, each format has its usual one."""
    target: TargetConfig = TargetConfig()
    """Where to measure."""
    measurement: MeasurementConfig = MeasurementConfig()
    """How long and how precisely the target measures."""
    samples: int = Field(default=1000, ge=1)
    """Images of the validation part that candidates are scored on."""
    trial_samples: int = Field(default=100, ge=0)
    """Images that candidates are tried on first, to drop the hopeless; 0: none is dropped."""
    hopeless: float = Field(default=2.0, gt=1)
    """Dropped is what another, no larger and surely better in score, is this many times as fast
    as."""
    limits: LimitsConfig = LimitsConfig()
    """What the best one must keep."""
    goal: Literal["score", "latency", "size"] = "score"
    """What the best one is best in, of those within the limits."""
    output: Path | None = None
    """Also write the best one's files to this directory."""
