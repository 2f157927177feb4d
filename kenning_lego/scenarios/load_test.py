"""Send queries to a model on the target as MLPerf's LoadGen would, and tell how long they took."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.core.engines import Engine, digests_of
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.load_records import LoadRecord, LoadResultRecord
from kenning_lego.core.loads import MAX_QUERIES, LoadPlan, LoadResult, Scenario
from kenning_lego.core.opening import open_as
from kenning_lego.core.output import current
from kenning_lego.core.plans import Progress, Statistics
from kenning_lego.core.records import RunRecord
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord
from kenning_lego.scenarios.figures import load_figures
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.pages import write_page
from kenning_lego.scenarios.targets import check_engines, open_target
from kenning_lego.scenarios.tester.configuration import IN_PROCESS, TargetConfig
from kenning_lego.store.artifacts import ArtifactStore, digest_of
from kenning_lego.store.atomic import write_json
from kenning_lego.store.keeping import keep_record
from kenning_lego.store.workspace import Workspace, new_run_name

if TYPE_CHECKING:
    from rich.console import Console

    from kenning_lego.scenarios.progress import Track


class LoadTestConfig(Component):
    """Which queries to send to what."""

    model: Path | None = None
    """An ONNX file."""
    workspace: Path | None = None
    """Keep the record as a new run of this workspace."""
    configuration: str | None = None
    """Instead of a file: a configuration that the workspace's newest test chose."""
    output: Path | None = None
    """Write the record to this file."""
    target: TargetConfig = TargetConfig()
    """Where and how to run."""
    scenario: Scenario = "single_stream"
    """How queries come: one after the other (of one sample, or of several), all at once, or at random times."""  # noqa: E501
    rate: tuple[float, ...] = ()
    """Of server: queries that come in a second; several are run one after the other."""
    samples_per_query: int = Field(default=8, ge=1, le=1_000_000)
    """Of multi_stream: samples of a query."""
    batch: int = Field(default=1, ge=1, le=65_536)
    """Samples of one call of the engine; the model needs a symbolic first dimension."""
    warmup_queries: int = Field(default=10, ge=0, le=MAX_QUERIES)
    """Calls that are run first and not recorded."""
    min_queries: int = Field(default=100, ge=1, le=MAX_QUERIES)
    """Queries (offline: calls) at least."""
    max_queries: int = Field(default=100_000, ge=1, le=MAX_QUERIES)
    """Queries at most."""
    min_seconds: float = Field(default=5.0, ge=0)
    """Send queries for so long at least."""
    max_seconds: float = Field(default=60.0, gt=0)
    """Stop after so many seconds in any case."""
    seed: int = Field(default=0, ge=0)
    """Of the arrivals and of the random input."""

    @model_validator(mode="after")
    def _fits_together(self) -> LoadTestConfig:
        if (self.model is None) == (self.configuration is None):
            raise ValueError("name an ONNX file, or a configuration of a workspace")
        if self.configuration and self.workspace is None:
            raise ValueError("which workspace is the configuration of? give workspace")
        if bool(self.rate) != (self.scenario == "server"):
            raise ValueError("rate belongs to the scenario server, and that needs one")
        if not all(0 < rate <= 1e6 for rate in self.rate):
            raise ValueError("a rate is a number of queries in a second, above 0")
        problem = next(filter(None, (each.problem() for each in plans(self, ()))), None)
        if problem:
            raise ValueError(problem)
        return self


def plans(
    config: LoadTestConfig, stages: tuple[str, ...], engines: tuple[Engine, ...] = ()
) -> list[LoadPlan]:
    """What to ask the target for, in order.

    Args:
        config: of the load tests.
        stages: of the chain; see :mod:`kenning_lego.core.engines`.
        engines: further ones that stages name.
    """
    plan = LoadPlan(
        stages,
        config.scenario,
        runtime=config.target.runtime,
        threads=config.target.threads,
        options=config.target.options,
        engines=engines,
        batch=config.batch,
        beside_deployments=config.target.beside_deployments,
        samples_per_query=(
            config.samples_per_query if config.scenario == "multi_stream" else config.batch
        ),
        warmup_queries=config.warmup_queries,
        min_queries=config.min_queries,
        max_queries=config.max_queries,
        min_seconds=config.min_seconds,
        max_seconds=config.max_seconds,
        seed=config.seed,
    )
    return [replace(plan, rate_per_s=rate) for rate in config.rate or (0.0,)]


def main(arguments: Sequence[str]) -> int:
    """Run load tests."""
    config = parse_configuration(
        LoadTestConfig,
        arguments,
        program="kenning-lego load",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        positional="model",
        common=(
            "model",
            "workspace",
            "configuration",
            "scenario",
            "rate",
            "batch",
            "min-seconds",
            "max-seconds",
            "output",
            "target.address",
            "target.key",
            "target.server-key",
            "target.runtime",
            "target.threads",
        ),
        example="kenning-lego load net.onnx --scenario server --rate 50 100",
    )
    from kenning_lego.scenarios.progress import make_console

    run_load_tests(config, make_console(), ("kenning-lego", "load", *arguments))
    return 0


