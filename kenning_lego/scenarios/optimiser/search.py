"""The candidates of a search on their way: compiled, tried, scored, timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from kenning_lego.core.errors import KenningLegoError, TargetLostError, TargetTimeoutError
from kenning_lego.core.optimisation_records import Stage
from kenning_lego.core.records import ArtifactRecord
from kenning_lego.core.target import Target
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.samples import Samples
from kenning_lego.metrics.base import Metric
from kenning_lego.scenarios.optimiser.configuration import OptimisationConfig
from kenning_lego.scenarios.optimiser.judging import Figures, hopeless
from kenning_lego.scenarios.whole.candidates import Candidate, compile_candidate
from kenning_lego.scenarios.whole.running import (
    Runnable,
    answer,
    check_runnable,
    time_in_turn,
)
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress

_SCORE_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What is known of a candidate so far.

    Args:
        candidate: it is.
        artifact: once it was compiled.
        latency_ms: of single calls, then of the plan.
        score: on the validation part.
        test_score: on the test part.
        out: whether it was dropped or failed.
        stage: at which.
        reason: why.
    """

    candidate: Candidate
    artifact: ArtifactRecord | None = None
    latency_ms: float | None = None
    score: float | None = None
    test_score: float | None = None
    out: str = ""
    stage: Stage | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """Of the candidate."""
        return self.candidate.name

    @property
    def figures(self) -> Figures | None:
        """Once all are known, and as long as it is not out."""
        if self.out or self.artifact is None or self.score is None or self.latency_ms is None:
            return None
        return Figures(self.score, self.latency_ms, self.artifact.size_bytes)

    @property
    def runnable(self) -> Runnable:
        """What a target is to run; once it was compiled."""
        digest = self.artifact.digest if self.artifact else ""
        return Runnable(self.name, digest, self.candidate.engine)

    def failed(self, stage: Stage, reason: str) -> Entry:
        """The same, out because it failed."""
        return replace(self, out="failed", stage=stage, reason=reason)


Entries = Sequence[Entry]


def compile_all(
    entries: Entries, dataset: Dataset, workspace: Workspace, tell: OnProgress
) -> tuple[list[Entry], int]:
    """Compile what the workspace does not hold; the entries, and how many were made."""
    made, found = 0, []
    for done, each in enumerate(entries, 1):
        try:
            compiled = compile_candidate(each.candidate, dataset, workspace)
            found.append(replace(each, artifact=compiled.record))
            made += compiled.computed
        except KenningLegoError as error:
            found.append(each.failed("compile", str(error)))
        tell(done, len(entries), each.name)
    return found, made


