"""Everything that the tester scenario can be told, as flags or as one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.compilers.configuration import CompilerConfig
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.configuration import Component
from kenning_lego.core.engines import OptionValue
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.records import MemoryTerm
from kenning_lego.protocols.addresses import DEFAULT_ADDRESS
from kenning_lego.runtimes.formats import in_words, readers_of
from kenning_lego.runtimes.options import OPTIONS, read_options
from kenning_lego.scenarios.offline.configuration import OfflineConfig
from kenning_lego.scenarios.tester.mix_configuration import MixConfig

IN_PROCESS = "in-process"


class TargetConfig(Component):
    """Where and how to measure."""

    address: str = DEFAULT_ADDRESS
    """tcp://HOST:PORT of a running server, or in-process to measure in this very process."""
    key: str | None = None
    """Name of this host's key, if the server wants one; see `kenning-lego keys`."""
    server_key: str | None = None
    """The server's public key: NAME of NAME.pub in the directory of keys, or a file."""
    keys: Path | None = None
    """Directory of keys; by default the one of `kenning-lego keys`."""
    runtime: str = "onnxruntime"
    """The engine that runs the artifacts."""
    threads: int = Field(default=1, ge=1)
    """Threads that the engine may use."""
    options: Mapping[str, OptionValue] = Field(default_factory=dict)
    """Of the engine, such as provider=xnnpack: see docs/reference/runtimes.md."""
    beside_deployments: bool = False
    """Measure even while deployments run there, which disturbs both; the record tells of them."""

    @model_validator(mode="before")
    @classmethod
    def _options_are_the_engines(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("options"), Mapping):
            return values
        runtime = values.get("runtime", cls.model_fields["runtime"].default)
        try:
            options = read_options(runtime, values["options"])
        except KenningLegoError as error:
            raise ValueError(f"{error.problem}; {error.remedy}") from error
        return {**values, "options": options}


class BudgetConfig(Component):
    """Upper bounds for a configuration; a share is one of the original network's figure."""

    latency_ms: float | None = Field(default=None, gt=0)
    """Time for one inference."""
    latency_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original's."""
    memory_mb: float | None = Field(default=None, gt=0)
    """Memory of all segments in 10^6 bytes; of which kind, `memory` says."""
    memory_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original's."""

    @model_validator(mode="after")
    def _one_bound_each(self) -> BudgetConfig:
        if self.latency_ms is not None and self.latency_share is not None:
            raise ValueError("latency_ms and latency_share are the same bound; give one")
        if self.memory_mb is not None and self.memory_share is not None:
            raise ValueError("memory_mb and memory_share are the same bound; give one")
        return self


DEFAULT_BUDGETS = (
    BudgetConfig(latency_share=0.6, memory_share=0.35),
    BudgetConfig(latency_share=0.5),
    BudgetConfig(memory_share=0.21),
)


class InferenceTestConfig(OfflineConfig):
    """The tester scenario."""

    compiler: CompilerConfig = Onnx()
    """How segments become artifacts."""
    mix: MixConfig = MixConfig()
    """Further precisions and engines, of which any may be chosen for any block."""
    target: TargetConfig = TargetConfig()
    """Where and how to measure."""
    measurement: MeasurementConfig = MeasurementConfig()
    """How long and how precisely the target measures."""
    memory: MemoryTerm = "artifact"
    """What budgets bound: the artifacts' sizes, memory once loaded, or the most while running."""
    budgets: tuple[BudgetConfig, ...] = DEFAULT_BUDGETS
    """Bounds to choose a configuration for, each."""
    strict: bool = False
    """End with exit code 3 if a measurement cannot be trusted."""

    @model_validator(mode="after")
    def _engine_reads_the_artifacts(self) -> InferenceTestConfig:
        made, runtime = self.compiler.format, self.target.runtime
        readers = readers_of(made)
        if self.model.file is None and runtime in OPTIONS and runtime not in readers:
            others = f"--target.runtime {' or '.join(readers)}, or " if readers else ""
            raise ValueError(
                f"the compiler makes {in_words(made)}, which runtime {runtime!r} does not read; "
                f"choose {others}another --compiler.type"
            )
        return self

    @model_validator(mode="after")
    def _memory_is_measured(self) -> InferenceTestConfig:
        measured = {"none": ("artifact",), "rss": ("artifact", "rss")}
        if self.memory not in measured.get(self.measurement.memory, (self.memory,)):
            raise ValueError(
                f"budgets of memory {self.memory} need it measured: "
                f"set measurement.memory to {self.memory}"
            )
        return self
