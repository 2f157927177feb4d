"""Whether the server survives what kills others: native abuse, our own protocol, a flood."""

from __future__ import annotations

import math
import random
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import zmq

from benchmarks import native_abuse, own_abuse
from benchmarks.artifacts import Artifact, classifier
from benchmarks.bench_record import Metric
from benchmarks.processes import PeakMemory, Server, rss_mb, running_server
from benchmarks.round_trips import INPUT_BYTES
from kenning_lego.core.errors import KenningLegoError, TargetUnreachableError
from kenning_lego.protocols.addresses import parse
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.curve import secure_client

_MESSAGES_A_TURN = 5_000
_CONNECTIONS_A_TURN = 50
"""With random bytes, straight over TCP."""
_NEVER_S = 60.0


def measure(directory: Path, *, frames: int) -> list[Metric]:
    """Abuse servers with and without keys in every way; serve a healthy client after each.

    Args:
        directory: for artifacts and the target's store.
        frames: spoiled frames to send at least.
    """
    trials = [_abuse(directory, frames // 2, curve=curve) for curve in (True, False)]
    served_s = [seconds for trial in trials for seconds in trial.served_s]
    given_in = [name for trial in trials for name in trial.given_in]
    return [
        Metric("abuse_served_within_s", max(served_s), "s", at_most=1.0),
        Metric("abuse_times_served", len(served_s), "times"),
        Metric("abuse_cases_given_in", len(given_in), "cases", at_most=0),
        Metric("abuse_frames", sum(trial.frames for trial in trials), "frames", at_least=frames),
        Metric("abuse_server_alive", int(all(trial.alive for trial in trials)), "yes", at_least=1),
        Metric("abuse_rss_growth_MB", max(trial.growth_mb for trial in trials), "MB"),
        Metric("abuse_peak_extra_MB", max(trial.peak_mb for trial in trials), "MB"),
    ]


def _abuse(directory: Path, frames: int, *, curve: bool) -> _Trial:
    with running_server(directory, curve=curve) as server:
        trial = _Trial(server, directory)
        trial.serve_healthy()
        before = rss_mb(server.pid)
        peak = PeakMemory(server.pid)
        host, port = parse(server.address)
        for name, native in native_abuse.cases().items():
            trial.run(name, partial(native, host, port))
        for name, own in own_abuse.cases().items():
            trial.run(name, partial(own, server.connect, directory))
        trial.flood(frames)
        trial.alive = server.alive
        if server.alive:
            trial.peak_mb, trial.growth_mb = peak.extra_mb(), rss_mb(server.pid) - before
    trial.run("nothing listens", _nothing_listens, healthy=False)
    return trial


class _Trial:
    """Runs cases and notes what came of them."""

    def __init__(self, server: Server, directory: Path) -> None:
        self._server = server
        self._artifact: Artifact = classifier(directory)
        self.served_s: list[float] = []
        self.given_in: list[str] = []
        self.frames = 0
        self.alive = False
        self.peak_mb = self.growth_mb = math.inf

    def run(self, name: str, case: Callable[[], None], *, healthy: bool = True) -> None:
        """Run a case, then serve a healthy client."""
        try:
            case()
        except (own_abuse.AbuseError, KenningLegoError, OSError) as error:
            self.given_in.append(name)
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        if healthy:
            self.serve_healthy()
            if self.served_s[-1] > 1:
                print(f"{name}: served after {self.served_s[-1]:.2f} s", file=sys.stderr)

    def serve_healthy(self) -> None:
        """Time a new client from its connection to its first inference, on a fresh worker."""
        begin = time.perf_counter()
        try:
            with self._server.connect() as client:
                client.upload(self._artifact.path, self._artifact.digest)
                client.compose([self._artifact.digest], runtime="onnxruntime")
                client.infer([bytes(INPUT_BYTES)])
                self.served_s.append(time.perf_counter() - begin)
        except KenningLegoError as error:
            self.served_s.append(_NEVER_S)
            print(f"a healthy client fails: {error}", file=sys.stderr)

    def flood(self, frames: int) -> None:
        """Spoiled messages over ZeroMQ and random bytes over TCP."""
        rng = random.Random(0)
        while self.frames < frames and self._server.alive:
            self.run(f"flood after {self.frames} frames", partial(self._flood_once, rng))

    def _flood_once(self, rng: random.Random) -> None:
        host, port = parse(self._server.address)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        dealer = context.socket(zmq.DEALER)
        keys = self._server.keys
        if keys:
            secure_client(dealer, keys.host, keys.server)
        try:
            dealer.connect(self._server.address)
            self.frames += own_abuse.flood(dealer, _MESSAGES_A_TURN, rng)
        finally:
            context.destroy(linger=1_000)
        native_abuse.noise(host, port, _CONNECTIONS_A_TURN, rng)


def _nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        connect(f"tcp://127.0.0.1:{port}").close()
    except TargetUnreachableError:
        return
    raise own_abuse.AbuseError("a client believes in a server that does not exist")
