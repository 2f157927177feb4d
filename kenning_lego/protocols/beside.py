"""Which deployments ran beside what was measured: added to an answer by the session."""

from __future__ import annotations

from collections.abc import Collection

from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Ok

_FIELD = "deployments"
_MOST = 1024


def with_beside(answer: Ok, deployments: Collection[str]) -> Ok:
    """The answer with the names of deployments; as it is without any."""
    return Ok({**answer.result, _FIELD: sorted(deployments)}) if deployments else answer


def read_beside(fields: Fields) -> tuple[str, ...]:
    """The names that :func:`with_beside` added."""
    return fields.names(_FIELD, _MOST) if fields.has(_FIELD) else ()
