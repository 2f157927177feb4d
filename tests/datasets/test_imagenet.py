from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.imagenet import ImageNet
from tests.datasets.image_files import SMALL, write_classes, write_image

CLASSES = ("n01", "n02", "n03")
RIGHT = {"val_1": 2, "val_2": 0, "val_3": 1, "val_4": 2}


def imagenet(root: Path, **options: Any) -> ImageNet:
    return ImageNet(root=root, class_count=3, **{**SMALL, **options})


def write_flat(root: Path) -> None:
    write_classes(root / "train", CLASSES, 10)
    for number, name in enumerate(RIGHT):
        write_image(root / "val" / f"{name}.JPEG", seed=9000 + number)


def test_training_and_validation_images_by_class(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", CLASSES, 10)
    write_classes(tmp_path / "val", CLASSES, 4, seed=9000)
    dataset = imagenet(tmp_path, validation_share=0.2).load()
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in parts] == [23, 6, 1, 12]
    assert dataset.classes == CLASSES
    assert len({image.tobytes() for part in parts for image in part.images}) == 42


def test_validation_images_alone_are_divided(tmp_path: Path) -> None:
    write_classes(tmp_path / "val", CLASSES, 20)
    dataset = imagenet(tmp_path, validation_share=0.2, calibration_share=0.1).load()
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in parts] == [0, 12, 6, 42]
    assert len({image.tobytes() for part in parts for image in part.images}) == 60


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        ([f"{name}.JPEG {label}" for name, label in RIGHT.items()], {}),
        ([f"{name}.JPEG {label + 1}" for name, label in RIGHT.items()], {"first_label": 1}),
        ([f"{name} {CLASSES[label]}" for name, label in reversed(RIGHT.items())], {}),
        (
            ["ImageId,PredictionString"]
            + [f"{name},{CLASSES[label]} 1 2 3 4 n02 5 6 7 8" for name, label in RIGHT.items()],
            {},
        ),
        ([str(label + 1) for label in RIGHT.values()], {"first_label": 1}),
    ],
    ids=["numbers", "from one", "names in any order", "Kaggle", "development kit"],
)
def test_ground_truth_in_every_form(
    lines: list[str], options: dict[str, Any], tmp_path: Path
) -> None:
    write_flat(tmp_path)
    truth = tmp_path / "truth.txt"
    truth.write_text("\n".join(lines))
    dataset = imagenet(tmp_path, ground_truth=truth, **options).load()
    assert dataset.test.labels.tolist() == list(RIGHT.values())
    assert len(dataset.test.images) == 4


def test_a_list_of_classes_gives_their_order_and_their_names(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", CLASSES, 10)
    write_classes(tmp_path / "val", CLASSES, 1)
    names = tmp_path / "classes.txt"
    names.write_text("n03 golf ball\nn01 tench, Tinca tinca\nn02\n")
    dataset = imagenet(tmp_path, class_list=names).load()
    assert dataset.classes == ("golf ball", "tench", "n02")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("val_1 2\nval_2 0\nval_3 1", r"does not list val_4"),
        ("val_1 2\nval_2 0\nval_3 1\nval_4 2\nval_5 0", r"lacks val_5"),
        ("val_1 2\nval_2 0\nval_3 1\nval_4 3", r"says that val_4 is of the class '3', one of 3"),
        ("val_1 2\nval_2 0\nval_3 1\nval_4 n09", r"class 'n09'"),
        ("val_1 2\nval_2 0\nval_3 1\nval_4", r"class ''"),
        ("1\n2\n3", r"has 3 lines for the 4 images"),
        ("\n", "lists no images"),
    ],
)
def test_ground_truth_that_does_not_fit_is_refused(content: str, said: str, tmp_path: Path) -> None:
    write_flat(tmp_path)
    truth = tmp_path / "truth.txt"
    truth.write_text(content)
    with pytest.raises(ConfigurationError, match=said):
        imagenet(tmp_path, ground_truth=truth).load()


def test_images_of_the_same_name_are_refused(tmp_path: Path) -> None:
    write_flat(tmp_path)
    write_image(tmp_path / "val" / "val_1.png", seed=1)
    truth = tmp_path / "truth.txt"
    truth.write_text("val_1 0\nval_2 0\nval_3 1\nval_4 2")
    with pytest.raises(ConfigurationError, match="differ in their endings alone"):
        imagenet(tmp_path, ground_truth=truth).load()


def test_what_is_incomplete_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no directory val"):
        imagenet(tmp_path).load()
    write_flat(tmp_path)
    with pytest.raises(ConfigurationError, match="name a list of their classes as ground_truth"):
        imagenet(tmp_path).load()
    with pytest.raises(ConfigurationError, match="has 3 classes, expected were 1000"):
        ImageNet(root=tmp_path).load()
    (tmp_path / "train").rename(tmp_path / "elsewhere")
    truth = tmp_path / "truth.txt"
    truth.write_text("1\n2\n3\n1")
    with pytest.raises(ConfigurationError, match="give a list of the classes as class_list"):
        imagenet(tmp_path, ground_truth=truth).load()
    names = tmp_path / "classes.txt"
    names.write_text("n01\nn01\n")
    with pytest.raises(ConfigurationError, match="has n01 twice"):
        imagenet(tmp_path, ground_truth=truth, class_list=names).load()
