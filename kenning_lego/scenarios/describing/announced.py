"""What components of other packages are, for which their modules are imported."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from kenning_lego.core.lookup import find_callable
from kenning_lego.core.parameters import parameters_of
from kenning_lego.runtimes.options import RuntimeOptions
from kenning_lego.scenarios.describing.components import Listed
from kenning_lego.scenarios.describing.sources import (
    Argument,
    argument_meanings,
    options_of,
    plain,
    summary_of,
)


def opened(listed: Listed) -> Listed:
    """A component with what its own package says of it; as it is if it is ours.

    Raises:
        ConfigurationError: its module cannot be imported.
    """
    if not listed.path:
        return listed
    found: Any = find_callable(listed.path)
    told = replace(listed, summary=f"{_told(found)} ({listed.summary.rstrip('.')})".strip())
    if isinstance(found, type) and issubclass(found, BaseModel):
        parameters = tuple(each for each in parameters_of(found) if each.name != "type")
        return replace(told, parameters=parameters, model=found)
    if listed.kind == "runtime":
        return replace(told, arguments=options_of(getattr(found, "options", RuntimeOptions)))
    return replace(told, arguments=_arguments(found))


def _told(found: Any) -> str:
    return summary_of(inspect.getdoc(found) or "")


def _arguments(found: Any) -> tuple[Argument, ...]:
    meanings = argument_meanings(inspect.getdoc(found) or "")
    return tuple(
        Argument(
            name,
            plain(meanings.get(name, "")),
            None if each.default is inspect.Parameter.empty else repr(each.default),
        )
        for name, each in inspect.signature(found).parameters.items()
    )
