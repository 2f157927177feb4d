from __future__ import annotations

import contextlib
import gzip
import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.download import Download
from kenning_lego.datasets.idx import decode_idx
from kenning_lego.datasets.mnist_family import FashionMnist, Mnist

shapes = st.lists(st.integers(0, 5), max_size=4).map(tuple)


def encode_idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def files() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": random.integers(0, 256, (40, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.arange(40, dtype=np.uint8) % 10,
        "t10k-images-idx3-ubyte": random.integers(0, 256, (10, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.arange(10, dtype=np.uint8),
    }


def write(root: Path, compressed: bool) -> None:
    root.mkdir(exist_ok=True)
    for name, array in files().items():
        content = encode_idx(array)
        if compressed:
            (root / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (root / name).write_bytes(content)


@given(shapes, st.integers(0, 1000))
def test_idx_decodes_what_was_encoded(shape: tuple[int, ...], seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    array = np.asarray(array, dtype=np.uint8)
    np.testing.assert_array_equal(decode_idx(encode_idx(array), "file"), array)


@given(shapes, st.data())
def test_idx_of_another_size_than_stated_is_refused(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    content = encode_idx(np.zeros(shape, np.uint8))
    cut = data.draw(st.integers(0, len(content) - 1))
    for damaged in (content[:cut], content + b"\0"):
        with pytest.raises(ConfigurationError, match="file"):
            decode_idx(damaged, "file")


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    with contextlib.suppress(ConfigurationError):
        array = decode_idx(content, "file")
        assert array.nbytes == math.prod(array.shape)


@pytest.mark.parametrize("compressed", [True, False])
def test_fashion_mnist_is_read_with_and_without_gz(compressed: bool, tmp_path: Path) -> None:
    write(tmp_path, compressed)
    dataset = FashionMnist(root=tmp_path, validation_share=0.25, mean=0, std=1).load()
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (30, 10, 10)
    assert dataset.input_shape == (1, 28, 28)
    assert len(dataset.classes) == 10
    pixels = np.rint(dataset.test.images[:, 0] * 255).astype(np.uint8)
    np.testing.assert_array_equal(pixels, files()["t10k-images-idx3-ubyte"])


def test_mnist_is_read_likewise_and_sets_images_aside_to_calibrate_on(tmp_path: Path) -> None:
    write(tmp_path, compressed=True)
    dataset = Mnist(root=tmp_path, validation_share=0.25, calibration_share=0.2).load()
    assert dataset.calibration is not None
    sizes = [len(p) for p in (dataset.train, dataset.calibration, dataset.validation, dataset.test)]
    assert sizes == [24, 6, 10, 10]
    assert dataset.classes == tuple("0123456789")
    every = np.concatenate([dataset.train.images, dataset.calibration.images])
    without = FashionMnist(root=tmp_path, validation_share=0.25, mean=0.1307, std=0.3081).load()
    assert without.calibration is None
    assert {image.tobytes() for image in every} == {i.tobytes() for i in without.train.images}
    np.testing.assert_array_equal(dataset.validation.images, without.validation.images)


def test_missing_files_are_named_with_the_place_and_the_way_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FashionMnist(root=tmp_path).load()
    message = str(caught.value)
    for part in (str(tmp_path), "Fashion-MNIST", "t10k-labels-idx1-ubyte", "download: true"):
        assert part in message


def test_only_missing_files_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, root = tmp_path / "site", tmp_path / "data"
    write(site, compressed=True)
    downloads = {}
    for name in files():
        published = site / f"{name}.gz"
        md5 = hashlib.md5(published.read_bytes()).hexdigest()
        downloads[name] = Download(published.as_uri(), md5)
    monkeypatch.setattr(FashionMnist, "downloads", downloads)
    options = FashionMnist(root=root, download=True)
    options.load()
    (site / "t10k-labels-idx1-ubyte.gz").unlink()
    (root / "t10k-images-idx3-ubyte.gz").unlink()
    options.load()
    assert len(list(root.iterdir())) == 4


def test_a_damaged_gz_is_refused(tmp_path: Path) -> None:
    write(tmp_path, compressed=True)
    damaged = tmp_path / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(ConfigurationError, match=r"cannot read .*train-images"):
        FashionMnist(root=tmp_path).load()


def test_as_many_labels_as_images_are_required(tmp_path: Path) -> None:
    write(tmp_path, compressed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(encode_idx(np.zeros(9, np.uint8)))
    with pytest.raises(ConfigurationError, match="10 images"):
        FashionMnist(root=tmp_path).load()


def test_labels_in_place_of_images_are_refused(tmp_path: Path) -> None:
    write(tmp_path, compressed=False)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(encode_idx(np.zeros(9, np.uint8)))
    with pytest.raises(ConfigurationError, match="1 dimensions, not 3"):
        FashionMnist(root=tmp_path).load()
