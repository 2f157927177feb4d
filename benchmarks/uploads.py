"""Uploads: over a bare transfer of the same bytes, of what the target has, and their memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.artifacts import Artifact, file_digest, noise
from benchmarks.bare_peers import BarePeer, bare_peer
from benchmarks.bench_record import Metric
from benchmarks.processes import PeakMemory, Server, running_server
from benchmarks.samples import median

KENNING_50MB_S = 0.73
_SIZE = 50_000_000
_BARE_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Turn:
    bare_s: float
    upload_s: float
    known_s: float
    hash_s: float


def measure(directory: Path, *, repetitions: int, large_bytes: int, curve: bool) -> list[Metric]:
    """Time uploads of 50 MB and take the memory of one of `large_bytes`."""
    with running_server(directory, curve=curve) as server, bare_peer("sink", curve=curve) as bare:
        turns = [_turn(server, bare, noise(directory, _SIZE, seed)) for seed in range(repetitions)]
        server_mb, host_mb = _peak_memory(server, directory, large_bytes)
    upload_s = median([turn.upload_s for turn in turns])
    bare_s = median([turn.bare_s for turn in turns])
    known_s = median([turn.known_s for turn in turns])
    hash_s = median([turn.hash_s for turn in turns])
    return [
        Metric("upload_over_bare", upload_s / bare_s, "x", at_most=1.4),
        Metric("upload_50MB_s", upload_s, "s", peer=KENNING_50MB_S),
        Metric("upload_bare_50MB_s", bare_s, "s"),
        Metric("upload_host_hash_50MB_s", hash_s, "s"),
        Metric("upload_known_ms", known_s * 1e3, "ms", at_most=5),
        Metric("upload_peak_extra_MB", max(server_mb, host_mb), "MB", at_most=16),
        Metric("upload_peak_extra_server_MB", server_mb, "MB", at_most=16),
        Metric("upload_peak_extra_host_MB", host_mb, "MB", at_most=16),
    ]


def _turn(server: Server, bare: BarePeer, artifact: Artifact) -> _Turn:
    content = artifact.path.read_bytes()
    bare_s = _seconds(lambda: bare.transfer(content, _BARE_CHUNK_BYTES))
    with server.connect() as client:
        client.lease()
        # Hosts name artifacts by their sha256, so it is known before; the target computes its own.
        upload_s = _seconds(lambda: client.upload(artifact.path, artifact.digest))
        known_s = _seconds(lambda: client.upload(artifact.path, artifact.digest))
    hash_s = _seconds(lambda: file_digest(artifact.path))
    artifact.path.unlink()
    return _Turn(bare_s, upload_s, known_s, hash_s)


def _peak_memory(server: Server, directory: Path, size: int) -> tuple[float, float]:
    """How far server and host, which is this process, grow while `size` bytes are uploaded."""
    artifact = noise(directory, size, 0)
    with server.connect() as client:
        client.lease()
        at_server, at_host = PeakMemory(server.pid), PeakMemory(os.getpid())
        client.upload(artifact.path, artifact.digest)
        extra = at_server.extra_mb(), at_host.extra_mb()
    artifact.path.unlink()
    return extra


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
