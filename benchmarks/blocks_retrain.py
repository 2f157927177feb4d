"""Retraining the variants: its speed, how well it learns, and the memory that it takes."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench_record import Metric
from benchmarks.plain_distillation import PlainDistillation, losses
from benchmarks.samples import interleave, median
from benchmarks.trained import CHECKPOINTS, training_images
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.retraining.retrain import precisions_of, retrain, students_of
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.models.lookup import load_model
from kenning_lego.training.precision import Precision

RATIOS = (0.0, 0.3, 0.6, 0.8)
_BATCH = 128
_BATCHES = 2
_PEER_MS = 3.1
_PEER_GB = 2.96
_PEER_RATE = 3e-4
_PLAIN_RATE = 3e-3
"""The best of 3e-4, 1e-3, 3e-3 and 1e-2 for plain Adam on these images and epochs."""
_EPOCHS = 3
_NS_PER_MS = 1e6


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Speed and memory on ResNet-18 for CIFAR-100, quality on a trained ResNet-20, one thread.

    Args:
        directory: for the workspace of the run whose memory is measured.
        quick: fewer rounds, images and seeds.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        precision = _precision()
        return [
            Metric("retrain_in_bfloat16", float(precision == "bfloat16"), "share"),
            *_speed(precision, rounds=1 if quick else 5),
            *_quality(precision, seeds=2 if quick else 3, images=200 if quick else 800),
            _memory(directory, images=128 if quick else 512),
        ]
    finally:
        torch.set_num_threads(threads)


def _speed(precision: Precision, rounds: int) -> list[Metric]:
    """Two batches of all variants, in turn with one done plainly, and one as the peer does it.

    The plain ways make steps and nothing else; ours is the whole function, that begins and ends
    a training, too.
    """
    chain, variants = _cut("resnet18-cifar100", None)
    training, validation = np.split(training_images(_BATCHES * _BATCH + 2), [_BATCHES * _BATCH])
    config = RetrainConfig(epochs=1, batch_size=_BATCH, precision=precision)
    plain = PlainDistillation(chain, _cut("resnet18-cifar100", None)[1], _PEER_RATE)
    peer = PlainDistillation(
        chain, _cut("resnet18-cifar100", None)[1], _PEER_RATE, with_originals=True
    )
    tensor = torch.from_numpy(training[:_BATCH])
    times = interleave(
        {
            "ours": lambda: retrain(chain, variants, training, validation, config),
            "plain": lambda: plain.step(tensor),
            "peer": lambda: peer.step(tensor),
        },
        rounds,
        warm_up=1,
    )
    offered = _BATCH * sum(len(variants[each.name]) for each in chain.blocks)
    each_ms = {name: median(of) / _NS_PER_MS / offered for name, of in times.items()}
    each_ms["ours"] /= _BATCHES
    speedup = _median_ratio(times["peer"], times["ours"]) * _BATCHES
    return [
        Metric(
            "retrain_cpu_ms_per_sample_variant", each_ms["ours"], "ms", at_most=0.9, peer=_PEER_MS
        ),
        Metric("retrain_plain_ms_per_sample_variant", each_ms["plain"], "ms"),
        Metric("retrain_peer_way_ms_per_sample_variant", each_ms["peer"], "ms"),
        Metric("retrain_speedup", speedup, "x", at_least=2.8),
    ]


def _median_ratio(slow: Sequence[int], fast: Sequence[int]) -> float:
    """Of the pairs that ran in the same round: what slows the machine down slows down both."""
    return median([one / other for one, other in zip(slow, fast, strict=True)])


def _precision() -> Precision:
    """What most variants are trained in on this machine, if there is enough to train."""
    chain, variants = _cut("resnet18-cifar100", None)
    images = training_images(6000)
    config = RetrainConfig(epochs=6, batch_size=_BATCH)
    found = precisions_of(chain, students_of(variants), [images], config)
    return statistics.mode(found.values())


def _quality(precision: Precision, seeds: int, images: int) -> list[Metric]:
    """Losses in float32 on images that neither way has seen, over orders of the others."""
    training, validation, unseen = np.split(training_images(images + 1500), [images, images + 500])
    checkpoint = (
        CHECKPOINTS["resnet20-cifar10"] if CHECKPOINTS["resnet20-cifar10"].is_file() else None
    )
    ours, plain = [], []
    for seed in range(seeds):
        chain, variants = _cut("resnet20-cifar10", checkpoint)
        config = RetrainConfig(epochs=_EPOCHS, batch_size=32, seed=seed, precision=precision)
        retrain(chain, variants, training, validation, config)
        ours.append(_typical(losses(chain, variants, unseen)))
        chain, variants = _cut("resnet20-cifar10", checkpoint)
        PlainDistillation(chain, variants, _PLAIN_RATE).train(training, _EPOCHS, 32, seed)
        plain.append(_typical(losses(chain, variants, unseen)))
    gap = statistics.mean(ours) - statistics.mean(plain)
    return [
        Metric("retrain_loss_gap", gap / statistics.stdev(plain), "deviations", at_most=1.0),
        Metric("retrain_loss_ratio", math.exp(gap), "x"),
    ]


def _typical(found: Mapping[str, float]) -> float:
    """Mean of logarithms, since losses of blocks differ by orders of magnitude."""
    return statistics.mean(map(math.log, found.values()))


def _memory(directory: Path, images: int) -> Metric:
    """The most that a process takes that goes from the network to profiled variants."""
    command = [sys.executable, "-m", "benchmarks.blocks_memory", str(directory), str(images)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return Metric("peak_memory_GB", float(found.stdout) / 1e9, "GB", at_most=1.5, peer=_PEER_GB)


def _cut(name: str, checkpoint: Path | None) -> tuple[Chain, Variants]:
    torch.manual_seed(0)
    chain = extract(load_model(name, checkpoint), torch.zeros(1, 3, 32, 32), count=8)
    return chain, make_variants(chain, RATIOS)
