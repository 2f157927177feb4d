"""The figures by which a record is found again; what makes them imports far more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures by which a record is found again; empty or None where there are none.

    Args:
        kind: of the record.
        created: when; ISO 8601 with time zone.
        network: its name; of several the first ones.
        board: that it ran on; the host where there was no target.
        engine: with its version.
        configuration: whose figures follow; empty for the network as it was given.
        latency_ms: its measured median.
        latency_low_ms: lower bound of its interval.
        latency_high_ms: upper bound.
        score: measured, by `metric`.
        metric: name of the network's.
        memory_bytes: in the record's terms.
        energy_mj: of an inference.
        verdict: the worst of the record's plans.
    """

    kind: str
    created: str
    network: str = ""
    board: str = ""
    engine: str = ""
    configuration: str = ""
    latency_ms: float | None = None
    latency_low_ms: float | None = None
    latency_high_ms: float | None = None
    score: float | None = None
    metric: str = ""
    memory_bytes: int | None = None
    energy_mj: float | None = None
    verdict: str = ""
