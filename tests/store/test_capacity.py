"""A store of bounded size makes room by what was not used for longest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore, digest_of

OLD, MIDDLE, NEW = (bytes([letter]) * 100 for letter in b"omn")
MORE = b"+" * 100


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    store = ArtifactStore(tmp_path, capacity_bytes=300)
    for age, content in ((30, OLD), (20, MIDDLE), (10, NEW)):
        path = store.path(store.add(content))
        used = path.stat().st_mtime - age
        os.utime(path, (used, used))
    return store


def receive(store: ArtifactStore, content: bytes, *keep: bytes) -> None:
    upload = store.receive(digest_of(content), len(content), [digest_of(each) for each in keep])
    upload.append(content)
    upload.finish()


def held(store: ArtifactStore) -> list[bytes]:
    return [each for each in (OLD, MIDDLE, NEW, MORE) if store.holds(digest_of(each))]


def test_what_was_not_used_for_longest_makes_room(store: ArtifactStore) -> None:
    receive(store, MORE)
    assert held(store) == [MIDDLE, NEW, MORE]


def test_reading_counts_as_use(store: ArtifactStore) -> None:
    store.read(digest_of(OLD))
    receive(store, MORE)
    assert held(store) == [OLD, NEW, MORE]


def test_what_must_stay_stays_however_old(store: ArtifactStore) -> None:
    receive(store, MORE, OLD, MIDDLE)
    assert held(store) == [OLD, MIDDLE, MORE]


def test_no_more_is_thrown_away_than_need_be(store: ArtifactStore) -> None:
    receive(store, b"+" * 150)
    assert held(store) == [NEW]
    receive(store, b"-" * 50)
    assert held(store) == [NEW]


def test_artifact_without_room_is_refused_and_nothing_is_thrown_away(store: ArtifactStore) -> None:
    with pytest.raises(StoreError, match="no room for"):
        receive(store, b"+" * 301)
    with pytest.raises(StoreError, match=r"no room for .* in use"):
        receive(store, MORE, OLD, MIDDLE, NEW)
    assert held(store) == [OLD, MIDDLE, NEW]


def test_uploads_that_broke_off_make_room_too_but_not_their_own(store: ArtifactStore) -> None:
    for content in (MORE, b"?" * 100):
        upload = store.receive(digest_of(content), len(content))
        upload.append(content[:50])
        upload.suspend()
    assert held(store) == [NEW]
    again = store.receive(digest_of(MORE), len(MORE))
    assert again.offset == 50
    again.append(MORE[50:])
    again.finish()
    assert held(store) == [NEW, MORE]


def test_store_without_a_bound_throws_nothing_away(store: ArtifactStore) -> None:
    receive(ArtifactStore(store.root), b"+" * 10_000)
    assert held(store) == [OLD, MIDDLE, NEW]
