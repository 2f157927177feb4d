"""A search, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.output import current
from kenning_lego.core.plans import Statistics
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.datasets.samples import Samples
from kenning_lego.datasets.splitting import subset
from kenning_lego.scenarios.figures import search_figures
from kenning_lego.scenarios.offline.run import (
    FOUND,
    Given,
    cut_network,
    load,
    retrain_variants,
    train_network,
)
from kenning_lego.scenarios.optimiser.configuration import OptimisationConfig
from kenning_lego.scenarios.optimiser.exporting import write_best
from kenning_lego.scenarios.optimiser.judging import Limits, undominated
from kenning_lego.scenarios.optimiser.recording import Found, assemble_record
from kenning_lego.scenarios.optimiser.search import Entry, Trials, compile_all
from kenning_lego.scenarios.optimiser.summary import print_search
from kenning_lego.scenarios.staged import Reported, Staged, tell_results
from kenning_lego.scenarios.step_counts import LOADING, steps_of_search
from kenning_lego.scenarios.targets import open_target
from kenning_lego.scenarios.whole.candidates import Candidate, Namer, Network
from kenning_lego.scenarios.whole.engines import engines_for
from kenning_lego.scenarios.whole.networks import original_network, uniform_networks
from kenning_lego.store.workspace import Workspace


def run_search(
    config: OptimisationConfig, console: Console, command: Sequence[str] = ()
) -> Reported[OptimisationRecord]:
    """Compile, ship, time and score every candidate; tell which are worth a choice.

    Args:
        config: what to do.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        KenningLegoError: see the exception tree; a candidate that fails is in the record.
    """
    return _Search(config, console, command, steps_of_search(config)).run()


class _Search(Staged[OptimisationConfig]):
    def run(self) -> Reported[OptimisationRecord]:
        config = self.config
        workspace = Workspace(config.workspace)
        # Everything that can be wrong with the command is found before anything expensive runs.
        with self.step(LOADING):
            given = load(config)
        with open_target(config.target, workspace.artifacts) as target:
            self.say(f"target {target.address}")
        self.say(f"network {config.model.name} on {given.dataset}")

        scores = train_network(config, given, workspace, self.step)
        networks = self._networks(given, workspace)
        entries = [Entry(each) for each in self._candidates(networks)]
        with self.step("compile and check") as track:
            entries, made = compile_all(entries, given.dataset, workspace, track.update)
            track.note = f"{made} made" if made else FOUND
        entries, statistics, telemetry, address = self._measure(entries, given, workspace)
        return self._record(
            workspace, Found(networks[0], given, scores, entries, statistics, telemetry, address)
        )

    def _networks(self, given: Given, workspace: Workspace) -> list[Network]:
        found = [original_network(given.model, given.dataset)]
        if any(self.config.blocks.ratios):
            chain, variants = cut_network(self.config, given, self.step)
            retrain_variants(self.config, given, chain, variants, workspace, self.step)
            found += uniform_networks(chain, variants, given.dataset)
        return found

    def _candidates(self, networks: Sequence[Network]) -> list[Candidate]:
        config, namer = self.config, Namer()
        return [
            Candidate(
                namer.name(f"{network.name}, {compiler.name}", engine), network, compiler, engine
            )
            for network in networks
            for compiler in config.compilers
            for engine in engines_for(compiler, config.runtimes, config.target)
        ]

    def _measure(
        self, entries: list[Entry], given: Given, workspace: Workspace
    ) -> tuple[list[Entry], Statistics, Telemetry, str]:
        config, validation = self.config, given.dataset.validation
        with open_target(config.target, workspace.artifacts) as target:
            trials = Trials(target, config, given.dataset, given.metric, workspace)
            with self.step("load on the target") as track:
                entries = trials.load(entries, track.update)
                track.note = _left(entries)
            if config.trial_samples:
                some = _some(validation, config.trial_samples)
                with self.step("try on the target") as track:
                    tried = trials.score(entries, some, track.update)
                    entries = trials.drop(tried, len(some))
                    track.note = _left(entries)
            with self.step("score on the target") as track:
                most = _some(validation, config.samples)
                entries = trials.score(entries, most, track.update)
                track.note = _left(entries)
                if trials.found:
                    track.note += f", {trials.found} scores found in the workspace"
            with self.step("time in turn on the target") as track:
                entries = trials.measure(entries, track.update)
            with self.step("score the undominated on the test part") as track:
                entries = trials.test(entries, self._worth(entries, given), track.update)
            return entries, target.statistics(), target.telemetry(), target.address

    def _worth(self, entries: Sequence[Entry], given: Given) -> set[str]:
        """Names of the undominated ones within the limits."""
        higher = given.metric.higher_is_better
        figures = {each.name: found for each in entries if (found := each.figures) is not None}
        limits = limits_of(self.config)
        return {
            name
            for name in undominated(figures, higher=higher)
            if limits.kept_by(figures[name], higher=higher)
        }

    def _record(self, workspace: Workspace, found: Found) -> Reported[OptimisationRecord]:
        run = workspace.new_run()
        record = assemble_record(
            run.name,
            self.command,
            self.config,
            limits_of(self.config),
            found,
            self.step.durations_s,
        )
        reported = self.keep(record, run)
        print_search(self.console, record)
        if self.config.output is not None and record.best is not None:
            for path in write_best(record, workspace, self.config.output):
                current().wrote("file", path)
        tell_results(reported, search_figures(record))
        return reported


def _some(samples: Samples, count: int) -> Samples:
    """So many of them, with the mixture of classes of all; always the same."""
    return samples.take(subset(samples.labels, count, seed=0))


def limits_of(config: OptimisationConfig) -> Limits:
    """What the configuration says, in base units."""
    limits = config.limits
    size = None if limits.size_mb is None else int(limits.size_mb * 1e6)
    return Limits(limits.score, limits.latency_ms, size)


def _left(entries: Sequence[Entry]) -> str:
    left = sum(not each.out for each in entries)
    return f"{left} of {len(entries)} candidates are left"
