"""Handwritten digits that come with scikit-learn: 1,797 images of 8x8 pixels, 10 classes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.datasets.splitting import TEST, TRAIN, VALIDATION, Splitting, complete, split

# Over all images, on the scale 0..1.
MEAN = 0.3053
STD = 0.3760


class Digits(Splitting):
    """Handwritten digits, 8x8, embedded in scikit-learn; needs no files and no network.

    The test part of the UCI set "Optical Recognition of Handwritten Digits" (Alpaydin and
    Kaynak, 1998), CC BY 4.0.
    """

    type: Literal["digits"] = "digits"
    """The dataset's short name."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images in the validation part."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the images in the test part."""
    calibration_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training images set aside to calibrate quantisers on; 0: they see these."""

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> Digits:
        if self.validation_share + self.test_share >= 1:
            raise ValueError("validation_share and test_share leave nothing to train on")
        return self

    def load(self) -> Dataset:
        """Read and split the images, standardised to mean 0 and deviation 1.

        Raises:
            MissingDependencyError: scikit-learn is not installed.
        """
        try:
            from sklearn.datasets import load_digits
        except ModuleNotFoundError as error:
            raise MissingDependencyError("scikit-learn", "host", "the dataset 'digits'") from error
        pixels, labels = load_digits(return_X_y=True)
        scaled = pixels.reshape(-1, 1, 8, 8) / 16  # a pixel counts the ink in 4x4 bits
        images = ((scaled - MEAN) / STD).astype(np.float32)
        everything = Part(images, labels.astype(np.int64))
        train_share = 1 - self.validation_share - self.test_share
        shares = (train_share, self.validation_share, self.test_share)
        divided = split(everything.labels, shares, seed=self.seed)
        given = dict(zip((TRAIN, VALIDATION, TEST), map(everything.take, divided), strict=True))
        parts = complete(given, self.taken_from_training(), self.seed)
        return Dataset("digits", tuple("0123456789"), **parts)
