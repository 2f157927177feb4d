"""Labelled images that are made when they are asked for, so that large sets fit anywhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Protocol

import numpy as np

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.samples import Batch, Images, Indices, Labels

_DECODED_AT_ONCE = 64
"""Images in memory while all are written to a file."""
_MOST_THREADS = 8


class Source(Protocol):
    """Where the images of a :class:`LazyPart` come from."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of every image."""
        ...

    @property
    def threads(self) -> bool:
        """Whether several threads may read at once, and gain by it."""
        ...

    def read(self, index: int) -> Images:
        """Image number `index`, float32, (channels, height, width), normalised.

        Raises:
            ConfigurationError: it cannot be read.
        """
        ...


class LazyPart:
    """Labelled images that are read on demand; see :class:`.samples.Samples`.

    Args:
        source: of the images.
        labels: int64, (samples,), of each of the part's samples.
        indices: int64, (samples,), the samples' numbers in the source; all if None.
    """

    def __init__(self, source: Source, labels: Labels, indices: Indices | None = None) -> None:
        self._source = source
        self._indices = np.arange(len(labels)) if indices is None else indices
        self.labels = labels

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        return self._source.shape

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"LazyPart({len(self)} x {'x'.join(map(str, self.shape))})"

    def take(self, indices: Indices | Sequence[int]) -> LazyPart:
        """The samples at these indices, in that order; nothing is read."""
        chosen = np.asarray(indices, dtype=np.int64)
        return LazyPart(self._source, self.labels[chosen], self._indices[chosen])

    def batches(self, size: int) -> Iterator[Batch]:
        """Read all samples in order, so many at a time; the last batch may be smaller.

        Raises:
            ConfigurationError: an image cannot be read.
        """
        workers = min(_MOST_THREADS, os.cpu_count() or 1) if self._source.threads else 1
        with ThreadPoolExecutor(workers, thread_name_prefix="images") as pool:
            for start in range(0, len(self), size):
                chosen = self._indices[start : start + size].tolist()
                images = np.stack(list(pool.map(self._source.read, chosen)))
                yield np.ascontiguousarray(images), self.labels[start : start + size]

    @cached_property
    def images(self) -> Images:
        """All images, read once into a temporary file that is mapped into memory; read-only.

        The file has no name, and is gone with the last array of it.

        Raises:
            ConfigurationError: an image cannot be read, or the disk has too little room.
        """
        shape = (len(self), *self.shape)
        if not len(self):
            return np.empty(shape, np.float32)
        directory = tempfile.gettempdir()
        needed = int(np.prod(shape, dtype=np.int64)) * 4
        free = shutil.disk_usage(directory).free
        remedy = "set TMPDIR to a directory on a larger disk, or take fewer samples"
        if needed > free:
            raise ConfigurationError(
                f"{len(self)} decoded images take {needed / 1e9:.2f} GB, "
                f"{directory} has {free / 1e9:.2f} GB left",
                remedy,
            )
        try:
            with tempfile.TemporaryFile(dir=directory) as file:
                for images, _ in self.batches(_DECODED_AT_ONCE):
                    file.write(images.data)
                file.flush()
                return np.asarray(np.memmap(file, np.float32, "r", shape=shape))
        except OSError as error:
            raise ConfigurationError(
                f"cannot write decoded images to {directory}: {error.strerror}", remedy
            ) from error
