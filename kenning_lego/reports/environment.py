"""Facts about machines as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.reports.formatting import NO_BREAK, PLAIN, Unit, decimal, quantity, size

Facts = Mapping[str, str | int | float]

_HERTZ = (Unit("Hz", 1.0), Unit("kHz", 1e3), Unit("MHz", 1e6), Unit("GHz", 1e9))
_OF_ENGINE = (
    *("engine", "version", "provider", "delegate", "device", "threads"),
    *("nodes", "fallback_nodes", "engine_build_s", "engines_from_cache"),
)
_HERTZ_OF = {"hz": 1.0, "khz": 1e3, "mhz": 1e6}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, and its value."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What something was before and after; None where it was not known."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of a machine."""

    facts: tuple[Fact, ...]
    engines: tuple[Fact, ...]
    state: tuple[Change, ...]


def machine(environment: EnvironmentRecord) -> Machine:
    """A machine's facts in the order in which they were recorded."""
    before, after = environment.state_before, environment.state_after
    return Machine(
        facts(environment.facts),
        tuple(Fact(name, version) for name, version in environment.engines.items()),
        tuple(
            Change(
                _named(key),
                _valued(key, before[key]) if key in before else None,
                _valued(key, after[key]) if key in after else None,
            )
            for key in dict.fromkeys([*before, *after])
        ),
    )


def facts(recorded: Facts) -> tuple[Fact, ...]:
    """Facts with the unit in their key, such as ``memory_bytes``, moved to the value."""
    return tuple(Fact(_named(key), _valued(key, value)) for key, value in recorded.items())


def board(environment: EnvironmentRecord) -> str | None:
    """The most telling name of a machine: its board, else its processor, else its kind."""
    known = environment.facts
    return next((str(known[key]) for key in ("board", "cpu", "machine") if key in known), None)


def engine(used: Facts) -> str | None:
    """What really ran in a few words, such as "onnxruntime 1.20, CPUExecutionProvider".

    Further engines follow, each after a semicolon.
    """
    every = [_engine(used, "")]
    number = 1
    while f"engine ({number})" in used or number == 1:
        every.append(_engine(used, f" ({number})"))
        number += 1
    return "; ".join(filter(None, every)) or None


def _engine(used: Facts, mark: str) -> str:
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
