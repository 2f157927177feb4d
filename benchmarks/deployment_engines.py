"""The target's engines: stated accuracies, what we add to a call, and damaged artifacts."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.bare_engines import BARE
from benchmarks.bench_record import Metric
from benchmarks.damaged_artifacts import damage, outcomes
from benchmarks.engine_files import artifacts
from benchmarks.engine_turns import take_turns
from benchmarks.foreign_networks import (
    CLASSIFIERS,
    FACE_DETECTOR,
    FACES,
    ForeignClassifier,
    faces,
    group_photo,
)
from benchmarks.processes import running_server
from kenning_lego.core.errors import RemoteError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.runtimes.lookup import installed_engines

_BATCH = 100


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Measure what is installed here; what is not is named on the terminal.

    Args:
        directory: for artifacts and the target's store.
        quick: fewer samples and files.
    """
    missing = sorted(set(BARE) - set(installed_engines()))
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    files = artifacts(directory)
    return [
        *_fidelity(files, 10 if quick else 50),
        *_foreign(directory, 1000 if quick else 10_000),
        *_damaged(files, directory, 40 if quick else 400),
        _survival(files, directory, 3 if quick else 20),
    ]


def _fidelity(files: dict[str, tuple[str, bytes]], rounds: int) -> Iterator[Metric]:
    """Our call over the engine's own."""
    for name, (engine, content) in files.items():
        turns = take_turns(engine, content, rounds)
        yield Metric(f"engine_fidelity_{name}", turns.fidelity, "x", at_most=1.02)
        yield Metric(f"engine_bare_{name}", turns.bare_ms, "ms")
        if engine == "litert":
            yield Metric(f"engine_over_run_alone_{name}", turns.over_run, "x")


def _foreign(directory: Path, count: int) -> Iterator[Metric]:
    """Files by others through a server, as they are."""
    with running_server(directory, curve=False) as server:
        for name, network in CLASSIFIERS.items():
            if "litert" in installed_engines() and network.path.is_file():
                with server.connect() as client:
                    reached = _accuracy(client, network, count)
                # Half a point, or what chance does to so few samples.
                off = 0.5 if count >= 10_000 else 3.0
                stated = network.stated
                yield Metric(f"stated_{name}", reached, "%", at_least=stated - off, peer=stated)
        for engine in ("onnxruntime", "openvino"):
            if engine in installed_engines() and FACE_DETECTOR.is_file():
                with server.connect() as client:
                    _compose(client, FACE_DETECTOR, engine, 1)
                    (scores, boxes), _ = client.infer([group_photo().tobytes()])
                found = faces(
                    np.frombuffer(scores, np.float32).reshape(-1, 2)[:, 1],
                    np.frombuffer(boxes, np.float32).reshape(-1, 4),
                )
                yield Metric(
                    f"stated_faces_{engine}", found, "faces", at_least=FACES, at_most=FACES
                )


def _accuracy(client: TargetClient, network: ForeignClassifier, count: int) -> float:
    samples, labels = (each[:count] for each in network.load())
    _compose(client, network.path, "litert", _BATCH)
    right = 0
    for at in range(0, len(samples), _BATCH):
        (output,), _ = client.infer([samples[at : at + _BATCH].tobytes()])
        scores = np.frombuffer(output, samples.dtype).reshape(_BATCH, -1)
        right += int(np.sum(scores.argmax(1) == labels[at : at + _BATCH]))
    return 100 * right / len(samples)


def _compose(client: TargetClient, path: Path, engine: str, batch: int) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    client.upload(path, digest)
    client.compose([digest], runtime=engine, batch=batch)


def _damaged(files: dict[str, tuple[str, bytes]], directory: Path, count: int) -> Iterator[Metric]:
    for name, (engine, content) in files.items():
        found = outcomes(engine, content, directory / f"damaged-{name}", count)
        yield Metric(f"damaged_{name}_refused", found["refused"], "files")
        yield Metric(f"damaged_{name}_ran", found["ran"] + found["failed"], "files")
        yield Metric(f"damaged_{name}_ended_the_worker", found["died"], "files")
        yield Metric(f"damaged_{name}_raised_otherwise", found["raised"], "files", at_most=0)


def _survival(files: dict[str, tuple[str, bytes]], directory: Path, count: int) -> Metric:
    """The share of damaged files after which the server still answers from a whole one."""
    rng = random.Random(1)
    path = directory / "artifact"
    good = asked = 0
    with running_server(directory, curve=False) as server:
        for engine, content in files.values():
            for _ in range(count):
                asked += 1
                with server.connect() as client:
                    try:
                        path.write_bytes(damage(content, rng))
                        _compose(client, path, engine, 1)
                    except RemoteError:
                        pass  # told, which is what is asked for
                good += server.alive
            path.write_bytes(content)
            with server.connect() as client:
                _compose(client, path, engine, 1)
    return Metric("server_survives_damaged", 100 * good / asked, "%", at_least=100)