class Trials:
    """What candidates go through on a target.

    Args:
        target: holds nothing of them yet.
        config: of the search.
        dataset: to score on.
        metric: to score by.
        workspace: has the artifacts.
    """

    def __init__(
        self,
        target: Target,
        config: OptimisationConfig,
        dataset: Dataset,
        metric: Metric,
        workspace: Workspace,
    ) -> None:
        self._target = target
        self._config = config
        self._dataset = dataset
        self._metric = metric
        self._workspace = workspace
        self.found = 0
        """Scores so far that an earlier search left in the workspace."""

    def load(self, entries: Entries, tell: OnProgress) -> list[Entry]:
        """Ship every artifact and run it on one image."""

        def load(entry: Entry) -> Entry:
            runnable = entry.runnable
            check_runnable(self._target, runnable, self._config.target)
            path = self._workspace.artifacts.path(runnable.digest)
            self._target.upload(path, runnable.digest)
            one = self._dataset.validation.take([0])
            answer(self._target, runnable, self._config.target, one, _quietly)
            return entry

        return self._each(entries, "load", load, tell)

    def score(self, entries: Entries, samples: Samples, tell: OnProgress) -> list[Entry]:
        """Score on images of the validation part; the latency is that of these calls."""
        score_of = self._scorer(samples)

        def score(entry: Entry) -> Entry:
            value, latency_ms = score_of(entry)
            return replace(entry, score=value, latency_ms=latency_ms)

        return self._each(entries, "score", score, tell)

    def test(self, entries: Entries, names: set[str], tell: OnProgress) -> list[Entry]:
        """Score those of these names on the test part."""
        score_of = self._scorer(self._dataset.test)

        def score(entry: Entry) -> Entry:
            if entry.name not in names:
                return entry
            value, _ = score_of(entry)
            return replace(entry, test_score=value)

        return self._each(entries, "score", score, tell)

    def drop(self, entries: Entries, samples: int) -> list[Entry]:
        """Drop what is hopeless after having been scored on so few samples."""
        metric = self._metric
        figures = {each.name: each.figures for each in entries}
        known = {name: each for name, each in figures.items() if each is not None}
        found = hopeless(
            known,
            samples,
            metric.limits,
            self._config.hopeless,
            higher=metric.higher_is_better,
        )
        return [
            replace(each, out="dropped", stage="score", reason=self._why(each, found, known))
            if each.name in found
            else each
            for each in entries
        ]

    def measure(self, entries: Entries, tell: OnProgress) -> list[Entry]:
        """Time all that are left in turn, in one plan."""
        left = [each.runnable for each in entries if not each.out]
        where, how = self._config.target, self._config.measurement
        latencies = time_in_turn(self._target, left, where, how, tell) if left else {}
        return [
            replace(each, latency_ms=latencies.get(each.name, each.latency_ms)) for each in entries
        ]

    def _why(self, entry: Entry, found: dict[str, str], known: dict[str, Figures]) -> str:
        other = found[entry.name]
        own, its = known[entry.name], known[other]
        return (
            f"{other} is {own.latency_ms / its.latency_ms:.1f} times as fast, no larger, and "
            f"{self._metric.name} is {its.score:.3f} instead of {own.score:.3f} on the trial's "
            "images"
        )

    def _scorer(self, samples: Samples) -> Callable[[Entry], tuple[float, float]]:
        """Gives score and median latency in ms on these samples; keeps them in the workspace."""
        where, told = self._config.target, self._target.describe()
        on = {
            "samples": fingerprint({"images": samples.images, "labels": samples.labels}),
            "metric": self._metric.name,
            "target": {"facts": dict(told.facts), "engines": dict(told.engines)},
            "threads": where.threads,
        }

        def score_of(entry: Entry) -> tuple[float, float]:
            what = entry.runnable
            ran = {"artifact": what.digest, "runtime": what.engine.runtime}
            inputs = {**on, **ran, "options": dict(what.engine.options)}
            step = self._workspace.step("score_on_target", _SCORE_VERSION, inputs)
            known = step.load()
            if known is not None:
                self.found += 1
                return float(known["score"]), float(known["latency_ms"])
            answers = answer(self._target, what, where, samples, _quietly)
            score = self._metric.score(answers.outputs, samples.labels)
            latency_ms = median(answers.durations_ns) / 1e6
            step.save({"score": score, "latency_ms": latency_ms})
            return score, latency_ms

        return score_of

    def _each(
        self,
        entries: Entries,
        stage: Stage,
        step: Callable[[Entry], Entry],
        tell: OnProgress,
    ) -> list[Entry]:
        """Take a step with all that are left; one that fails does not stop the others.

        Raises:
            TargetLostError, TargetTimeoutError: there is no target any more.
        """
        found = []
        for done, each in enumerate(entries, 1):
            try:
                found.append(each if each.out else step(each))
            except (TargetLostError, TargetTimeoutError):
                raise
            except KenningLegoError as error:
                found.append(each.failed(stage, str(error)))
            tell(done, len(entries), each.name)
        return found


def _quietly(_done: int, _total: int, _text: str) -> None:
    """Tell nobody."""
