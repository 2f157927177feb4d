"""What each variant costs in accuracy, estimated from composed networks.

Three environments are scored, and every network that differs from one of them in one block: all
blocks original, all at their middle ratio, all at their largest (Han et al., LegoDNN, MobiCom
2021). Costs are read from these scores (:mod:`.cost_estimates`), and compared with random
configurations that took no part.
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

from kenning_lego.blocks.accuracy.compositions import (
    Choice,
    Composition,
    Metric,
    Samples,
    batch_size,
    score_neighbours,
    score_whole,
)
from kenning_lego.blocks.accuracy.cost_estimates import Estimate, estimates
from kenning_lego.blocks.accuracy.evaluation import Prepared, prepare
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import ProfileConfig
from kenning_lego.blocks.variants.variants import Variants
from kenning_lego.core.errors import ModelError
from kenning_lego.core.records import AccuracyRecord, ComposedScoreRecord, ScoreErrorsRecord
from kenning_lego.training.progress import OnProgress

_SHARES = (0.0, 0.5, 1.0)
"""Which of a block's variants makes an environment: the first, the middle, the last."""


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
    names = [[each.name for each in several] for several in variants.values()]
    estimate, means = estimates(names, scored, samples, settings.estimator)
    original = scored[0][0].score
    record = _record(estimate, means, original, real, metric, prepared)
    return AccuracyProfile(estimate.costs, record)


def _record(
    estimate: Estimate,
    means: Estimate,
    original: float,
    real: Sequence[Composition],
    metric: Metric,
    prepared: Prepared,
) -> AccuracyRecord:
    runs = tuple(
        ComposedScoreRecord(
            variants=run.variants,
            predicted=estimate.score(run.variants, original, metric),
            means=means.score(run.variants, original, metric),
            score=run.score,
        )
        for run in real
    )
    return AccuracyRecord(
        metric=metric.name,
        estimator="means" if estimate is means else "fitted",
        unit=estimate.law.unit,
        power=estimate.law.power,
        original=original,
        precision=prepared.precision,
        deviation=prepared.deviation,
        runs=runs,
        errors=_errors([each.predicted - each.score for each in runs]),
        means_errors=_errors([each.means - each.score for each in runs]),
    )


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
