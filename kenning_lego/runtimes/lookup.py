"""Engines by name; an engine is imported only when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kenning_lego.core.errors import (
    ConfigurationError,
    MissingDependencyError,
    UnknownNameError,
)
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.options import OPTIONS, RuntimeOptions

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
    engine = _ENGINES.get(name)
    if engine is None:
        raise UnknownNameError("runtime", name, _ENGINES)
    options = options or OPTIONS[name]()
    if not isinstance(options, OPTIONS[name]):
        raise ConfigurationError(
            f"{type(options).__name__} are no options of runtime {name!r}",
            f"give {OPTIONS[name].__name__}",
        )
    try:
        module = importlib.import_module(engine.module)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            engine.packages[0], engine.extra, f"runtime {name!r}"
        ) from error
    runtime = getattr(module, engine.factory)(threads, options, offers or Offers())
    if options.float_io:
        from kenning_lego.runtimes.float_io import FloatRuntime

        runtime = FloatRuntime(runtime)
    return cast("Runtime", runtime)


def installed_engines() -> dict[str, str]:
    """Engine name to version, for those whose package is installed; imports none of them."""
    installed = _installed_versions()
    found: dict[str, str] = {}
    for name, engine in _ENGINES.items():
        for package in engine.packages:
            version = installed.get(package.replace("-", "_"))
            if version:
                found.setdefault(name, version)
    return found


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
