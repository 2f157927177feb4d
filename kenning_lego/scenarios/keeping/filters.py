"""Which runs are meant: by kind, by what they ran on, by tags, by time, by their figures."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.tables import Value
from kenning_lego.scenarios.keeping.result import COLUMNS, Result

_CONDITION: Final = re.compile(r"\s*(\w+)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_NUMBERS: Final = frozenset(each.name for each in COLUMNS if each.kind in ("number", "bytes"))
_TEXTS: Final = frozenset(
    ("id", "state", "kind", "network", "configuration", "board", "engine", "metric", "verdict")
)
_MB: Final = "memory_mb"


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of one of a result's figures.

    Args:
        name: of the figure, or of a text.
        compare: the operator.
        value: to compare with.
    """

    name: str
    compare: str
    value: float | str

    def holds(self, result: Result) -> bool:
        """Whether it holds; what is not known fulfils nothing."""
        found = _figure(result, self.name)
        return found not in (None, "") and _COMPARE[self.compare](found, self.value)


@dataclass(frozen=True, slots=True)
class Filter:
    """What runs are to be; everything that is given has to hold.

    Args:
        kinds: one of these; any if empty.
        network: a part of its name, in any case of letters; likewise the next two.
        board: that it ran on.
        engine: with its version.
        tags: all of these.
        since: made then or later.
        until: made then or before.
        conditions: all of these.
    """

    kinds: tuple[str, ...] = ()
    network: str = ""
    board: str = ""
    engine: str = ""
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    conditions: tuple[Condition, ...] = ()

    def admits(self, result: Result) -> bool:
        """Whether a result is meant."""
        found = result.headline
        return (
            (not self.kinds or found.kind in self.kinds)
            and _within(self.network, found.network)
            and _within(self.board, found.board)
            and _within(self.engine, found.engine)
            and set(self.tags) <= set(result.labels.tags)
            and (self.since is None or result.created >= self.since)
            and (self.until is None or result.created <= self.until)
            and all(each.holds(result) for each in self.conditions)
        )

    def of(self, results: Iterable[Result]) -> list[Result]:
        """Those that are meant, in the same order."""
        return [each for each in results if self.admits(each)]


def parse_condition(text: str) -> Condition:
    """A condition such as ``latency_ms<12`` or ``verdict=stable``.

    Raises:
        ConfigurationError: it is none, or compares a number with something else.
        UnknownNameError: there is no such figure.
    """
    match = _CONDITION.fullmatch(text)
    if match is None or not match[3]:
        raise ConfigurationError(
            f"{text!r} is no condition", "write NAME<VALUE, such as latency_ms<12; in quotes"
        )
    name, compare, value = match.groups()
    if name in _TEXTS:
        if compare not in ("=", "==", "!="):
            raise ConfigurationError(f"{name} is a text in {text!r}", "compare it with = or !=")
        return Condition(name, compare, value)
    if name not in _NUMBERS and name != _MB:
        raise UnknownNameError("figure", name, (*_NUMBERS, _MB, *_TEXTS))
    try:
        return Condition(name, compare, float(value))
    except ValueError as error:
        raise ConfigurationError(
            f"{value!r} is no number in {text!r}", f"compare {name} with one"
        ) from error


def _figure(result: Result, name: str) -> Value:
    if name == _MB:
        memory = result.headline.memory_bytes
        return None if memory is None else memory / 1e6
    return result.row()[name]


def _within(wanted: str, found: str) -> bool:
    return wanted.casefold() in found.casefold()
