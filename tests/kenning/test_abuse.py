"""Whatever a peer does to the port, the server survives and the next host is served at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kenning_lego.protocols.client import connect
from tests.kenning.abuse import CASES, Case, serve
from tests.kenning.servers import KenningServer, kenning_server
from tests.kenning.table_client import Refused
from tests.targets import scale_artifact


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("abuse")


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[KenningServer]:
    with kenning_server(directory) as running:
        yield running


@pytest.fixture(scope="module")
def model(directory: Path) -> Path:
    return scale_artifact(directory, 3.0).path


def test_there_are_as_many_cases_as_ways_to_fail() -> None:
    assert len(CASES) >= 24


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_server_survives_and_serves_the_next_host(
    server: KenningServer, model: Path, case: Case
) -> None:
    case(server.kenning, model)
    served_once_the_other_is_gone(server, model)
    with connect(server.server.address) as ours:
        ours.describe()
    assert server.server.process.poll() is None
    assert "Traceback" not in server.server.log.read_text()


def served_once_the_other_is_gone(server: KenningServer, model: Path) -> None:
    """The lease of one that closed its connection may be given back a moment later."""
    deadline = time.monotonic() + 5
    while True:
        try:
            serve(server.kenning, model)
        except Refused as refusal:
            if "busy" not in str(refusal) or time.monotonic() > deadline:
                raise
        else:
            return
