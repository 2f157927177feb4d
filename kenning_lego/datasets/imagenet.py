"""ImageNet (ILSVRC 2012) and what is laid out like it; the development kit is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.folders import (
    LabelledFiles,
    check_class_count,
    class_directories,
    files_by_class,
)
from kenning_lego.datasets.ground_truth import read_class_list, read_ground_truth
from kenning_lego.datasets.images import ImageInput
from kenning_lego.datasets.samples import Samples
from kenning_lego.datasets.splitting import TEST, TRAIN, Splitting, complete


class ImageNet(ImageInput, Splitting):
    """ImageNet (Russakovsky et al., 2015), 1,000 classes; its validation images are the test part.

    Without training images the validation images are divided: a validation and a calibration
    part by their shares, the rest for testing. That is enough for networks that come trained and
    are not retrained.
    """

    type: Literal["imagenet"] = "imagenet"
    """The dataset's short name."""
    root: Path = Path("data/imagenet")
    """Directory with val/ and, for training, train/ with a directory for each class."""
    ground_truth: Path | None = None
    """List of the images in val and their classes, if these have no directories."""
    class_list: Path | None = None
    """List of the classes, one a line, in the order of the labels; else the directories' order."""
    first_label: int = Field(default=0, ge=0)
    """Number of the first class where ground_truth has numbers."""
    class_count: PositiveInt = 1000
    """How many classes there must be."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """Share of the training images set aside for validation."""
    calibration_share: Annotated[float, Field(ge=0, lt=1)] = 0.005
    """Share of the training images set aside to calibrate quantisers on; 0: they see these."""

    def load(self) -> Dataset:
        """Find the files and divide them; images are read later.

        Raises:
            ConfigurationError: files are missing, or do not belong together.
        """
        root = self.root.expanduser()
        training, held_out = root / "train", root / "val"
        if not held_out.is_dir():
            raise ConfigurationError(
                f"{root.absolute()} has no directory val",
                "set root to ImageNet's directory; it is not to be fetched without an account",
            )
        classes = self._classes(training, held_out)
        names = tuple(classes)
        test = self._held_out(held_out, names).part(self, self.seed)
        if training.is_dir():
            train = files_by_class(training, names).part(self, self.seed)
            parts = self._complete({TRAIN: train, TEST: test})
        else:
            divided = self._complete({TRAIN: test})
            parts = {**divided, TRAIN: test.take([]), TEST: divided[TRAIN]}
        return Dataset(self.type, tuple(classes.values()), **parts)

    def _complete(self, given: dict[str, Samples]) -> dict[str, Samples]:
        return complete(given, self.taken_from_training(), self.seed)

    def _classes(self, training: Path, held_out: Path) -> dict[str, str]:
        if self.class_list is not None:
            where = self.class_list.expanduser()
            classes = read_class_list(where)
        else:
            where = training if training.is_dir() else held_out
            classes = {name: name for name in class_directories(where)}
        if not classes and self.ground_truth is not None:
            raise ConfigurationError(
                f"{where} has no directories that would name the classes of {self.ground_truth}",
                "give a list of the classes as class_list",
            )
        check_class_count(where, tuple(classes), self.class_count)
        return classes

    def _held_out(self, directory: Path, classes: tuple[str, ...]) -> LabelledFiles:
        if self.ground_truth is not None:
            path = self.ground_truth.expanduser()
            return read_ground_truth(path, directory, classes, self.first_label)
        if not class_directories(directory):
            raise ConfigurationError(
                f"the images in {directory} have no directories for their classes",
                "name a list of their classes as ground_truth",
            )
        return files_by_class(directory, classes)
