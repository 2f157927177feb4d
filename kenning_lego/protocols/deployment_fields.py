"""A deployment as msgpack values; the same form is kept on the target's disk, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kenning_lego.core.bounds import (
    MAX_FIGURE,
    MAX_MEMORY_BYTES,
    MAX_SCHEDULED,
    Bounds,
    Schedule,
    ScheduledBounds,
)
from kenning_lego.core.deployments import (
    MAX_KEPT_FRAMES,
    MAX_KEPT_OUTPUTS_BYTES,
    MAX_RATE_FPS,
    Deployment,
)
from kenning_lego.core.engines import MAX_ENGINES
from kenning_lego.core.frame_sources import (
    COLOUR_ORDERS,
    LAYOUTS,
    CameraFrames,
    FrameSource,
    ImagePreparation,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.offers import (
    MAX_SEGMENTS,
    MAX_VARIANTS,
    Offer,
    OfferedSegment,
    OfferedVariant,
)
from kenning_lego.protocols.engine_fields import pack_loading, read_engines, read_options
from kenning_lego.protocols.fields import Fields

MAX_NAME = 256
"""Characters of a segment's, a variant's or a tensor's name."""
MAX_OUTPUTS = 256
_MAX_CHANNELS = 3
_MAX_CAMERAS = 1024


def pack_deployment(deployment: Deployment) -> dict[str, Any]:
    """A deployment without anything that this machine knows better."""
    body: dict[str, Any] = {
        "name": deployment.name,
        "offer": _pack_offer(deployment.offer),
        "source": pack_source(deployment.source),
        "variants": dict(deployment.variants),
        "adaptive": deployment.adaptive,
        "bounds": pack_bounds(deployment.bounds),
        "preload": deployment.preload,
        "weight": deployment.weight,
        "keep_frames": deployment.keep_frames,
        "keep_outputs_bytes": deployment.keep_outputs_bytes,
    }
    if deployment.rate_fps is not None:
        body["rate_fps"] = deployment.rate_fps
    if deployment.schedule is not None:
        body["schedule"] = _pack_schedule(deployment.schedule)
    return body


def read_deployment(fields: Fields) -> Deployment:
    """Read what :func:`pack_deployment` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds, or the whole does not fit together.
    """
    deployment = Deployment(
        name=fields.text("name", 64),
        offer=_offer(fields.map("offer")),
        source=read_source(fields.map("source")),
        rate_fps=fields.number("rate_fps", 0.0, MAX_RATE_FPS) if fields.has("rate_fps") else None,
        variants=fields.texts("variants"),
        adaptive=fields.flag("adaptive"),
        bounds=read_bounds(fields.map("bounds")),
        schedule=_schedule(fields.map("schedule")) if fields.has("schedule") else None,
        preload=fields.flag("preload"),
        weight=fields.number("weight", 0.0, MAX_FIGURE),
        keep_frames=fields.integer("keep_frames", 0, MAX_KEPT_FRAMES),
        keep_outputs_bytes=fields.integer("keep_outputs_bytes", 0, MAX_KEPT_OUTPUTS_BYTES),
    )
    problem = deployment.problem()
    if problem:
        fields.refuse(problem)
    fields.done()
    return deployment


def pack_bounds(bounds: Bounds) -> dict[str, Any]:
    """Only the bounds that there are."""
    body: dict[str, Any] = {}
    if bounds.latency_ms is not None:
        body["latency_ms"] = bounds.latency_ms
    if bounds.memory_bytes is not None:
        body["memory_bytes"] = bounds.memory_bytes
    if bounds.energy_mj is not None:
        body["energy_mj"] = bounds.energy_mj
    return body


def read_bounds(fields: Fields) -> Bounds:
    """Read what :func:`pack_bounds` wrote; nothing else may be there."""
    has = fields.has
    bounds = Bounds(
        fields.number("latency_ms", 0.0, MAX_FIGURE) if has("latency_ms") else None,
        fields.integer("memory_bytes", 0, MAX_MEMORY_BYTES) if has("memory_bytes") else None,
        fields.number("energy_mj", 0.0, MAX_FIGURE) if has("energy_mj") else None,
    )
    fields.done()
    return bounds


def _pack_schedule(schedule: Schedule) -> dict[str, Any]:
    body: dict[str, Any] = {
        "steps": [
            {"at_s": step.at_s, "bounds": pack_bounds(step.bounds)} for step in schedule.steps
        ]
    }
    if schedule.repeat_s is not None:
        body["repeat_s"] = schedule.repeat_s
    return body


