"""Which names and figures may be part of a problem."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.units import LARGEST


def check_taken(
    where: str,
    latency_ms: float,
    memory_bytes: int,
    energy_mj: float | None,
    most: float = LARGEST,
) -> None:
    """Refuse what nothing can take, or bound.

    Raises:
        UsageError: latency or energy is no number from 0 to `most`, or memory no whole one from 0.
    """
    if not is_within(latency_ms, 0, most):
        raise UsageError(f"{where} has the latency {latency_ms!r} ms", "give a number of ms from 0")
    if not isinstance(memory_bytes, int) or memory_bytes < 0:
        raise UsageError(
            f"{where} has the memory {memory_bytes!r} bytes", "give a whole number from 0"
        )
    if energy_mj is not None and not is_within(energy_mj, 0, most):
        raise UsageError(f"{where} has the energy {energy_mj!r} mJ", "give a number of mJ from 0")


def check_energies(energies: Sequence[tuple[str, float | None]], fixed: float | None) -> None:
    """Refuse energies of which a part only is known.

    Args:
        energies: variants with theirs.
        fixed: of the segments without a choice.

    Raises:
        UsageError: the energy of some variants is known and not that of others, or that of the
            fixed part alone.
    """
    unknown = [variant for variant, energy in energies if energy is None]
    if unknown and (fixed is not None or len(unknown) < len(energies)):
        raise UsageError(
            f"energies are known, and not that of variant {unknown[0]!r}",
            "give the energy of all variants or of nothing",
        )


def is_within(value: float, least: float, most: float = LARGEST) -> bool:
    """Whether this is a finite number between two others."""
    return isinstance(value, (int, float)) and math.isfinite(value) and least <= value <= most


def check_unique(what: str, names: Sequence[str]) -> None:
    """Refuse names of which two are the same.

    Raises:
        UsageError: two are.
    """
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two of the name {name!r}: {what}", "give each its own name")
