"""The tiny network with an input and its known answer; made by examples/selftest_model.py."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.store.artifacts import digest_of

ENGINES = ("onnxruntime",)
"""Engines that there is an artifact for, the preferred one first."""

_HERE = Path(__file__).parent
_TOLERANCE = 1e-4
"""Engines may add in another order and round in other places; the answer is about 0.1."""


@dataclass(frozen=True, slots=True)
class Example:
    """An artifact and what it computes.

    Args:
        path: the artifact's file.
        digest: its sha256.
        input: one image as float32[1, 3, 16, 16] in C order.
        answer: ten scores, computed in double precision without any engine.
    """

    path: Path
    digest: str
    input: bytes
    answer: tuple[float, ...]

    def gap(self, output: bytes) -> float:
        """The largest distance of an output from the known answer; infinite if it has no ten."""
        if len(output) != 4 * len(self.answer):
            return float("inf")
        scores: tuple[float, ...] = struct.unpack(f"={len(self.answer)}f", output)
        return max(abs(a - b) for a, b in zip(scores, self.answer, strict=True))

    def is_right(self, output: bytes) -> bool:
        """Whether an output is the answer, as far as single precision goes."""
        return self.gap(output) <= _TOLERANCE


def load_example() -> Example:
    """The example that comes with this package."""
    known = json.loads((_HERE / "tiny.json").read_text(encoding="utf-8"))
    path = _HERE / "tiny.onnx"
    image = known["input"]
    return Example(
        path,
        digest_of(path.read_bytes()),
        struct.pack(f"={len(image)}f", *image),
        tuple(known["answer"]),
    )
