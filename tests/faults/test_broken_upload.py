"""An upload that breaks off at any byte goes on from there and ends in the right artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.errors import TargetLostError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.protocols.messages import CHUNK_BYTES, UPLOAD_CREDITS
from tests.faults.board import (
    Board,
    assert_store_is_sound,
    blob,
    floats,
    nothing_left_behind,
    row,
    running_board,
)
from tests.proxy import Direction, Fault, Mode, Proxy
from tests.targets import Artifact, running_server, scale_artifact

pytestmark = pytest.mark.target

SIZE = (2 * UPLOAD_CREDITS + 4) * CHUNK_BYTES + 123_457
OVERHEAD = 20_000
"""Bytes of handshake, requests and headers, at most."""
IN_FLIGHT = (UPLOAD_CREDITS + 1) * CHUNK_BYTES
"""What may be on its way, or arrived and not yet looked at, when a connection breaks."""

CUTS = {
    "before the first byte": 1,
    "within the request": 60,
    "at the first chunk": 200,
    "within the first chunk": CHUNK_BYTES // 2,
    "at the end of the first chunk": CHUNK_BYTES,
    "at the second chunk": CHUNK_BYTES + 300,
    "within the third chunk": 2 * CHUNK_BYTES + 77_777,
    "within the fifth chunk": 4 * CHUNK_BYTES + CHUNK_BYTES // 3,
    "in the middle": SIZE // 2,
    "within the ninth chunk": 8 * CHUNK_BYTES + 999,
    "within the last chunk": SIZE - 60_000,
    "a byte before the end": SIZE - 1,
}


def upload_expecting_to_lose(target: TargetClient, artifact: Artifact) -> None:
    with pytest.raises(TargetLostError, match="went away"):
        target.upload(artifact.path, artifact.digest)
    target.close()


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "curve"])
def test_upload_goes_on_after_a_reset_at_any_byte(tmp_path: Path, *, encrypted: bool) -> None:
    with (
        running_board(tmp_path, encrypted=encrypted) as board,
        Proxy(board.server.address) as proxy,
    ):
        for seed, (where, cut) in enumerate(CUTS.items()):
            artifact = blob(tmp_path, SIZE, seed)
            _break_and_go_on(board, proxy, artifact, cut, where)
            (board.server.store / artifact.digest).unlink()
            artifact.path.unlink()
        assert not list((board.server.store / "incoming").iterdir())


def _break_and_go_on(board: Board, proxy: Proxy, artifact: Artifact, cut: int, where: str) -> None:
    target = board.connect(proxy.address)
    target.lease()
    proxy.set(Fault(Mode.RESET, after=cut), Direction.TO_TARGET)
    upload_expecting_to_lose(target, artifact)
    proxy.set(Fault())
    assert not (board.server.store / artifact.digest).exists(), where
    board.wait_until_free()
    before = proxy.forwarded(Direction.TO_TARGET)
    with board.connect(proxy.address) as target:
        assert target.upload(artifact.path, artifact.digest), where
    resent = proxy.forwarded(Direction.TO_TARGET) - before
    assert resent <= SIZE - max(0, cut - IN_FLIGHT) + OVERHEAD, where
    assert (board.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes(), where


def test_upload_gets_through_a_network_that_breaks_again_and_again(tmp_path: Path) -> None:
    artifact = blob(tmp_path, SIZE)
    with running_board(tmp_path) as board, Proxy(board.server.address) as proxy:
        # A little more than a window each time, so that some of it is sure to be kept.
        proxy.set(Fault(Mode.RESET, after=IN_FLIGHT + CHUNK_BYTES), Direction.TO_TARGET)
        attempts = 0
        while not (board.server.store / artifact.digest).exists():
            attempts += 1
            assert attempts <= SIZE // CHUNK_BYTES + 1
            board.wait_until_free()
            target = board.connect(proxy.address)
            try:
                target.upload(artifact.path, artifact.digest)
            except TargetLostError:
                continue
            finally:
                target.close()
        assert attempts > 1


def test_answer_that_is_lost_does_not_lose_the_upload(tmp_path: Path) -> None:
    artifact = blob(tmp_path, CHUNK_BYTES + 5)
    with running_board(tmp_path) as board, Proxy(board.server.address) as proxy:
        target = board.connect(proxy.address)
        target.lease()
        proxy.set(Fault(Mode.RESET, after=1), Direction.TO_HOST)
        upload_expecting_to_lose(target, artifact)
        proxy.set(Fault())
        board.wait_until_free()
        with board.connect(proxy.address) as target:
            target.upload(artifact.path, artifact.digest)
        assert (board.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "curve"])
def test_upload_goes_on_after_the_server_was_killed_and_started_again(
    tmp_path: Path, *, encrypted: bool
) -> None:
    artifact = blob(tmp_path, SIZE)
    with running_board(tmp_path, encrypted=encrypted) as board:
        pass  # makes keys and store
    flags = ("--key", "board", "--keys", str(tmp_path / "keys")) if encrypted else ()
    with running_server(tmp_path, *flags) as first, Proxy(first.address) as proxy:
        board.server = first
        target = board.connect(proxy.address)
        target.lease()
        proxy.set(Fault(after=SIZE * 3 // 4, tripped=first.kill), Direction.TO_TARGET)
        upload_expecting_to_lose(target, artifact)
    kept = (first.store / "incoming" / artifact.digest).stat().st_size
    assert kept >= SIZE * 3 // 4 - IN_FLIGHT
    assert not (first.store / artifact.digest).exists()
    assert_store_is_sound(first.store)
    with running_server(tmp_path, *flags) as second, Proxy(second.address) as proxy:
        board.server = second
        with nothing_left_behind(board):
            before = proxy.forwarded(Direction.TO_TARGET)
            with board.connect(proxy.address) as target:
                assert target.upload(artifact.path, artifact.digest)
            assert proxy.forwarded(Direction.TO_TARGET) - before <= SIZE - kept + OVERHEAD
            assert (second.store / artifact.digest).read_bytes() == artifact.path.read_bytes()
            assert not list((second.store / "incoming").iterdir())


def test_reset_in_the_middle_of_an_inference_is_told_and_the_next_host_is_served(
    tmp_path: Path,
) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    with running_board(tmp_path) as board, Proxy(board.server.address) as proxy:
        for direction in Direction:
            target = board.connect(proxy.address)
            target.upload(scale.path, scale.digest)
            target.compose([scale.digest], runtime="onnxruntime")
            proxy.set(Fault(Mode.RESET, after=10), direction)
            with pytest.raises(TargetLostError, match="went away"):
                target.infer([row(1.0)])
            target.close()
            proxy.set(Fault())
            board.wait_until_free()
            with board.connect(proxy.address) as target:
                target.compose([scale.digest], runtime="onnxruntime")
                assert floats(target.infer([row(1.0)])[0][0]) == [2.0] * 8
