"""Whether claims about latencies hold: bounds cover, disturbed runs are told from quiet ones.

Sources and disturbances are synthetic (:mod:`benchmarks.synthetic`), so the truth is known.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from benchmarks import synthetic
from benchmarks.bench_record import Metric
from benchmarks.synthetic import SOURCES, Floats, Slowdown
from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.percentiles import CLAIMED, percentiles
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.verdict import judge_plan

TRIALS = 5000
RUNS = 400
_CONFIDENCE = 0.95
_ASKED = 0.01
_ERRORS = 3.0
"""Standard errors below nominal that count as significant: about 1 in 700 by chance."""


def tail_claims(trials: int = TRIALS, *, count: int = 500, seed: int = 0) -> list[Metric]:
    """Coverage of every claimed percentile, of the worst source of each; and how many claim it.

    Args:
        trials: series of each source.
        count: samples of each.
        seed: of the samples.
    """
    metrics = []
    covered: dict[float, list[tuple[float, int]]] = {quantile: [] for quantile in CLAIMED}
    for number, source in enumerate(SOURCES.values()):
        rng = np.random.default_rng([seed, number])
        truths = source(np.array(CLAIMED))
        held, claimed = _claims(synthetic.drawn(rng, source, trials, count), truths)
        for quantile in CLAIMED:
            covered[quantile].append((held[quantile] / claimed[quantile], claimed[quantile]))
    for quantile, each in covered.items():
        worst, claims = min(each)
        metrics.append(
            Metric(
                f"tail_claims_p{quantile * 100:g}",
                worst,
                "share",
                at_least=_not_below(_CONFIDENCE, claims),
            )
        )
        share = min(claims for _, claims in each) / trials
        metrics.append(Metric(f"tail_claimed_p{quantile * 100:g}", share, "share"))
    return metrics


def median_claims(trials: int = TRIALS, *, rounds: int = 200, seed: int = 0) -> list[Metric]:
    """Coverage of the median's interval: independent rounds, and rounds correlated by 0.6."""
    metrics = []
    for name, correlation in (("independent", 0.0), ("correlated", 0.6)):
        shares = []
        for number, source in enumerate(SOURCES.values()):
            rng = np.random.default_rng([seed, number])
            truth = float(source(np.array([0.5]))[0])
            held = 0
            for series in synthetic.drawn(rng, source, trials, rounds, correlation):
                found = median_of_rounds(Rounds.of(series), _CONFIDENCE)
                held += found is not None and found.low <= truth <= found.high
            shares.append(held / trials)
        # Blocks are an approximation: 1 % is allowed for it.
        bound = _not_below(_CONFIDENCE - 0.01, trials)
        metrics.append(Metric(f"median_claims_{name}", min(shares), "share", at_least=bound))
    return metrics


def verdict_recall(runs: int = RUNS, *, rounds: int = 200, seed: int = 0) -> list[Metric]:
    """Share of disturbed runs that are not called stable, and of quiet ones that are flagged.

    Each disturbance is injected into plans of one item and of ten, with a reference.
    """
    bounds: dict[str, tuple[Slowdown, float | None, float | None]] = {
        "drift": (synthetic.drift, 0.95, None),
        "frequency": (synthetic.frequency, 0.95, None),
        "bursts": (synthetic.bursts, 0.95, None),
        "false_alarms": (synthetic.quiet, None, 0.05),
    }
    metrics = []
    for number, (name, (slowdown, least, most)) in enumerate(bounds.items()):
        rng = np.random.default_rng([seed, number])
        flagged = sum(
            _flagged(rng, slowdown, items, rounds) for items in (1, 10) for _ in range(runs // 2)
        )
        share = flagged / (runs // 2 * 2)
        metrics.append(
            Metric(f"simulated_verdict_{name}", share, "share", at_most=most, at_least=least)
        )
    return metrics


def _claims(trials: Floats, truths: Floats) -> tuple[Counter[float], Counter[float]]:
    held: Counter[float] = Counter()
    claimed: Counter[float] = Counter()
    for series in trials:
        found = percentiles(Rounds.of(series), CLAIMED, _CONFIDENCE)
        for each, truth in zip(found, truths, strict=True):
            if each.estimate is not None:
                claimed[each.quantile] += 1
                held[each.quantile] += each.estimate.low <= truth <= each.estimate.high
    return held, claimed


def _flagged(rng: np.random.Generator, slowdown: Slowdown, items: int, rounds: int) -> bool:
    happening = slowdown(rng, rounds)
    series = synthetic.noise(rng, items, rounds) * happening
    reference = synthetic.noise(rng, 1, rounds)[0] * happening
    verdict = judge_plan(
        {str(index): Rounds.of(each) for index, each in enumerate(series)},
        asked=_ASKED,
        reference=Rounds.of(reference),
    )
    return verdict.plan.name != "stable"


def _not_below(nominal: float, trials: int) -> float:
    return nominal - _ERRORS * math.sqrt(nominal * (1 - nominal) / trials)
