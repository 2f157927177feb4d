"""Every compiler with every runtime: compiled, shipped, scored and timed through the server.

Trained ResNets for CIFAR-10 must keep their top-1. MobileNetV2 has no trained weights here, so of
it is told how often it gives the class that torch gives.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.bench_record import Metric
from benchmarks.deployment_compilers import CALIBRATION, COMPILERS, allowed_points, source_of
from benchmarks.deployment_places import Place, places
from benchmarks.samples import median
from benchmarks.trained import CHECKPOINTS, Cifar10, load_cifar10
from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.samples import samples_of
from kenning_lego.core.errors import KenningLegoError, MissingDependencyError
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.models.lookup import load_model
from kenning_lego.store.artifacts import digest_of

_MOBILENET = "mobilenet-v2-cifar10"
_WITHOUT = ("onnx_extended", "onnx_int8_dynamic")
"""Operators of ONNX Runtime's own, or that OpenVINO lacks."""
_OPTIONS: Mapping[str, Mapping[str, bool]] = {"litert_int8_borders": {"float_io": True}}
"""Of the engine: a network that takes integers is given floats, which the target converts."""
_BATCH = 100


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network and what torch makes of the images that it is scored on.

    Args:
        name: a short one.
        module: in evaluation mode.
        trained: whether its top-1 means anything.
        images: (samples, 3, 32, 32).
        labels: of the images.
        classes: that torch gives.
    """

    name: str
    module: torch.nn.Module
    trained: bool
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Row:
    """One artifact on one engine.

    Args:
        pair: the compiler's label and the engine's.
        size_mb: of the artifact.
        loss: percentage points of top-1 below torch's.
        agreement: share of images, in per cent, that get torch's class.
        allowed: points that may be lost.
        target_ms: median of a call on the target's clock.
        bare_ms: median of the engine's own call.
        fidelity: our call over the engine's, in turn in one process.
    """

    pair: str
    size_mb: float
    loss: float
    agreement: float
    allowed: float
    target_ms: float
    bare_ms: float
    fidelity: float


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Deploy everything on everything.

    Args:
        directory: for artifacts and the targets' stores.
        quick: ResNet-20 and MobileNetV2 on 300 images, instead of ResNet-56 too, the trained ones
            on all 10,000 test images and MobileNetV2 on the first 1,000; shorter timings.

    Returns:
        Nothing where the networks or the images are not at hand.
    """
    data = load_cifar10()
    if data is None:
        print("matrix: the trained networks or the images are not at hand", file=sys.stderr)
        return []
    metrics: list[Metric] = []
    with ExitStack() as stack:
        where = places(directory, stack)
        for network in _networks(data, quick=quick):
            made = dict(_compiled(network, data))
            rows, failed = _deploy(network, made, where, directory, quick=quick)
            print(_table(network, rows))
            metrics += _metrics(network, rows, failed, quick=quick)
    return metrics


def _networks(data: Cifar10, *, quick: bool) -> Iterator[Network]:
    names = ["resnet20-cifar10", *([] if quick else ["resnet56-cifar10"]), _MOBILENET]
    for name in names:
        torch.manual_seed(0)
        module = load_model(name, CHECKPOINTS.get(name))
        if name == _MOBILENET:
            _settle(module, data)
        count = 300 if quick else 1000 if name == _MOBILENET else len(data.test)
        images, labels = data.test.images[:count], data.test.labels[:count]
        with torch.no_grad():
            parts = [module(torch.from_numpy(images[i : i + _BATCH])) for i in range(0, count, 100)]
        classes = torch.cat(parts).argmax(1).numpy()
        short = name.removesuffix("-cifar10")
        yield Network(short, module, name in CHECKPOINTS, images, labels, classes)


def _settle(module: torch.nn.Module, data: Cifar10) -> None:
    """Give normalisations the statistics of real images, so that classes differ."""
    for each in module.modules():
        if isinstance(each, torch.nn.BatchNorm2d):
            each.momentum = None
    module.train()
    with torch.no_grad():
        module(torch.from_numpy(data.train.images[:500]))
    module.eval()


def _compiled(network: Network, data: Cifar10) -> Iterator[tuple[str, CompiledArtifact]]:
    source = source_of(network.module, samples_of(data.train.images[:CALIBRATION]), data)
    for label, compiler in COMPILERS.items():
        try:
            yield label, compiler.compile(source)
        except MissingDependencyError as error:
            print(f"left out: {error}", file=sys.stderr)


