"""Images of your own: a directory for each class, in one directory or in one for each part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.folders import (
    check_class_count,
    class_directories,
    first_directory,
    parts_by_class,
)
from kenning_lego.datasets.images import ImageInput
from kenning_lego.datasets.splitting import (
    CALIBRATION,
    TEST,
    TRAIN,
    VALIDATION,
    Splitting,
    complete,
)

_DIRECTORIES: Mapping[str, tuple[str, ...]] = {
    TRAIN: ("train", "training"),
    VALIDATION: ("val", "valid", "validation"),
    CALIBRATION: ("calibration",),
    TEST: ("test",),
}
"""Names that a part's directory may have."""


class ImageFolder(ImageInput, Splitting):
    """Image files in a directory for each class; they are decoded when they are needed.

    With a directory ``train`` in root, those of the other parts (``val``, ``calibration``,
    ``test``) may stand beside it. What has no directory is taken from the training images.
    """

    type: Literal["image_folder"] = "image_folder"
    """The dataset's short name."""
    root: Path = Path("data/images")
    """Directory with a directory for each class, or with train, val and test that have them."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images set aside for testing, where there is no test directory."""
    class_count: PositiveInt | None = None
    """How many classes there must be, if that is to be checked."""

    def load(self) -> Dataset:
        """Find the files and divide them; images are read later.

        Raises:
            ConfigurationError: a directory is missing, empty, or has other classes.
        """
        root = self.root.expanduser()
        directories = self._directories(root)
        classes = class_directories(directories[TRAIN])
        if not classes:
            raise ConfigurationError(
                f"{directories[TRAIN]} has no directories", "make one for each class"
            )
        check_class_count(directories[TRAIN], classes, self.class_count)
        files = parts_by_class(directories, classes)
        parts = complete(
            {part: each.part(self, self.seed) for part, each in files.items()},
            {TEST: self.test_share, **self.taken_from_training()},
            self.seed,
        )
        return Dataset(root.resolve().name, classes, **parts)

    def _directories(self, root: Path) -> dict[str, Path]:
        found = {part: first_directory(root, names) for part, names in _DIRECTORIES.items()}
        given = {part: path for part, path in found.items() if path is not None}
        if not given:
            return {TRAIN: root}
        if TRAIN not in given:
            raise ConfigurationError(
                f"{root} has {', '.join(path.name for path in given.values())}, but no train",
                "add a directory train with one for each class, or put all classes into root",
            )
        return given
