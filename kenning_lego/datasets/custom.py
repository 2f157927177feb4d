"""Data of your own: a torch dataset, or anything else with a length and samples by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import numpy as np
from pydantic import Field

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.lookup import call, find_callable, in_one_line
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.lazy import LazyPart
from kenning_lego.datasets.samples import Images, Labels, Samples
from kenning_lego.datasets.splitting import (
    CALIBRATION,
    PARTS,
    TEST,
    TRAIN,
    VALIDATION,
    Splitting,
    complete,
)

_SHARES = {TEST: 0.1, VALIDATION: 0.1, CALIBRATION: 0.05}
_WANTED = "give (image, label): float32 (channels, height, width), normalised, and a whole number"


@runtime_checkable
class Indexed(Protocol):
    """Samples by number: a torch ``Dataset`` with a length, or a list of pairs."""

    def __len__(self) -> int:
        """How many samples there are."""
        ...

    def __getitem__(self, index: int, /) -> Any:
        """(image, label): float32 (channels, height, width), normalised, and a whole number."""
        ...


class CustomDataset(Splitting):
    """What a callable of yours returns.

    That is a torch ``Dataset`` (or anything with ``len`` and samples by number), which is
    divided; several of them by the names of the parts (train, validation, calibration, test); or
    a :class:`.base.Dataset`. Samples are read when they are needed.
    """

    type: Literal["custom"] = "custom"
    """The dataset's short name."""
    path: str
    """The callable, as package.module:callable; name only what you trust."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """What it is called with (YAML only)."""
    classes: tuple[str, ...] = ()
    """What the labels mean; else what the dataset says, or numbers."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training samples set aside for testing, where there is no test part."""

    def load(self) -> Dataset:
        """Call the callable and divide what it returns.

        Raises:
            ConfigurationError: there is no such callable, it refuses the arguments or raises, or
                what it returns is no dataset.
        """
        found = call(self.path, find_callable(self.path), self.arguments)
        if isinstance(found, Dataset):
            return found
        parts = found if isinstance(found, Mapping) else {TRAIN: found}
        shares = {TEST: self.test_share, **self.taken_from_training()}
        return wrap(self.path.rpartition(":")[2], parts, self.classes, shares, self.seed)


def wrap(
    name: str,
    parts: Mapping[str, Indexed],
    classes: Sequence[str] = (),
    shares: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Dataset:
    """Make a dataset of others' datasets, such as torch's.

    Args:
        name: the dataset's short name.
        parts: by their names: train, and validation, calibration and test if there are.
        classes: what the labels mean; else what the training part's ``classes`` say, or numbers.
        shares: of the training part, for parts that are not given; unless told, a tenth each for
            validation and test, and a twentieth for calibration, which may be 0.
        seed: of the choice of samples for these.

    Raises:
        ConfigurationError: a part is unknown, or is not what samples can be read from.
    """
    unknown = parts.keys() - {*PARTS}
    if unknown or TRAIN not in parts:
        raise ConfigurationError(
            f"{name} has the parts {', '.join(map(str, parts)) or 'none'}",
            f"give {TRAIN}, and of {', '.join(PARTS[1:])} what there is",
        )
    wanted = {**_SHARES, **(shares or {})}
    if not (wanted[TEST] and wanted[VALIDATION]):
        raise ConfigurationError(
            f"{name} shall have shares of {wanted}", "give some to validation and to test"
        )
    given: dict[str, Samples] = {part: _lazy(part, each) for part, each in parts.items()}
    completed = complete(given, wanted, seed)
    highest = max((int(part.labels.max()) for part in given.values() if len(part)), default=0)
    named = tuple(classes) or _classes_of(parts[TRAIN]) or tuple(map(str, range(highest + 1)))
    return Dataset(name, named, **completed)


@dataclass(frozen=True, slots=True, eq=False)
class _Numbered:
    """Samples by number, as a :class:`.lazy.Source`."""

    part: str
    samples: Indexed
    shape: tuple[int, int, int]
    threads: bool = False  # who knows whether the dataset stands that

    def read(self, index: int) -> Images:
        image, _ = _sample(self.part, self.samples, index)
        if image.shape != self.shape:
            raise ConfigurationError(
                f"sample {index} of the {self.part} part has shape {image.shape}, "
                f"sample 0 has {self.shape}",
                "bring all images to one shape",
            )
        return image


def _lazy(part: str, samples: object) -> LazyPart:
    if not isinstance(samples, Indexed):
        raise ConfigurationError(
            f"the {part} part is a {type(samples).__name__} without a length or samples by number",
            "give a torch Dataset that is no IterableDataset, or a list of (image, label)",
        )
    if not len(samples):
        raise ConfigurationError(f"the {part} part has no samples", "give at least one")
    image, _ = _sample(part, samples, 0)
    _, channels, height, width = image[np.newaxis].shape
    return LazyPart(_Numbered(part, samples, (channels, height, width)), _labels(part, samples))


def _sample(part: str, samples: Indexed, index: int) -> tuple[Images, int]:
    try:
        sample = samples[index]
    except Exception as error:
        raise ConfigurationError(
            f"sample {index} of the {part} part cannot be read: {in_one_line(error)}",
            "correct the dataset; --debug shows where it failed",
        ) from error
    try:
        image, label = sample
        pixels, number = np.asarray(image), np.asarray(label)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"sample {index} of the {part} part is no pair: {error}", _WANTED
        ) from error
    if pixels.ndim != 3 or pixels.dtype != np.float32:
        raise ConfigurationError(
            f"sample {index} of the {part} part has an image of {pixels.dtype} {pixels.shape}",
            _WANTED,
        )
    if number.size != 1 or number.dtype.kind not in "iu":
        raise ConfigurationError(
            f"sample {index} of the {part} part has the label {label!r}", _WANTED
        )
    return pixels, int(number.reshape(()))


def _labels(part: str, samples: Indexed) -> Labels:
    """The labels that a dataset lists, as torchvision's do, if they are right; else all read."""
    count = len(samples)
    listed = getattr(samples, "targets", None)
    if listed is not None and np.shape(listed) == (count,):
        labels = np.asarray(listed)
        tried = {0, count // 2, count - 1}
        if labels.dtype.kind in "iu" and all(
            labels[index] == _sample(part, samples, index)[1] for index in tried
        ):
            return labels.astype(np.int64)
    return np.array([_sample(part, samples, index)[1] for index in range(count)], np.int64)


def _classes_of(samples: Indexed) -> tuple[str, ...]:
    classes = getattr(samples, "classes", ())
    return tuple(map(str, classes)) if isinstance(classes, list | tuple) else ()
