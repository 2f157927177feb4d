"""What a board's telemetry says about one stretch of time, for verdicts."""

from __future__ import annotations

from kenning_lego.core.telemetry import Telemetry, quantity_of
from kenning_lego.stats import verdict

_CPU_CLOCK = "frequency_khz.cpu"


def board_during(telemetry: Telemetry, begin_s: float, end_s: float) -> verdict.Telemetry:
    """Throttling and clocks between two times on the target's monotonic clock.

    The clock is that of the fastest core just then: the core that measures is busy, while those
    that idle are slowed down by their governor.
    """
    inside = [n for n, time in enumerate(telemetry.times_s) if begin_s <= time <= end_s]
    # The reading before shows from where counters rose.
    around = [max(0, inside[0] - 1), *inside] if inside else []
    throttled: list[int] = []
    for key, column in telemetry.columns.items():
        if quantity_of(key) == "throttle_count":
            counts = [value for n in around if (value := column[n]) is not None]
            throttled += [round(counts[-1] - counts[0])] if counts else []
        elif quantity_of(key) == "throttled":
            flags = [value > 0 for n in inside if (value := column[n]) is not None]
            throttled += [sum(flags)] if flags else []
    clocks = [
        max(known)
        for n in inside
        if (
            known := [
                value
                for key, column in telemetry.columns.items()
                if key.startswith(_CPU_CLOCK) and (value := column[n]) is not None
            ]
        )
    ]
    return verdict.Telemetry(
        throttled=sum(throttled) if throttled else None,
        frequency_before=clocks[0] if len(clocks) > 1 else None,
        frequency_after=clocks[-1] if len(clocks) > 1 else None,
    )
