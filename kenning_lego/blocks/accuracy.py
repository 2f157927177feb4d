"""What each variant costs in accuracy, estimated from composed networks.

Three environments are scored, and every network that differs from one of them in one block: all
blocks original, all at their middle ratio, all at their largest (Han et al., LegoDNN, MobiCom
2021). Two estimators read costs from these scores:

* ``means``, LegoDNN's: the mean over the environments of the score with the original in the
  block minus the score with the variant there. Costs are losses that add up.
* ``fitted``: the costs that, added up by the law of :mod:`kenning_lego.stats.quality_law`, come
  closest to all these scores at once. With b the distance of a score from a perfect one and b0
  the original's, ln(b / b0) of a network is taken for a sum over its blocks, found by least
  squares; a variant's cost is b0 times its share.

Both are then compared with random configurations that took part in neither.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.compositions import (
    Choice,
    Composition,
    Metric,
    Samples,
    batch_size,
    score_neighbours,
    score_whole,
)
from kenning_lego.blocks.configuration import ProfileConfig
from kenning_lego.blocks.evaluation import Prepared, prepare
from kenning_lego.blocks.variants import Variants
from kenning_lego.core.errors import ModelError
from kenning_lego.core.records import (
    AccuracyRecord,
    ComposedScoreRecord,
    ScoreErrorsRecord,
)
from kenning_lego.stats.quality_law import QualityLaw
from kenning_lego.training.progress import OnProgress

_SHARES = (0.0, 0.5, 1.0)
"""Which of a block's variants makes an environment: the first, the middle, the last."""
_FLOOR = 1e-3
"""Added to distances, as a share of the largest."""


@dataclass(frozen=True, slots=True)
class AccuracyProfile:
    """What variants cost.

    Args:
        costs: by variant name; positive is worse, originals cost 0.
        record: how the costs combine, and how well they predict.
    """

    costs: Mapping[str, float]
    record: AccuracyRecord


def profile_accuracy(
    chain: Chain,
    variants: Variants,
    images: NDArray[np.float32],
    labels: NDArray[Any],
    metric: Metric,
    config: ProfileConfig | None = None,
    on_progress: OnProgress | None = None,
) -> AccuracyProfile:
    """Estimate the accuracy cost of every variant, and see how well costs predict.

    Args:
        chain: the original network, with one input and one output.
        variants: stand-ins by segment name, for every segment the original first, then by ratio.
        images: validation images, samples first.
        labels: what the metric compares the outputs with, samples first.
        metric: how good outputs are.
        config: how; the defaults if None.
        on_progress: called with batches done, batches in all, and a line for people.

    Raises:
        ModelError: the chain has several inputs or outputs, there are no images, or a score is
            not a number.
    """
    settings = config or ProfileConfig()
    if len(chain.inputs) != 1 or len(chain.outputs) != 1:
        raise ModelError(
            "profiling the accuracy takes networks with one input and one output, this has "
            f"{len(chain.inputs)} and {len(chain.outputs)}",
            "wrap the network so that it takes a tensor and returns its scores alone",
        )
    if not len(images) or len(images) != len(labels):
        raise ModelError(
            f"{len(images)} images with {len(labels)} labels", "give one or more, one label each"
        )
    samples = Samples(images, labels, metric)
    size = batch_size(chain, settings.activations_mb)
    prepared = prepare(chain, variants, images, size, settings.precision)
    surroundings = environments(prepared.variants)
    checks = _random_choices(prepared, settings.check_runs, settings.seed)
    total = (len(surroundings) + len(checks)) * len(samples.batches(size))
    done = 0

    def on_batch() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total, "profiling accuracy")

    scored = [score_neighbours(prepared, each, samples, size, on_batch) for each in surroundings]
    real = score_whole(prepared, checks, samples, size, on_batch)
    return _estimate(variants, scored, real, metric, settings, prepared)


