"""What follows from a record: the original's figures, each configuration's, and the main one."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.records import ConfigurationRecord, RunRecord, ScoreRecord, VariantRecord
from kenning_lego.reports.run.timings import Timing, Timings

ORIGINAL = "original"
"""Name of the network as it was given, beside the configurations."""

_MOST_NAMED = 6
_LONGEST_LABEL = 16
"""More or longer names are replaced by numbers in plots of points."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A composition of the network with its figures.

    Args:
        name: the configuration's, or :data:`ORIGINAL`.
        label: what a point is marked with: the name, or a number where names would not fit.
        is_original: no block was replaced.
        predicted: from the blocks' own figures.
        measured: of the composed network.
        timing: the samples behind the measured latency.
        configuration: the record, None for an original that no configuration asked for.
    """

    name: str
    label: str
    is_original: bool
    predicted: ScoreRecord
    measured: ScoreRecord
    timing: Timing | None = None
    configuration: ConfigurationRecord | None = None

    @property
    def latency_ms(self) -> float | None:
        """Measured if it was, else predicted."""
        measured = self.measured.latency_ms
        return measured if measured is not None else self.predicted.latency_ms

    @property
    def memory_bytes(self) -> int | None:
        """Measured if it was, else predicted."""
        measured = self.measured.memory_bytes
        return measured if measured is not None else self.predicted.memory_bytes

    @property
    def score(self) -> float | None:
        """Measured if it was, else predicted."""
        return self.measured.score if self.measured.score is not None else self.predicted.score

    @property
    def latency_error(self) -> float | None:
        """Prediction minus measurement, as a share of the measurement."""
        predicted, measured = self.predicted.latency_ms, self.measured.latency_ms
        if predicted is None or not measured:
            return None
        return (predicted - measured) / measured


@dataclass(frozen=True, slots=True)
class Findings:
    """A record with what follows from it.

    Args:
        record: the run.
        timings: statistics of its measurements.
        original: the network as it was given.
        outcomes: the original, unless a configuration is the same, and every feasible one.
    """

    record: RunRecord
    timings: Timings
    original: Outcome
    outcomes: tuple[Outcome, ...]

    @property
    def main(self) -> Outcome:
        """What the summary is about: the first budget's answer, else the original."""
        chosen = (
            each
            for each in self.outcomes
            if each.configuration and each.latency_ms and not each.is_original
        )
        return next(chosen, self.original)

    def timing(self, variant: VariantRecord) -> Timing | None:
        """The samples of a variant."""
        return None if variant.measurement is None else self.timings.get(variant.measurement)


def findings_of(record: RunRecord, timings: Timings) -> Findings:
    """Work out what follows from a record."""
    originals = {
        each.name for segment in record.segments for each in segment.variants if each.is_original
    }
    feasible = [each for each in record.configurations if each.feasible]
    numbered = len(feasible) > _MOST_NAMED or any(
        len(each.name) > _LONGEST_LABEL for each in feasible
    )
    outcomes = []
    for number, each in enumerate(feasible, start=1):
        timing = None if each.measurement is None else timings.get(each.measurement)
        chosen = set(each.variants.values())
        outcomes.append(
            Outcome(
                each.name,
                str(number) if numbered else each.name,
                is_original=(bool(chosen) or each.name == ORIGINAL) and chosen <= originals,
                predicted=each.predicted or ScoreRecord(),
                measured=_measured(each.measured or ScoreRecord(), timing),
                timing=timing,
                configuration=each,
            )
        )
    original = next((each for each in outcomes if each.is_original), None)
    if original is None:
        original = _original(record, timings)
        outcomes.insert(0, original)
    return Findings(record, timings, original, tuple(outcomes))


def _measured(score: ScoreRecord, timing: Timing | None) -> ScoreRecord:
    """The figures with the median of the samples, where there are samples and no latency."""
    if score.latency_ms is not None or timing is None:
        return score
    return score.model_copy(update={"latency_ms": timing.summary.median / 1e6})


def _original(record: RunRecord, timings: Timings) -> Outcome:
    """The original from its segments; a sum is only made when every part of it is there."""
    score = record.network.test_score
    variants = [
        next((each for each in segment.variants if each.is_original), None)
        for segment in record.segments
    ]
    known = [each for each in variants if each is not None]
    timed = [timings.get(each.measurement or "") for each in known]
    parts = [each for each in timed if each is not None]
    complete = bool(known) and len(known) == len(variants)
    latency_ms = (
        sum(part.summary.median for part in parts) / 1e6
        if complete and len(parts) == len(known)
        else None
    )
    sizes = [size for each in known if (size := each.memory_bytes(record.memory)) is not None]
    memory = sum(sizes) if complete and len(sizes) == len(known) else None
    if len(parts) == len(variants) == 1:
        # One segment is the whole network: its time is a measurement, not a sum.
        measured = ScoreRecord(latency_ms=latency_ms, memory_bytes=memory, score=score)
        return Outcome(ORIGINAL, ORIGINAL, True, ScoreRecord(), measured, parts[0])
    predicted = ScoreRecord(latency_ms=latency_ms, memory_bytes=memory, score=score)
    return Outcome(ORIGINAL, ORIGINAL, True, predicted, ScoreRecord(score=score))
