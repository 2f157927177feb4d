from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.download import Download, fetch


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "site" / "images.gz"
    path.parent.mkdir()
    path.write_bytes(b"images" * 1000)
    return path


def test_a_published_file_arrives_complete(published: Path, tmp_path: Path) -> None:
    md5 = hashlib.md5(published.read_bytes()).hexdigest()
    fetched = fetch(Download(published.as_uri(), md5), tmp_path / "new" / "data")
    assert fetched == tmp_path / "new" / "data" / "images.gz"
    assert fetched.read_bytes() == published.read_bytes()
    assert list(fetched.parent.iterdir()) == [fetched]


def test_a_file_that_is_not_what_was_published_is_not_kept(published: Path, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with pytest.raises(ConfigurationError, match=r"has MD5 .*, published is 0000"):
        fetch(Download(published.as_uri(), "0" * 32), directory)
    assert list(directory.iterdir()) == []


def test_what_cannot_be_fetched_is_an_error_with_a_remedy(published: Path, tmp_path: Path) -> None:
    published.unlink()
    directory = tmp_path / "data"
    with pytest.raises(ConfigurationError, match="check the network and the disk, or fetch it by"):
        fetch(Download(published.as_uri(), "0" * 32), directory)
    assert list(directory.iterdir()) == []
