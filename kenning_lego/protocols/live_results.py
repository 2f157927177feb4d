"""What the OK of SWITCH and of PRELOAD carries, written by a target and read by a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.live_messages import MAX_PRELOADED

MAX_REASON = 4096
"""Characters of why an artifact cannot be loaded."""
_MAX = 2**62
_MAX_SECONDS = 1e9


def pack_switched(switched: Switched) -> Mapping[str, Any]:
    """The result of SWITCH."""
    return asdict(switched)


def read_switched(fields: Fields) -> Switched:
    """Read what :func:`pack_switched` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds.
    """
    switched = Switched(
        frame=fields.integer("frame", 0, _MAX),
        seconds=fields.number("seconds", 0.0, _MAX_SECONDS),
        prepared=fields.flag("prepared"),
        loaded_bytes=fields.integer("loaded_bytes", 0, _MAX),
        evicted_bytes=fields.integer("evicted_bytes", 0, _MAX),
        paused_s=fields.number("paused_s", 0.0, _MAX_SECONDS),
    )
    fields.done()
    return switched


def pack_preloaded(preloaded: Preloaded) -> Mapping[str, Any]:
    """The result of PRELOAD."""
    stages = {"stages": list(preloaded.stages)} if preloaded.stages else {}
    failed = {stage: reason[:MAX_REASON] for stage, reason in preloaded.failed.items()}
    return {**stages, "loaded_bytes": preloaded.loaded_bytes, "failed": failed}


def read_preloaded(fields: Fields) -> Preloaded:
    """Read what :func:`pack_preloaded` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds.
    """
    has = fields.has("stages")
    preloaded = Preloaded(
        fields.stages("stages", MAX_PRELOADED) if has else (),
        fields.integer("loaded_bytes", 0, _MAX),
        fields.texts("failed"),
    )
    fields.done()
    return preloaded
