"""A network as a test of its workspace left it: all that choosing and running needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.latency import stages_of
from kenning_lego.core.engines import Options
from kenning_lego.core.errors import ConfigurationError, WorkspaceError
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import ConfigurationRecord, RunRecord, TensorRecord
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.scenarios.tester.choice import pose_problem
from kenning_lego.selection.problem import Problem
from kenning_lego.store.workspace import Workspace


@dataclass(frozen=True)
class TestedNetwork:
    """A tested network and where its artifacts are.

    Args:
        workspace: that holds them.
        path: of the run's record.
        record: the same, read.
    """

    workspace: Workspace
    path: Path
    record: RunRecord

    def _repr_html_(self) -> str:
        return self.record._repr_html_()

    @cached_property
    def latencies_ms(self) -> Mapping[str, float]:
        """What the selection goes by, by variant name.

        Raises:
            WorkspaceError: the record is of before they were kept.
        """
        variants = [each for segment in self.record.segments for each in segment.variants]
        latencies = {each.name: each.latency_ms for each in variants}
        known = {name: latency for name, latency in latencies.items() if latency is not None}
        if len(known) < len(latencies):
            raise WorkspaceError(
                f"{self.path} does not say which latencies to choose by",
                "run `kenning-lego test` again; what it found before is found again",
            )
        return known

    @cached_property
    def problem(self) -> Problem:
        """What there is to choose from."""
        return pose_problem(self.record.segments, self.latencies_ms, self.record.memory)

    @cached_property
    def predictor(self) -> Predictor:
        """What choices are predicted to be."""
        return Predictor.of(self.record)

    @property
    def inputs(self) -> tuple[TensorRecord, ...]:
        """What a segment takes and none before it gives."""
        given: set[str] = set()
        found: dict[str, TensorRecord] = {}
        for segment in self.record.segments:
            found.update({each.name: each for each in segment.inputs if each.name not in given})
            given |= {each.name for each in segment.outputs}
        return tuple(found.values())

    @property
    def outputs(self) -> tuple[TensorRecord, ...]:
        """What the last segment gives, after whatever else no segment takes."""
        segments = self.record.segments
        taken = {each.name for segment in segments for each in segment.inputs}
        *before, last = segments
        loose = (each for segment in before for each in segment.outputs if each.name not in taken)
        return (*loose, *last.outputs)

    def example(self) -> dict[str, NDArray[Any]]:
        """Inputs by name, for one sample: noise where a tensor is of floats, zeros elsewhere."""
        rng = np.random.default_rng(0)
        found: dict[str, NDArray[Any]] = {}
        for each in self.inputs:
            shape = tuple(1 if isinstance(size, str) else size for size in each.shape)
            floats = np.issubdtype(np.dtype(each.dtype), np.floating)
            noise = rng.standard_normal(shape) if floats else np.zeros(shape)
            found[each.name] = noise.astype(each.dtype)
        return found

    def stages(self, variants: Mapping[str, str]) -> tuple[str, ...]:
        """The stages of a configuration, in order."""
        return stages_of(self.record.segments, variants)

    def configuration(self, name: str) -> ConfigurationRecord:
        """A configuration that the test chose.

        Raises:
            ConfigurationError: there is none of that name, or its budget could not be met.
        """
        known = {each.name: each for each in self.record.configurations if each.feasible}
        if name not in known:
            raise ConfigurationError(
                f"the test in {self.path.parent} has no configuration {name!r}",
                f"it has: {', '.join(known) or 'none'}",
            )
        return known[name]

    def offer(self, *, runtime: str, threads: int, options: Options | None = None) -> Offer:
        """What a target can choose from by itself.

        Args:
            runtime: the engine of the variants that were tested on the target's first one.
            threads: that engines may use.
            options: of this engine.
        """
        memory = self.record.memory
        return Offer(
            tuple(
                OfferedSegment(
                    segment.name,
                    tuple(
                        OfferedVariant(
                            variant.name,
                            variant.artifact.digest,
                            variant.accuracy_cost or 0.0,
                            self.latencies_ms[variant.name],
                            variant.memory_bytes(memory) or 0,
                            engine=variant.engine,
                        )
                        for variant in segment.variants
                    ),
                )
                for segment in self.record.segments
            ),
            runtime=runtime,
            threads=threads,
            options=options or {},
            engines=self.record.engines,
        )


def open_tested(workspace: Path | str, run: str | None = None) -> TestedNetwork:
    """The network of a workspace's test.

    Args:
        workspace: the directory.
        run: name of the run's directory; None for the newest.

    Raises:
        ConfigurationError: it is no workspace, or has no such run.
        WorkspaceError: no test has finished there, or its record cannot be read.
    """
    workspace = Path(workspace)
    if not (workspace / "manifest.json").is_file():
        raise ConfigurationError(f"{workspace} is not a workspace", "name one that a test made")
    opened = Workspace(workspace)
    path = opened.latest_record() if run is None else opened.record(run)
    record = open_as(RunRecord, path)
    if not record.segments:
        raise WorkspaceError(
            f"{record.network.name} in {path} was measured whole: there are no blocks to choose of",
            "name the workspace of a network that was cut",
        )
    return TestedNetwork(opened, path, record)
