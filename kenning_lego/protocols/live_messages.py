"""The messages that change a pipeline while it runs.

They are carried out in their turn; what is asked after them does not wait for their answers, so
that frames go on meanwhile. Only what measures or composes does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import MAX_ARTIFACT_BYTES, Kind
from kenning_lego.protocols.plans import MAX_STAGES

MAX_MEMORY_BYTES = MAX_STAGES * MAX_ARTIFACT_BYTES
MAX_PRELOADED = 65_536


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """Have held artifacts run as the pipeline that COMPOSE loaded, from some next frame on.

    OK comes once they will run the next frame; until then the configuration before runs. A newer
    SWITCH takes an older one's place.

    Args:
        stages: in order; see :mod:`kenning_lego.core.engines`.
        may_pause: whether frames may wait where memory cannot hold what is needed at once.
        memory_bytes: that all loaded artifacts may have together from now on; None as before.
    """

    kind: ClassVar[Kind] = Kind.SWITCH
    stages: tuple[str, ...]
    may_pause: bool = False
    memory_bytes: int | None = None

    def to_body(self) -> Mapping[str, Any]:
        """See :class:`.messages.Message`."""
        body = {"stages": list(self.stages), "may_pause": self.may_pause}
        return {**body, **_pack_memory(self.memory_bytes)}

    @classmethod
    def from_body(cls, fields: Fields) -> SwitchTo:
        """See :class:`.messages.Message`."""
        stages = fields.stages("stages", MAX_STAGES)
        return cls(stages, fields.flag("may_pause"), _read_memory(fields))


@dataclass(frozen=True, slots=True)
class Preload:
    """Have held artifacts loaded beside those that run, as far as the memory allows.

    OK comes once they are. They stay, while there is room, until the next PRELOAD.

    Args:
        stages: the last make room first.
        memory_bytes: as of :class:`SwitchTo`.
    """

    kind: ClassVar[Kind] = Kind.PRELOAD
    stages: tuple[str, ...]
    memory_bytes: int | None = None

    def to_body(self) -> Mapping[str, Any]:
        """See :class:`.messages.Message`."""
        body = {"stages": list(self.stages)} if self.stages else {}
        return {**body, **_pack_memory(self.memory_bytes)}

    @classmethod
    def from_body(cls, fields: Fields) -> Preload:
        """See :class:`.messages.Message`."""
        has = fields.has("stages")
        return cls(fields.stages("stages", MAX_PRELOADED) if has else (), _read_memory(fields))


def _pack_memory(memory_bytes: int | None) -> dict[str, Any]:
    return {} if memory_bytes is None else {"memory_bytes": memory_bytes}


def _read_memory(fields: Fields) -> int | None:
    has = fields.has("memory_bytes")
    return fields.integer("memory_bytes", 0, MAX_MEMORY_BYTES) if has else None


Changing = SwitchTo | Preload
"""Requests that are answered beside later ones."""

LIVE_REQUESTS = (SwitchTo, Preload)
