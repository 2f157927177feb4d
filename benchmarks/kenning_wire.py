"""Kenning's own wire: a sample step by step and an upload, over bare TCP with the same bytes.

``python -m benchmarks.kenning_wire`` writes ``build/bench/kenning_wire.json`` and prints it.
"""

from __future__ import annotations

import argparse
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.artifacts import classifier, weighty
from benchmarks.bare_peers import ANSWER_BYTES
from benchmarks.bench_record import Metric, table, write_record
from benchmarks.processes import PeakMemory, running_server
from benchmarks.round_trips import INPUT_BYTES
from benchmarks.samples import interleave, median, percentile
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols.kenning_client import KenningClient, connect_kenning
from kenning_lego.protocols.kenning_wire import MESSAGE_BYTES
from kenning_lego.runtimes.lookup import make_runtime

KENNING_STEPWISE_MS = 1.28
KENNING_UPLOAD_S = 0.73
KENNING_REPORTED_MS = 0.43
"""What Kenning gives as inference time where its engine takes 0.0128 ms."""
_UPLOAD_BYTES = 50_000_000
_HEADER = 12
_EXCHANGES = (
    (_HEADER + INPUT_BYTES, _HEADER + 1),
    (_HEADER, _HEADER + 1),
    (_HEADER, _HEADER + ANSWER_BYTES),
)
"""Bytes there and back of DATA, PROCESS and OUTPUT."""
_SIZES = struct.Struct("<QQ")


