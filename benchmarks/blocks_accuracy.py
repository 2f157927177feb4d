"""The accuracy profile: how fast it is, and how well it predicts composed networks.

Speed is that of ResNet-18 for CIFAR with random weights, against composing every network anew, in
turn on the same images and with the same three environments. Predictions are for ResNet-20 and
ResNet-56, trained by others; of CIFAR-10's training images, which are 6,000, 5,000 retrain the
variants and 1,000 choose their epochs, half of the test images is profiled on, and predictions are
compared with what random configurations score on that half, in float32, and on the other.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.bench_record import Metric
from benchmarks.trained import CHECKPOINTS, Cifar10, load_cifar10
from kenning_lego.blocks.accuracy.compositions import (
    Choice,
    Samples,
    batch_size,
    score_neighbours,
    score_whole,
)
from kenning_lego.blocks.accuracy.evaluation import Precision, Prepared, prepare
from kenning_lego.blocks.accuracy.profile import environments, profile_accuracy
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import ProfileConfig, RetrainConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.retraining.retrain import retrain
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.core.records import AccuracyRecord
from kenning_lego.datasets.base import Part
from kenning_lego.metrics.classification import TOP1
from kenning_lego.models.lookup import load_model

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
CONFIGURATIONS = 40
_RETRAINED_ON = 5000
_EPOCHS = {"resnet20-cifar10": 15, "resnet56-cifar10": 4}
"""The smaller network has less to spare: its variants need longer to come near its blocks."""
_POINTS = 100.0
_PRECISIONS: tuple[Precision, ...] = ("auto", "float32")


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Speed, and how far predictions are off where the trained networks are at hand.

    Args:
        directory: not used; nothing is kept.
        quick: fewer images and epochs, and only the smaller network.
    """
    del directory
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        metrics = _speed(rounds=1 if quick else 3, images=16 if quick else 32)
        data = load_cifar10()
        if data is None:
            print("accuracy_error: the trained networks are not at hand", file=sys.stderr)
            return metrics
        names = list(CHECKPOINTS)[: 1 if quick else None]
        return [*metrics, *_predictions([_predict(name, data, quick=quick) for name in names])]
    finally:
        torch.set_num_threads(threads)


def _speed(rounds: int, images: int) -> list[Metric]:
    chain, variants = _cut("resnet18-cifar100", None)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((rounds, images, 3, 32, 32), dtype=np.float32)
    labels = rng.integers(0, 100, images)
    size = batch_size(chain, ProfileConfig().activations_mb)
    ways: dict[str, Prepared] = {
        precision: prepare(chain, variants, inputs[0], size, precision) for precision in _PRECISIONS
    }
    seconds = dict.fromkeys(("from scratch", *ways), 0.0)
    for each in inputs:
        samples = Samples(each, labels, TOP1)
        seconds["from scratch"] += _timed_from_scratch(chain, variants, samples, size)
        for name, prepared in ways.items():
            seconds[name] += _timed(prepared, samples, size)
    scratch = seconds["from scratch"]
    return [
        Metric("profile_speedup", scratch / seconds["auto"], "x", at_least=4.0),
        Metric("profile_speedup_float32", scratch / seconds["float32"], "x"),
        Metric("profile_ms_per_image", seconds["auto"] / rounds / images * 1e3, "ms"),
    ]


def _timed(prepared: Prepared, samples: Samples, size: int) -> float:
    begin = time.perf_counter()
    for environment in environments(prepared.variants):
        score_neighbours(prepared, environment, samples, size, _ignore)
    return time.perf_counter() - begin


def _timed_from_scratch(chain: Chain, variants: Variants, samples: Samples, size: int) -> float:
    """Every network whole, as it was cut, with batches of the same size."""
    plain = Prepared(chain, variants, "float32")
    choices: list[Choice] = []
    for environment in environments(variants):
        choices.append(environment)
        choices += [
            {**environment, name: each}
            for name, several in variants.items()
            for each in several
            if each is not environment[name]
        ]
    begin = time.perf_counter()
    score_whole(plain, choices, samples, size, _ignore)
    return time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Errors in points: of our costs and of mean losses, on the same images and on others."""

    name: str
    fitted: NDArray[np.float64]
    means: NDArray[np.float64]
    other: NDArray[np.float64]
    floor: NDArray[np.float64]
    loss: float
    precision_gap: float
    """The largest difference that the profile's precision makes to a score, in points."""
    seconds: float


