"""Small files in CIFAR's official formats."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

CIFAR10_NAMES = tuple(f"class{number}" for number in range(10))
CIFAR100_NAMES = tuple(f"class{number}" for number in range(100))

Batch = tuple[np.ndarray, list[int]]


def make_batch(count: int, classes: int, seed: int) -> Batch:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (count, 3072), dtype=np.uint8)
    return pixels, [index % classes for index in range(count)]


def binary_batch(batch: Batch, coarse: bool = False) -> bytes:
    pixels, labels = batch
    columns = [[label // 5, label] if coarse else [label] for label in labels]
    return b"".join(
        bytes(column) + row.tobytes() for column, row in zip(columns, pixels, strict=True)
    )


def python2_batch(batch: Batch, labels_key: str) -> bytes:
    """What cPickle of Python 2 writes at protocol 2: byte strings throughout."""
    pixels, labels = batch
    raw = pixels.tobytes()
    array = b"".join(
        (
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85",
            _string(b"b"),
            b"\x87R(K\x01",
            *map(_integer, pixels.shape),
            b"\x86cnumpy\ndtype\n",
            _string(b"u1"),
            b"K\x00K\x01\x87R(K\x03",
            _string(b"|"),
            b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
            struct.pack("<i", len(raw)),
            raw,
            b"tb",
        )
    )
    listed = b"](" + b"".join(map(_integer, labels)) + b"e"
    entries = _string(b"data") + array + _string(labels_key.encode()) + listed
    return b"\x80\x02}(" + entries + b"u."


def python2_names(key: str, names: tuple[str, ...]) -> bytes:
    listed = b"](" + b"".join(_string(name.encode()) for name in names) + b"e"
    return b"\x80\x02}(" + _string(key.encode()) + listed + b"u."


def python3_batch(batch: Batch, labels_key: str) -> bytes:
    pixels, labels = batch
    return pickle.dumps({"data": pixels, labels_key: labels}, protocol=4)


def cifar10_binary(batch: Batch, test: Batch) -> dict[str, bytes]:
    """The same batch five times."""
    files = {f"data_batch_{number}.bin": binary_batch(batch) for number in range(1, 6)}
    names = "\n".join(CIFAR10_NAMES) + "\n\n"
    return files | {"test_batch.bin": binary_batch(test), "batches.meta.txt": names.encode()}


def cifar10_python(batch: Batch, test: Batch) -> dict[str, bytes]:
    files = {f"data_batch_{number}": python2_batch(batch, "labels") for number in range(1, 6)}
    return files | {
        "test_batch": python3_batch(test, "labels"),
        "batches.meta": python2_names("label_names", CIFAR10_NAMES),
    }


def cifar100_binary(batch: Batch, test: Batch) -> dict[str, bytes]:
    return {
        "train.bin": binary_batch(batch, coarse=True),
        "test.bin": binary_batch(test, coarse=True),
        "fine_label_names.txt": "\n".join(CIFAR100_NAMES).encode(),
    }


def cifar100_python(batch: Batch, test: Batch) -> dict[str, bytes]:
    return {
        "train": python2_batch(batch, "fine_labels"),
        "test": python2_batch(test, "fine_labels"),
        "meta": python2_names("fine_label_names", CIFAR100_NAMES),
    }


def write(directory: Path, files: Mapping[str, bytes]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)


def write_archive(path: Path, folder: str, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def _string(value: bytes) -> bytes:
    return b"U" + bytes([len(value)]) + value


def _integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)
