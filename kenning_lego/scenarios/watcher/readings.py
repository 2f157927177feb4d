"""A target's sensors in words: a row for each quantity that it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_MOST_PLACES = 8

_PLACES: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "temperature_c": ("temperature", lambda value: f"{value:.1f} °C"),
    "frequency_khz": ("frequency", lambda value: f"{value / 1e6:.2f} GHz"),
    "power_mw": ("power", lambda value: f"{value / 1e3:.2f} W"),
    "gpu_percent": ("gpu", lambda value: f"{value:.0f} %"),
    "gpu_memory_used_bytes": ("gpu memory", lambda value: f"{value / 1e9:.2f} GB"),
}
"""By quantity: what the row is called, and how a place's value is written."""

_EVENTS = "throttle_count"


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of sensor tells.

    Args:
        name: of the kind.
        text: what it tells.
        bad: whether a measurement suffers from it.
    """

    name: str
    text: str
    bad: bool = False


def rows(latest: Mapping[str, float]) -> Iterator[Row]:
    """One row a quantity; keys as in docs/telemetry.md. Nothing of what is absent."""
    yield from _processor(latest)
    yield from _memory(latest)
    by_quantity: dict[str, dict[str, float]] = {}
    for key, value in latest.items():
        quantity, _, place = key.partition(".")
        by_quantity.setdefault(quantity, {})[place] = value
    for quantity, (name, shown) in _PLACES.items():
        places = by_quantity.get(quantity, {})
        if places:
            named = [f"{place} {shown(value)}" for place, value in places.items()]
            more = [f"{len(named) - _MOST_PLACES} more"] if len(named) > _MOST_PLACES else []
            yield Row(name, ", ".join([*named[:_MOST_PLACES], *more]))
    yield from _throttled(by_quantity)


def _processor(latest: Mapping[str, float]) -> Iterator[Row]:
    parts = []
    if "cpu_percent.all" in latest:
        parts.append(f"{latest['cpu_percent.all']:.0f} % of all cores")
    if "worker_cpu_percent" in latest:
        parts.append(f"worker {latest['worker_cpu_percent']:.0f} % of one")
    if "load_1min" in latest:
        parts.append(f"load {latest['load_1min']:.2f}")
    if parts:
        yield Row("processor", ", ".join(parts))


def _memory(latest: Mapping[str, float]) -> Iterator[Row]:
    parts = []
    used = latest.get("memory_used_bytes")
    if used is not None:
        free = latest.get("memory_available_bytes")
        of = "" if free is None else f" of {(used + free) / 1e9:.2f}"
        parts.append(f"{used / 1e9:.2f}{of} GB used")
    if "worker_rss_bytes" in latest:
        parts.append(f"worker {latest['worker_rss_bytes'] / 1e6:.0f} MB")
    if latest.get("swap_used_bytes"):
        parts.append(f"swap {latest['swap_used_bytes'] / 1e6:.0f} MB")
    if parts:
        yield Row("memory", ", ".join(parts))


def _throttled(by_quantity: Mapping[str, Mapping[str, float]]) -> Iterator[Row]:
    now = by_quantity.get("throttled", {})
    before = by_quantity.get("throttled_before", {})
    counts = by_quantity.get(_EVENTS, {})
    if not (now or before or counts):
        return
    active = [place for place, value in now.items() if value]
    earlier = [place for place, value in before.items() if value and place not in active]
    counted = [f"{place} {value:.0f} times since boot" for place, value in counts.items() if value]
    parts = [f"{', '.join(active)} now"] if active else []
    parts += [f"{', '.join(earlier)} before"] if earlier else []
    yield Row("throttled", "; ".join([*parts, *counted]) or "no", bad=bool(active))
