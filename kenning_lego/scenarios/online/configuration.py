"""What the verbs `run` and `adapt` can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.core.deployments import MAX_RATE_FPS, name_problem
from kenning_lego.scenarios.online.frames import FramesConfig, TestImages
from kenning_lego.scenarios.tester.configuration import TargetConfig


class PipelineConfig(Component):
    """A tested network and how it runs."""

    workspace: Path
    """Directory in which the network was tested."""
    run: str | None = None
    """Name of the test's run there; the newest if not given."""
    name: str | None = None
    """Of the pipeline on the target; the network's if not given."""
    configuration: str | None = None
    """A configuration that the test chose, to begin with; chosen by the bounds if not given."""
    latency_ms: float | None = Field(default=None, gt=0)
    """Bound on the time for one frame."""
    latency_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original network's."""
    memory_mb: float | None = Field(default=None, gt=0)
    """Bound on the artifacts that are loaded, in 10^6 bytes; also while it switches."""
    memory_share: float | None = Field(default=None, gt=0)
    """The same, as a share of the original network's."""
    weight: float = Field(default=1.0, gt=0)
    """Of its accuracy against that of other pipelines on the target."""
    rate: float | None = Field(default=None, gt=0, le=MAX_RATE_FPS)
    """Frames a second; as fast as they go if not given."""
    frames: FramesConfig = TestImages()
    """Where its frames come from."""

    @model_validator(mode="after")
    def _fits(self) -> PipelineConfig:
        if None not in (self.latency_ms, self.latency_share):
            raise ValueError("latency_ms and latency_share are the same bound; give one")
        if None not in (self.memory_mb, self.memory_share):
            raise ValueError("memory_mb and memory_share are the same bound; give one")
        problem = name_problem(self.name) if self.name is not None else None
        if problem:
            raise ValueError(problem)
        return self


class WatchConfig(Component):
    """Where pipelines run, and for how long a host looks on."""

    target: TargetConfig = TargetConfig()
    """A running server; it goes on without this host if `detach` says so."""
    seconds: float = Field(default=30.0, gt=0)
    """For how long to look on; less if the frames end before."""
    detach: bool = False
    """Leave the pipelines running in the end instead of stopping them."""
    output: Path | None = None
    """Directory for the record and its report, beside a new run of the first workspace."""
    fuse_after: float | None = Field(default=None, gt=0)
    """Once a configuration has run for so many seconds, ship it merged into one artifact."""


class RunConfig(WatchConfig, PipelineConfig):
    """One pipeline with a configuration of its own."""

    adaptive: bool = False
    """Let the target choose anew when its bounds or its load change."""


class AdaptConfig(WatchConfig):
    """Adaptive pipelines within budgets that change."""

    workspaces: tuple[Path, ...] = ()
    """Directories in which networks were tested: a pipeline each, with test images as frames."""
    pipelines: tuple[PipelineConfig, ...] = ()
    """Instead of workspaces: pipelines with all that can be said of each (best in YAML)."""
    trace: Path | None = None
    """CSV or YAML of bounds over time: at_s, [pipeline], latency_ms or latency_share, memory_mb or memory_share, energy_mj."""  # noqa: E501
    repeat: float | None = Field(default=None, gt=0)
    """Begin the trace again after so many seconds."""
    shared_memory_mb: float | None = Field(default=None, gt=0)
    """Bound on the artifacts of all pipelines together, in 10^6 bytes."""
    rate: float | None = Field(default=None, gt=0, le=MAX_RATE_FPS)
    """Frames a second of each workspace's pipeline; as fast as they go if not given."""

    @model_validator(mode="after")
    def _fits(self) -> AdaptConfig:
        if bool(self.workspaces) == bool(self.pipelines):
            raise ValueError("name workspaces, or pipelines in a YAML file")
        if self.repeat is not None and self.trace is None:
            raise ValueError("repeat belongs to a trace; give one")
        if self.pipelines and self.rate is not None:
            raise ValueError("give each pipeline its own rate")
        return self

    def all_pipelines(self) -> tuple[PipelineConfig, ...]:
        """Those that were named, and one for each workspace."""
        made = (PipelineConfig(workspace=each, rate=self.rate) for each in self.workspaces)
        return self.pipelines or tuple(made)
