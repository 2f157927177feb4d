"""Scores of records beside each other, and whether they differ by more than chance.

Where both records hold the answers to the same samples, McNemar's test decides
(:mod:`kenning_lego.stats.mcnemar`); where they hold shares of right answers alone, the interval of
the shares' difference (:mod:`kenning_lego.stats.proportions`). Each decision is made at a level
that keeps the confidence for all together (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import NO_ANSWER, PipelinesRecord
from kenning_lego.core.records import ConfigurationRecord, NetworkRecord, RunRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.stats.mcnemar import Paired
from kenning_lego.stats.proportions import difference_interval, paired_interval

_SHARES_OF_SAMPLES = frozenset({"top1", "top5", "accuracy"})
"""Metrics that are shares of samples, of which chance is known."""

Basis = Literal["paired", "shares", "none"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of one record.

    Args:
        metric: its name.
        higher_is_better: of the metric.
        score: in the metric's units.
        of: what was scored: samples of another set are not compared.
        samples: of which the score is a share; None where it is none.
        answers: whether each sample was answered rightly, by its number; where known.
    """

    metric: str
    higher_is_better: bool
    score: float
    of: str
    samples: int | None = None
    answers: Mapping[int, bool] | None = None


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """How another record's score differs from the first one's.

    Args:
        change: the other score minus the first, in the metric's units; None if they are not
            comparable.
        basis: of the interval.
        low: lower bound; None without a basis.
        high: upper bound; None without a basis.
        differs: whether they differ by more than chance; None without a basis.
        better: whether the other is the better one, as far as was seen; None if they are equal.
        why: they cannot be compared, or their difference cannot be bounded; empty otherwise.
    """

    change: float | None
    basis: Basis = "none"
    low: float | None = None
    high: float | None = None
    differs: bool | None = None
    better: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score in all records.

    Args:
        name: what was scored.
        scored: in each record, in order; None where it was not.
        differences: of each record but the first; None where one of the two has no score.
    """

    name: str
    scored: tuple[Scored | None, ...]
    differences: tuple[ScoreDifference | None, ...]


def score_rows(sides: Sequence[Side], confidence: float = 0.95) -> tuple[ScoreRow, ...]:
    """All scores that the first record and another one hold.

    Args:
        sides: the records.
        confidence: that nothing is said to differ by chance, for all scores together.
    """
    found = [dict(_scores(each)) for each in sides]
    first, others = found[0], found[1:]
    names = [name for name in first if any(name in each for each in others)]
    decidable = sum(
        _basis(first[name], each[name]) != "none"
        for name in names
        for each in others
        if name in each
    )
    level = 1 - (1 - confidence) / max(1, decidable)
    return tuple(
        ScoreRow(
            name,
            tuple(each.get(name) for each in found),
            tuple(_difference(first[name], each.get(name), level) for each in others),
        )
        for name in names
    )


def _difference(one: Scored, other: Scored | None, confidence: float) -> ScoreDifference | None:
    if other is None:
        return None
    why = _apart(one, other)
    if why:
        return ScoreDifference(None, why=why)
    change = other.score - one.score
    match _basis(one, other):
        case "paired":
            return _paired(one.answers or {}, other.answers or {}, confidence)
        case "shares":
            bounds = difference_interval(
                one.score, one.samples or 1, other.score, other.samples or 1, confidence
            )
            differs = bounds.low > 0 or bounds.high < 0
            better = _better(one, change)
            return ScoreDifference(change, "shares", bounds.low, bounds.high, differs, better)
        case _:
            why = "not a share of samples"
            return ScoreDifference(change, better=_better(one, change), why=why)


def _paired(
    one: Mapping[int, bool], other: Mapping[int, bool], confidence: float
) -> ScoreDifference:
    both = one.keys() & other.keys()
    paired = Paired(
        sum(one[number] and not other[number] for number in both),
        sum(other[number] and not one[number] for number in both),
    )
    bounds = paired_interval(paired, len(both), confidence)
    change = (paired.only_second - paired.only_first) / len(both)
    differs = paired.p_value <= 1 - confidence
    better = None if change == 0 else change > 0
    return ScoreDifference(change, "paired", bounds.low, bounds.high, differs, better)


def _basis(one: Scored, other: Scored) -> Basis:
    if _apart(one, other):
        return "none"
    if one.answers and other.answers and one.answers.keys() & other.answers.keys():
        return "paired"
    return "shares" if one.samples and other.samples else "none"


def _apart(one: Scored, other: Scored) -> str:
    """Why two scores are not of the same thing; empty if they are."""
    if one.metric != other.metric or one.higher_is_better != other.higher_is_better:
        return f"other metrics: {one.metric} and {other.metric}"
    if one.of != other.of:
        return f"other samples: {one.of} and {other.of}"
    return ""


def _better(scored: Scored, change: float) -> bool | None:
    return None if change == 0 else (change > 0) == scored.higher_is_better


def _scores(side: Side) -> Iterator[tuple[str, Scored]]:
    match side.record:
        case RunRecord() as run:
            for each in run.configurations:
                if each.measured is not None and each.measured.score is not None:
                    yield each.name, _of_configuration(run.network, each, each.measured.score)
            yield from _of_network(run.network)
        case OptimisationRecord() as search:
            yield from _of_candidates(search)
            yield from _of_network(search.network)
        case TrainingRecord() as training:
            yield from _of_training(training)
        case PipelinesRecord() as pipelines:
            yield from _of_frames(pipelines)


def _scored(
    metric: str, higher: bool, score: float, of: tuple[str, str], samples: int | None
) -> Scored:
    plain = metric.lower().replace("-", "").replace("_", "")
    is_share = plain in _SHARES_OF_SAMPLES and 0 <= score <= 1 and samples
    return Scored(metric, higher, score, " of ".join(of), samples if is_share else None)


def _of_network(network: NetworkRecord) -> Iterator[tuple[str, Scored]]:
    """Of the network before anything was done to it, on the host."""
    for part, score in (("validation", network.validation_score), ("test", network.test_score)):
        if score is not None:
            yield (
                f"network, {part} part",
                _scored(
                    network.metric,
                    network.higher_is_better,
                    score,
                    (part, network.dataset),
                    network.samples.get(part),
                ),
            )


def _of_configuration(
    network: NetworkRecord, configuration: ConfigurationRecord, score: float
) -> Scored:
    classified = configuration.classification
    samples = sum(classified.samples) if classified else network.samples.get("test")
    of = "test", network.dataset
    return _scored(network.metric, network.higher_is_better, score, of, samples)


def _of_candidates(search: OptimisationRecord) -> Iterator[tuple[str, Scored]]:
    network = search.network
    for each in search.candidates:
        if each.score is not None:
            of = f"{search.scored_on} of validation", network.dataset
            higher = network.higher_is_better
            yield (
                f"{each.name}, validation part",
                _scored(network.metric, higher, each.score, of, search.scored_on),
            )


def _of_training(training: TrainingRecord) -> Iterator[tuple[str, Scored]]:
    scores = {"validation": training.validation_score, "test": training.test_score}
    for part, score in scores.items():
        samples, of = training.samples.get(part), (part, training.dataset)
        higher = training.higher_is_better
        yield f"{part} part", _scored(training.metric, higher, score, of, samples)


def _of_frames(record: PipelinesRecord) -> Iterator[tuple[str, Scored]]:
    for each in record.pipelines:
        answers = {
            number: right == 1
            for number, right in zip(each.frames.number, each.frames.correct, strict=False)
            if right != NO_ANSWER
        }
        if answers:
            share = sum(answers.values()) / len(answers)
            name = f"{each.name}, right answers"
            yield name, Scored("accuracy", True, share, each.source, len(answers), answers)
