"""The test of a network in a file, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from kenning_lego.core.configuration import changed
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.records import (
    AdditivityRecord,
    BudgetRecord,
    ConfigurationRecord,
    RunRecord,
    SegmentRecord,
)
from kenning_lego.core.target import Target
from kenning_lego.datasets.random_data import RandomData
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.scenarios.figures import run_figures
from kenning_lego.scenarios.own_files.describing import (
    WHOLE,
    network_of,
)
from kenning_lego.scenarios.own_files.measured import CHAIN, added_up, with_measured
from kenning_lego.scenarios.own_files.reading import (
    read_network,
    with_fitting_runtime,
)
from kenning_lego.scenarios.own_files.scoring import Examination, examine, score
from kenning_lego.scenarios.own_files.shipping import Shipped, compose, ship
from kenning_lego.scenarios.own_files.telling import print_file_test
from kenning_lego.scenarios.staged import Reported, Staged, tell_results
from kenning_lego.scenarios.step_counts import LOADING, steps_of_file_test
from kenning_lego.scenarios.targets import check_engine, open_target
from kenning_lego.scenarios.tester.adding_up import with_latencies
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig, TargetConfig
from kenning_lego.scenarios.tester.energy import measure_energy, with_energy
from kenning_lego.scenarios.tester.measuring import (
    measure_memory,
    time_configurations,
    time_variants,
)
from kenning_lego.scenarios.tester.recording import assemble_record
from kenning_lego.store.workspace import Workspace

_USED = {"workspace", "model", "dataset", "metric", "target", "measurement", "memory", "strict"}


def run_file_test(
    config: InferenceTestConfig, console: Console, command: Sequence[str] = ()
) -> Reported[RunRecord]:
    """Ship a file and measure it whole; and its pieces, if it is to be cut.

    Args:
        config: what to do; ``model.file`` names the file.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        UsageError: the file, the target and the data do not go together; nothing was measured.
        KenningLegoError: see the exception tree.
    """
    return _FileTest(config, console, command, steps_of_file_test(config)).run()


class _FileTest(Staged[InferenceTestConfig]):
    def run(self) -> Reported[RunRecord]:
        config = self.config
        _check_settings(config)
        path = config.model.file
        if path is None:
            raise ConfigurationError("no file is named", "name one with --model.file")
        file = read_network(path, config.model.cut)
        metric = make_metric(config.metric)
        with self.step(LOADING):
            dataset = None if isinstance(config.dataset, RandomData) else config.dataset.load()
        workspace = Workspace(config.workspace)
        with open_target(config.target, workspace.artifacts) as target:
            description = target.describe()
            where = with_fitting_runtime(config.target, file, description.engines)
            check_engine(where, description, target.address)
            self.config = config.model_copy(update={"target": where})
            shipped = ship(target, file, where, workspace, self.step)
            examination = None
            if dataset is not None:
                examination = examine(
                    shipped.spec, dataset, metric, config.model.input, config.model.output
                )
            self.say(f"target {target.address}, runtime {where.runtime}")
            about = dataset or "random data: latency alone"
            self.say(f"network {file.path.name} on {about}")
            if file.remark:
                self.say(f"note: {file.remark}")
            return self._measure(target, shipped, examination, where, workspace)

    def _measure(
        self,
        target: Target,
        shipped: Shipped,
        examination: Examination | None,
        where: TargetConfig,
        workspace: Workspace,
    ) -> Reported[RunRecord]:
        how, segments = self.config.measurement, shipped.segments
        additivity, latencies = None, {}
        if shipped.pieces:
            with self.step("time every piece on the target") as track:
                composed = {CHAIN: {each.name: each.variants[0].name for each in segments}}
                latencies = time_variants(target, segments, where, how, composed, (), track.update)
            segments = with_latencies(segments, latencies)
            additivity = added_up(segments, latencies)
        if how.memory != "none":
            with self.step("measure memory on the target") as track:
                segments = measure_memory(target, segments, where, how, (), track.update)
        original = ConfigurationRecord(name=ORIGINAL, budget=BudgetRecord(), feasible=True)
        with self.step("time the network on the target") as track:
            whole = {WHOLE: shipped.digest} if shipped.pieces else {}
            times = time_configurations(
                target, segments, [original], whole, where, how, (), track.update
            )
        scored = None
        if examination is not None:
            with self.step("score the network on the target") as track:
                names = [each.name for each in shipped.spec.outputs]
                compose(target, shipped.pieces or [shipped.digest], where, shipped.file, names)
                scored = score(target, examination, track.update)
                track.note = f"{examination.metric.name} {scored.score:.4f}"
        original = with_measured(
            original,
            shipped.whole.artifact,
            segments,
            self.config.memory,
            additivity,
            times,
            scored,
        )
        if how.energy_s:
            with self.step("measure energy on the target") as track:
                energies, track.note = measure_energy(
                    target, segments, [original], times, where, how, (), track.update
                )
            original = with_energy(original, energies)
        return self._record(target, shipped, segments, original, additivity, examination, workspace)

    def _record(
        self,
        target: Target,
        shipped: Shipped,
        segments: Sequence[SegmentRecord],
        original: ConfigurationRecord,
        additivity: AdditivityRecord | None,
        examination: Examination | None,
        workspace: Workspace,
    ) -> Reported[RunRecord]:
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
            durations_s=self.step.durations_s,
        )
        reported = self.keep(record, run)
        print_file_test(self.console, record)
        tell_results(reported, run_figures(record))
        return reported


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
