"""What the code reads of messages: fields with their types, bounds and whether they may lack.

The code's own readers are run on samples, and every call of :class:`Fields` is noted. So nothing
is told here twice: a field that a reader asks for is found, whether or not the sample has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from kenning_lego.protocols.fields import MAX_ITEMS, MAX_TEXT, Fields

READERS: dict[str, Callable[..., str]] = {
    "text": lambda longest=MAX_TEXT: f"text, at most {longest}",
    "word": lambda words: "one of " + ", ".join(f"`{word}`" for word in words),
    "digest": lambda: "sha256",
    "integer": lambda low, high: (
        "integer, as the payload has it"
        if low == high
        else f"integer, {number(low)} to {number(high)}"
    ),
    "number": lambda low, high: f"number, {number(low)} to {number(high)}",
    "flag": lambda: "boolean",
    "items": lambda most=MAX_ITEMS: f"array, at most {most}",
    "maps": lambda most=MAX_ITEMS: f"array of maps, at most {most}",
    "map": lambda: "map",
    "stages": lambda most, or_empty=False: f"array of stages, {0 if or_empty else 1} to {most}",
    "digest_map": lambda most: f"map of text to sha256, at most {most}",
    "integers": lambda low, high, most: (
        f"array of integers, {number(low)} to {number(high)}, at most {most}"
    ),
    "floats": lambda low, high, most: (
        f"array of numbers, {number(low)} to {number(high)}, at most {most}"
    ),
    "names": lambda most, longest=64: f"array of texts, at most {most} of {longest}",
    "versions": lambda: "array of integers, 1 to 255, 1 to 16 of them",
    "facts": lambda: "facts",
    "numbers": lambda most: f"map of text to number, at most {most}",
    "texts": lambda: "map of text to text",
    "io_spec": lambda: "specification",
}
"""How each method of :class:`Fields` is said on the page, from its arguments."""

_POWERS = {2**power: f"2^{power}" for power in (31, 32, 33, 43, 53, 62, 63)}


def number(value: float) -> str:
    """A bound, as the page writes it."""
    if isinstance(value, int):
        sign = "-" if value < 0 else ""
        for power, text in _POWERS.items():
            if abs(value) == power:
                return f"{sign}{text}"
            if abs(value) == power - 1:
                return f"{sign}({text} - 1)"
        return str(value)
    whole = f"{value:.0f}"
    digits = whole.rstrip("0")
    zeros = len(whole) - len(digits)
    return f"{digits}e{zeros}" if zeros > 5 else whole


@dataclass
class Trace:
    """What was read, by map and field.

    Args:
        types: of each field, by the path of its map.
        optional: fields that were first asked whether they are there.
    """

    types: dict[str, dict[str, str]] = field(default_factory=dict)
    optional: set[tuple[str, str]] = field(default_factory=set)

    def rows(self, where: str) -> dict[str, tuple[str, bool]]:
        """Type, and whether it may lack, of each field of a map."""
        names = {name for path, name in self.optional if path == where} | set(
            self.types.get(where, {})
        )
        return {
            name: (self.types.get(where, {}).get(name, "?"), (where, name) in self.optional)
            for name in names
        }


@contextmanager
def tracing() -> Iterator[Trace]:
    """Note what is read of all :class:`Fields` meanwhile."""
    trace = Trace()
    with pytest.MonkeyPatch.context() as patch:
        open_calls: list[tuple[str, str]] = []
        for method, told in READERS.items():
            patch.setattr(Fields, method, _noting(trace, open_calls, method, told))
        plain_has = Fields.has

        def has(self: Fields, name: str) -> bool:
            trace.optional.add((_path(self), name))
            return plain_has(self, name)

        patch.setattr(Fields, "has", has)
        yield trace


def _noting(
    trace: Trace, open_calls: list[tuple[str, str]], method: str, told: Callable[..., str]
) -> Callable[..., Any]:
    plain = getattr(Fields, method)

    def read(self: Fields, name: str, *arguments: Any, **named: Any) -> Any:
        place = (_path(self), name)
        if place in open_calls:  # one reader uses another
            return plain(self, name, *arguments, **named)
        # What a generator asks for once it is run is known already.
        trace.types.setdefault(place[0], {}).setdefault(name, told(*arguments, **named))
        open_calls.append(place)
        try:
            return plain(self, name, *arguments, **named)
        finally:
            open_calls.remove(place)

    return read


def _path(fields: Fields) -> str:
    return re.sub(r"\[\d+\]", "[]", fields._where)
