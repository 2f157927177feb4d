"""What a step's result depends on, as a hash of contents: arrays, tensors and text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy.typing as npt


def fingerprint(parts: Mapping[str, str | npt.ArrayLike]) -> str:
    """The sha256 of named contents, whatever their order.

    Args:
        parts: text, or anything that numpy reads as an array (torch's CPU tensors too); an
            array's shape and element type count as well as its values.
    """
    import numpy as np  # only hosts take fingerprints; the server starts without numpy

    total = hashlib.sha256()
    for name in sorted(parts):
        content = parts[name]
        if isinstance(content, str):
            head, data = "text", memoryview(content.encode())
        else:
            array = np.asarray(content, order="C")
            head, data = f"{array.dtype.str}{array.shape}", array.reshape(-1).view(np.uint8).data
        total.update(f"{len(name)}:{name}{head}:{data.nbytes}:".encode())
        total.update(data)
    return total.hexdigest()
