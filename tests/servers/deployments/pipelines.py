"""Deployments for tests: offers of tiny artifacts, and waiting for what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import onnx
import psutil
from numpy.typing import NDArray

from kenning_lego.core.deployment_records import (
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
)
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.protocols.client import TargetClient
from kenning_lego.store.artifacts import digest_of
from tests.targets import Artifact, ServerProcess, patient, scale_artifact

T = TypeVar("T")


SIZES = (4000, 2000, 1000)
"""Bytes of the artifacts of a segment, in order."""


def scales(
    directory: Path, factors: Sequence[Sequence[float]], size: int = 8
) -> list[list[Artifact]]:
    """For each segment of a chain, an artifact for each factor; the first is the largest."""
    return [
        [
            _padded(
                directory, scale_artifact(directory, factor, f"t{index}", f"t{index + 1}", size), to
            )
            for factor, to in zip(alternatives, SIZES, strict=False)
        ]
        for index, alternatives in enumerate(factors)
    ]


def _padded(directory: Path, artifact: Artifact, size: int) -> Artifact:
    """The same artifact with so many bytes."""
    model = onnx.load_model(artifact.path)
    # A text of 128 to 16,383 characters has a tag of one byte and a length of two before it.
    model.doc_string = "." * (size - len(artifact.path.read_bytes()) - 3)
    content = model.SerializeToString(deterministic=True)
    assert len(content) == size
    digest = digest_of(content)
    path = directory / f"{digest[:16]}.onnx"
    path.write_bytes(content)
    return Artifact(path, digest)


def offer_of(
    artifacts: Sequence[Sequence[Artifact]],
    latencies_ms: Sequence[float] = (0.4, 0.2, 0.1),
    memories: Sequence[int] = SIZES,
) -> Offer:
    """Variants ``v0``, ``v1``, ... of segments ``s0``, ...: each costs more, and takes less."""
    return Offer(
        tuple(
            OfferedSegment(
                f"s{place}",
                tuple(
                    OfferedVariant(
                        f"v{index}",
                        artifact.digest,
                        0.01 * index * (1 + place),
                        latencies_ms[index],
                        memories[index],
                    )
                    for index, artifact in enumerate(alternatives)
                ),
            )
            for place, alternatives in enumerate(artifacts)
        )
    )


def upload(target: TargetClient, artifacts: Sequence[Sequence[Artifact]]) -> None:
    """Make the target hold all of them."""
    for alternatives in artifacts:
        for artifact in alternatives:
            target.upload(artifact.path, artifact.digest)


def wait_for(look: Callable[[], T | None], seconds: float = 20.0) -> T:
    """Look again and again until there is something."""
    deadline = time.monotonic() + patient(seconds)
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def status_of(target: TargetClient, name: str) -> DeploymentStatus:
    """How a deployment is now."""
    return next(each for each in target.deployments.list() if each.name == name)


def wait_for_frames(target: TargetClient, name: str, count: int) -> DeploymentStatus:
    """Wait until a deployment has run so many frames."""

    def look() -> DeploymentStatus | None:
        status = status_of(target, name)
        return status if status.frames >= count else None

    return wait_for(look)


def wait_for_event(target: TargetClient, name: str, kind: str, since: int = 0) -> DeploymentEvent:
    """Wait for the first event of a kind."""

    def look() -> DeploymentEvent | None:
        events = target.deployments.record(name, since_event=since, frames=0).events
        return next((event for event in events if event.kind == kind), None)

    return wait_for(look)


def upload_frames(target: TargetClient, directory: Path, frames: NDArray[Any]) -> str:
    """Make the target hold raw frames; their sha256."""
    content = frames.tobytes()
    digest = digest_of(content)
    path = directory / digest
    path.write_bytes(content)
    target.upload(path, digest)
    return digest


def whole_record(target: TargetClient, name: str, *, outputs: bool = False) -> DeploymentRecord:
    """All that is kept of a deployment now, put together from as many answers as it takes."""
    record = target.deployments.record(name, outputs=outputs)
    while True:
        more = target.deployments.record(
            name, record.next_frame, record.next_event, outputs=outputs
        )
        if not more.frames and not more.events:
            return record
        record = replace(
            more,
            frames=record.frames + more.frames,
            events=record.events + more.events,
            outputs=record.outputs + more.outputs,
            configurations={**record.configurations, **more.configurations},
            frames_dropped=record.frames_dropped,
        )


def workers_of(server: ServerProcess) -> list[psutil.Process]:
    """The worker processes of a server."""
    return psutil.Process(server.process.pid).children(recursive=True)
