from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.image_folder import ImageFolder
from tests.datasets.image_files import SMALL, write_classes, write_image

CLASSES = ("cat", "dog", "owl")


def folder(root: Path, **options: Any) -> ImageFolder:
    return ImageFolder(root=root, **{**SMALL, **options})


def contents(dataset: Dataset) -> list[list[bytes]]:
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    return [[image.tobytes() for image in part.images] for part in parts]


def test_one_directory_is_divided_by_shares(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 20)
    dataset = folder(tmp_path, validation_share=0.2, test_share=0.3).load()
    assert dataset.classes == CLASSES
    assert dataset.input_shape == (3, 4, 4)
    parts = contents(dataset)
    assert [len(each) for each in parts] == [27, 12, 3, 18]
    assert len({image for part in parts for image in part}) == 60
    assert np.bincount(dataset.test.labels).tolist() == [6, 6, 6]


def test_labels_belong_to_their_images(tmp_path: Path) -> None:
    for place, name in enumerate(CLASSES):
        write_classes(tmp_path, [name], 10, seed=5000 * place)
    by_label = folder(tmp_path).load()
    for images, labels in by_label.train.batches(4):
        for image, label in zip(images, labels, strict=True):
            own = folder(tmp_path).load().train
            same = [each.tobytes() == image.tobytes() for each in own.images]
            assert own.labels[same.index(True)] == label


def test_the_seed_chooses_the_images(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 20)
    first, again, other = (contents(folder(tmp_path, seed=seed).load()) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_directories_of_parts_are_the_parts(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", CLASSES, 10)
    write_classes(tmp_path / "valid", CLASSES, 2, seed=10_000)
    write_classes(tmp_path / "test", CLASSES, 3, seed=20_000)
    dataset = folder(tmp_path).load()
    parts = contents(dataset)
    assert [len(each) for each in parts] == [28, 6, 2, 9]
    assert len({image for part in parts for image in part}) == 45


def test_a_part_without_a_directory_comes_out_of_the_training_images(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", CLASSES, 10)
    write_classes(tmp_path / "val", CLASSES, 2, seed=10_000)
    write_classes(tmp_path / "calibration", CLASSES, 1, seed=20_000)
    assert [len(each) for each in contents(folder(tmp_path).load())] == [27, 6, 3, 3]


def test_a_limit_takes_a_few_of_every_class(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 20)
    dataset = folder(tmp_path, limit=30).load()
    assert sum(len(each) for each in contents(dataset)) == 30


def test_images_may_lie_deeper_and_other_files_do_not_count(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 5)
    write_image(tmp_path / "cat" / "more" / "big.JPEG", seed=99)
    write_image(tmp_path / "cat" / ".hidden.png", seed=98)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    assert sum(len(each) for each in contents(folder(tmp_path).load())) == 16


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: (root / "train" / "ape").mkdir(), r"train/ape has no image"),
        (lambda root: (root / "val" / "ape").mkdir(), "directories that are no class .* ape"),
        (lambda root: (root / "val" / "dog").rename(root / "dog"), "val has no directory for dog"),
        (lambda root: (root / "train").rename(root / "learn"), "has val, but no train"),
    ],
)
def test_incomplete_directories_are_refused(damage: Any, said: str, tmp_path: Path) -> None:
    write_classes(tmp_path / "train", CLASSES, 5)
    write_classes(tmp_path / "val", CLASSES, 2)
    damage(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        folder(tmp_path).load()


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 5)
    with pytest.raises(ConfigurationError, match="has 3 classes, expected were 10: cat, dog, owl"):
        folder(tmp_path, class_count=10).load()


def test_no_directory_and_no_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no directories"):
        folder(tmp_path).load()
    with pytest.raises(ConfigurationError, match=r"cannot read .*nowhere"):
        folder(tmp_path / "nowhere").load()


def test_a_broken_image_is_named_when_it_is_read(tmp_path: Path) -> None:
    write_classes(tmp_path, CLASSES, 5)
    (tmp_path / "owl" / "owl_3.png").write_bytes(b"no image")
    with pytest.raises(ConfigurationError, match=r"cannot read the image .*owl_3\.png"):
        contents(folder(tmp_path).load())