def _schedule(fields: Fields) -> Schedule:
    steps = []
    for each in fields.maps("steps", MAX_SCHEDULED):
        bounds = read_bounds(each.map("bounds"))
        steps.append(ScheduledBounds(each.number("at_s", 0.0, MAX_FIGURE), bounds))
        each.done()
    has = fields.has("repeat_s")
    schedule = Schedule(tuple(steps), fields.number("repeat_s", 0.0, MAX_FIGURE) if has else None)
    fields.done()
    return schedule


def _pack_offer(offer: Offer) -> dict[str, Any]:
    return {
        "segments": [
            {"name": each.name, "variants": [_pack_variant(v) for v in each.variants]}
            for each in offer.segments
        ],
        "outputs": list(offer.outputs),
        **pack_loading(offer),
    }


def _offer(fields: Fields) -> Offer:
    segments = []
    for each in fields.maps("segments", MAX_SEGMENTS):
        variants = tuple(_variant(variant) for variant in each.maps("variants", MAX_VARIANTS))
        segments.append(OfferedSegment(each.text("name", MAX_NAME), variants))
        each.done()
    offer = Offer(
        tuple(segments),
        fields.text("runtime", 64),
        fields.integer("threads", 1, 1024),
        fields.integer("batch", 1, 65_536),
        fields.names("outputs", MAX_OUTPUTS, MAX_NAME),
        read_options(fields),
        read_engines(fields),
    )
    fields.done()
    return offer


def _pack_variant(variant: OfferedVariant) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": variant.name,
        "digest": variant.digest,
        "accuracy_cost": variant.accuracy_cost,
        "latency_ms": variant.latency_ms,
        "memory_bytes": variant.memory_bytes,
    }
    if variant.energy_mj is not None:
        body["energy_mj"] = variant.energy_mj
    if variant.engine:
        body["engine"] = variant.engine
    return body


def _variant(fields: Fields) -> OfferedVariant:
    variant = OfferedVariant(
        fields.text("name", MAX_NAME),
        fields.digest("digest"),
        fields.number("accuracy_cost", -MAX_FIGURE, MAX_FIGURE),
        fields.number("latency_ms", 0.0, MAX_FIGURE),
        fields.integer("memory_bytes", 0, MAX_MEMORY_BYTES),
        fields.number("energy_mj", 0.0, MAX_FIGURE) if fields.has("energy_mj") else None,
        fields.integer("engine", 1, MAX_ENGINES) if fields.has("engine") else 0,
    )
    fields.done()
    return variant


def pack_source(source: FrameSource) -> dict[str, Any]:
    """A source's settings under the name of its type."""
    match source:
        case NullFrames():
            return {"type": "null"}
        case RandomFrames(seed):
            return {"type": "random", "seed": seed}
        case StoredFrames(digest, repeat):
            return {"type": "stored", "digest": digest, "repeat": repeat}
        case VideoFrames(name, repeat, preparation):
            images = _pack_preparation(preparation)
            return {"type": "video", "name": name, "repeat": repeat, "images": images}
        case CameraFrames(index, preparation):
            return {"type": "camera", "index": index, "images": _pack_preparation(preparation)}


def read_source(fields: Fields) -> FrameSource:
    """Read what :func:`pack_source` wrote."""
    source: FrameSource
    match fields.text("type", 16):
        case "null":
            source = NullFrames()
        case "random":
            source = RandomFrames(fields.integer("seed", 0, 2**62))
        case "stored":
            source = StoredFrames(fields.digest("digest"), fields.flag("repeat"))
        case "video":
            images = _preparation(fields.map("images"))
            source = VideoFrames(fields.text("name", 64), fields.flag("repeat"), images)
        case "camera":
            images = _preparation(fields.map("images"))
            source = CameraFrames(fields.integer("index", 0, _MAX_CAMERAS), images)
        case other:
            fields.refuse(f"unknown source of frames {other!r}")
    fields.done()
    return source


def _pack_preparation(preparation: ImagePreparation) -> Mapping[str, Any]:
    return {
        "colours": preparation.colours,
        "layout": preparation.layout,
        "scale": preparation.scale,
        "mean": list(preparation.mean),
        "deviation": list(preparation.deviation),
    }


def _preparation(fields: Fields) -> ImagePreparation:
    preparation = ImagePreparation(
        fields.word("colours", COLOUR_ORDERS),
        fields.word("layout", LAYOUTS),
        fields.number("scale", -MAX_FIGURE, MAX_FIGURE),
        fields.floats("mean", -MAX_FIGURE, MAX_FIGURE, _MAX_CHANNELS),
        fields.floats("deviation", -MAX_FIGURE, MAX_FIGURE, _MAX_CHANNELS),
    )
    fields.done()
    return preparation
