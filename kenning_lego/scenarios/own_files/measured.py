"""What was measured of a file and its pieces, as it goes into the record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kenning_lego.core.records import (
    AdditivityRecord,
    ArtifactRecord,
    ComposedRunRecord,
    ConfigurationRecord,
    ErrorsRecord,
    MemoryTerm,
    ScoreRecord,
    SegmentRecord,
)
from kenning_lego.scenarios.own_files.describing import WHOLE
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.measuring import Scored

CHAIN = "composed"
"""Name of the measurement of all pieces in a row, in turn with each of them."""


def with_measured(
    original: ConfigurationRecord,
    whole: ArtifactRecord,
    segments: Sequence[SegmentRecord],
    memory: MemoryTerm,
    additivity: AdditivityRecord | None,
    times: Mapping[str, float],
    scored: Scored | None,
) -> ConfigurationRecord:
    """The network with its latency, memory and quality.

    Args:
        original: without them.
        whole: the file.
        segments: its pieces, or itself.
        memory: which figure counts as memory.
        additivity: of the pieces; None where there are none.
        times: medians in ms by the measurement's name.
        scored: on the target; None for random data.
    """
    figures = [each.variants[0].memory_bytes(memory) for each in segments]
    known = [each for each in figures if each is not None]
    measured = ScoreRecord(
        latency_ms=times[ORIGINAL],
        memory_bytes=sum(known) if len(known) == len(figures) else None,
        score=scored.score if scored else None,
    )
    update: dict[str, object] = {
        "measured": measured,
        "measurement": ORIGINAL,
        "classification": scored.classification if scored else None,
    }
    if additivity is not None:
        total = additivity.runs[0].sum_ms
        update |= {
            "predicted": ScoreRecord(latency_ms=total),
            "sum_ms": total,
            "fused": whole,
            "fused_measurement": WHOLE,
        }
    return original.model_copy(update=update)


def added_up(segments: Sequence[SegmentRecord], latencies: Mapping[str, float]) -> AdditivityRecord:
    """The pieces' sum beside their run in a row."""
    names = tuple(each.variants[0].name for each in segments)
    total, measured = math.fsum(latencies[name] for name in names), latencies[CHAIN]
    error = total / measured - 1
    return AdditivityRecord(
        runs=(
            ComposedRunRecord(variants=names, sum_ms=total, predicted_ms=total, measurement=CHAIN),
        ),
        sum_errors=ErrorsRecord(median=abs(error), p95=abs(error), bias=error),
    )
