"""What was predicted of networks beside what was measured of them, quantity by quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kenning_lego.core.records import ScoreRecord
from kenning_lego.reports.run.findings import Findings, Outcome

Kind = Literal["configuration", "trial"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A network, predicted and measured, in base units.

    Args:
        name: of the configuration, or of the trial.
        kind: whether it was chosen for a budget, or run to try the prediction.
        predicted: the prediction.
        measured: the measurement.
        interval: of the measurement; None where it is not known.
    """

    name: str
    kind: Kind
    predicted: float
    measured: float
    interval: tuple[float, float] | None = None

    @property
    def residual(self) -> float:
        """Prediction minus measurement; positive is predicted too high."""
        return self.predicted - self.measured

    @property
    def error(self) -> float | None:
        """The residual as a share of the measurement; None of nothing."""
        return self.residual / abs(self.measured) if self.measured else None


def latencies(findings: Findings) -> tuple[Pair, ...]:
    """In ns: configurations, and the trials of additivity."""
    pairs = [
        Pair(each.name, "configuration", predicted * 1e6, measured * 1e6, _interval(each))
        for each in findings.outcomes
        if (predicted := each.predicted.latency_ms) is not None
        and (measured := each.measured.latency_ms) is not None
    ]
    additivity = findings.record.additivity
    for run in additivity.runs if additivity else ():
        timing = findings.timings.get(run.measurement)
        if timing is not None:
            summary = timing.summary
            low, high = summary.median_low, summary.median_high
            interval = None if low is None or high is None else (low, high)
            name, predicted = run.measurement, run.predicted_ms * 1e6
            pairs.append(Pair(name, "trial", predicted, summary.median, interval))
    return tuple(pairs)


def scores(findings: Findings) -> tuple[Pair, ...]:
    """Of configurations on the test part, and of trials on the validation part."""
    accuracy = findings.record.accuracy
    pairs = [
        Pair(each.name, "configuration", predicted, measured)
        for each in findings.outcomes
        if not each.is_original
        and (predicted := each.predicted.score) is not None
        and (measured := each.measured.score) is not None
    ]
    for number, run in enumerate(accuracy.runs if accuracy else (), 1):
        pairs.append(Pair(f"trial {number}", "trial", run.predicted, run.score))
    return tuple(pairs)


def memories(findings: Findings) -> tuple[Pair, ...]:
    """In bytes, of configurations; what an artifact takes on the disk needs no prediction."""
    return tuple(
        Pair(each.name, "configuration", float(predicted), float(measured))
        for each in findings.outcomes
        if findings.record.memory != "artifact"
        and (predicted := each.predicted.memory_bytes) is not None
        and (measured := each.measured.memory_bytes) is not None
    )


def energies(findings: Findings) -> tuple[Pair, ...]:
    """In nJ of one inference, of configurations."""
    return tuple(
        Pair(each.name, "configuration", predicted * 1e6, measured * 1e6, _energies(each.measured))
        for each in findings.outcomes
        if (predicted := each.predicted.energy_mj) is not None
        and (measured := each.measured.energy_mj) is not None
    )


def _interval(outcome: Outcome) -> tuple[float, float] | None:
    if outcome.timing is None:
        return None
    low, high = outcome.timing.summary.median_low, outcome.timing.summary.median_high
    return None if low is None or high is None else (low, high)


def _energies(measured: ScoreRecord) -> tuple[float, float] | None:
    low, high = measured.energy_low_mj, measured.energy_high_mj
    return None if low is None or high is None else (low * 1e6, high * 1e6)
