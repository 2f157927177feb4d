"""Artifacts that come under no name: their sha256 is known at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore, digest_of
from kenning_lego.store.spool import Spool

CONTENT = bytes(range(256)) * 1000


def incoming(store: ArtifactStore) -> list[Path]:
    return sorted((store.root / "incoming").iterdir())


@pytest.mark.parametrize("size", [0, 1, len(CONTENT), 9 * len(CONTENT)])
def test_pieces_become_the_artifact(tmp_path: Path, size: int) -> None:
    content = (CONTENT * 9)[:size]
    store = ArtifactStore(tmp_path / "store")
    spool = Spool(store)
    buffer = bytearray(7000)
    for begin in range(0, size, len(buffer)):
        piece = content[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        spool.append(memoryview(buffer)[: len(piece)])  # whose memory is used again
    assert spool.finish() == (digest_of(content), size)
    assert store.read(digest_of(content)) == content
    assert incoming(store) == []


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    store.add(CONTENT)
    spool = Spool(store)
    spool.append(CONTENT)
    assert spool.finish() == (digest_of(CONTENT), len(CONTENT))
    assert store.read(digest_of(CONTENT)) == CONTENT


def test_what_is_thrown_away_leaves_nothing(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    spool = Spool(store)
    spool.append(CONTENT)
    assert len(incoming(store)) == 1
    spool.discard()
    spool.discard()
    assert incoming(store) == []


def test_room_is_made_for_it_and_runs_out(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, capacity_bytes=3 * len(CONTENT))
    old = store.add(CONTENT[1:])
    spool = Spool(store)
    for _ in range(3):
        spool.append(CONTENT)
    assert not store.holds(old)
    with pytest.raises(StoreError, match="has no room"):
        spool.append(b"x")
    spool.discard()


def test_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "incoming").write_text("a file where a directory should be")
    with pytest.raises(StoreError, match="cannot write"):
        Spool(ArtifactStore(tmp_path))


def test_part_that_somebody_removed_is_an_error(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    spool = Spool(store)
    spool.append(CONTENT)
    incoming(store)[0].unlink()
    with pytest.raises(StoreError, match="cannot write"):
        spool.finish()
