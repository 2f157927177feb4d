"""Engines by name; an engine is imported only when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kenning_lego.core.errors import (
    ConfigurationError,
    MissingDependencyError,
)
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.options import RuntimeOptions, options_type
from kenning_lego.runtimes.plugins import NO_RUNTIMES, OfferedRuntime, find_runtime

if TYPE_CHECKING:  # the server looks engines up without loading numpy
    from kenning_lego.runtimes.base import Runtime


@dataclass(frozen=True, slots=True)
class _Engine:
    module: str
    factory: str
    packages: tuple[str, ...]
    """Distributions that provide it, the usual one first."""
    extra: str


_ENGINES: Mapping[str, _Engine] = {
    "onnxruntime": _Engine(
        "kenning_lego.runtimes.onnx_runtime",
        "OnnxRuntime",
        ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-qnn"),
        "onnxruntime",
    ),
    "litert": _Engine(
        "kenning_lego.runtimes.litert",
        "LiteRt",
        ("ai-edge-litert", "tflite-runtime"),
        "tflite",
    ),
    "openvino": _Engine(
        "kenning_lego.runtimes.openvino_runtime", "OpenVino", ("openvino",), "openvino"
    ),
    "torch": _Engine("kenning_lego.runtimes.torch_runtime", "TorchRuntime", ("torch",), "torch"),
}


def make_runtime(
    name: str, threads: int, options: RuntimeOptions | None = None, offers: Offers | None = None
) -> Runtime:
    """The engine of that name.

    Args:
        name: see :func:`installed_engines`.
        threads: that it may use.
        options: of that engine; None for its defaults.
        offers: what the target's server lets hosts choose; None for nothing.

    Raises:
        UnknownNameError: there is no such engine.
        MissingDependencyError: its package is not installed here.
        ConfigurationError: the options are another engine's, or name something that is not here.
    """
    offers = offers or Offers()
    kind = options_type(name, offers.runtimes)
    options = options or kind()
    if not isinstance(options, kind):
        raise ConfigurationError(
            f"{type(options).__name__} are no options of runtime {name!r}",
            f"give {kind.__name__}",
        )
    runtime = _factory(name, offers)(threads, options, offers)
    if options.float_io:
        from kenning_lego.runtimes.float_io import FloatRuntime

        runtime = FloatRuntime(runtime)
    return cast("Runtime", runtime)


def _factory(name: str, offers: Offers) -> Any:
    engine = _ENGINES.get(name)
    if engine is None:
        return find_runtime(name, offers.runtimes[name])
    try:
        module = importlib.import_module(engine.module)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            engine.packages[0], engine.extra, f"runtime {name!r}"
        ) from error
    return getattr(module, engine.factory)


def installed_engines(others: Mapping[str, OfferedRuntime] = NO_RUNTIMES) -> dict[str, str]:
    """Engine name to version, for those whose package is installed; imports none of them.

    Args:
        others: engines beside ours.
    """
    installed = _installed_versions()
    found: dict[str, str] = {}
    for name, engine in _ENGINES.items():
        for package in engine.packages:
            version = installed.get(package.replace("-", "_"))
            if version:
                found.setdefault(name, version)
    foreign = {name: each.version for name, each in others.items() if name not in _ENGINES}
    return {**found, **foreign}


def engine_packages() -> dict[str, str]:
    """Engine name by distribution, for all distributions that provide one of ours."""
    return {package: name for name, engine in _ENGINES.items() for package in engine.packages}


def _installed_versions() -> dict[str, str]:
    """Version by distribution, from names of directories that every wheel leaves (PEP 427).

    importlib.metadata would read the same, and load a mail parser to do so.
    """
    found: dict[str, str] = {}
    for directory in filter(None, sys.path):
        try:
            names = [path.name for path in Path(directory).iterdir()]
        except OSError:  # a zip file, or a directory that is not there
            continue
        for name in names:
            if name.endswith(".dist-info"):
                package, _, version = name.removesuffix(".dist-info").rpartition("-")
                found.setdefault(package, version)
    return found
