"""Imagenette: ten classes of ImageNet that are easily told apart, 9,469 and 3,925 photographs.

Source: https://github.com/fastai/imagenette
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.archives import unpacked
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.download import Download
from kenning_lego.datasets.folders import parts_by_class
from kenning_lego.datasets.images import ImageInput
from kenning_lego.datasets.sources import missing_files
from kenning_lego.datasets.splitting import TEST, TRAIN, Splitting, complete

CLASSES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
"""Names by WordNet's number, in the order of the labels."""

_SITE = "https://s3.amazonaws.com/fast-ai-imageclas"
_EDITIONS = {
    "full": ("imagenette2", "fe2fc210e6bb7c5664d602c3cd71e612"),
    "320": ("imagenette2-320", "3df6f0d01a2c9592104656642f5e78a3"),
    "160": ("imagenette2-160", "e793b78cc4c9e9a4ccc0c1155377a412"),
}


class Imagenette(ImageInput, Splitting):
    """Imagenette (Howard, 2019), Apache-2.0; its validation images are the test part."""

    type: Literal["imagenette"] = "imagenette"
    """The dataset's short name."""
    root: Path = Path("data")
    """Directory with imagenette2, imagenette2-320 or imagenette2-160, or with its archive."""
    edition: Literal["full", "320", "160"] = "320"
    """Pixels of the photographs' shorter side."""
    download: bool = False
    """Fetch the archive into root and unpack it if it is not there."""

    def load(self) -> Dataset:
        """Find the files and divide them; images are read later.

        Raises:
            ConfigurationError: files are missing, or cannot be fetched.
        """
        root = self.root.expanduser()
        folder, md5 = _EDITIONS[self.edition]
        archive = Download(f"{_SITE}/{folder}.tgz", md5)
        directory = unpacked(root, folder, archive, self.download)
        if directory is None:
            raise missing_files("Imagenette", root, f"{folder}/ or {archive.name}", archive.url)
        directories = {TRAIN: directory / "train", TEST: directory / "val"}
        for path in directories.values():
            if not path.is_dir():
                raise ConfigurationError(f"{directory} lacks {path.name}/", "unpack all of it")
        files = parts_by_class(directories, tuple(CLASSES))
        parts = complete(
            {part: each.part(self, self.seed) for part, each in files.items()},
            self.taken_from_training(),
            self.seed,
        )
        return Dataset(self.type, tuple(CLASSES.values()), **parts)