def main(arguments: Sequence[str]) -> int:
    """Measure, write the record, print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything; no record")
    parser.add_argument("--bare-peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.bare_peer:
        _serve_bare()
        return 0
    with tempfile.TemporaryDirectory(prefix="kenning-lego-bench-") as directory:
        metrics = _measure(
            Path(directory),
            rounds=400 if options.quick else 3000,
            uploads=3 if options.quick else 9,
        )
    print(table(metrics))
    if not options.quick:
        print(f"written to {write_record('kenning_wire', metrics)}")
    return 0


def _measure(directory: Path, *, rounds: int, uploads: int) -> list[Metric]:
    kenning = ("--kenning-tcp", "127.0.0.1:0")
    with running_server(directory, *kenning, curve=False) as server, _bare_peer() as bare:
        address = f"kenning+tcp://{server.kenning}"
        with connect_kenning(address) as client:
            samples = _time_samples(client, bare, directory, rounds)
        with connect_kenning(address) as client:
            upload = _time_uploads(client, bare, directory, uploads, server.pid)
    return [*samples, *upload]


def _time_samples(
    client: KenningClient, bare: socket.socket, directory: Path, rounds: int
) -> list[Metric]:
    image = bytes(INPUT_BYTES)
    client.announce(
        IOSpec((TensorSpec("image", (1, 3, 32, 32)),), (TensorSpec("scores", (1, 10)),))
    )
    client.model(classifier(directory).path)

    def stepwise() -> None:
        client.data([image])
        client.process()
        client.output()

    def exchange() -> None:
        for there, back in _EXCHANGES:
            _exchange(bare, there, back)

    begin = time.perf_counter()
    durations = interleave({"stepwise": stepwise, "bare": exchange}, rounds, warm_up=200)
    took_s = time.perf_counter() - begin
    ms = {name: median(values) / 1e6 for name, values in durations.items()}
    stats = client.statistics()
    engine = stats["target_inference_step"]
    reported = len(engine) == len(stats["target_inference_step_timestamp"]) == rounds + 200
    return [
        Metric("kenning_stepwise_ms", ms["stepwise"], "ms", at_most=0.5, peer=KENNING_STEPWISE_MS),
        Metric("kenning_stepwise_p99_ms", percentile(durations["stepwise"], 0.99) / 1e6, "ms"),
        Metric("kenning_bare_ms", ms["bare"], "ms"),
        Metric("kenning_stepwise_over_bare", ms["stepwise"] / ms["bare"], "x"),
        Metric("kenning_engine_ms", median(engine) * 1e3, "ms", peer=KENNING_REPORTED_MS),
        Metric("kenning_stats_own_times", int(reported), "yes", at_least=1),
        Metric("kenning_stats_utilisation_hz", _rate(stats, took_s), "Hz"),
    ]


def _rate(stats: Mapping[str, list[Any]], seconds: float) -> float:
    return len(stats.get("session_utilization_timestamp", ())) / seconds


def _time_uploads(
    client: KenningClient, bare: socket.socket, directory: Path, repetitions: int, pid: int
) -> list[Metric]:
    """Models of 50 MB, each another one, until the target has loaded them; the first warms up."""
    turns = [_upload(client, bare, directory, seed, pid) for seed in range(repetitions + 1)]
    packed = [
        _upload(client, bare, directory, seed, pid, packed=True) for seed in range(repetitions)
    ]
    upload_s = median([turn.upload_s for turn in turns[1:]])
    bare_s = median([turn.bare_s for turn in turns[1:]])
    return [
        Metric("kenning_upload_50MB_s", upload_s, "s", at_most=0.15, peer=KENNING_UPLOAD_S),
        Metric("kenning_upload_engine_s", median([turn.engine_s for turn in turns[1:]]), "s"),
        Metric("kenning_upload_first_50MB_s", turns[0].upload_s, "s"),
        Metric("kenning_upload_packed_50MB_s", median([turn.upload_s for turn in packed]), "s"),
        Metric("kenning_upload_packed_engine_s", median([turn.engine_s for turn in packed]), "s"),
        Metric("kenning_upload_bare_50MB_s", bare_s, "s"),
        Metric("kenning_upload_over_bare", upload_s / bare_s, "x"),
        Metric(
            "kenning_upload_peak_extra_MB",
            max(turn.extra_mb for turn in (*turns, *packed)),
            "MB",
            at_most=16,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Turn:
    upload_s: float
    bare_s: float
    engine_s: float
    """What the engine alone takes to load the model, in this process."""
    extra_mb: float


def _upload(
    client: KenningClient,
    bare: socket.socket,
    directory: Path,
    seed: int,
    pid: int,
    *,
    packed: bool = False,
) -> _Turn:
    artifact, spec = weighty(directory, _UPLOAD_BYTES, seed, packed=packed)
    content = artifact.path.read_bytes()
    framed = len(content) + -(-len(content) // (MESSAGE_BYTES - _HEADER)) * _HEADER
    bare_s = _seconds(lambda: _exchange(bare, framed, _HEADER + 1))
    engine = make_runtime("onnxruntime", threads=1)
    engine_s = _seconds(lambda: engine.load(content, 1))
    client.announce(spec)
    peak = PeakMemory(pid)
    upload_s = _seconds(lambda: client.model(artifact.path))
    artifact.path.unlink()
    return _Turn(upload_s, bare_s, engine_s, peak.extra_mb())


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


# The floor: plain TCP, the same numbers of bytes, nothing done with them


def _exchange(peer: socket.socket, there: int, back: int) -> None:
    peer.sendall(_SIZES.pack(there, back))
    piece = memoryview(bytes(min(there, MESSAGE_BYTES)))
    for begin in range(0, there, MESSAGE_BYTES):
        peer.sendall(piece[: there - begin])
    while back:
        back -= len(peer.recv(back))


def _serve_bare() -> None:
    buffer = bytearray(1 << 18)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        peer, _ = listener.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with peer:
        while sizes := peer.recv(_SIZES.size, socket.MSG_WAITALL):
            there, back = _SIZES.unpack(sizes)
            while there:
                there -= peer.recv_into(buffer, min(there, len(buffer)))
            peer.sendall(bytes(back))


@contextmanager
def _bare_peer() -> Iterator[socket.socket]:
    command = [sys.executable, "-m", "benchmarks.kenning_wire", "--bare-peer"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the bare peer has no output")
            port = int(process.stdout.readline())
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield peer
        finally:
            process.kill()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
