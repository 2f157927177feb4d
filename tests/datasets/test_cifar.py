from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets import cifar
from kenning_lego.datasets.cifar import Cifar10, Cifar100
from kenning_lego.datasets.download import Download
from tests.datasets import cifar_files as official

TRAIN10, TEST10 = official.make_batch(20, 10, seed=1), official.make_batch(10, 10, seed=2)
TRAIN100, TEST100 = official.make_batch(400, 100, seed=3), official.make_batch(100, 100, seed=4)
UNCHANGED = {"mean": (0, 0, 0), "std": (1, 1, 1)}

Place = Callable[[Path], Path]


def binary_folder(root: Path) -> Path:
    official.write(root / "cifar-10-batches-bin", official.cifar10_binary(TRAIN10, TEST10))
    return root


def binary_files(root: Path) -> Path:
    official.write(root, official.cifar10_binary(TRAIN10, TEST10))
    return root


def binary_archive(root: Path) -> Path:
    files = official.cifar10_binary(TRAIN10, TEST10)
    official.write_archive(root / "cifar-10-binary.tar.gz", "cifar-10-batches-bin", files)
    return root


def python_folder(root: Path) -> Path:
    official.write(root / "cifar-10-batches-py", official.cifar10_python(TRAIN10, TEST10))
    return root


def python_archive_itself(root: Path) -> Path:
    archive = root / "cifar-10-python.tar.gz"
    official.write_archive(archive, "cifar-10-batches-py", official.cifar10_python(TRAIN10, TEST10))
    return archive


@pytest.mark.parametrize(
    "place", [binary_folder, binary_files, binary_archive, python_folder, python_archive_itself]
)
def test_cifar10_is_found_and_read_in_every_published_form(place: Place, tmp_path: Path) -> None:
    dataset = Cifar10.model_validate({"root": place(tmp_path), **UNCHANGED}).load()
    assert dataset.classes == official.CIFAR10_NAMES
    assert dataset.input_shape == (3, 32, 32)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (90, 10, 10)
    pixels = np.rint(dataset.test.images * 255).astype(np.uint8)
    np.testing.assert_array_equal(pixels.reshape(10, 3072), TEST10[0])
    assert dataset.test.labels.tolist() == TEST10[1]


def test_the_channels_are_red_green_blue_by_rows(tmp_path: Path) -> None:
    image = np.zeros((1, 3072), np.uint8)
    image[0, 1024 + 32 * 5 + 7] = 255  # green, row 5, column 7
    official.write(tmp_path, official.cifar10_binary(TRAIN10, (image, [0])))
    loaded = Cifar10.model_validate({"root": tmp_path, **UNCHANGED}).load().test.images
    assert np.argwhere(loaded).tolist() == [[0, 1, 5, 7]]


@pytest.mark.parametrize("form", [official.cifar100_binary, official.cifar100_python])
def test_cifar100_has_the_fine_labels(
    form: Callable[[official.Batch, official.Batch], dict[str, bytes]], tmp_path: Path
) -> None:
    official.write(tmp_path, form(TRAIN100, TEST100))
    dataset = Cifar100(root=tmp_path, validation_share=0.25).load()
    assert dataset.classes == official.CIFAR100_NAMES
    assert dataset.test.labels.tolist() == TEST100[1]
    assert np.bincount(dataset.train.labels).tolist() == [3] * 100
    assert np.bincount(dataset.validation.labels).tolist() == [1] * 100


def test_images_are_normalised_by_channel(tmp_path: Path) -> None:
    options = Cifar10(root=binary_folder(tmp_path))
    raw = TEST10[0].reshape(-1, 3, 32, 32) / 255
    expected = (raw - np.reshape(options.mean, (3, 1, 1))) / np.reshape(options.std, (3, 1, 1))
    np.testing.assert_allclose(options.load().test.images, expected, atol=1e-5)


def test_missing_files_are_named_with_the_place_and_the_way_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Cifar10(root=tmp_path / "nowhere").load()
    message = str(caught.value)
    for part in (
        "nowhere",
        "does not exist",
        "data_batch_1.bin",
        "python.tar.gz",
        "download: true",
    ):
        assert part in message


def test_nothing_is_downloaded_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ConfigurationError):
        Cifar100(root=tmp_path).load()


def test_the_archive_is_downloaded_when_asked_and_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    binary_archive(site)
    archive = site / "cifar-10-binary.tar.gz"
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(cifar, "_CIFAR10_DOWNLOAD", Download(archive.as_uri(), md5))
    options = Cifar10(root=tmp_path / "data", download=True)
    assert len(options.load().test) == 10
    archive.unlink()
    assert len(options.load().test) == 10


def test_an_archive_cut_short_is_refused(tmp_path: Path) -> None:
    archive = binary_archive(tmp_path) / "cifar-10-binary.tar.gz"
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(ConfigurationError, match=r"cifar-10-binary\.tar\.gz"):
        Cifar10(root=tmp_path).load()


def test_an_archive_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    files = official.cifar10_binary(TRAIN10, TEST10)
    del files["data_batch_3.bin"]
    official.write_archive(tmp_path / "cifar-10-binary.tar.gz", "cifar-10-batches-bin", files)
    with pytest.raises(ConfigurationError, match=r"lacks data_batch_3\.bin"):
        Cifar10(root=tmp_path).load()


def test_a_batch_that_is_not_whole_records_is_refused(tmp_path: Path) -> None:
    batch = binary_files(tmp_path) / "data_batch_2.bin"
    batch.write_bytes(batch.read_bytes()[:-1])
    with pytest.raises(ConfigurationError, match=r"data_batch_2\.bin has 61459 bytes"):
        Cifar10(root=tmp_path).load()


def test_labels_beyond_the_names_are_refused(tmp_path: Path) -> None:
    (binary_files(tmp_path) / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(ConfigurationError, match="labels from 0 to 9 and 2 classes"):
        Cifar10(root=tmp_path).load()
