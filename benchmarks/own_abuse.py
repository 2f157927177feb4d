"""The same kinds of abuse by someone who speaks our protocol, and a flood of spoiled messages."""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import zmq

from benchmarks.artifacts import Artifact, classifier, raw
from benchmarks.mutations import mutate, valid_messages
from kenning_lego.core.errors import KenningLegoError, RemoteError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.protocols.codec import Envelope, decode, encode
from kenning_lego.protocols.messages import Bye, Hello, Lease

Connect = Callable[[], TargetClient]
Case = Callable[[Connect, Path], None]

_BATCH = 50
_ANSWER_LIMIT_MS = 5_000
_MARK = 2**40
"""Ids from here on are ours, not those of spoiled messages."""


class AbuseError(Exception):
    """The server gave in to abuse."""


def cases() -> dict[str, Case]:
    """The cases by name; each raises :class:`AbuseError` when the server gives in."""
    return {
        "requests too early": _too_early,
        "second host": _second_host,
        "bad model, ours": _bad_model,
        "pickled model": _pickled_model,
        "digest that is a path": _path_as_digest,
        "runtime that is a module": _module_as_runtime,
        "statistics of another session": _foreign_statistics,
    }


def flood(socket: zmq.Socket[bytes], messages: int, rng: random.Random) -> int:
    """Send spoiled messages, with the lease and without it; how many were sent.

    Each counts once, however many frames it has.

    Raises:
        AbuseError: the server stopped answering a good message between the bad ones.
    """
    corpus = valid_messages()
    mark, sent = _MARK, 0
    for begin in range(0, messages, _BATCH):
        for _ in range(min(_BATCH, messages - begin)):
            socket.send_multipart(mutate(rng.choice(corpus), rng))
            sent += 1
        mark += 1
        for frame in (Envelope(mark, Lease()), Envelope(mark, Hello("flood", "0"))):
            socket.send_multipart(encode(frame))
        _await_mark(socket, mark)
    socket.send_multipart(encode(Envelope(mark + 1, Bye())))
    return sent


def _await_mark(socket: zmq.Socket[bytes], mark: int) -> None:
    answers = 0
    while answers < 2:
        if not socket.poll(_ANSWER_LIMIT_MS):
            raise AbuseError("the server no longer answers between spoiled messages")
        if decode(socket.recv_multipart()).id == mark:
            answers += 1


def _refused(call: Callable[[], object], what: str) -> RemoteError:
    try:
        call()
    except RemoteError as error:
        return error
    raise AbuseError(f"the server accepted {what}")


def _too_early(connect: Connect, _: Path) -> None:
    with connect() as client:
        _refused(lambda: client.infer([bytes(4)]), "INFER without a lease")
        client.lease()
        _refused(lambda: client.data([bytes(4)]), "DATA without a pipeline")
        _refused(client.process, "PROCESS without DATA")
        _refused(client.output, "OUTPUT without PROCESS")


def _second_host(connect: Connect, _: Path) -> None:
    with connect() as first, connect() as second:
        first.lease()
        error = _refused(second.lease, "two hosts at once")
        if error.code != "busy":
            raise AbuseError(f"a second host is told {error.code!r} instead of 'busy'")


def _bad_model(connect: Connect, directory: Path) -> None:
    artifact = raw(directory, "bad.onnx", random.Random(2).randbytes(4096))
    with connect() as client:
        client.upload(artifact.path, artifact.digest)
        _refused(lambda: _compose(client, artifact), "a model of random bytes")


class _Marker:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._path),)


def _pickled_model(connect: Connect, directory: Path) -> None:
    marker = directory / "unpickled"
    artifact = raw(directory, "model.pt", pickle.dumps(_Marker(marker)))
    with connect() as client:
        client.upload(artifact.path, artifact.digest)
        _refused(lambda: _compose(client, artifact), "a pickle")
    if marker.exists():
        raise AbuseError("the server unpickled what it was sent")


def _path_as_digest(connect: Connect, directory: Path) -> None:
    artifact = raw(directory, "any", b"content")
    with connect() as client:
        _refused(lambda: client.upload(artifact.path, f"../{'a' * 61}"), "a path as a digest")


def _module_as_runtime(connect: Connect, directory: Path) -> None:
    artifact = classifier(directory)
    with connect() as client:
        client.upload(artifact.path, artifact.digest)
        _refused(
            lambda: client.compose([artifact.digest], runtime="os.path"), "a module as a runtime"
        )


def _foreign_statistics(connect: Connect, directory: Path) -> None:
    artifact = classifier(directory)
    with connect() as client:
        client.upload(artifact.path, artifact.digest)
        _compose(client, artifact)
        client.infer([bytes(12_288)])
    with connect() as client:
        try:
            measurements = client.statistics().measurements
        except KenningLegoError:
            return
    if measurements:
        raise AbuseError("a session sees the statistics of another")


def _compose(client: TargetClient, artifact: Artifact) -> None:
    client.compose([artifact.digest], runtime="onnxruntime")
