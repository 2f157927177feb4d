"""What checks work with, and how they fail."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.operations.selftest.example import Example
from kenning_lego.operations.selftest.server_process import ServerProcess
from kenning_lego.protocols.client import TargetClient, connect

STORE_MB = 16
"""Of the server that is tested; small, so that it can be filled."""

_PATIENCE_S = 20.0
_LOOK_INTERVAL_S = 0.02


class CheckFailedError(KenningLegoError):
    """Something was not as it must be."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A server and what it is tested with.

    Args:
        directory: for files of the checks.
        server: under test; its store holds `STORE_MB`.
        engine: to load the example with; empty where none is installed.
        example: the network.
    """

    directory: Path
    server: ServerProcess
    engine: str
    example: Example

    def connect(self) -> TargetClient:
        """A host's connection to the server."""
        return connect(self.server.address, timeout_s=_PATIENCE_S)

    def compose(self, target: TargetClient) -> None:
        """Have the example loaded."""
        target.upload(self.example.path, self.example.digest)
        target.compose([self.example.digest], runtime=self.engine)

    def await_free(self) -> None:
        """Wait until nobody has the lease."""
        with self.connect() as target:
            self.eventually(lambda: target.observe().holder == "", "the lease is free")

    def eventually(self, true: Callable[[], bool], what: str) -> None:
        """Wait for what must come to be soon.

        Raises:
            CheckFailedError: it does not.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while not true():
            require(time.monotonic() < deadline, f"not so within {_PATIENCE_S:g} s: {what}")
            time.sleep(_LOOK_INTERVAL_S)

    def noise(self, size: int) -> tuple[Path, str]:
        """A file of so many random bytes, and its sha256."""
        content = os.urandom(size)
        digest = hashlib.sha256(content).hexdigest()
        path = self.directory / digest[:16]
        path.write_bytes(content)
        return path, digest


def require(true: bool, problem: str) -> None:
    """Fail the check unless this is so.

    Raises:
        CheckFailedError: it is not.
    """
    if not true:
        raise CheckFailedError(problem)
