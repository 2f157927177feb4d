"""Oxford-IIIT Pets: 7,349 photographs of 37 breeds of cats and dogs.

Source: https://www.robots.ox.ac.uk/~vgg/data/pets/
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.archives import unpacked
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.download import Download
from kenning_lego.datasets.folders import LabelledFiles, check_class_count
from kenning_lego.datasets.images import ImageInput
from kenning_lego.datasets.sources import missing_files
from kenning_lego.datasets.splitting import TEST, TRAIN, Splitting, complete

BREEDS = 37
_LISTS = {TRAIN: "trainval.txt", TEST: "test.txt"}
_SITE = "https://www.robots.ox.ac.uk/~vgg/data/pets/data"
_ARCHIVES = {
    "images": Download(f"{_SITE}/images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
    "annotations": Download(f"{_SITE}/annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
}


class OxfordPets(ImageInput, Splitting):
    """Oxford-IIIT Pets (Parkhi et al., "Cats and Dogs", 2012), CC BY-SA 4.0; 37 breeds."""

    type: Literal["oxford_pets"] = "oxford_pets"
    """The dataset's short name."""
    root: Path = Path("data/oxford-iiit-pet")
    """Directory with images/ and annotations/, or with their archives."""
    download: bool = False
    """Fetch the archives into root and unpack them if they are not there."""

    def load(self) -> Dataset:
        """Find the files and divide them; images are read later.

        Raises:
            ConfigurationError: files are missing, damaged, or cannot be fetched.
        """
        root = self.root.expanduser()
        places: dict[str, Path] = {}
        for folder, archive in _ARCHIVES.items():
            place = unpacked(root, folder, archive, self.download)
            if place is None:
                expected = ", ".join(f"{name}/ or {each.name}" for name, each in _ARCHIVES.items())
                raise missing_files("Oxford-IIIT Pets", root, expected, f"them from {_SITE}")
            places[folder] = place
        breeds: dict[int, str] = {}
        files = {
            part: _read_list(places["annotations"] / name, places["images"], breeds)
            for part, name in _LISTS.items()
        }
        classes = tuple(breeds[number] for number in sorted(breeds))
        check_class_count(places["annotations"], classes, BREEDS)
        parts = complete(
            {part: each.part(self, self.seed) for part, each in files.items()},
            self.taken_from_training(),
            self.seed,
        )
        return Dataset(self.type, classes, **parts)


def _read_list(path: Path, images: Path, breeds: dict[int, str]) -> LabelledFiles:
    """Read a list of images; lines are ``Abyssinian_100 1 1 1``: name, breed, species, number.

    Args:
        path: of the list.
        images: directory of the images.
        breeds: names by number, completed.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}", "unpack it afresh") from error
    paths: list[Path] = []
    labels: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match line.split():
            case [name, breed, *_] if breed.isdecimal() and 1 <= int(breed) <= BREEDS:
                title = name.rpartition("_")[0].replace("_", " ")
                known = breeds.setdefault(int(breed), title)
            case _:
                raise ConfigurationError(
                    f"{path}, line {number} is not `name breed species number`", "unpack it afresh"
                )
        if known != title:
            raise ConfigurationError(
                f"{path}, line {number}: breed {breed} is {title}, before it was {known}",
                "unpack it afresh",
            )
        paths.append(images / f"{name}.jpg")
        labels.append(int(breed) - 1)
    missing = [each for each in paths if not each.is_file()]
    if missing:
        raise ConfigurationError(
            f"{images} lacks {missing[0].name}, and {len(missing) - 1} more that {path.name} names",
            "unpack images.tar.gz afresh",
        )
    return LabelledFiles(tuple(paths), tuple(labels))
