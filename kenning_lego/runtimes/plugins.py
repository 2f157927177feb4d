"""Engines that other installed packages bring.

A package announces one under the entry points :data:`GROUP`. The entry point names a class that is
a :class:`kenning_lego.runtimes.base.Runtime`, is made as ``Class(threads, options, offers)``, and
has

* ``formats``: what it reads, in words, by the name that a compiler gives the format;
* ``options``: a :class:`kenning_lego.runtimes.options.RuntimeOptions`, if it has any of its own.

The class's module is imported where one of these is needed, so it should import the engine itself
only when it is made. On a target, only engines count that its server was started with; a host that
names another one is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.lookup import find_callable

GROUP = "kenning_lego.runtimes"
"""Entry points by which other packages announce engines."""


@dataclass(frozen=True, slots=True)
class OfferedRuntime:
    """An engine of another package.

    Args:
        path: of its class, as package.module:Class; from what is installed, never from the wire.
        version: of the package.
    """

    path: str
    version: str


NO_RUNTIMES: Mapping[str, OfferedRuntime] = {}


def announced_runtimes() -> dict[str, OfferedRuntime]:
    """Engines that installed packages announce, by name; none of them is imported."""
    from importlib.metadata import entry_points  # slow to import, and servers never need it

    return {
        each.name: OfferedRuntime(each.value, each.dist.version if each.dist else "unknown")
        for each in entry_points(group=GROUP)
    }


def chosen_runtimes(names: Collection[str]) -> dict[str, OfferedRuntime]:
    """Those of the announced engines that whoever starts a server names.

    Raises:
        UnknownNameError: no installed package announces one of that name.
    """
    announced = announced_runtimes() if names else {}
    for name in names:
        if name not in announced:
            raise UnknownNameError(
                "plugin", name, announced, "install the package that announces it"
            )
    return {name: announced[name] for name in names}


def find_runtime(name: str, offered: OfferedRuntime) -> Any:
    """The class of an engine.

    Args:
        name: of the engine.
        offered: where it is.

    Raises:
        ConfigurationError: it cannot be imported, or is no engine.
    """
    found = find_callable(offered.path)
    missing = [each for each in ("load", "used", "formats") if not hasattr(found, each)]
    if missing:
        raise ConfigurationError(
            f"{offered.path}, announced as runtime {name!r}, has no {missing[0]!r}",
            "see kenning_lego.runtimes.plugins",
        )
    return found
