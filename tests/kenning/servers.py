"""Servers with a port for Kenning's hosts, and what such hosts send."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.targets import ServerProcess, running_server


@dataclass
class KenningServer:
    """A server and where its port for Kenning's hosts is."""

    server: ServerProcess
    kenning: str


@contextmanager
def kenning_server(directory: Path, *flags: str) -> Iterator[KenningServer]:
    """Start a server with such a port; end it afterwards."""
    with running_server(directory, "--kenning-tcp", "127.0.0.1:0", *flags) as server:
        assert server.process.stdout is not None
        while "Kenning" not in (line := server.process.stdout.readline()):
            assert line, server.log.read_text()
        yield KenningServer(server, line.split()[-1])


def tensor(name: str, *shape: object, dtype: str = "float32") -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": dtype}


def scale_spec(size: int = 8) -> dict[str, Any]:
    """The specification of :func:`tests.targets.scale_artifact`."""
    return {"input": [tensor("x", 1, size)], "output": [tensor("y", 1, size)]}


def row(value: float, size: int = 8) -> bytes:
    return np.full(size, value, np.float32).tobytes()
