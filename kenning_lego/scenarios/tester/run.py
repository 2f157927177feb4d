"""The tester scenario, step by step; the steps themselves are functions in their rooms."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from rich.console import Console

from kenning_lego.core.errors import CompilationError
from kenning_lego.core.mixing_records import MixingRecord
from kenning_lego.core.plans import Statistics, TargetDescription
from kenning_lego.core.records import (
    AccuracyRecord,
    AdditivityRecord,
    ConfigurationRecord,
    FrontRecord,
    NetworkRecord,
    RunRecord,
    SegmentRecord,
    WholeRecord,
)
from kenning_lego.core.target import Target
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.reports.environment import engine
from kenning_lego.scenarios.figures import run_figures
from kenning_lego.scenarios.offline.run import FOUND, Given, Made, load, make
from kenning_lego.scenarios.online.front_record import MOST_CARRIED, record_front
from kenning_lego.scenarios.online.prediction import Predictor, fixed_cost_of
from kenning_lego.scenarios.staged import Reported, Staged, tell_results
from kenning_lego.scenarios.step_counts import LOADING, steps_of_test
from kenning_lego.scenarios.targets import check_engines, open_target
from kenning_lego.scenarios.tester.adding_up import (
    add_up,
    composed_configurations,
    with_latencies,
    with_sums,
)
from kenning_lego.scenarios.tester.choice import choose, pose_problem
from kenning_lego.scenarios.tester.compiling import compile_data, compile_variants
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from kenning_lego.scenarios.tester.energy import measure_energy, with_energy
from kenning_lego.scenarios.tester.gains import find_gains, peers_of, with_runs
from kenning_lego.scenarios.tester.measuring import (
    measure_memory,
    score_configurations,
    time_configurations,
    time_variants,
    upload_all,
    with_measured,
)
from kenning_lego.scenarios.tester.mixing_steps import mix
from kenning_lego.scenarios.tester.one_piece import (
    compile_whole,
    fuse_configurations,
    in_one_piece,
)
from kenning_lego.scenarios.tester.recording import assemble_record, describe_network
from kenning_lego.scenarios.tester.summary import print_blocks, print_configurations
from kenning_lego.scenarios.tester.ways import ways_of
from kenning_lego.selection.front import pareto_front
from kenning_lego.stats.quality_law import QualityLaw
from kenning_lego.store.workspace import Workspace

PLANS = ("variants", "configurations")
"""What is measured on the target, in order."""


@dataclass(frozen=True, slots=True)
class _Measured:
    segments: list[SegmentRecord]
    configurations: list[ConfigurationRecord]
    additivity: AdditivityRecord | None
    front: FrontRecord
    mixing: MixingRecord | None
    statistics: Statistics
    telemetry: Telemetry
    address: str


def run_test(
    config: InferenceTestConfig, console: Console, command: Sequence[str] = ()
) -> Reported[RunRecord]:
    """Run the tester scenario.

    Args:
        config: what to do.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        KenningLegoError: see the exception tree; what was finished stays in the workspace.
    """
    return _Test(config, console, command, steps_of_test(config)).run()


class _Test(Staged[InferenceTestConfig]):
    def run(self) -> Reported[RunRecord]:
        config = self.config
        workspace = Workspace(config.workspace)
        # Everything that can be wrong with the command is found before anything expensive runs.
        with self.step(LOADING):
            given = load(config)
        config.compiler.versions()
        ways = ways_of(config)
        with self._target(workspace) as target:
            description = target.describe()
            engines = [each.engine for each in ways.engines]
            check_engines(config.target, engines, description, target.address)
            self.say(f"target {target.address}: {_who(description)}")
        self.say(f"network {config.model.name} on {given.dataset}")

        made = make(config, given, workspace, self.step)
        segments = self._compile(given, made, workspace)
        segments, mixing = mix(config, ways, given, made, segments, workspace, self.step)
        whole = self._compile_whole(given, made, workspace)
        with self._target(workspace) as target:
            measured = self._measure(target, given, made, segments, whole, mixing, workspace)
        network = describe_network(
            config.model.name,
            made.chain,
            measured.segments,
            given.dataset,
            made.scores,
            given.metric,
        )
        return self._record(workspace, network, whole, made.profile.record, measured)

    def _target(self, workspace: Workspace) -> AbstractContextManager[Target]:
        return open_target(self.config.target, workspace.artifacts)

    def _compile(self, given: Given, made: Made, workspace: Workspace) -> list[SegmentRecord]:
        with self.step("compile and check") as track:
            segments, count = compile_variants(
                made.chain,
                made.variants,
                made.losses,
                made.profile.costs,
                compile_data(given.dataset, self.config.compiler),
                self.config.compiler,
                workspace,
                track.update,
            )
            track.note = f"{count} made" if count else FOUND
            warned = [v for each in segments for v in each.variants if v.artifact.warning]
            if warned:
                track.note += f"; {len(warned)} with a warning: {warned[0].artifact.warning}"
        return segments

    def _compile_whole(self, given: Given, made: Made, workspace: Workspace) -> WholeRecord | None:
        """The original in one piece: only to compare with, so a run goes on without it."""
        with self.step("compile the original in one piece") as track:
            try:
                compiler = self.config.compiler
                data = compile_data(given.dataset, compiler)
                return compile_whole(given.model, made.chain, data, compiler, workspace)
            except CompilationError as error:
                track.note = f"left out: {error.problem}"
        return None

    def _measure(
        self,
        target: Target,
        given: Given,
        made: Made,
        segments: list[SegmentRecord],
        whole: WholeRecord | None,
        mixing: MixingRecord | None,
        workspace: Workspace,
    ) -> _Measured:
        where, how = self.config.target, self.config.measurement
        engines = () if mixing is None else tuple(each.engine for each in mixing.engines)
        with self.step("upload artifacts") as track:
            digests = {v.artifact.digest: None for each in segments for v in each.variants}
            sent = upload_all(target, digests, workspace.artifacts, track.update)
            track.note = f"{sent} sent" if sent else "the target has them"
        composed = composed_configurations(segments, how.additivity_runs, how.seed)
        with self.step("time every variant on the target") as track:
            latencies = time_variants(target, segments, where, how, composed, engines, track.update)
        if how.memory != "none":
            with self.step("measure memory on the target") as track:
                segments = measure_memory(target, segments, where, how, engines, track.update)
        print_blocks(self.console, segments, latencies)
        with self.step("choose") as track:
            additivity, corrected = add_up(segments, composed, latencies)
            segments = with_latencies(segments, corrected)
            problem = pose_problem(segments, corrected, self.config.memory)
            found = made.profile.record
            predictor = Predictor(
                made.scores.test,
                QualityLaw(found.unit, found.power),
                given.metric.higher_is_better,
                *given.metric.limits,
                fixed_cost_of(segments),
            )
            configurations = choose(problem, self.config.budgets, predictor)
            front = record_front(pareto_front(problem, max_points=MOST_CARRIED))
            if mixing is not None and mixing.ways:
                gains = find_gains(problem, segments, configurations, predictor)
                mixing = mixing.model_copy(update={"gains": gains})
                if self.config.mix.peers:
                    configurations += peers_of(gains, configurations)
            configurations = with_sums(configurations, segments, latencies)
            budgets = configurations[1 : len(self.config.budgets) + 1]
            feasible = sum(each.feasible for each in budgets)
            track.note = f"{feasible} of {len(budgets)} budgets can be met"
        configurations = self._fuse(configurations, segments, given, made, workspace)
        others = in_one_piece(whole, configurations)
        with self.step("upload the networks in one piece") as track:
            sent = upload_all(
                target, dict.fromkeys(others.values()), workspace.artifacts, track.update
            )
            track.note = f"{sent} sent" if sent else "the target has them"
        with self.step("time the configurations on the target") as track:
            times = time_configurations(
                target, segments, configurations, others, where, how, engines, track.update
            )
        with self.step("score the configurations on the target") as track:
            measured = score_configurations(
                target,
                segments,
                configurations,
                where,
                engines,
                given.dataset,
                given.metric,
                made.chain.outputs[0].name,
                track.update,
            )
        configurations = [with_measured(each, times, measured) for each in configurations]
        if how.energy_s:
            with self.step("measure energy on the target") as track:
                energies, track.note = measure_energy(
                    target, segments, configurations, times, where, how, engines, track.update
                )
            configurations = [with_energy(each, energies) for each in configurations]
        if mixing is not None:
            gains = with_runs(mixing.gains, configurations)
            mixing = mixing.model_copy(update={"gains": gains})
        return _Measured(
            segments,
            configurations,
            additivity,
            front,
            mixing,
            target.statistics(),
            target.telemetry(),
            target.address,
        )

    def _fuse(
        self,
        configurations: list[ConfigurationRecord],
        segments: list[SegmentRecord],
        given: Given,
        made: Made,
        workspace: Workspace,
    ) -> list[ConfigurationRecord]:
        """Merge each configuration's artifacts: only to compare with, as the original."""
        compilers = {"": self.config.compiler, **ways_of(self.config).compilers}
        with self.step("fuse the configurations") as track:
            fused = fuse_configurations(
                configurations,
                segments,
                made.chain,
                given.dataset.test.take([0]).images,
                compilers,
                workspace,
                track.update,
            )
            track.note = f"{fused.made} made" if fused.made else FOUND
            if fused.left_out:
                said = "; ".join(f"{name}: {why}" for name, why in fused.left_out.items())
                track.note = f"{len(fused.left_out)} left out: {said}"
        return fused.configurations

    def _record(
        self,
        workspace: Workspace,
        network: NetworkRecord,
        whole: WholeRecord | None,
        accuracy: AccuracyRecord,
        measured: _Measured,
    ) -> Reported[RunRecord]:
        run = workspace.new_run()
        record = assemble_record(
            run.name,
            self.command,
            self.config,
            network,
            measured.segments,
            measured.configurations,
            whole,
            measured.additivity,
            measured.front,
            measured.mixing,
            accuracy,
            measured.statistics,
            measured.telemetry,
            PLANS,
            measured.address,
            self.step.durations_s,
        )
        reported = self.keep(record, run)
        print_configurations(self.console, record)
        self.say(f"ran on {engine(record.target.used)}")
        tell_results(reported, run_figures(record))
        return reported


def _who(description: TargetDescription) -> str:
    facts = description.facts
    machine = facts.get("board") or facts.get("cpu") or facts.get("machine", "unknown machine")
    engines = ", ".join(f"{name} {version}" for name, version in description.engines.items())
    offered = f"; delegates: {', '.join(description.delegates)}" if description.delegates else ""
    return f"{machine}, {facts.get('cores', '?')} cores; {engines or 'no engine'}{offered}"
