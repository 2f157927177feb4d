"""What a host says when no target is where it looks."""

from __future__ import annotations

import socket

import pytest

from kenning_lego.core.errors import TargetUnreachableError
from kenning_lego.protocols.client import connect


def test_nothing_listening_is_an_error_that_says_where() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(TargetUnreachableError, match=f"nothing listens at tcp://127.0.0.1:{port}"):
        connect(f"tcp://127.0.0.1:{port}")


def test_something_else_listening_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(TargetUnreachableError, match=f"127.0.0.1:{port}"):
            connect(f"tcp://127.0.0.1:{port}", timeout_s=0.5)
