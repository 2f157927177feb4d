"""The test of a network in a file, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from kenning_lego.core.configuration import changed
from kenning_lego.core.errors import ConfigurationError, ModelError, ProtocolError, RemoteError
from kenning_lego.core.records import (
    AdditivityRecord,
    BudgetRecord,
    ComposedRunRecord,
    ConfigurationRecord,
    ErrorsRecord,
    ScoreRecord,
    SegmentRecord,
    WholeRecord,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.core.target import Target
from kenning_lego.datasets.random_data import RandomData
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.reports.write import write_report
from kenning_lego.scenarios.own_files.agreement import compare
from kenning_lego.scenarios.own_files.describing import (
    WHOLE,
    artifact_of,
    network_of,
    one_segment,
    segments_of,
)
from kenning_lego.scenarios.own_files.reading import (
    NetworkFile,
    read_network,
    with_fitting_runtime,
)
from kenning_lego.scenarios.own_files.scoring import Examination, examine, score
from kenning_lego.scenarios.own_files.telling import print_file_test
from kenning_lego.scenarios.progress import Track, step
from kenning_lego.scenarios.targets import check_engine, open_target
from kenning_lego.scenarios.tester.adding_up import with_latencies
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig, TargetConfig
from kenning_lego.scenarios.tester.energy import measure_energy, with_energy
from kenning_lego.scenarios.tester.measuring import (
    Scored,
    measure_memory,
    time_configurations,
    time_variants,
    upload_all,
)
from kenning_lego.scenarios.tester.recording import assemble_record
from kenning_lego.scenarios.tester.run import TestResult
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace

_USED = {"workspace", "model", "dataset", "metric", "target", "measurement", "memory", "strict"}
_CHAIN = "composed"
_REFUSALS = ("bad_request", "engine_failed", "worker_died")


def run_file_test(
    config: InferenceTestConfig, console: Console, command: Sequence[str] = ()
) -> TestResult:
    """Ship a file and measure it whole; and its pieces, if it is to be cut.

    Args:
        config: what to do; ``model.file`` names the file.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        UsageError: the file, the target and the data do not go together; nothing was measured.
        KenningLegoError: see the exception tree.
    """
    return _FileTest(config, console, command).run()


@dataclass(frozen=True, slots=True)
class _Shipped:
    """The file on the target.

    Args:
        file: as it was given.
        digest: its sha256.
        pieces: the same of its pieces.
        spec: of the file, its batch of 1 bound.
        segments: the pieces, or the whole file as one.
    """

    file: NetworkFile
    digest: str
    pieces: tuple[str, ...]
    spec: IOSpec
    segments: list[SegmentRecord]
    whole: WholeRecord


class _FileTest:
    def __init__(
        self, config: InferenceTestConfig, console: Console, command: Sequence[str]
    ) -> None:
        self.config = config
        self.console = console
        self.command = tuple(command)
        self.durations: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Track]:
        with step(self.console, title, self.durations) as track:
            yield track

    def run(self) -> TestResult:
        config = self.config
        _check_settings(config)
        path = config.model.file
        if path is None:
            raise ConfigurationError("no file is named", "name one with --model.file")
        file = read_network(path, config.model.cut)
        metric = make_metric(config.metric)
        dataset = None if isinstance(config.dataset, RandomData) else config.dataset.load()
        workspace = Workspace(config.workspace)
        with open_target(config.target, workspace.artifacts) as target:
            description = target.describe()
            where = with_fitting_runtime(config.target, file, description.engines)
            check_engine(where, description, target.address)
            self.config = config.model_copy(update={"target": where})
            shipped = self._ship(target, file, where, workspace)
            examination = None
            if dataset is not None:
                examination = examine(
                    shipped.spec, dataset, metric, config.model.input, config.model.output
                )
            self.console.print(f"target {target.address}, runtime {where.runtime}")
            about = dataset or "random data: latency alone"
            self.console.print(f"network {file.path.name} on {about}", soft_wrap=True)
            if file.remark:
                self.console.print(f"note: {file.remark}", soft_wrap=True)
            return self._measure(target, shipped, examination, where, workspace)

    def _ship(
        self, target: Target, file: NetworkFile, where: TargetConfig, workspace: Workspace
    ) -> _Shipped:
        digest = workspace.artifacts.add(file.content)
        pieces = tuple(workspace.artifacts.add(each.content) for each in file.pieces)
        with self.step("upload") as track:
            digests = dict.fromkeys((digest, *pieces))
            sent = upload_all(target, digests, workspace.artifacts, track.update)
            track.note = f"{sent} sent" if sent else "the target has it"
        spec = _compose(target, [digest], where, file)
        if not pieces:
            whole = WholeRecord(artifact=artifact_of(file, digest), measurement=ORIGINAL)
            segments = [one_segment(file, digest, spec)]
            return _Shipped(file, digest, pieces, spec, segments, whole)
        with self.step("compare the pieces in a row with the whole file") as track:
            _compose(target, pieces, where, file, [each.name for each in spec.outputs])
            gap = compare(target, digest, pieces, spec, where)
            track.note = f"off by {gap.max_abs:.2g} at most, on up to {gap.scale:.3g}"
        whole = WholeRecord(artifact=artifact_of(file, digest, gap), measurement=WHOLE)
        return _Shipped(file, digest, pieces, spec, segments_of(file, pieces, gap), whole)

    def _measure(
        self,
        target: Target,
        shipped: _Shipped,
        examination: Examination | None,
        where: TargetConfig,
        workspace: Workspace,
    ) -> TestResult:
        how, segments = self.config.measurement, shipped.segments
        additivity, latencies = None, {}
        if shipped.pieces:
            with self.step("time every piece on the target") as track:
                composed = {_CHAIN: {each.name: each.variants[0].name for each in segments}}
                latencies = time_variants(target, segments, where, how, composed, track.update)
            segments = with_latencies(segments, latencies)
            additivity = _added_up(segments, latencies)
        if how.memory != "none":
            with self.step("measure memory on the target") as track:
                segments = measure_memory(target, segments, where, how, track.update)
        original = ConfigurationRecord(name=ORIGINAL, budget=BudgetRecord(), feasible=True)
        with self.step("time the network on the target") as track:
            whole = {WHOLE: shipped.digest} if shipped.pieces else {}
            times = time_configurations(
                target, segments, [original], whole, where, how, track.update
            )
        scored = None
        if examination is not None:
            with self.step("score the network on the target") as track:
                names = [each.name for each in shipped.spec.outputs]
                _compose(target, shipped.pieces or [shipped.digest], where, shipped.file, names)
                scored = score(target, examination, track.update)
                track.note = f"{examination.metric.name} {scored.score:.4f}"
        original = self._described(original, shipped, segments, additivity, times, scored)
        if how.energy_s:
            with self.step("measure energy on the target") as track:
                energies, track.note = measure_energy(
                    target, segments, [original], times, where, how, track.update
                )
            original = with_energy(original, energies)
        return self._record(target, shipped, segments, original, additivity, examination, workspace)

    def _described(
        self,
        original: ConfigurationRecord,
        shipped: _Shipped,
        segments: Sequence[SegmentRecord],
        additivity: AdditivityRecord | None,
        times: dict[str, float],
        scored: Scored | None,
    ) -> ConfigurationRecord:
        memory = [each.variants[0].memory_bytes(self.config.memory) for each in segments]
        known = [each for each in memory if each is not None]
        measured = ScoreRecord(
            latency_ms=times[ORIGINAL],
            memory_bytes=sum(known) if len(known) == len(memory) else None,
            score=scored.score if scored else None,
        )
        update: dict[str, object] = {
            "measured": measured,
            "measurement": ORIGINAL,
            "classification": scored.classification if scored else None,
        }
        if additivity is not None:
            total = additivity.runs[0].sum_ms
            update |= {
                "predicted": ScoreRecord(latency_ms=total),
                "sum_ms": total,
                "fused": shipped.whole.artifact,
                "fused_measurement": WHOLE,
            }
        return original.model_copy(update=update)

    def _record(
        self,
        target: Target,
        shipped: _Shipped,
        segments: Sequence[SegmentRecord],
        original: ConfigurationRecord,
        additivity: AdditivityRecord | None,
        examination: Examination | None,
        workspace: Workspace,
    ) -> TestResult:
        dataset = examination.dataset.name if examination else self.config.dataset.type
        network = network_of(shipped.file, dataset, self.config.metric, examination)
        score_ = original.measured.score if original.measured else None
        run = workspace.new_run()
        record = assemble_record(
            run_id=run.name,
            command=self.command,
            config=self.config,
            network=network.model_copy(update={"test_score": score_}),
            segments=segments if shipped.pieces else [],
            configurations=[original],
            whole=shipped.whole,
            additivity=additivity,
            front=None,
            mixing=None,
            accuracy=None,
            statistics=target.statistics(),
            telemetry=target.telemetry(),
            plans=("pieces", "network") if shipped.pieces else ("network",),
            address=target.address,
            durations_s=self.durations,
        )
        path = run / "record.json"
        write_json(path, record.model_dump(mode="json"))
        report = write_report(record, run)
        print_file_test(self.console, record)
        self.console.print(f"record {path}", soft_wrap=True)
        self.console.print(f"report {report}", soft_wrap=True)
        return TestResult(record, path, report)


def _check_settings(config: InferenceTestConfig) -> None:
    """Refuse what has no part in the test of a file, rather than leave it aside in silence."""
    unused = changed(config, *sorted(type(config).model_fields.keys() - _USED))
    if unused:
        raise ConfigurationError(
            f"{', '.join(unused)} has no part in the test of a file, which is taken as it is",
            "leave it out",
        )
    if "dataset" not in config.model_fields_set:
        raise ConfigurationError(
            "which data? The test of a file has none by default",
            "name a dataset, or measure latency alone with --dataset.type random",
        )


def _compose(
    target: Target,
    stages: Sequence[str],
    where: TargetConfig,
    file: NetworkFile,
    outputs: Sequence[str] = (),
) -> IOSpec:
    """Load the file, or its pieces, as the session's pipeline.

    Raises:
        ConfigurationError: the target's engine cannot load it.
    """
    try:
        composed = target.compose(
            stages,
            runtime=where.runtime,
            threads=where.threads,
            outputs=outputs,
            options=where.options,
        )
    except RemoteError as error:
        if error.code not in _REFUSALS:
            raise
        raise _refused(file, where, error.problem, error.remedy) from error
    except (ModelError, ProtocolError) as error:
        raise _refused(file, where, error.problem, error.remedy) from error
    return composed.spec


def _refused(
    file: NetworkFile, where: TargetConfig, problem: str, remedy: str
) -> ConfigurationError:
    return ConfigurationError(
        f"runtime {where.runtime!r} on the target does not take {file.path}: {problem}", remedy
    )


def _added_up(segments: Sequence[SegmentRecord], latencies: dict[str, float]) -> AdditivityRecord:
    """The pieces' sum beside their run in a row."""
    names = tuple(each.variants[0].name for each in segments)
    total, measured = math.fsum(latencies[name] for name in names), latencies[_CHAIN]
    error = total / measured - 1
    return AdditivityRecord(
        runs=(
            ComposedRunRecord(variants=names, sum_ms=total, predicted_ms=total, measurement=_CHAIN),
        ),
        sum_errors=ErrorsRecord(median=abs(error), p95=abs(error), bias=error),
    )
