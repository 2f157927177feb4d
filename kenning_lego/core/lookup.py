"""Find what others wrote: by dotted path, or by a name that an installed package announces."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kenning_lego.core.errors import ConfigurationError, KenningLegoError, UnknownNameError


def announced(group: str) -> dict[str, str]:
    """Dotted paths by the short names that installed packages announce as entry points.

    Args:
        group: of the entry points, such as ``kenning_lego.metrics``.
    """
    from importlib.metadata import entry_points  # slow to import, and servers never need it

    return {each.name: each.value for each in entry_points(group=group)}


def find_callable(path: str) -> Callable[..., Any]:
    """What ``package.module:name`` names; the module is imported.

    Raises:
        ConfigurationError: there is no such module, it cannot be imported, or it is no callable.
        UnknownNameError: the module has no such name.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute or module_name.startswith("."):
        raise ConfigurationError(f"{path!r} names no callable", "write package.module:callable")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise ConfigurationError(
                f"there is no module {error.name!r}, named by {path!r}",
                "install its package, or add its directory to PYTHONPATH",
            ) from error
        raise ConfigurationError(
            f"the module {module_name!r} needs {error.name!r}, which is not installed",
            "install it",
        ) from error
    except Exception as error:
        raise ConfigurationError(
            f"the module {module_name!r} cannot be imported: {in_one_line(error)}",
            "correct it; --debug shows where it failed",
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        public = [each for each in vars(module) if not each.startswith("_")]
        raise UnknownNameError(f"name in {module_name}", attribute, public)
    if not callable(found):
        raise ConfigurationError(
            f"{path} is a {type(found).__name__}, not a callable", "name a callable"
        )
    return found  # type: ignore[no-any-return]


def call(path: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """What a callable that a user named returns.

    Args:
        path: by which it was named.
        function: it is.
        arguments: for it, by name.

    Raises:
        ConfigurationError: it does not take these arguments, or raises.
    """
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise ConfigurationError(
            f"{path} does not take the arguments {dict(arguments)}: {error}", "correct them"
        ) from error
    try:
        return function(**arguments)
    except KenningLegoError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{path} failed: {in_one_line(error)}", "correct it; --debug shows where it failed"
        ) from error


def in_one_line(error: BaseException) -> str:
    """An error of others' code: its type, and its message without line breaks."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