def _predict(name: str, data: Cifar10, *, quick: bool) -> _Outcome:
    chain, variants = _cut(name, CHECKPOINTS[name])
    kept = slice(500) if quick else slice(_RETRAINED_ON)
    config = RetrainConfig(epochs=1 if quick else _EPOCHS[name], batch_size=64)
    images = data.train.images
    retrain(chain, variants, images[kept], images[_RETRAINED_ON:], config)
    half = 500 if quick else len(data.test) // 2
    same, other = (data.test.take(range(start, start + half)) for start in (0, half))
    profile = ProfileConfig(check_runs=CONFIGURATIONS)
    begin = time.perf_counter()
    record = profile_accuracy(chain, variants, same.images, same.labels, TOP1, profile).record
    seconds = time.perf_counter() - begin
    size = batch_size(chain, profile.activations_mb)
    real = _real(prepare(chain, variants, same.images, size, "float32"), record, same, size)
    fast = prepare(chain, variants, same.images, size, record.precision)
    elsewhere = _real(fast, record, other, size)
    predicted = np.array([each.predicted for each in record.runs])
    means = np.array([each.means for each in record.runs])
    return _Outcome(
        name.partition("-")[0],
        (predicted - real) * _POINTS,
        (means - real) * _POINTS,
        (predicted - elsewhere) * _POINTS,
        (real - elsewhere) * _POINTS,
        float(record.original - real.mean()) * _POINTS,
        float(np.max(np.abs(real - [each.score for each in record.runs]))) * _POINTS,
        seconds,
    )


def _real(prepared: Prepared, record: AccuracyRecord, part: Part, size: int) -> NDArray[np.float64]:
    """Scores of the configurations that the profile was checked with."""
    every = {each.name: each for several in prepared.variants.values() for each in several}
    choices: list[Choice] = [
        {every[name].block: every[name] for name in run.variants} for run in record.runs
    ]
    samples = Samples(part.images, part.labels, TOP1)
    scored = score_whole(prepared, choices, samples, size, _ignore)
    return np.array([each.score for each in scored])


def _predictions(outcomes: Sequence[_Outcome]) -> list[Metric]:
    """The worst of the networks is what is asked about; mean losses, LegoDNN's, beside it."""
    medians = [float(np.median(np.abs(each.fitted))) for each in outcomes]
    tails = [float(np.quantile(np.abs(each.fitted), 0.95)) for each in outcomes]
    peers = [float(np.median(np.abs(each.means))) for each in outcomes]
    peer_tails = [float(np.quantile(np.abs(each.means), 0.95)) for each in outcomes]
    metrics = [
        Metric("accuracy_error_median", max(medians), "points", at_most=0.5, peer=max(peers)),
        Metric("accuracy_error_p95", max(tails), "points", at_most=1.5, peer=max(peer_tails)),
    ]
    for each, middle, tail, peer, peer_tail in zip(
        outcomes, medians, tails, peers, peer_tails, strict=True
    ):
        said = f"accuracy_error_{each.name}"
        metrics += [
            Metric(f"{said}_median", middle, "points", peer=peer),
            Metric(f"{said}_p95", tail, "points", peer=peer_tail),
            Metric(f"{said}_bias", float(each.fitted.mean()), "points"),
            Metric(f"{said}_other_images", float(np.median(np.abs(each.other))), "points"),
            Metric(f"{said}_other_floor", float(np.median(np.abs(each.floor))), "points"),
            Metric(f"accuracy_loss_{each.name}", each.loss, "points"),
            Metric(f"profile_precision_gap_{each.name}", each.precision_gap, "points"),
            Metric(f"profile_s_{each.name}", each.seconds, "s"),
        ]
    return metrics


def _cut(name: str, checkpoint: Path | None) -> tuple[Chain, Variants]:
    torch.manual_seed(0)
    chain = extract(load_model(name, checkpoint), torch.zeros(1, 3, 32, 32), count=8)
    return chain, make_variants(chain, RATIOS)


def _ignore() -> None:
    """Progress is not shown."""
