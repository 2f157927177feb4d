"""A sample's round trip, step by step, pipelined and fused, over bare echoes of the same bytes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.artifacts import classifier
from benchmarks.bare_peers import ANSWER_BYTES, bare_peer
from benchmarks.bench_record import Metric
from benchmarks.processes import running_server
from benchmarks.samples import interleave, median, percentile
from kenning_lego.protocols.client import TargetClient

INPUT_BYTES = 3 * 32 * 32 * 4
KENNING_STEPWISE_MS = 1.28
"""The better end of what was measured, without encryption."""

_NS_PER_MS = 1e6


def measure(directory: Path, *, rounds: int, curve: bool) -> list[Metric]:
    """Time the three dialogues and the echoes in one run, each in turn."""
    image = bytes(INPUT_BYTES)
    artifact = classifier(directory)
    with (
        running_server(directory, curve=curve) as server,
        bare_peer("echo", curve=curve) as bare,
        server.connect() as client,
    ):
        client.upload(artifact.path, artifact.digest)
        client.compose([artifact.digest], runtime="onnxruntime")
        _check(client, image)

        def stepwise() -> None:
            client.data([image])
            client.process()
            client.output()

        def three_echoes() -> None:
            for _ in range(3):
                bare.echo(image)

        durations = interleave(
            {
                "echo": lambda: bare.echo(image),
                "three echoes": three_echoes,
                "stepwise": stepwise,
                "pipelined": lambda: client.pipelined([image]),
                "fused": lambda: client.infer([image]),
            },
            rounds,
            warm_up=min(200, rounds),
        )
        engine_ns = median(client.statistics().measurements[-1].samples_ns)
    ms = {name: median(values) / _NS_PER_MS for name, values in durations.items()}
    return [
        Metric("stepwise_over_echo", ms["stepwise"] / ms["three echoes"], "x", at_most=1.35),
        Metric("pipelined_over_echo", ms["pipelined"] / ms["three echoes"], "x", at_most=0.75),
        Metric("fused_over_echo", ms["fused"] / ms["echo"], "x", at_most=1.35),
        Metric(
            "fused_p99_ms", percentile(durations["fused"], 0.99) / _NS_PER_MS, "ms", at_most=1.0
        ),
        Metric("stepwise_ms", ms["stepwise"], "ms", peer=KENNING_STEPWISE_MS),
        Metric("pipelined_ms", ms["pipelined"], "ms"),
        Metric("fused_ms", ms["fused"], "ms", peer=KENNING_STEPWISE_MS),
        Metric("echo_ms", ms["echo"], "ms"),
        Metric("engine_ms", engine_ns / _NS_PER_MS, "ms"),
    ]


def _check(client: TargetClient, image: bytes) -> None:
    outputs, _ = client.infer([image])
    if [len(output) for output in outputs] != [ANSWER_BYTES]:
        raise RuntimeError(f"the target answers with {[len(output) for output in outputs]} bytes")
