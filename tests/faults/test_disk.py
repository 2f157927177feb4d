"""A store whose disk is full, read-only, or taken away from under the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kenning_lego.core.errors import RemoteError, StoreError, TargetLostError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.protocols.messages import CHUNK_BYTES
from kenning_lego.store.artifacts import ArtifactStore, digest_of
from tests.faults.board import (
    ENGINE,
    Board,
    assert_store_is_sound,
    blob,
    eventually,
    floats,
    nothing_left_behind,
    row,
    running_board,
)
from tests.proxy import Direction, Fault, Mode, Proxy
from tests.targets import Artifact, ServerProcess, scale_artifact

DISK_MB = 6
MOUNT = f'mount -t tmpfs -o size={DISK_MB}m tmpfs "$1" || exit 77; shift; exec "$@"'


class SmallDisk:
    """A server in a mount namespace of its own, where its store lies on a tiny tmpfs."""

    def __init__(self, board: Board, mounted: Path) -> None:
        self.board = board
        self.store = board.server.store
        """As seen from outside of the namespace."""
        self._mounted = mounted

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.store).free

    def remount(self, options: str) -> None:
        pid = str(self.board.server.process.pid)
        enter = ["nsenter", "-t", pid, "-U", "-m", "--preserve-credentials"]
        subprocess.run(
            [*enter, "mount", "-o", f"remount,{options}", str(self._mounted)], check=True
        )


@contextmanager
def running_on_a_small_disk(directory: Path, *flags: str) -> Iterator[SmallDisk]:
    """Start a server on it and check at the end that nothing is left; skips where that cannot be.

    The mount ends with its namespace, and that with the server.
    """
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("nsenter") is None:
        pytest.skip("needs unshare and nsenter to mount a small disk")
    store, log = directory / "store", directory / "server.log"
    store.mkdir()
    command = [unshare, "-rm", "sh", "-c", MOUNT, "sh", str(store)]
    command += [sys.executable, "-m", "kenning_lego.scenarios.inference_server"]
    command += ["--address", "tcp://127.0.0.1:0", "--store", str(store), *flags]
    with (
        log.open("a") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            if "listening on" not in announced:
                said = log.read_text()
                if process.wait(10) in (1, 77) and "Traceback" not in said:
                    pytest.skip(f"cannot mount a small disk: {said.strip()}")
                pytest.fail(said)
            # What the server sees at its store; the test sees the empty directory below.
            outside = Path(f"/proc/{process.pid}/root{store}")
            server = ServerProcess(process, announced.split()[-1], outside, log)
            board = Board(server)
            with nothing_left_behind(board):
                yield SmallDisk(board, store)
            assert "Traceback" not in log.read_text()
            assert server.terminate() == 0
        finally:
            if process.poll() is None:
                process.kill()


def refused_by_the_store(target: TargetClient, artifact: Artifact, match: str) -> None:
    with pytest.raises(RemoteError, match=match) as refused:
        target.upload(artifact.path, artifact.digest)
    assert refused.value.code == "store"
    assert refused.value.remedy


def assert_small_one_is_served(target: TargetClient, scale: Artifact) -> None:
    target.upload(scale.path, scale.digest)
    target.compose([scale.digest], runtime=ENGINE)
    assert floats(target.infer([row(1.0)])[0][0]) == [2.0] * 8


def test_upload_larger_than_the_disk_is_refused_before_it_fills_it(tmp_path: Path) -> None:
    large, scale = blob(tmp_path, DISK_MB * 1_500_000), scale_artifact(tmp_path, 2.0)
    with running_on_a_small_disk(tmp_path) as disk:
        free = disk.free_bytes
        with disk.board.connect() as target:
            refused_by_the_store(target, large, "disk of the store has no room for 9 MB: at most 6")
            assert not (disk.store / large.digest).exists()
            assert_store_is_sound(disk.store)
            assert_small_one_is_served(target, scale)
        assert disk.free_bytes >= free - 100_000


def test_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kenning_lego.store.artifacts._free_bytes", lambda _: 1000)
    store = ArtifactStore(tmp_path / "store", capacity_bytes=10**9)
    store.add(b"old" * 100)
    with pytest.raises(StoreError, match=r"no room for 0.002 MB: at most 0.0013 MB can be had"):
        store.receive("0" * 64, 2000)
    assert store.holds(digest_of(b"old" * 100))
    store.receive("0" * 64, 1200).suspend()
    assert not store.holds(digest_of(b"old" * 100))


def test_artifacts_that_are_not_in_use_make_room_on_a_full_disk(tmp_path: Path) -> None:
    artifacts = [blob(tmp_path, 2_500_000, seed) for seed in range(4)]
    with running_on_a_small_disk(tmp_path) as disk:
        for artifact in artifacts:
            with disk.board.connect() as target:
                assert target.upload(artifact.path, artifact.digest)
            assert (disk.store / artifact.digest).read_bytes() == artifact.path.read_bytes()
        with disk.board.connect() as target:
            for artifact in artifacts[:2]:
                target.upload(artifact.path, artifact.digest)
            refused_by_the_store(
                target, artifacts[2], "disk of the store has no room for 2.5 MB: at most"
            )  # both are in use


def test_disk_that_fills_up_in_the_middle_of_an_upload_is_told(tmp_path: Path) -> None:
    artifact, scale = blob(tmp_path, 4 * CHUNK_BYTES), scale_artifact(tmp_path, 2.0)
    with running_on_a_small_disk(tmp_path) as disk, Proxy(disk.board.server.address) as proxy:
        foreign = disk.store / "foreign"

        part = disk.store / "incoming" / artifact.digest

        def fill() -> None:
            # Of what is forwarded by now the first chunk will arrive.
            eventually(lambda: part.exists() and part.stat().st_size > 0, 5, "a chunk is kept")
            with contextlib.suppress(OSError), foreign.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass

        proxy.set(Fault(after=CHUNK_BYTES + 5000, tripped=fill), Direction.TO_TARGET)
        with disk.board.connect(proxy.address) as target:
            refused_by_the_store(target, artifact, "no space left to write .*free some space")
            assert not (disk.store / artifact.digest).exists()
            arrived = part.read_bytes()
            assert artifact.path.read_bytes().startswith(arrived)
            assert_small_one_is_served(target, scale)
            foreign.unlink()
            assert target.upload(artifact.path, artifact.digest)
        assert (disk.store / artifact.digest).read_bytes() == artifact.path.read_bytes()


def test_uploads_that_broke_off_do_not_fill_the_disk_for_ever(tmp_path: Path) -> None:
    broken, whole = blob(tmp_path, 5_000_000, 1), blob(tmp_path, 4_000_000, 2)
    with running_on_a_small_disk(tmp_path) as disk, Proxy(disk.board.server.address) as proxy:
        proxy.set(Fault(Mode.RESET, after=4_900_000), Direction.TO_TARGET)
        target = disk.board.connect(proxy.address)
        with pytest.raises(TargetLostError):
            target.upload(broken.path, broken.digest)
        target.close()
        disk.board.wait_until_free()
        with disk.board.connect() as target:
            assert target.upload(whole.path, whole.digest)


def test_store_that_becomes_read_only_is_told_and_serves_what_it_has(tmp_path: Path) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    artifact = blob(tmp_path, 3_000_000)
    with running_on_a_small_disk(tmp_path, "--store-mb", "4") as disk:
        other = blob(tmp_path, 2_000_000, 1)
        with disk.board.connect() as target:
            target.upload(other.path, other.digest)
        with disk.board.connect() as target:
            target.upload(scale.path, scale.digest)
            disk.remount("ro")
            # There is room only if the other makes it, which cannot be removed either.
            refused_by_the_store(target, artifact, "Read-only file system|cannot write")
            assert_small_one_is_served(target, scale)
            disk.remount("rw")
            assert target.upload(artifact.path, artifact.digest)


def test_store_without_permission_to_write_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere; the read-only disk stands in for this")
    scale, artifact = scale_artifact(tmp_path, 2.0), blob(tmp_path, 3_000_000)
    with running_board(tmp_path) as board, board.connect() as target:
        target.upload(scale.path, scale.digest)
        (board.server.store / "incoming").chmod(0o500)
        try:
            refused_by_the_store(target, artifact, "Permission denied")
            assert_small_one_is_served(target, scale)
        finally:
            (board.server.store / "incoming").chmod(0o700)


def test_store_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    scale, artifact = scale_artifact(tmp_path, 2.0), blob(tmp_path, 30_000)
    with running_board(tmp_path) as board, board.connect() as target:
        target.upload(scale.path, scale.digest)
        incoming = board.server.store / "incoming"
        incoming.rmdir()
        incoming.write_bytes(b"a file where a directory belongs")
        refused_by_the_store(target, artifact, "cannot write")
        incoming.unlink()
        (incoming / artifact.digest).mkdir(parents=True)
        refused_by_the_store(target, artifact, "Is a directory")
        (incoming / artifact.digest).rmdir()
        assert target.upload(artifact.path, artifact.digest)
        assert_small_one_is_served(target, scale)


def test_store_that_is_removed_while_serving_is_made_again(tmp_path: Path) -> None:
    scale = scale_artifact(tmp_path, 2.0)
    with running_board(tmp_path) as board, board.connect() as target:
        target.upload(scale.path, scale.digest)
        shutil.rmtree(board.server.store)
        with pytest.raises(RemoteError, match=r"not in the store \(upload it first"):
            target.compose([scale.digest], runtime=ENGINE)
        assert target.upload(scale.path, scale.digest)
        assert_small_one_is_served(target, scale)


def test_store_that_is_removed_in_the_middle_of_an_upload_is_told(tmp_path: Path) -> None:
    artifact = blob(tmp_path, 6 * CHUNK_BYTES)
    with running_board(tmp_path) as board, Proxy(board.server.address) as proxy:

        def remove() -> None:
            shutil.rmtree(board.server.store)

        proxy.set(Fault(after=3 * CHUNK_BYTES, tripped=remove), Direction.TO_TARGET)
        with board.connect(proxy.address) as target:
            refused_by_the_store(target, artifact, "cannot write .*No such file")
            assert target.upload(artifact.path, artifact.digest)
        assert (board.server.store / artifact.digest).read_bytes() == artifact.path.read_bytes()
