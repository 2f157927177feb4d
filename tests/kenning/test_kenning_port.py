"""A real server's port for Kenning's hosts, used by a client written from the byte tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kenning.servers import KenningServer, kenning_server, row, scale_spec
from tests.kenning.table_client import TableClient
from tests.targets import scale_artifact


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KenningServer]:
    with kenning_server(tmp_path) as running:
        yield running


@pytest.mark.parametrize("short", [False, True], ids=["12 bytes", "8 bytes"])
@pytest.mark.parametrize("checksum", [False, True], ids=["plain", "checksums"])
def test_kenning_host_benchmarks_on_our_server(
    server: KenningServer, tmp_path: Path, short: bool, checksum: bool
) -> None:
    model = scale_artifact(tmp_path, 3.0).path.read_bytes()
    with TableClient(server.kenning, short=short, checksum=checksum) as host:
        host.io_spec(scale_spec())
        host.model(model)
        for value in (1.0, 2.0):
            assert host.infer(row(value)) == row(3.0 * value)
        stats = host.stats()
    assert len(stats["target_inference_step"]) == 2
