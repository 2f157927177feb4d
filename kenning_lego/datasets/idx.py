"""The idx format of the MNIST family: a header of sizes, then unsigned bytes in C order.

Source: https://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError

_UNSIGNED_BYTE = 0x08
_REMEDY = "use the file as it was published"


def decode_idx(content: bytes, where: str) -> NDArray[np.uint8]:
    """Decode an idx file of unsigned bytes.

    Args:
        content: the file, not compressed.
        where: the file's name, for errors.

    Returns:
        uint8 of the shape in the header; read-only.

    Raises:
        ConfigurationError: it is no idx file, of other elements, or not of the stated size.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise ConfigurationError(f"{where} is not an idx file of unsigned bytes", _REMEDY)
    rank = content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise ConfigurationError(f"{where} ends within its header", _REMEDY)
    shape = struct.unpack(f">{rank}I", content[4:start])
    if math.prod(shape) != len(content) - start:
        raise ConfigurationError(
            f"{where} has {len(content) - start} bytes for an array of shape {shape}", _REMEDY
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_idx(path: Path, rank: int) -> NDArray[np.uint8]:
    """Read an idx file, gzip-compressed if its name ends in ``.gz``.

    Args:
        path: the file.
        rank: how many dimensions are expected.

    Raises:
        ConfigurationError: it cannot be read, is damaged, or of another rank.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"cannot read {path}: {error}", _REMEDY) from error
    array = decode_idx(content, str(path))
    if array.ndim != rank:
        raise ConfigurationError(f"{path} has {array.ndim} dimensions, not {rank}", _REMEDY)
    return array