def run_load_tests(config: LoadTestConfig, console: Console, command: Sequence[str]) -> LoadRecord:
    """Run them, print a table, and keep the record if a place is named.

    Raises:
        KenningLegoError: see the exception tree.
    """
    from kenning_lego.scenarios.load_table import print_loads
    from kenning_lego.scenarios.progress import Steps

    subject = _subject(config)
    files = _files(config, subject.stages)
    results: list[LoadResult] = []
    with _scratch(config) as artifacts, open_target(config.target, artifacts) as target:
        check_engines(config.target, subject.engines, target.describe(), target.address)
        asked = plans(config, subject.stages, subject.engines)
        step = Steps(console, 1 + len(asked))
        with step("upload") as track:
            for done, (digest, path) in enumerate(files.items(), 1):
                target.upload(path, digest)
                track.update(done, len(files))
        for plan in asked:
            rate = f" at {plan.rate_per_s:g} a second" if plan.rate_per_s else ""
            with step(f"{plan.scenario}{rate}") as track:
                result = target.load(plan, partial(_show, track))
                track.note = result.stopped
                results.append(result)
        statistics, address = target.statistics(), target.address
    kept = None if config.workspace is None else _workspace(config).new_run()
    run_id = kept.name if kept else new_run_name()
    record = _record(run_id, config, command, subject, asked, results, statistics, address)
    print_loads(console, record.results)
    current().figures(**load_figures(record))
    if kept is not None:
        current().wrote("record", keep_record(record, kept))
        write_page(record, kept)
    if config.output is not None:
        write_json(config.output, record.model_dump(mode="json"))
        current().wrote("record", config.output)
    return record


def _show(track: Track, progress: Progress) -> None:
    track.update(progress.done, progress.total, f"{progress.phase} queries")


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is to answer queries: a network's name, its stages, and further engines they name."""

    network: str
    stages: tuple[str, ...]
    engines: tuple[Engine, ...] = ()


def _subject(config: LoadTestConfig) -> _Subject:
    if config.model is not None:
        try:
            return _Subject(config.model.name, (digest_of(config.model.read_bytes()),))
        except OSError as error:
            raise ConfigurationError(
                f"cannot read {config.model}: {error.strerror}", "name an ONNX file"
            ) from error
    from kenning_lego.blocks.latency import stages_of

    root = config.workspace or Path()
    if not (root / "manifest.json").is_file():
        raise ConfigurationError(f"{root} is not a workspace", "name one in which a test was run")
    workspace = Workspace(root)
    record = open_as(RunRecord, workspace.latest_record())
    chosen = {each.name: each.variants for each in record.configurations if each.feasible}
    if config.configuration not in chosen:
        raise ConfigurationError(
            f"the newest test of {workspace.root} has no configuration {config.configuration!r}",
            f"it has: {', '.join(chosen) or 'none'}",
        )
    stages = stages_of(record.segments, chosen[config.configuration])
    return _Subject(record.network.name, stages, record.engines)


def _files(config: LoadTestConfig, stages: Sequence[str]) -> dict[str, Path]:
    """The artifacts of these stages by digest."""
    if config.model is not None:
        return {stages[0]: config.model}
    artifacts = _workspace(config).artifacts
    return {digest: artifacts.path(digest) for digest in digests_of(stages)}


def _workspace(config: LoadTestConfig) -> Workspace:
    return Workspace(config.workspace or Path())


@contextmanager
def _scratch(config: LoadTestConfig) -> Iterator[ArtifactStore]:
    """A store for an in-process target."""
    if config.workspace is not None:
        yield _workspace(config).artifacts
        return
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory:
        yield ArtifactStore(Path(directory))


def _record(
    run_id: str,
    config: LoadTestConfig,
    command: Sequence[str],
    subject: _Subject,
    asked: Sequence[LoadPlan],
    results: Sequence[LoadResult],
    statistics: Statistics,
    address: str,
) -> LoadRecord:
    return LoadRecord(
        **origin(run_id, command, config),
        target=TargetRecord(
            address=address,
            in_process=address == IN_PROCESS,
            environment=EnvironmentRecord.between(statistics.before, statistics.after),
            used=dict(statistics.used),
            deployments=_deployments(results),
        ),
        stages=subject.stages,
        network=subject.network,
        configuration=config.configuration or "",
        results=tuple(
            LoadResultRecord.of(plan.scenario, plan.rate_per_s, result)
            for plan, result in zip(asked, results, strict=True)
        ),
    )


def _deployments(results: Sequence[LoadResult]) -> tuple[str, ...]:
    return tuple(sorted({name for result in results for name in result.deployments}))


if __name__ == "__main__":
    sys.exit(run(main))
