"""Whether server and worker keep their size over very many requests."""

from __future__ import annotations

from pathlib import Path

from benchmarks.artifacts import classifier
from benchmarks.bench_record import Metric
from benchmarks.processes import rss_mb, running_server
from benchmarks.round_trips import INPUT_BYTES

_WARM_UP = 1_000


def measure(directory: Path, *, requests: int, curve: bool) -> list[Metric]:
    """Compare the memory after the first thousand fused requests with that at the end."""
    image = bytes(INPUT_BYTES)
    artifact = classifier(directory)
    with running_server(directory, curve=curve) as server, server.connect() as client:
        client.upload(artifact.path, artifact.digest)
        client.compose([artifact.digest], runtime="onnxruntime")
        pids = server.pid, server.worker_pid()
        for _ in range(_WARM_UP):
            client.infer([image])
        before = [rss_mb(pid) for pid in pids]
        for _ in range(requests - _WARM_UP):
            client.infer([image])
        after = [rss_mb(pid) for pid in pids]
    server_growth, worker_growth = (a / b for a, b in zip(after, before, strict=True))
    return [
        Metric("soak_server_rss", server_growth, "x", at_most=1.02),
        Metric("soak_worker_rss", worker_growth, "x", at_most=1.02),
        Metric("soak_requests", requests, "requests"),
    ]