def _estimate(
    variants: Variants,
    scored: Sequence[Sequence[Composition]],
    real: Sequence[Composition],
    metric: Metric,
    settings: ProfileConfig,
    prepared: Prepared,
) -> AccuracyProfile:
    names = [[each.name for each in several] for several in variants.values()]
    sign = 1.0 if metric.higher_is_better else -1.0
    means, plain = mean_costs(names, scored, sign), QualityLaw()
    original = scored[0][0].score
    perfect = metric.limits[1 if metric.higher_is_better else 0]
    costs, law = means, plain
    if settings.estimator == "fitted" and math.isfinite(perfect):
        costs, law = fitted_costs(names, [each for some in scored for each in some], perfect)

    def predict(run: Composition, by: Mapping[str, float], how: QualityLaw) -> float:
        low, high = metric.limits
        loss = how.loss(math.fsum(by[name] for name in run.variants))
        return min(max(original - sign * loss, low), high)

    runs = tuple(
        ComposedScoreRecord(
            variants=run.variants,
            predicted=predict(run, costs, law),
            means=predict(run, means, plain),
            score=run.score,
        )
        for run in real
    )
    record = AccuracyRecord(
        metric=metric.name,
        estimator="means" if law == plain else "fitted",
        unit=law.unit,
        original=original,
        precision=prepared.precision,
        deviation=prepared.deviation,
        runs=runs,
        errors=_errors([each.predicted - each.score for each in runs]),
        means_errors=_errors([each.means - each.score for each in runs]),
    )
    return AccuracyProfile(costs, record)


def mean_costs(
    names: Sequence[Sequence[str]], scored: Sequence[Sequence[Composition]], sign: float
) -> dict[str, float]:
    """LegoDNN's estimate.

    Args:
        names: the variants of each segment, the original first.
        scored: for each environment itself and all its neighbours.
        sign: 1 where larger scores are better, else -1.
    """
    drops: dict[str, list[float]] = {each: [] for several in names for each in several}
    for compositions in scored:
        environment = compositions[0].variants
        scores = {each.variants: each.score for each in compositions}
        for place, several in enumerate(names):
            here = [
                scores[(*environment[:place], each, *environment[place + 1 :])] for each in several
            ]
            for each, score in zip(several, here, strict=True):
                drops[each].append(sign * (here[0] - score))
    return {name: fmean(several) for name, several in drops.items()}


def fitted_costs(
    names: Sequence[Sequence[str]], compositions: Sequence[Composition], perfect: float
) -> tuple[dict[str, float], QualityLaw]:
    """Costs that explain all scores at once, with distances from a perfect score multiplying.

    Args:
        names: the variants of each segment, the original first.
        compositions: the original first; every variant occurs.
        perfect: the best score that there can be.
    """
    distances = np.array([abs(perfect - each.score) for each in compositions])
    # A perfect score has no logarithm.
    distances += _FLOOR * max(distances.max(), np.finfo(float).tiny)
    columns = {name: column for column, name in enumerate(_stand_ins(names))}
    present = np.zeros((len(compositions), len(columns)))
    for row, each in enumerate(compositions):
        present[row, [columns[name] for name in each.variants if name in columns]] = 1.0
    logarithms = np.log(distances / distances[0])
    found = np.linalg.lstsq(present, logarithms, rcond=None)[0]
    unit = float(distances[0])
    costs = {name: 0.0 for several in names for name in several}
    costs.update({name: unit * float(found[column]) for name, column in columns.items()})
    return costs, QualityLaw(unit)


def _stand_ins(names: Sequence[Sequence[str]]) -> list[str]:
    return [name for several in names for name in several[1:]]


def environments(variants: Variants) -> list[Choice]:
    """One variant a segment: all original, all in the middle, all smallest; each only once."""
    found: list[Choice] = []
    for share in _SHARES:
        environment = {
            name: several[math.ceil(share * (len(several) - 1))]
            for name, several in variants.items()
        }
        if environment not in found:
            found.append(environment)
    return found


def _random_choices(prepared: Prepared, count: int, seed: int) -> list[Choice]:
    """Different configurations, as many as there are at most."""
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    possible = math.prod(len(several) for several in prepared.variants.values())
    found: dict[tuple[str, ...], Choice] = {}
    while len(found) < min(count, possible):
        choice = {name: rng.choice(several) for name, several in prepared.variants.items()}
        found[tuple(each.name for each in choice.values())] = choice
    return list(found.values())


def _errors(signed: Sequence[float]) -> ScoreErrorsRecord | None:
    if not signed:
        return None
    ascending = sorted(map(abs, signed))
    return ScoreErrorsRecord(
        median=median(ascending),
        p95=ascending[math.ceil(0.95 * len(ascending)) - 1],
        bias=fmean(signed),
    )
