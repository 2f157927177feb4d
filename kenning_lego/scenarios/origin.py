"""Which run a record is of, and how to repeat it: what records of all scenarios begin with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, TypedDict

from kenning_lego import __version__
from kenning_lego.core.configuration import Component
from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.servers.environment import describe


class Origin(TypedDict):
    """Fields of :class:`kenning_lego.core.run_headers.OriginRecord`."""

    id: str
    created: str
    version: str
    command: tuple[str, ...]
    scenario: dict[str, Any]
    host: EnvironmentRecord


def origin(run_id: str, command: Sequence[str], config: Component) -> Origin:
    """Of a run that ends now, on this host."""
    here = describe()
    return Origin(
        id=run_id,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        version=__version__,
        command=tuple(command),
        scenario=config.model_dump(mode="json"),
        host=EnvironmentRecord.between(here, here),
    )
