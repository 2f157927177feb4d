"""What a process is told to convert, and what it answers; both are JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kenning_lego.core.configuration import Component

ONNX_FILE, REFERENCE_FILE = "model.onnx", "reference.npz"


class Job(Component):
    """One network on one route."""

    network: str
    """Its name, or package.module:callable."""
    checkpoint: Path | None
    """Its weights."""
    arguments: dict[str, Any]
    """Of the callable."""
    shape: tuple[int, ...]
    """Of an input without the batch."""
    action: str
    """See :attr:`kenning_lego.scenarios.converting.routes.Route.action`."""
    engine: str
    """That runs the result."""
    directory: Path
    """For files; an import finds there what the export wrote."""


class Answer(Component):
    """What came of a job: figures, or what was wrong."""

    size_bytes: int | None = None
    """Of the file that was made or taken."""
    max_abs: float | None = None
    """Largest absolute difference to torch's outputs."""
    scale: float | None = None
    """Largest absolute output of torch."""
    problem: str = ""
    """In a line."""
    error: str = ""
    """All of it."""
