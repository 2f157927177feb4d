"""What a sensor is: found once, read many times; what is absent is absent, never zero.

A key is ``QUANTITY_UNIT`` or ``QUANTITY_UNIT.PLACE``, such as ``temperature_c.cpu-thermal``; the
table of all of them is in docs/reference/telemetry.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

Readings = Mapping[str, float]

_UNFIT = re.compile(r"[^A-Za-z0-9_@:+-]+")


class Sensor(Protocol):
    """All that one kind of sensor tells about this machine.

    Reading never raises: what cannot be read just now is not among the readings.
    """

    @property
    def kind(self) -> str:
        """What it tells, such as ``temperature``; the same on every machine."""
        ...

    @property
    def absent(self) -> Mapping[str, str]:
        """What is not there or is gone, and why, for people; by key or by kind."""
        ...

    def read(self) -> Readings:
        """The present values by key."""
        ...

    def close(self) -> None:
        """Let go of its files; nothing is read afterwards."""
        ...


class Absent:
    """The sensor of a machine that has none of that kind.

    Args:
        kind: what it would tell.
        reason: why it is not there, for people.
    """

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        self.absent: Mapping[str, str] = {kind: reason}

    def read(self) -> Readings:
        """Nothing."""
        return {}

    def close(self) -> None:
        """Nothing to do."""


def place(name: str) -> str:
    """A device's own name in the form in which it stands in a key; empty if nothing is left."""
    return _UNFIT.sub("-", name.strip()).strip("-")[:64]


def distinct(names: Iterable[str]) -> list[str]:
    """The names, with a number behind those that came before: ``a, b, a`` becomes ``a, b, a-2``."""
    taken: set[str] = set()
    result = []
    for name in names:
        number, candidate = 1, name
        while candidate in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate)
        result.append(candidate)
    return result
