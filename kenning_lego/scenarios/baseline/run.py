"""The baseline scenario, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from kenning_lego.compilers.torch_export import TorchExport
from kenning_lego.core.engines import Engine
from kenning_lego.core.errors import CompilationError, MissingDependencyError
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.records import ArtifactRecord, RunRecord
from kenning_lego.core.target import Target
from kenning_lego.scenarios.baseline.configuration import BaselineConfig
from kenning_lego.scenarios.baseline.recording import Baseline, assemble_record
from kenning_lego.scenarios.baseline.summary import print_baseline
from kenning_lego.scenarios.figures import run_figures
from kenning_lego.scenarios.offline.configuration import OfflineConfig
from kenning_lego.scenarios.offline.run import FOUND, Given, load, train_network
from kenning_lego.scenarios.staged import Reported, Staged, tell_results
from kenning_lego.scenarios.step_counts import LOADING, steps_of_baseline
from kenning_lego.scenarios.targets import open_target
from kenning_lego.scenarios.tester.configuration import IN_PROCESS, TargetConfig
from kenning_lego.scenarios.tester.measuring import Scored, classification_of
from kenning_lego.scenarios.tester.one_piece import WHOLE
from kenning_lego.scenarios.whole.candidates import Candidate, Namer, Network, compile_candidate
from kenning_lego.scenarios.whole.engines import engines_for
from kenning_lego.scenarios.whole.networks import original_network
from kenning_lego.scenarios.whole.running import Runnable, answer, check_runnable, time_in_turn
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.teacher import Scores


def run_baseline(
    config: BaselineConfig, console: Console, command: Sequence[str] = ()
) -> Reported[RunRecord]:
    """Measure a network in torch in this process, and what compilers make of it.

    Args:
        config: what to do.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        KenningLegoError: see the exception tree; what was finished stays in the workspace.
    """
    return _Baseline(config, console, command).run()


class _Baseline(Staged[BaselineConfig]):
    def __init__(self, config: BaselineConfig, console: Console, command: Sequence[str]) -> None:
        super().__init__(config, console, command, steps_of_baseline(config))
        self.where = TargetConfig(address=IN_PROCESS, threads=config.threads)

    def run(self) -> Reported[RunRecord]:
        config = self.config
        workspace = Workspace(config.workspace)
        offline = OfflineConfig(
            workspace=config.workspace,
            model=config.model,
            dataset=config.dataset,
            metric=config.metric,
            training=config.training,
        )
        with self.step(LOADING):
            given = load(offline)
        self.say(f"network {config.model.name} on {given.dataset}")
        scores = train_network(offline, given, workspace, self.step)
        network = original_network(given.model, given.dataset)
        compiled = self._compile(network, given, workspace)
        with open_target(self.where, workspace.artifacts) as target:
            return self._record(workspace, self._measure(target, network, given, scores, compiled))

    def _candidates(self, network: Network) -> list[Candidate]:
        """Torch first, by the name that the network in one piece has in tests."""
        namer, config = Namer(), self.config
        others = [
            Candidate(namer.name(compiler.name, engine), network, compiler, engine)
            for compiler in config.compilers
            for engine in engines_for(compiler, config.runtimes, self.where)
        ]
        return [Candidate(WHOLE, network, TorchExport(), Engine("torch")), *others]

    def _compile(
        self, network: Network, given: Given, workspace: Workspace
    ) -> dict[str, tuple[Candidate, ArtifactRecord]]:
        """What could be compiled, by name; torch's own is always there."""
        found: dict[str, tuple[Candidate, ArtifactRecord]] = {}
        candidates = self._candidates(network)
        with self.step("compile and check") as track:
            made = 0
            for done, each in enumerate(candidates, 1):
                try:
                    compiled = compile_candidate(each, given.dataset, workspace)
                except (CompilationError, MissingDependencyError) as error:
                    if each.name == WHOLE:
                        raise
                    track.say(f"left out {each.name}: {error}")
                    continue
                found[each.name] = each, compiled.record
                made += compiled.computed
                track.update(done, len(candidates), each.name)
            track.note = f"{made} made" if made else FOUND
        return found

    def _measure(
        self,
        target: Target,
        network: Network,
        given: Given,
        scores: Scores,
        compiled: dict[str, tuple[Candidate, ArtifactRecord]],
    ) -> Baseline:
        several = [
            Runnable(name, artifact.digest, candidate.engine)
            for name, (candidate, artifact) in compiled.items()
        ]
        for each in several:
            check_runnable(target, each, self.where)
        with self.step("time in turn") as track:
            how = self.config.measurement
            latencies = time_in_turn(target, several, self.where, how, track.update)
        memory = self._memory(target, several)
        with self.step("score on the test part") as track:
            scored = {each.name: self._score(target, each, given, track.update) for each in several}
        artifacts = {name: artifact for name, (_, artifact) in compiled.items()}
        statistics, telemetry = target.statistics(), target.telemetry()
        return Baseline(
            network, given, scores, artifacts, latencies, memory, scored, statistics, telemetry
        )

    def _score(self, target: Target, what: Runnable, given: Given, tell: OnProgress) -> Scored:
        samples, dataset = given.dataset.test, given.dataset
        outputs = answer(target, what, self.where, samples, tell).outputs
        score = given.metric.score(outputs, samples.labels)
        return Scored(score, classification_of(outputs, samples.labels, dataset.classes))

    def _memory(self, target: Target, several: Sequence[Runnable]) -> dict[str, int]:
        """Bytes by name, in fresh processes; nothing unless it is asked for."""
        how = self.config.measurement
        if how.memory == "none":
            return {}
        found: dict[str, int] = {}
        with self.step("measure memory") as track:
            for done, each in enumerate(several, 1):
                plan = FootprintPlan(
                    (each.digest,),
                    each.engine.runtime,
                    self.config.threads,
                    runs=FootprintPlan(()).runs if how.memory == "peak" else 0,
                    repeats=how.memory_repeats,
                    options=each.engine.options,
                )
                footprint = target.footprint(plan)
                figure = footprint.peak if how.memory == "peak" else footprint.load
                if figure is not None:
                    found[each.name] = figure.median
                track.update(done, len(several), each.name)
        return found

    def _record(self, workspace: Workspace, found: Baseline) -> Reported[RunRecord]:
        run = workspace.new_run()
        record = assemble_record(run.name, self.command, self.config, found, self.step.durations_s)
        reported = self.keep(record, run)
        print_baseline(self.console, record)
        tell_results(reported, run_figures(record))
        return reported
