"""From scores of composed networks to accuracy costs of variants; two ways.

* ``means``, LegoDNN's: the mean over the environments of the score with the original in the
  block minus the score with the variant there. Costs are losses that add up.
* ``fitted``: the costs that, added up by the law of :mod:`kenning_lego.stats.quality_law`, come
  closest to all these scores at once. With b the distance of a score from a perfect one and b0
  the original's, ((b / b0)^p - 1) / p of a network is taken for a sum over its blocks, found by
  least squares; a variant's cost is b0 times its share. Of the powers p, 0 to 1, that is taken
  which comes nearest to the scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.compositions import Composition, Metric, Samples
from kenning_lego.stats.quality_law import QualityLaw

Floats = NDArray[np.float64]

_POWERS = tuple(step / 10 for step in range(11))

_HALF = 0.5
"""Of a sample: added to distances, since a perfect score has no logarithm."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Costs by variant name, and how they combine to a network's loss."""

    costs: Mapping[str, float]
    law: QualityLaw

    def score(self, variants: Sequence[str], original: float, metric: Metric) -> float:
        """What the network of these variants is predicted to score."""
        low, high = metric.limits
        loss = self.law.loss(math.fsum(self.costs[name] for name in variants))
        return min(max(original - sign_of(metric) * loss, low), high)


def estimates(
    names: Sequence[Sequence[str]],
    scored: Sequence[Sequence[Composition]],
    samples: Samples,
    estimator: str,
) -> tuple[Estimate, Estimate]:
    """The estimate that is asked for, and that of mean losses.

    Args:
        names: the variants of each segment, the original first.
        scored: for each environment itself and all its neighbours, that of originals first.
        samples: what was scored on.
        estimator: ``fitted`` or ``means``; a metric without a best score can only have these.
    """
    metric = samples.metric
    means = Estimate(mean_costs(names, scored, sign_of(metric)), QualityLaw())
    low, high = metric.limits
    perfect = high if metric.higher_is_better else low
    if estimator == "means" or not math.isfinite(perfect):
        return means, means
    every = [each for some in scored for each in some]
    span = high - low
    if not math.isfinite(span):
        span = max(abs(perfect - each.score) for each in every) or 1.0
    return Estimate(*fitted_costs(names, every, perfect, _HALF / len(samples.images) * span)), means


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
    names: Sequence[Sequence[str]],
    compositions: Sequence[Composition],
    perfect: float,
    floor: float,
) -> tuple[dict[str, float], QualityLaw]:
    """Costs that explain all scores at once, with distances from a perfect score multiplying.

    Args:
        names: the variants of each segment, the original first.
        compositions: the original first; every variant occurs.
        perfect: the best score that there can be.
        floor: added to the distances from it, so that none is 0.
    """
    distances = np.array([abs(perfect - each.score) for each in compositions]) + floor
    columns = {name: column for column, name in enumerate(_stand_ins(names))}
    present = np.zeros((len(compositions), len(columns)))
    for row, each in enumerate(compositions):
        present[row, [columns[name] for name in each.variants if name in columns]] = 1.0
    unit = float(distances[0])
    _, costs, law = min(
        (_fit(present, distances, QualityLaw(unit, power)) for power in _POWERS),
        key=lambda fit: fit[0],
    )
    found = {name: 0.0 for several in names for name in several}
    found.update({name: float(costs[column]) for name, column in columns.items()})
    return found, law


def _fit(present: Floats, distances: Floats, law: QualityLaw) -> tuple[float, Floats, QualityLaw]:
    """How far the scores are off, as a mean square, with the costs that fit them best."""
    losses = distances - distances[0]
    wanted = np.array([law.cost(loss) for loss in losses])
    costs = np.linalg.lstsq(present, wanted, rcond=None)[0]
    explained = np.array([law.loss(cost) for cost in present @ costs])
    return float(np.mean((explained - losses) ** 2)), costs, law


def _stand_ins(names: Sequence[Sequence[str]]) -> list[str]:
    return [name for several in names for name in several[1:]]


def sign_of(metric: Metric) -> float:
    """1 where larger scores are better, else -1."""
    return 1.0 if metric.higher_is_better else -1.0
