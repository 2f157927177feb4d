"""Results are right however the network chops, delays and throttles."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import TargetClient
from tests.faults.board import ENGINE, floats, row, running_board
from tests.proxy import Direction, Fault, Proxy
from tests.targets import Artifact, matmul_artifact, scale_artifact

pytestmark = pytest.mark.target


def small_session(target: TargetClient, large: Artifact, scale: Artifact) -> None:
    """Upload, compose, infer, plan, statistics: everything that a host does."""
    for artifact in (large, scale):
        assert target.upload(artifact.path, artifact.digest)
    target.compose([scale.digest], runtime=ENGINE)
    for value in range(20):
        outputs, duration = target.infer([row(value)])
        assert floats(outputs[0]) == [3.0 * value] * 8
        assert duration > 0
    items = (PlanItem("large", (large.digest,), 0), PlanItem("scale", (scale.digest,), 1))
    target.measure(Plan(items, warmup_rounds=1, min_rounds=25, max_rounds=25))
    measured = {each.name: each for each in target.statistics().measurements}
    assert {name: len(each.samples_ns) for name, each in measured.items()} == {
        "large": 25,
        "scale": 25,
        "process": 20,
    }


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "curve"])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(pieces=(1, 1500)), id="short reads"),
        pytest.param(Fault(delay_s=0.02), id="delay"),
        pytest.param(Fault(bytes_per_s=3e6), id="low bandwidth"),
        pytest.param(Fault(pieces=(1, 9000), delay_s=0.005, bytes_per_s=6e6), id="all at once"),
    ],
)
def test_session_through_a_bad_network_gives_right_results(
    tmp_path: Path, fault: Fault, *, encrypted: bool
) -> None:
    large = matmul_artifact(tmp_path, 880, 1, "a", "b")
    scale = scale_artifact(tmp_path, 3.0)
    assert large.path.stat().st_size > 3_000_000
    with (
        running_board(tmp_path, encrypted=encrypted) as board,
        Proxy(board.server.address) as proxy,
    ):
        proxy.set(fault)
        with board.connect(proxy.address) as target:
            small_session(target, large, scale)
        assert (board.server.store / large.digest).read_bytes() == large.path.read_bytes()
        assert proxy.forwarded(Direction.TO_TARGET) > 3_000_000


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "curve"])
def test_handshake_and_requests_survive_a_byte_at_a_time(
    tmp_path: Path, *, encrypted: bool
) -> None:
    scale = scale_artifact(tmp_path, 3.0)
    with (
        running_board(tmp_path, encrypted=encrypted) as board,
        Proxy(board.server.address) as proxy,
    ):
        proxy.set(Fault(pieces=(1, 3)))
        with board.connect(proxy.address) as target:
            target.upload(scale.path, scale.digest)
            target.compose([scale.digest], runtime=ENGINE)
            assert floats(target.infer([row(2.0)])[0][0]) == [6.0] * 8
