"""The target in C: built, started, and given networks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import msgpack
import numpy as np
import pytest
import zmq
from numpy.typing import NDArray

import kenning_lego
from kenning_lego.core.specs import TensorSpec
from kenning_lego.protocols.codec import Envelope, Frame, decode, encode
from kenning_lego.protocols.messages import Message
from kenning_lego.store.artifacts import digest_of

EXAMPLES = Path(kenning_lego.__file__).parents[1] / "examples"
SOURCE = EXAMPLES / "target-c"
_SANITIZERS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined"
_PATIENCE_MS = 10_000


def build(directory: Path) -> Path:
    """The program, with sanitizers where the compiler has them."""
    if not (shutil.which("gcc") and shutil.which("make")):
        pytest.skip("needs gcc and make")
    if not _compiles("#include <zmq.h>", "", directory):
        pytest.skip("needs libzmq's headers (libzmq3-dev)")
    flags = _SANITIZERS if _compiles("", _SANITIZERS, directory) else ""
    copy = directory / "target-c"
    shutil.copytree(SOURCE, copy)
    done = subprocess.run(
        ["make", "CC=gcc", f"CFLAGS=-O1 -g {flags}"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return copy / "target"


def _compiles(head: str, flags: str, directory: Path) -> bool:
    program = directory / "probe.c"
    program.write_text(f"{head}\nint main(void) {{ return 0; }}\n")
    command = ["gcc", *flags.split(), str(program), "-o", str(directory / "probe")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def running(binary: Path, directory: Path) -> Iterator[str]:
    """The program's address; it must end cleanly, with nothing said by the sanitizers."""
    log = directory / "target.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [str(binary), "tcp://127.0.0.1:*"], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(10)
    assert (process.returncode, log.read_text()) == (0, "")


@dataclass(frozen=True)
class Dense:
    """A network in a file."""

    path: Path
    digest: str
    weights: NDArray[np.float32]

    def run(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        given: NDArray[np.float32] = np.maximum(self.weights @ source, 0)
        return given


def dense(directory: Path, shape: tuple[int, int], source: str = "x", result: str = "y") -> Dense:
    """y = max(W x, 0), with `shape` rows and columns of W."""
    form: Any = file_format()
    weights = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layers = (form.Affine(weights, np.zeros(shape[0], np.float32)), form.Relu())
    specs = TensorSpec(source, (1, shape[1])), TensorSpec(result, (1, shape[0]))
    content = form.pack(form.Network(*specs, layers))
    digest = digest_of(content)
    path = directory / digest
    path.write_bytes(content)
    return Dense(path, digest, weights)


def file_format() -> Any:
    """The plugin's module for the files, taken from its directory."""
    place = str(EXAMPLES / "kenning-lego-affine")
    sys.path.insert(0, place)
    try:
        from kenning_lego_affine import file_format as found
    finally:
        sys.path.remove(place)
    return found


class Wire:
    """A host without manners: sends what it is told to, bytes or messages."""

    def __init__(self, address: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVTIMEO, _PATIENCE_MS)
        self._socket.connect(address)

    def send(self, *frames: Frame) -> None:
        self._socket.send_multipart(frames)

    def header(self, *header: object) -> Envelope:
        """Send a header of these elements; the answer."""
        self.send(msgpack.packb(list(header)))
        return self.receive()

    def ask(self, request: int, message: Message, *payload: bytes) -> Envelope:
        self.send(*encode(Envelope(request, message, payload)))
        return self.receive()

    def receive(self) -> Envelope:
        return decode(self._socket.recv_multipart())

    def drain(self) -> list[Envelope]:
        """All answers that lie there."""
        found = []
        while self._socket.poll(0):
            found.append(self.receive())
        return found

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._context.term()
