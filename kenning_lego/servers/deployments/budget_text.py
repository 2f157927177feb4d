"""Budgets as people and programs on the target write them: one JSON object.

``{"memory_bytes": 40000000, "deployments": {"camera": {"latency_ms": 12}}}``: `memory_bytes` is for
all deployments together (null for no bound), for one of them there may be `latency_ms`,
`memory_bytes` and `energy_mj`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from kenning_lego.core.bounds import MAX_MEMORY_BYTES, NO_BOUNDS, Bounds
from kenning_lego.core.errors import ConfigurationError, KenningLegoError
from kenning_lego.protocols.deployment_fields import read_bounds
from kenning_lego.protocols.deployment_messages import read_name
from kenning_lego.protocols.fields import Fields
from kenning_lego.servers.deployments.budgets import TOGETHER

MAX_BYTES = 1 << 20


def parse_budgets(text: bytes, where: str) -> dict[str, Bounds]:
    """The bounds by deployment, and under :data:`.budgets.TOGETHER` those for all of them.

    Args:
        text: the JSON object.
        where: names it in errors.

    Raises:
        ConfigurationError: it is not what is described above.
    """
    remedy = 'write {"memory_bytes": N, "deployments": {"NAME": {"latency_ms": N}}}'
    try:
        return _parse(Fields(json.loads(text), where))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{where} is not JSON: {error}", remedy) from error
    except ConfigurationError:
        raise
    except KenningLegoError as error:
        raise ConfigurationError(error.problem, remedy) from error


def _parse(fields: Fields) -> dict[str, Bounds]:
    budgets: dict[str, Bounds] = {}
    if fields.has("memory_bytes"):
        budgets[TOGETHER] = _together(fields)
    if fields.has("deployments"):
        budgets.update(_by_name(fields.map("deployments")))
    fields.done()
    return budgets


def _together(fields: Fields) -> Bounds:
    if fields.is_null("memory_bytes"):
        return NO_BOUNDS
    return Bounds(memory_bytes=fields.integer("memory_bytes", 0, MAX_MEMORY_BYTES))


def _by_name(fields: Fields) -> Mapping[str, Bounds]:
    names = list(fields.names_left())
    return {
        read_name(Fields({"name": name}, "deployments")): read_bounds(fields.map(name))
        for name in names
    }
