"""Whether latencies of blocks add up to the composed network's, and what to add where they do not.

The prediction is a sum over segments. Composed runs on the target show its error. Where it is
biased, up to three terms are fitted to the runs: a constant for every segment (what a border
costs), a factor on the measured latencies (how much warmer or colder the caches are), and a time
for every byte of artifact (weights that stay in a cache, or do not). Each term belongs to a
variant, so that predictions stay sums and every solver can use them.

How many terms the data carries is decided by leave-one-out error. The error after the fit is
that of runs which neither the terms nor their choice have seen (nested leave-one-out: Varma and
Simon, "Bias in error estimation when using cross-validation for model selection", 2006).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from kenning_lego.core.errors import UsageError

RUNS_PER_TERM = 3
"""A term is only fitted with so many runs for each one fitted."""

_TERMS = ("boundary", "scale", "size")
_GAIN = 0.9
"""A further term must bring the leave-one-out error below this share of what it was."""
_HUBER = 1.345
_ROUNDS = 6
_FOLDS = 10
"""Groups of runs, at most, that are left out in turn to choose terms."""
_MB = 1e6

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a variant: its median latency in ms and its artifact's bytes."""

    latency_ms: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ComposedRun:
    """A composed network that was run on the target.

    Args:
        variants: one for every segment, by name, fixed segments included.
        measured_ms: its median latency.
    """

    variants: tuple[str, ...]
    measured_ms: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Prediction minus measurement as shares of the measurement.

    Args:
        runs: how many there are.
        median: of the absolute errors.
        p95: of the absolute errors; the smallest that 95 % of them do not exceed.
        bias: mean of the signed errors; positive is predicted too slow.
    """

    runs: int
    median: float
    p95: float
    bias: float

    @classmethod
    def of(cls, predicted: Sequence[float], measured: Sequence[float]) -> Errors:
        """Errors of at least one prediction."""
        signed = [(p - m) / m for p, m in zip(predicted, measured, strict=True)]
        ascending = sorted(map(abs, signed))
        return cls(
            len(signed),
            float(np.median(ascending)),
            ascending[max(0, math.ceil(0.95 * len(ascending)) - 1)],
            math.fsum(signed) / len(signed),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What is added to the sum of the medians.

    Args:
        boundary_ms: for every segment.
        scale: factor on every measured latency.
        ms_per_mb: for every 10^6 bytes of artifact.
    """

    boundary_ms: float = 0.0
    scale: float = 1.0
    ms_per_mb: float = 0.0

    def predict(self, figures: Sequence[Figures]) -> float:
        """Latency in ms of the network composed of these variants."""
        latency = math.fsum(each.latency_ms for each in figures)
        size = sum(each.size_bytes for each in figures) / _MB
        return self.boundary_ms * len(figures) + self.scale * latency + self.ms_per_mb * size


@dataclass(frozen=True, slots=True)
class Additivity:
    """How well latencies add up, and what to do about it.

    Args:
        terms: to predict with; the plain sum where nothing better is known.
        before: errors of the plain sum.
        after: errors of `terms`, each on runs that took no part in the fit; those of the plain
            sum where no term was fitted.
    """

    terms: Terms
    before: Errors
    after: Errors

    @property
    def fitted(self) -> bool:
        """Whether anything is added to the plain sum."""
        return self.terms != Terms()


def assess(variants: Mapping[str, Figures], runs: Sequence[ComposedRun]) -> Additivity:
    """Compare sums with composed runs, and fit what the runs carry.

    Args:
        variants: figures of every variant by name.
        runs: composed networks; each of as many segments.

    Raises:
        UsageError: there is no run, one has no latency, or names a variant that is not known.
    """
    if not runs:
        raise UsageError("there is no composed run to compare with", "run a few configurations")
    for run in runs:
        unknown = [name for name in run.variants if name not in variants]
        if unknown or not run.measured_ms > 0:
            what = f"the unknown variant {unknown[0]!r}" if unknown else "no latency"
            raise UsageError(f"a composed run has {what}", "measure it with its variants")
    measured = [run.measured_ms for run in runs]
    figures = [[variants[name] for name in run.variants] for run in runs]
    plain = Terms()
    before = Errors.of([plain.predict(each) for each in figures], measured)
    everything = _Data.of(figures, measured)
    terms = _best(everything)
    if terms == plain:
        return Additivity(plain, before, before)
    unseen = [_best(everything.without(index)).predict(each) for index, each in enumerate(figures)]
    after = Errors.of(unseen, measured)
    if _mean_error(unseen, measured) >= _mean_error(
        [plain.predict(each) for each in figures], measured
    ):
        return Additivity(plain, before, before)
    return Additivity(terms, before, after)


