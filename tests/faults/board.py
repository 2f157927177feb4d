"""A board under test: its server, how to reach it, and what must be left of a fault: nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.authorised import AuthorisedHost, authorise
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.keys import KeyPair, PublicKey, make_key
from kenning_lego.store.artifacts import digest_of
from tests.targets import Artifact, ServerProcess, patient, running_server

ENGINE = "onnxruntime"
MARGIN = patient(3)
"""Times stated in seconds are waited for so many times as long."""
HOST_HEARS_WITHIN_S = 6
"""Of a silent target: interval and time-out of the host's heartbeats."""
TARGET_HEARS_WITHIN_S = 10
"""Of a silent host: interval and time-out of the target's heartbeats."""


@dataclass
class Board:
    """A running server and the keys for it, if it has any."""

    server: ServerProcess
    key: KeyPair | None = None
    server_key: PublicKey | None = None

    def connect(self, address: str | None = None) -> TargetClient:
        """Reach it directly, or at the address of a proxy."""
        return connect(
            address or self.server.address, key=self.key, server_key=self.server_key, timeout_s=20
        )

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.server.process.pid).children(recursive=True)

    @property
    def descriptors(self) -> int:
        return psutil.Process(self.server.process.pid).num_fds()

    def wait_until_free(self) -> float:
        """Until nobody has the lease; seconds."""
        begin = time.monotonic()
        with self.connect() as target:
            eventually(
                lambda: target.observe().holder == "", TARGET_HEARS_WITHIN_S, "the lease is free"
            )
        return time.monotonic() - begin


@contextmanager
def running_board(
    directory: Path, *flags: str, encrypted: bool = False, key_name: str = "board"
) -> Iterator[Board]:
    """Start a server, with keys of its own if encrypted; check at the end that nothing is left."""
    directory.mkdir(parents=True, exist_ok=True)
    own, board_key = None, None
    if encrypted:
        keys = directory / "keys"
        own = make_key("lab", keys)
        authorise(keys, AuthorisedHost(own.shareable))
        board_key = make_key(key_name, keys).shareable
        flags += ("--key", key_name, "--keys", str(keys))
    with running_server(directory, *flags) as server:
        board = Board(server, own, board_key)
        with nothing_left_behind(board):
            yield board
        assert "Traceback" not in server.log.read_text()


@contextmanager
def nothing_left_behind(board: Board) -> Iterator[None]:
    """Afterwards the lease is free, and no process, descriptor or file is left over."""
    with board.connect() as target:
        target.describe()
    settled = board.descriptors
    with contextlib.suppress(TimeoutError):  # libzmq closes in its own thread, a moment later
        eventually(lambda: board.descriptors < settled, 0.1, "the connection is closed")
    before = board.descriptors
    yield
    assert board.server.process.poll() is None, board.server.log.read_text()
    board.wait_until_free()
    eventually(lambda: not board.workers, 1, "no worker is left")
    eventually(lambda: board.descriptors <= before, 2, f"no more than {before} descriptors")
    assert_store_is_sound(board.server.store)


def assert_store_is_sound(store: Path) -> None:
    """Under the name of an artifact is that artifact; all else is an upload that may go on."""
    if not store.exists():
        return
    for path in store.iterdir():
        if path.name == "incoming":
            assert all(len(part.name) == 64 for part in path.iterdir())
        else:
            assert digest_of(path.read_bytes()) == path.name


def eventually(
    true: Callable[[], bool], stated_s: float, what: str, *, margin: float = MARGIN
) -> None:
    """Wait for what must come to be within a stated time."""
    deadline = time.monotonic() + stated_s * margin
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {margin} x {stated_s} s: {what}")
        time.sleep(0.02)


def blob(directory: Path, size: int, seed: int = 0) -> Artifact:
    """A file of noise: uploads do not look inside."""
    content = np.random.default_rng(seed).bytes(size)
    digest = digest_of(content)
    path = directory / digest[:16]
    path.write_bytes(content)
    return Artifact(path, digest)


def endless(artifact: Artifact) -> Plan:
    """A plan that does not end by itself while a test lasts."""
    item = PlanItem("endless", (artifact.digest,))
    return Plan((item,), min_rounds=10**6, max_rounds=10**6, max_seconds=600)


def row(value: float, size: int = 8) -> bytes:
    return np.full(size, value, np.float32).tobytes()


def floats(values: bytes) -> list[float]:
    return [float(value) for value in np.frombuffer(values, np.float32)]
