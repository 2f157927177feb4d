"""Networks that others trained reach what their authors state, as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import installed_engines, make_runtime
from kenning_lego.runtimes.options import LiteRtOptions

pytest.importorskip("PIL", reason="needs Pillow to decode the images")

from benchmarks.foreign_networks import (
    CLASSIFIERS,
    FACE_DETECTOR,
    FACES,
    ForeignClassifier,
    faces,
    group_photo,
)
from benchmarks.trained import SHARED

BATCH, COUNT = 100, 2000


def require(engine: str, path: Path) -> None:
    if engine not in installed_engines():
        pytest.skip(f"needs {engine}")
    if not path.is_file():
        pytest.skip(f"no shared data in {SHARED}; KENNING_LEGO_SHARED_DATA names another place")


def accuracy(network: ForeignClassifier, *, float_io: bool = False) -> float:
    """In per cent, of the first :data:`COUNT` samples."""
    samples, labels = (each[:COUNT] for each in network.load())
    if float_io:
        samples = samples.astype(np.float32) + 128
    runtime = make_runtime("litert", 1, LiteRtOptions(float_io=float_io))
    program = runtime.load(network.path.read_bytes(), BATCH)
    arrays = allocate(program.spec)
    (x,), (y,) = program.spec.inputs, program.spec.outputs
    assert samples.dtype == x.dtype
    call = program.bind(arrays)
    right = 0
    for at in range(0, len(samples), BATCH):
        arrays[x.name][...] = samples[at : at + BATCH]
        call()
        right += int(np.sum(arrays[y.name].argmax(1) == labels[at : at + BATCH]))
    return 100 * right / len(samples)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_tflite_file_reaches_its_stated_accuracy(name: str) -> None:
    network = CLASSIFIERS[name]
    require("litert", network.path)
    # All 10,000 images are benchmarks/deployment_engines.py's; so few are good for 1.5 points.
    assert accuracy(network) == pytest.approx(network.stated, abs=1.5)


def test_it_makes_no_difference_who_converts_the_integers() -> None:
    network = CLASSIFIERS["resnet8_int8"]
    require("litert", network.path)
    assert accuracy(network, float_io=True) == accuracy(network)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_onnx_file_finds_the_faces_that_it_should(engine: str) -> None:
    require(engine, FACE_DETECTOR)
    program = make_runtime(engine, 1).load(FACE_DETECTOR.read_bytes(), 1)
    arrays = allocate(program.spec)
    arrays["input"][...] = group_photo()
    program.bind(arrays)()
    assert faces(arrays["scores"][0, :, 1], arrays["boxes"][0]) == FACES
