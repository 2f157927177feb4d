"""Facts about machines as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.reports.document.parts import Fact, Facts, Heading, Part
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import NO_BREAK, PLAIN, Unit, decimal, quantity, size

Recorded = Mapping[str, str | int | float]

_HERTZ = (Unit("Hz", 1.0), Unit("kHz", 1e3), Unit("MHz", 1e6), Unit("GHz", 1e9))
_OF_ENGINE = (
    *("engine", "version", "provider", "delegate", "device", "threads"),
    *("nodes", "fallback_nodes", "engine_build_s", "engines_from_cache"),
)
_HERTZ_OF = {"hz": 1.0, "khz": 1e3, "mhz": 1e6}


def machine(environment: EnvironmentRecord, name: str, packages: str) -> Iterator[Part]:
    """A machine's facts in the order in which they were recorded.

    Args:
        environment: as the machine was.
        name: unique in the document.
        packages: title above the versions of its packages.
    """
    yield Facts(facts(environment.facts))
    if environment.engines:
        yield Heading(packages, 4)
        yield Facts(tuple(Fact(name, version) for name, version in environment.engines.items()))
    before, after = environment.state_before, environment.state_after
    if before or after:
        yield Table(
            f"{name}-state",
            (
                Column("what", "What", number=False),
                Column("before", "Before"),
                Column("after", "After"),
            ),
            (Rows(tuple(_state(key, before, after) for key in dict.fromkeys([*before, *after]))),),
            caption="State before and after",
        )


def _state(key: str, before: Recorded, after: Recorded) -> tuple[Cell, ...]:
    sides = [
        Cell(_valued(key, each[key]) if key in each else None, each.get(key), why="not known")
        for each in (before, after)
    ]
    return Cell(_named(key), key), *sides


def facts(recorded: Recorded) -> tuple[Fact, ...]:
    """Facts with the unit in their key, such as ``memory_bytes``, moved to the value."""
    return tuple(Fact(_named(key), _valued(key, value)) for key, value in recorded.items())


def board(environment: EnvironmentRecord) -> str | None:
    """The most telling name of a machine: its board, else its processor, else its kind."""
    known = environment.facts
    return next((str(known[key]) for key in ("board", "cpu", "machine") if key in known), None)


def engine(used: Recorded) -> str | None:
    """What really ran in a few words, such as "onnxruntime 1.20, CPUExecutionProvider".

    Further engines follow, each after a semicolon.
    """
    every = [_engine(used, "")]
    number = 1
    while f"engine ({number})" in used or number == 1:
        every.append(_engine(used, f" ({number})"))
        number += 1
    return "; ".join(filter(None, every)) or None


def _engine(used: Recorded, mark: str) -> str:
    found = {key: used[f"{key}{mark}"] for key in _OF_ENGINE if f"{key}{mark}" in used}
    threads, left = found.get("threads"), found.get("fallback_nodes")
    parts = [
        " ".join(str(found[key]) for key in ("engine", "version") if key in found),
        *(str(found[key]) for key in ("provider", "delegate", "device") if key in found),
        "" if threads is None else f"{threads}{NO_BREAK}thread{'' if threads == 1 else 's'}",
        f"{left} of {found.get('nodes')} operators left to the CPU" if left else "",
    ]
    if "engine_build_s" in found:
        cached = found.get("engines_from_cache", 0)
        parts.append(f"engines built in {found['engine_build_s']}{NO_BREAK}s ({cached} from cache)")
    return ", ".join(part for part in parts if part)


def _named(key: str) -> str:
    """The key without its unit, in words."""
    words = [word for word in key.split("_") if word not in {"bytes", "c", *_HERTZ_OF}]
    return " ".join(words) or key


def _valued(key: str, value: str | float) -> str | None:
    if isinstance(value, str):
        return value or None
    words = key.split("_")
    if "bytes" in words:
        return size(value)
    if "c" in words:
        degrees = decimal(value, 1)
        return None if degrees is None else f"{degrees}{NO_BREAK}°C"
    hertz = next((_HERTZ_OF[word] for word in words if word in _HERTZ_OF), None)
    if hertz is not None:
        return quantity(value * hertz, _HERTZ)
    return str(value) if isinstance(value, int) else quantity(value, PLAIN, trim=True)
