"""A look at a target as lines of text, and as a JSON document."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from kenning_lego.core.plans import Observation
from kenning_lego.protocols.results import pack_observation
from kenning_lego.scenarios.watcher.readings import rows
from kenning_lego.scenarios.watcher.seen import SeenPipeline, Sight

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-~=+*#"


def lines(sight: Sight) -> Iterator[str]:
    """What was seen, in as many lines as it takes; each begins with the time."""
    at = time.strftime("%H:%M:%S", time.localtime(sight.at_unix_s))
    if sight.trouble:
        yield f"{at}  lost {sight.address}: {sight.trouble}; trying again"
        return
    if sight.gone_s is not None:
        yield f"{at}  {back(sight)}"
    yield f"{at}  lease: {lease(sight.observation)}"
    if sight.observation.doing:
        yield f"{at}  {under_way(sight)}"
    for pipeline in sight.pipelines:
        yield f"{at}  pipeline {pipeline.status.name}: {pipeline_in_words(pipeline)}"
    for row in rows(sight.observation.latest):
        yield f"{at}  {row.name}: {row.text}"


def back(sight: Sight) -> str:
    """That the target is there again."""
    return f"reached {sight.address} again after {span(sight.gone_s or 0.0)}; another server, maybe"


def lease(observation: Observation) -> str:
    """Who holds the lease, since when, and who waits."""
    waiting = f"; {observation.waiting} waiting" if observation.waiting else ""
    if not observation.holder:
        return f"free{waiting}"
    expected = f" of about {span(observation.expected_s)}" if observation.expected_s else ""
    return f"{observation.holder}, for {span(observation.held_s)}{expected}{waiting}"


def under_way(sight: Sight) -> str:
    """The request that is carried out, how far it is, and what is left."""
    seen = sight.observation
    share = f" {seen.done:,} of at most {seen.total:,}" if seen.total else ""
    left = f", {sight.left} left at most" if sight.left else ""
    return f"{seen.doing}{share}{left}"


def pipeline_in_words(pipeline: SeenPipeline) -> str:
    """State, frames and latency of a pipeline."""
    status = pipeline.status
    parts = [f"{status.state}{f' ({status.reason})' if status.reason else ''}"]
    parts.append(f"{status.frames:,} frames")
    if pipeline.rate is not None and status.state == "running":
        parts.append(f"{pipeline.rate:.1f} a second")
    if pipeline.median_ms is not None:
        p95 = "" if pipeline.p95_ms is None else f", p95 {pipeline.p95_ms:.3f}"
        parts.append(f"median {pipeline.median_ms:.3f}{p95} ms")
    if status.missed:
        parts.append(f"{status.missed:,} missed")
    if status.restarts:
        parts.append(f"{status.restarts} restarts")
    return ", ".join(parts)


def configuration(pipeline: SeenPipeline) -> str:
    """The variants that run, those of one kind together, and the bounds that they keep."""
    counts: dict[str, int] = {}
    for variant in pipeline.status.variants.values():
        kind = variant.rpartition("@")[2]
        counts[kind] = counts.get(kind, 0) + 1
    named = ", ".join(f"{count} x {kind}" for kind, count in counts.items())
    adapts = "adaptive" if pipeline.status.adaptive else "fixed"
    return (
        f"{named or f'{len(pipeline.status.stages)} artifacts'}; {adapts}, {pipeline.status.bounds}"
    )


def sparkline(values: Sequence[int], width: int, *, plain: bool = False) -> str:
    """The newest values as a row of bars, each the largest of its stretch.

    Args:
        values: the oldest first; not negative.
        width: bars at most.
        plain: in ASCII.
    """
    bars = _PLAIN_BARS if plain else _BARS
    if not values or width < 1:
        return ""
    length = -(-len(values) // width)
    first = len(values) % length
    starts = [*([0] if first else []), *range(first, len(values), length)]
    ends = [*starts[1:], len(values)]
    peaks = [max(values[a:b]) for a, b in zip(starts, ends, strict=True)]
    low, high = min(peaks), max(peaks)
    scale = (len(bars) - 1) / (high - low) if high > low else 0.0
    return "".join(bars[round((peak - low) * scale)] for peak in peaks)


def span(seconds: float) -> str:
    """A length of time: ``42 s``, ``5 min``, ``3.1 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def to_json(sight: Sight) -> dict[str, Any]:
    """For programs: what OBSERVE answered, and the pipelines' latencies."""
    return {
        "at_unix_s": round(sight.at_unix_s, 3),
        "address": sight.address,
        "connected": not sight.trouble,
        "trouble": sight.trouble or None,
        "gone_s": sight.gone_s,
        "machine": sight.machine or None,
        "observation": None if sight.trouble else dict(pack_observation(sight.observation)),
        "left_s": None if sight.left is None else [sight.left.low_s, sight.left.high_s],
        "pipelines": [
            {
                "name": each.status.name,
                "median_ms": each.median_ms,
                "p95_ms": each.p95_ms,
                "rate_per_s": each.rate,
            }
            for each in sight.pipelines
        ],
    }