def corrected(segments: Sequence[Mapping[str, Figures]], terms: Terms) -> dict[str, float]:
    """Latency of every variant with its share of the terms, in ms by variant name.

    Sums over one variant of each segment are :meth:`Terms.predict`. The constants are shared out
    by the segments' smallest latencies, so that none becomes negative unless all do; then it is 0.

    Args:
        segments: figures by variant name for each segment.
        terms: to add.
    """
    own = [
        {name: max(0.0, terms.predict([each]) - terms.boundary_ms) for name, each in some.items()}
        for some in segments
    ]
    least = [min(each.values()) for each in own]
    total = math.fsum(least)
    constant = terms.boundary_ms * len(segments)
    latencies: dict[str, float] = {}
    for each, smallest in zip(own, least, strict=True):
        share = constant * smallest / total if total > 0 else constant / len(segments)
        latencies.update({name: max(0.0, latency + share) for name, latency in each.items()})
    return latencies


@dataclass(frozen=True, slots=True)
class _Data:
    """Runs as rows: segments, summed latencies in ms, summed sizes in MB; and what was measured."""

    rows: Matrix
    measured: Matrix

    @classmethod
    def of(cls, figures: Sequence[Sequence[Figures]], measured: Sequence[float]) -> _Data:
        rows = [
            (
                len(each),
                math.fsum(one.latency_ms for one in each),
                sum(one.size_bytes for one in each) / _MB,
            )
            for each in figures
        ]
        return cls(np.array(rows, float), np.array(measured, float))

    def without(self, index: int | slice) -> _Data:
        return _Data(np.delete(self.rows, index, 0), np.delete(self.measured, index))

    def predict(self, terms: Terms) -> Matrix:
        factors = np.array([terms.boundary_ms, terms.scale, terms.ms_per_mb])
        return np.asarray(self.rows @ factors)


def _best(data: _Data) -> Terms:
    """The terms that predict left-out runs best; fewer where more bring little."""
    chosen: tuple[str, ...] = ()
    least = _left_out_error(data, ())
    for count in range(1, len(data.measured) // RUNS_PER_TERM + 1):
        found = [(_left_out_error(data, names), names) for names in combinations(_TERMS, count)]
        error, names = min(found, default=(math.inf, ()))
        if error < _GAIN * least:
            least, chosen = error, names
    return _fit(data, chosen)


def _left_out_error(data: _Data, names: tuple[str, ...]) -> float:
    predicted = np.empty_like(data.measured)
    folds = min(_FOLDS, len(predicted))
    for start in range(folds):
        fold = slice(start, None, folds)
        predicted[fold] = data.predict(_fit(data.without(fold), names))[fold]
    return _mean_error(predicted, data.measured)


def _mean_error(predicted: Sequence[float] | Matrix, measured: Sequence[float] | Matrix) -> float:
    return float(np.mean(np.abs(np.asarray(predicted) / np.asarray(measured) - 1.0)))


def _fit(data: _Data, names: tuple[str, ...]) -> Terms:
    """Least squares of the relative errors, with less weight on outliers (Huber, 1964)."""
    if not names:
        return Terms()
    columns = [_TERMS.index(name) for name in names]
    # Relative to the measurement and in units of the columns' means: where the runs cannot tell
    # terms apart, least squares gives the smallest departure from the plain sum.
    means = np.abs(data.rows[:, columns]).mean(axis=0)
    means[means == 0] = 1.0
    features = data.rows[:, columns] / means / data.measured[:, None]
    wanted = 1.0 - data.rows[:, 1] / data.measured
    weights = np.ones(len(wanted))
    found = np.zeros(len(columns))
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        found = np.linalg.lstsq(features * root[:, None], wanted * root, rcond=1e-9)[0]
        errors = np.abs(features @ found - wanted)
        limit = _HUBER * 1.4826 * float(np.median(errors))
        if limit == 0:
            break
        weights = np.minimum(1.0, limit / np.maximum(errors, 1e-15))
    values = dict(zip(names, found / means, strict=True))
    return Terms(
        float(values.get("boundary", 0.0)),
        1.0 + float(values.get("scale", 0.0)),
        float(values.get("size", 0.0)),
    )
