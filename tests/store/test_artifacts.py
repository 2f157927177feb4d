"""Artifacts arrive whole and verified, or not at all; their names are digests and nothing else."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore, digest_of

CONTENT = b"an artifact, or at least the bytes of one"
DIGEST = digest_of(CONTENT)

quick = settings(max_examples=60)
contents = st.binary(min_size=1, max_size=200)


@contextmanager
def fresh_store() -> Iterator[ArtifactStore]:
    """Hypothesis runs many examples in one test; each has a store of its own."""
    with tempfile.TemporaryDirectory() as directory:
        yield ArtifactStore(Path(directory) / "store")


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@quick
@given(st.binary(max_size=1000))
def test_content_is_found_again_by_its_sha256(content: bytes) -> None:
    with fresh_store() as store:
        digest = store.add(content)
        assert digest == hashlib.sha256(content).hexdigest()
        assert store.holds(digest)
        assert store.path(digest).read_bytes() == content
        assert store.read(digest) == content
        assert store.add(content) == digest
        assert files_in(store.root) == [digest]


def test_nothing_is_written_before_something_is_kept(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    assert not store.holds(DIGEST)
    with pytest.raises(StoreError, match=rf"{DIGEST[:12]} is not in the store \(upload it first"):
        store.path(DIGEST)
    with pytest.raises(StoreError, match="is not in the store"):
        store.read(DIGEST)
    assert not store.root.exists()


@quick
@given(content=contents, data=st.data())
def test_upload_arrives_in_whatever_pieces(content: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    bounds = [0, *cuts, len(content)]
    pieces = [content[begin:end] for begin, end in pairwise(bounds)]
    with fresh_store() as store:
        upload = store.receive(digest_of(content), len(content))
        offset = 0
        for piece in pieces:
            offset += len(piece)
            assert upload.append(memoryview(piece)) == offset
            assert not store.holds(upload.digest)
        assert upload.finish().read_bytes() == content
        assert files_in(store.root) == [upload.digest]


@quick
@given(content=contents, data=st.data())
def test_upload_goes_on_after_a_break_at_any_byte(content: bytes, data: st.DataObject) -> None:
    breaks = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=1, max_size=4)))
    digest = digest_of(content)
    with fresh_store() as store:
        offset = 0
        for place in breaks:
            upload = store.receive(digest, len(content))
            assert upload.offset == offset
            offset = upload.append(content[offset:place])
            upload.suspend()
            assert not store.holds(digest)
        upload = store.receive(digest, len(content))
        upload.append(content[upload.offset :])
        upload.finish()
        assert store.read(digest) == content


def test_upload_that_broke_off_without_a_word_goes_on(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / DIGEST).write_bytes(CONTENT[:7])  # as a killed server leaves it
    upload = store.receive(DIGEST, len(CONTENT))
    assert upload.offset == 7
    upload.append(CONTENT[7:])
    upload.finish()
    assert store.read(DIGEST) == CONTENT


def test_upload_that_was_whole_but_not_finished_needs_no_more_bytes(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first = store.receive(DIGEST, len(CONTENT))
    first.append(CONTENT)
    first.suspend()
    second = store.receive(DIGEST, len(CONTENT))
    assert second.offset == len(CONTENT)
    second.finish()
    assert store.read(DIGEST) == CONTENT


def test_leftover_longer_than_announced_is_thrown_away(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / DIGEST).write_bytes(CONTENT + b"and more")
    upload = store.receive(DIGEST, len(CONTENT))
    assert upload.offset == 0
    upload.append(CONTENT)
    upload.finish()
    assert store.read(DIGEST) == CONTENT


@quick
@given(content=contents, data=st.data())
def test_upload_with_another_sha256_is_thrown_away(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    damaged[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    digest = digest_of(content)
    with fresh_store() as store:
        upload = store.receive(digest, len(content))
        upload.append(bytes(damaged))
        with pytest.raises(StoreError, match=r"arrived damaged.*send it again"):
            upload.finish()
        assert not store.holds(digest)
        again = store.receive(digest, len(content))
        assert again.offset == 0
        again.append(content)
        again.finish()
        assert store.read(digest) == content


def test_wrong_leftover_does_not_block_the_artifact_for_ever(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / DIGEST).write_bytes(b"rot")
    upload = store.receive(DIGEST, len(CONTENT))
    upload.append(CONTENT[3:])
    with pytest.raises(StoreError, match="damaged"):
        upload.finish()
    upload = store.receive(DIGEST, len(CONTENT))
    upload.append(CONTENT)
    upload.finish()
    assert store.read(DIGEST) == CONTENT


def test_more_than_announced_is_refused_and_not_written(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    upload = store.receive(DIGEST, len(CONTENT))
    upload.append(CONTENT[:-1])
    with pytest.raises(StoreError, match="longer than its announced size"):
        upload.append(CONTENT[-1:] + b"x")
    assert upload.offset == len(CONTENT) - 1
    upload.append(CONTENT[-1:])
    upload.finish()
    assert store.read(DIGEST) == CONTENT


def test_upload_that_ends_early_is_refused_and_kept_for_later(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    upload = store.receive(DIGEST, len(CONTENT))
    upload.append(CONTENT[:5])
    with pytest.raises(StoreError, match=f"ends at 5 of {len(CONTENT)}"):
        upload.finish()
    assert not store.holds(DIGEST)
    later = store.receive(DIGEST, len(CONTENT))
    assert later.offset == 5
    later.suspend()


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "incoming", "../" * 21 + "x", "/" + "0" * 63, "0" * 63, "0" * 65),
        *("A" * 64, "0" * 63 + "/", "0" * 63 + "\n", "0" * 64 + "\n", "\0" * 64),
        *("../../../../../../../../../../../../../../../../../../../../etc/p", "é" * 64),
        "\N{ARABIC-INDIC DIGIT ONE}" * 64,
    ],
)
def test_name_that_is_no_digest_becomes_no_path(tmp_path: Path, name: str) -> None:
    store = ArtifactStore(tmp_path / "store")
    for use in (store.holds, store.path, store.read, lambda each: store.receive(each, 1)):
        with pytest.raises(StoreError, match="is not a sha256"):
            use(name)
    assert list(tmp_path.iterdir()) == []


def test_artifact_damaged_on_disk_is_noticed_and_removed(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    store.add(CONTENT)
    store.path(DIGEST).write_bytes(CONTENT[:-1])
    with pytest.raises(StoreError, match=r"damaged on disk and has been removed \(upload it again"):
        store.read(DIGEST)
    assert not store.holds(DIGEST)
    store.add(CONTENT)
    assert store.read(DIGEST) == CONTENT


def test_directory_in_the_place_of_an_artifact_is_none(tmp_path: Path) -> None:
    (tmp_path / DIGEST).mkdir()
    assert not ArtifactStore(tmp_path).holds(DIGEST)


def test_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.write_text("not a directory")
    with pytest.raises(StoreError, match="cannot write"):
        ArtifactStore(root).add(CONTENT)
    with pytest.raises(StoreError, match="cannot write"):
        ArtifactStore(root).receive(DIGEST, len(CONTENT))


def test_disk_that_refuses_the_finished_artifact_is_told_and_the_upload_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = ArtifactStore(tmp_path)
    upload = store.receive(DIGEST, len(CONTENT))
    upload.append(CONTENT)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(StoreError, match=r"no space left to write .*free some space"):
            upload.finish()
    assert not store.holds(DIGEST)
    later = store.receive(DIGEST, len(CONTENT))
    assert later.offset == len(CONTENT)
    later.finish()
    assert store.read(DIGEST) == CONTENT


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    before = open_descriptors()
    store.receive(DIGEST, len(CONTENT)).suspend()
    early = store.receive(DIGEST, len(CONTENT))
    with pytest.raises(StoreError):
        early.finish()
    wrong = store.receive(DIGEST, len(CONTENT))
    wrong.append(bytes(len(CONTENT)))
    with pytest.raises(StoreError):
        wrong.finish()
    right = store.receive(DIGEST, len(CONTENT))
    right.append(CONTENT)
    right.finish()
    store.read(DIGEST)
    assert open_descriptors() == before
