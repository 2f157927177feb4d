"""What compiling costs in accuracy: trained ResNets for CIFAR-10 in every format and precision."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.bench_record import Metric
from benchmarks.trained import CHECKPOINTS, Cifar10, load_cifar10
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.opening import open_artifact
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.samples import samples_of
from kenning_lego.compilers.source import CompileSource, Samples
from kenning_lego.compilers.torch_export import TorchExport
from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.models.lookup import load_model

COMPILERS: dict[str, Compiler] = {
    "onnx_fp32": Onnx(),
    "onnx_basic": Onnx(optimise="basic"),
    "onnx_extended": Onnx(optimise="extended"),
    "onnx_fp16": Onnx(precision="fp16"),
    "onnx_int8": Onnx(precision="int8"),
    "onnx_int8_dynamic": Onnx(precision="int8_dynamic"),
    "torch_fp32": TorchExport(),
    "openvino_fp32": OpenVino(),
    "openvino_fp16": OpenVino(precision="fp16"),
    "openvino_int8": OpenVino(precision="int8"),
    "litert_fp32": LiteRt(),
    "litert_fp16": LiteRt(precision="fp16"),
    "litert_int8": LiteRt(precision="int8"),
    "litert_int8_borders": LiteRt(precision="int8", integer_borders=True),
    "litert_int8_dynamic": LiteRt(precision="int8_dynamic"),
}
_FLOAT_POINTS, _INTEGER_POINTS = 0.1, 1.5
"""Percentage points of top-1 that may be lost."""
_USUAL = Onnx(precision="int8", per_channel=False)
"""As other frameworks often quantise: one scale a layer, ranges from noise."""
CALIBRATION, _VALIDATION = 128, 64
_BATCH = 100


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Compile the trained networks and score what comes out on CIFAR-10's test images.

    Args:
        directory: not used; nothing is kept.
        quick: 500 images and ResNet-20 only, instead of 10,000 and both.

    Returns:
        Nothing where the networks or the images are not at hand; compilers whose packages are
        not installed are left out.
    """
    del directory
    data = load_cifar10()
    if data is None:
        return []
    networks = ("resnet20-cifar10",) if quick else tuple(CHECKPOINTS)
    count = 500 if quick else len(data.test)
    return [metric for name in networks for metric in score_network(name, data, count)]


def score_network(name: str, data: Cifar10, count: int) -> Iterator[Metric]:
    """Every compiler's loss of top-1, size, time and gap for one network.

    Args:
        name: of the network, a key of the trained checkpoints.
        data: images.
        count: test images to score on.
    """
    module = load_model(name, CHECKPOINTS[name]).eval()
    images, labels = data.test.images[:count], data.test.labels[:count]
    batches = range(0, count, _BATCH)
    with torch.no_grad():
        parts = [module(torch.from_numpy(images[i : i + _BATCH])).argmax(1) for i in batches]
    original = torch.cat(parts).numpy()
    reference = _points(original, labels)
    source = source_of(module, samples_of(data.train.images[:CALIBRATION]), data)
    short = name.removesuffix("-cifar10")
    yield Metric(f"{short}_torch_top1", reference, "%")
    for label, compiler in COMPILERS.items():
        try:
            compiler.versions()
        except MissingDependencyError:
            continue
        begin = time.perf_counter()
        made = compiler.compile(source)
        elapsed = time.perf_counter() - begin
        found = _classes(made.content, compiler, images)
        peer = None
        if label == "onnx_int8":
            noise = np.random.default_rng(0).standard_normal((CALIBRATION, 3, 32, 32))
            usual = source_of(module, samples_of(noise.astype(np.float32)), data)
            content = _USUAL.compile(usual).content
            peer = reference - _points(_classes(content, _USUAL, images), labels)
        at_most = allowed_points(compiler)
        loss = reference - _points(found, labels)
        prefix = f"{short}_{label}"
        yield Metric(f"{prefix}_top1_loss", loss, "points", at_most=at_most, peer=peer)
        yield Metric(f"{prefix}_agreement", 100 * float(np.mean(found == original)), "%")
        yield Metric(f"{prefix}_cosine", made.gap.cosine, "cosine")
        yield Metric(f"{prefix}_size", len(made.content) / 1e6, "MB")
        yield Metric(f"{prefix}_compile", elapsed, "s")


def allowed_points(compiler: Compiler) -> float:
    """Percentage points of top-1 that a compiler may cost."""
    return _FLOAT_POINTS if compiler.precision in ("fp32", "fp16") else _INTEGER_POINTS


def source_of(module: torch.nn.Module, calibration: Samples, data: Cifar10) -> CompileSource:
    """A network for CIFAR-10 with what it takes to compile it and to see the gap.

    Args:
        module: in evaluation mode.
        calibration: samples for ranges.
        data: images to compare on; those after what is calibrated on.
    """
    first = data.train.images[CALIBRATION : CALIBRATION + _VALIDATION]
    return CompileSource(
        module,
        None,
        (TensorSpec("image", (1, 3, 32, 32)),),
        (TensorSpec("logits", (1, 10)),),
        (torch.from_numpy(first[:1]),),
        calibration=calibration,
        validation=samples_of(first),
        classifier=True,
    )


def _classes(
    content: bytes, compiler: Compiler, images: NDArray[np.float32]
) -> NDArray[np.signedinteger]:
    run = open_artifact(content, compiler.format)
    found = [run({"image": images[i : i + 1]})["logits"].argmax() for i in range(len(images))]
    return np.array(found)


def _points(found: NDArray[np.signedinteger], labels: NDArray[np.int64]) -> float:
    return 100 * float(np.mean(found == labels))
