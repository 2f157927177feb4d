"""What happened to a deployment, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.offers import Offer
from kenning_lego.protocols.worker_messages import Happened


def variants_in_words(offer: Offer, stages: Sequence[str]) -> str:
    """Stages as the variants that they are, such as ``stage2: half, head: original``."""
    names = {
        variant.stage: f"{segment.name}: {variant.name}"
        for segment in reversed(offer.segments)
        for variant in reversed(segment.variants)
    }
    return ", ".join(names.get(stage, f"the artifact {stage[:12]}") for stage in stages)


def happened_in_words(happened: Happened, offer: Offer) -> str:
    """What a worker tells, with the variants that it is about."""
    what = variants_in_words(offer, happened.stages)
    return f"{happened.text} ({what})" if happened.text and what else happened.text or what


def figures_of(bounds: Bounds) -> dict[str, float]:
    """The bounds that there are, by name."""
    figures = {
        "latency_ms": bounds.latency_ms,
        "memory_bytes": bounds.memory_bytes,
        "energy_mj": bounds.energy_mj,
    }
    return {name: float(value) for name, value in figures.items() if value is not None}
