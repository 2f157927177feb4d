"""Where the port may listen, and what is said when it may not."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kenning.servers import kenning_server, row, scale_spec
from tests.kenning.table_client import TableClient
from tests.targets import scale_artifact


def serve(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kenning_lego.scenarios.inference_server"]
    command += ["--address", "tcp://127.0.0.1:0", "--store", str(directory / "store"), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:12345"])
def test_beyond_loopback_is_refused_with_the_way_out(tmp_path: Path, address: str) -> None:
    done = serve(tmp_path, "--kenning-tcp", address)
    assert done.returncode == 2
    assert "Kenning's wire knows no keys" in done.stderr
    assert "ssh -L" in done.stderr
    assert "--kenning-tcp-open" in done.stderr
    assert done.stderr.count("\n") == 1


def test_beyond_loopback_is_possible_for_who_says_so(tmp_path: Path) -> None:
    flags = ("--kenning-tcp", "0.0.0.0:0", "--kenning-tcp-open")
    with kenning_server(tmp_path, *flags) as server:
        port = server.kenning.rpartition(":")[2]
        with TableClient(f"127.0.0.1:{port}") as host:
            host.io_spec(scale_spec())
            host.model(scale_artifact(tmp_path, 2.0).path.read_bytes())
            assert host.infer(row(1.0)) == row(2.0)


def test_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = serve(tmp_path, "--kenning-tcp", address)
    assert done.returncode == 2
    assert f"{address} is in use" in done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "a b", ""])
def test_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    done = serve(tmp_path, "--kenning-tcp", address)
    assert done.returncode == 2
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
