"""The two formats that CIFAR is published in, decoded.

Source: https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.inert_pickle import PickledArray, read_inert_pickle
from kenning_lego.datasets.samples import Labels

IMAGE_SHAPE = (3, 32, 32)
_IMAGE_BYTES = 3 * 32 * 32

Pixels = NDArray[np.uint8]


class Format(Protocol):
    """How batches of images and the classes' names are written."""

    def decode_batch(self, content: bytes, where: str) -> tuple[Pixels, Labels]:
        """Pixels, uint8 (samples, 3, 32, 32), and labels, int64 (samples,), of one file."""
        ...

    def decode_names(self, content: bytes, where: str) -> tuple[str, ...]:
        """The classes' names in the order of their labels."""
        ...


@dataclass(frozen=True, slots=True)
class BinaryFormat:
    """Records of one or more label bytes, then 3,072 pixels by channel, row and column.

    Args:
        label_bytes: labels in a record, from coarse to fine; the last is used.
    """

    label_bytes: int

    def decode_batch(self, content: bytes, where: str) -> tuple[Pixels, Labels]:
        """See :class:`Format`; ConfigurationError if the file is not made of whole records."""
        record_bytes = self.label_bytes + _IMAGE_BYTES
        if not content or len(content) % record_bytes:
            raise ConfigurationError(
                f"{where} has {len(content)} bytes, not a multiple of {record_bytes}",
                "use the file as it was published",
            )
        records = np.frombuffer(content, np.uint8).reshape(-1, record_bytes)
        pixels = records[:, self.label_bytes :].reshape(-1, *IMAGE_SHAPE)
        return pixels, records[:, self.label_bytes - 1].astype(np.int64)

    def decode_names(self, content: bytes, where: str) -> tuple[str, ...]:
        """See :class:`Format`; one name a line."""
        try:
            return tuple(content.decode("ascii").split())
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{where} is not a list of names: {error}", "use the file as it was published"
            ) from error


@dataclass(frozen=True, slots=True)
class PythonFormat:
    """Pickled dictionaries.

    Args:
        labels_key: where a batch's labels are.
        names_key: where the classes' names are.
    """

    labels_key: str
    names_key: str

    def decode_batch(self, content: bytes, where: str) -> tuple[Pixels, Labels]:
        """See :class:`Format`; ConfigurationError if data or labels are not as published."""
        entries = read_inert_pickle(content, where)
        try:
            pixels = _pixels(entries["data"])
            labels = _labels(entries[self.labels_key], len(pixels))
        except (KeyError, ValueError) as error:
            raise ConfigurationError(
                f"{where} is not a batch of images: {error}", "use the file as it was published"
            ) from error
        return pixels, labels

    def decode_names(self, content: bytes, where: str) -> tuple[str, ...]:
        """See :class:`Format`; ConfigurationError if there is no list of names."""
        names = read_inert_pickle(content, where).get(self.names_key)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigurationError(
                f"{where} has no list of names at {self.names_key!r}",
                "use the file as it was published",
            )
        return tuple(names)


def _pixels(entry: object) -> Pixels:
    if not isinstance(entry, PickledArray):
        raise ValueError("'data' is no array")  # noqa: TRY004 - one kind of error for bad content
    return entry.to_bytes_array().reshape(-1, *IMAGE_SHAPE)


def _labels(entry: object, count: int) -> Labels:
    if not isinstance(entry, list) or len(entry) != count:
        raise ValueError(f"not a list of {count} labels")
    if not all(isinstance(label, int) and 0 <= label < 256 for label in entry):
        raise ValueError("a label is not a number from 0 to 255")
    return np.array(entry, dtype=np.int64)
