"""What variants are called in tables and charts."""

from __future__ import annotations

from typing import Protocol

from kenning_lego.core.records import VariantRecord
from kenning_lego.reports.formatting import NO_BREAK, share


class Scaled(Protocol):
    """A variant, as far as it is named and drawn."""

    @property
    def kind(self) -> str:
        """``original``, or its maker's."""
        ...

    @property
    def ratio(self) -> float:
        """Share that was to be removed."""
        ...

    @property
    def ratio_reached(self) -> float:
        """Share that was removed."""
        ...

    @property
    def way(self) -> str:
        """How it was compiled; empty for the main way."""
        ...


def described(variant: Scaled) -> str:
    """What became of a block, and how it was compiled if not in the main way."""
    said = "original" if variant.kind == "original" else f"{removed(variant)} removed"
    return f"{said}, {variant.way}" if variant.way else said


def removed(variant: Scaled) -> str:
    """The share that was to be removed, after the maker's name unless it is the usual one."""
    asked = share(variant.ratio, 0) or ""
    return asked if variant.kind == "pruned" else f"{variant.kind.replace('_', ' ')} {asked}"


def short(variant: VariantRecord) -> str:
    """The same where there is little room: initials for the maker's name."""
    return _scaled(variant) + (f"{NO_BREAK}{variant.way}" if variant.way else "")


def _scaled(variant: VariantRecord) -> str:
    asked = f"{variant.ratio * 100:.0f}{NO_BREAK}%"
    if variant.kind == "original":
        return "orig."
    if variant.kind == "pruned":
        return asked
    initials = "".join(
        word[0].upper() for word in variant.kind.replace("-", "_").split("_") if word
    )
    return f"{initials}{NO_BREAK}{asked}"
