"""Classes of images that lie in one directory, from a list of theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.folders import SUFFIXES, LabelledFiles

_SEPARATORS = re.compile(r"[\s,;]+")


def read_ground_truth(
    path: Path, images: Path, classes: Sequence[str], first_label: int
) -> LabelledFiles:
    """Read a list of images and their classes.

    A line is ``image class``, separated by spaces or a comma; what follows is not read. A class
    is its name or its number. Where a line has a number alone, as in the development kit of
    ILSVRC, the first line is of the first image by name, and so on. A first line that begins
    with ``ImageId``, as Kaggle's, is a heading.

    Args:
        path: of the list.
        images: the directory that the images lie in.
        classes: names in the order of the labels.
        first_label: the number of the first class in the list.

    Raises:
        ConfigurationError: the list cannot be read, names images that are not there or classes
            that do not exist, or leaves an image out.
    """
    rows = _rows(path)
    files = [each for each in sorted(images.iterdir()) if _is_image(each)]
    found = {each.stem: each for each in files}
    if len(found) < len(files):
        raise ConfigurationError(
            f"{images} has images that differ in their endings alone", "rename or remove them"
        )
    if all(len(row) == 1 for row in rows):
        if len(rows) != len(found):
            raise ConfigurationError(
                f"{path} has {len(rows)} lines for the {len(found)} images in {images}",
                "complete the directory, or use the list that belongs to it",
            )
        named = dict(zip(found, (row[0] for row in rows), strict=True))
    else:
        named = {Path(row[0]).stem: row[1] if len(row) > 1 else "" for row in rows}
    _compare(path, images, named.keys() - found.keys(), found.keys() - named.keys())
    numbers = {name: label for label, name in enumerate(classes)}
    labels = [_label(path, name, named[name], numbers, first_label) for name in found]
    return LabelledFiles(tuple(found.values()), tuple(labels))


def read_class_list(path: Path) -> dict[str, str]:
    """Classes by name from a list with one a line, such as ``n01440764 tench, Tinca tinca``.

    Returns:
        What is to be shown of each, up to the first comma; the name itself where nothing is.

    Raises:
        ConfigurationError: it cannot be read, or has a name twice.
    """
    classes: dict[str, str] = {}
    for line in _lines(path):
        name, _, shown = line.strip().partition(" ")
        if name in classes:
            raise ConfigurationError(f"{path} has {name} twice", "list every class once")
        classes[name] = shown.partition(",")[0].strip() or name
    return classes


def _rows(path: Path) -> list[list[str]]:
    rows = [[field for field in _SEPARATORS.split(line) if field] for line in _lines(path)]
    if rows and rows[0][0].lower() == "imageid":
        rows = rows[1:]
    if not rows:
        raise ConfigurationError(f"{path} lists no images", "give one a line, with its class")
    return rows


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}", "check the path") from error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _compare(path: Path, images: Path, absent: set[str], unlisted: set[str]) -> None:
    for names, problem in (
        (absent, f"{images} lacks {{}}, which {path} lists"),
        (unlisted, f"{path} does not list {{}}, which {images} has"),
    ):
        if names:
            first = min(names)
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ConfigurationError(
                problem.format(f"{first}{more}"), "use the images and the list that belong together"
            )


def _label(
    path: Path, image: str, written: str, numbers: Mapping[str, int], first_label: int
) -> int:
    label = numbers.get(written)
    if label is None and written.isdecimal():
        label = int(written) - first_label
    if label is None or not 0 <= label < len(numbers):
        raise ConfigurationError(
            f"{path} says that {image} is of the class {written!r}, one of {len(numbers)} classes "
            f"counted from {first_label} is wanted",
            "give the list that belongs to the images, and what it counts from as first_label",
        )
    return label
