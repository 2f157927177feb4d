"""What a compiler gives: an artifact's bytes, where they came from, and how far they are off."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompiledArtifact:
    """A compiled segment variant.

    Args:
        content: the file's bytes; the same module always gives the same bytes.
        format: of the file, such as ``onnx``.
        compiler: that made it.
        compiler_version: of the compiler.
        gap_max_abs: largest absolute difference between its outputs and torch's on the example.
    """

    content: bytes
    format: str
    compiler: str
    compiler_version: str
    gap_max_abs: float