def _deploy(
    network: Network,
    made: Mapping[str, CompiledArtifact],
    where: Sequence[Place],
    directory: Path,
    *,
    quick: bool,
) -> tuple[list[Row], Counter[str]]:
    """All that runs, and how many pairs did not: an engine's own, and ONNX files in OpenVINO."""
    rows, failed = [], Counter[str]()
    for place in where:
        fitting = {
            label: artifact.content
            for label, artifact in made.items()
            if artifact.format in place.formats
            and not (place.label == "openvino" and label in _WITHOUT)
        }
        for label, content in fitting.items():
            try:
                rows.append(_row(network, place, label, content, directory, quick=quick))
            except KenningLegoError as error:
                guest = place.label == "openvino" and label.startswith("onnx")
                failed["guests" if guest else "own"] += 1
                print(f"{network.name} {label} on {place.label}: {error}", file=sys.stderr)
    return rows, failed


def _row(
    network: Network, place: Place, label: str, content: bytes, directory: Path, *, quick: bool
) -> Row:
    begin = time.monotonic()
    path, digest = directory / "artifact", digest_of(content)
    path.write_bytes(content)
    with place.server.connect() as client:
        client.upload(path, digest)
        options = _OPTIONS.get(label, {})
        client.compose([digest], runtime=place.engine, options=options)
        found = []
        for image in network.images:
            (output,), _ = client.infer([image.tobytes()])
            found.append(int(np.frombuffer(output, np.float32).argmax()))
        seconds = 1.0 if quick else 10.0
        items = (PlanItem("call", (digest,)),)
        client.measure(Plan(items, runtime=place.engine, options=options, max_seconds=seconds))
        timed = next(m for m in client.statistics().measurements if m.name == "call")
    turns = place.turns(path, 10 if quick else 50, 3 if quick else 10)
    classes = np.array(found)
    print(
        f"{network.name} {label} on {place.label}: {time.monotonic() - begin:.0f} s",
        file=sys.stderr,
        flush=True,
    )
    return Row(
        f"{label}_on_{place.label}",
        len(content) / 1e6,
        _share(network.classes, network.labels) - _share(classes, network.labels),
        _share(classes, network.classes),
        allowed_points(COMPILERS[label]),
        median(timed.samples_ns) / 1e6,
        turns.bare_ms,
        turns.fidelity,
    )


def _share(found: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    return 100 * float(np.mean(found == expected))


def _metrics(
    network: Network, rows: Sequence[Row], failed: Counter[str], *, quick: bool
) -> Iterator[Metric]:
    """Losses on few images are told and not judged."""
    yield Metric(f"{network.name}_matrix_images", len(network.images), "images")
    yield Metric(f"{network.name}_matrix_pairs", len(rows), "pairs")
    yield Metric(f"{network.name}_matrix_failed", failed["own"], "pairs", at_most=0)
    # OpenVINO's own compiler is the way there; what it makes of others' files is told.
    yield Metric(f"{network.name}_matrix_failed_guests", failed["guests"], "pairs")
    fastest = min(row.target_ms for row in rows)
    for row in rows:
        name = f"{network.name}_{row.pair}"
        if network.trained:
            at_most = None if quick else row.allowed
            yield Metric(f"{name}_top1_loss", row.loss, "points", at_most=at_most)
        else:
            yield Metric(f"{name}_agreement", row.agreement, "%")
        yield Metric(f"{name}_latency", row.target_ms, "ms", peer=row.bare_ms)
        yield Metric(f"{name}_over_fastest", row.target_ms / fastest, "x")
        yield Metric(f"{name}_fidelity", row.fidelity, "x", at_most=1.02)


def _table(network: Network, rows: Sequence[Row]) -> str:
    """Speeds in one table, the fastest first."""
    fastest = min(row.target_ms for row in rows)
    head = f"{'':38}{'MB':>7}{'ms':>9}{'x fastest':>11}{'bare ms':>9}{'fidelity':>10}"
    head += f"{'top-1 loss':>12}{'agree %':>9}"
    lines = [
        f"{row.pair:38}{row.size_mb:7.2f}{row.target_ms:9.3f}"
        f"{row.target_ms / fastest:11.2f}{row.bare_ms:9.3f}{row.fidelity:10.3f}"
        f"{row.loss if network.trained else float('nan'):12.2f}{row.agreement:9.2f}"
        for row in sorted(rows, key=lambda each: each.target_ms)
    ]
    title = f"{network.name}, {len(network.images)} images, one thread"
    return "\n".join([title, head, *lines])
