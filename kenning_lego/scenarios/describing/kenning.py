"""What a Kenning scenario file says, in our words; nothing that it names is imported.

Such a file is a mapping, in JSON or YAML, of parts: ``model_wrapper``, ``dataset``, ``optimizers``
(a list), ``runtime``, ``protocol``, ``platform``, each with a ``type`` (a class by its name or its
dotted path) and ``parameters``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kenning_lego.core.configuration import explain
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import load_yaml
from kenning_lego.scenarios.describing.kenning_parts import PARTS, Part, Taking
from kenning_lego.scenarios.tester.configuration import IN_PROCESS, InferenceTestConfig

_NO_NETWORK = "package.module:callable"
_OWN_FORMAT = {"litert": "litert", "onnxruntime": "onnx", "torch": "torch"}
"""Compiler by runtime."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over.

    Args:
        config: the scenario that comes of it.
        settings: dotted names of what it sets.
        notes: what was and what was not taken over, and why.
    """

    config: InferenceTestConfig
    settings: tuple[str, ...]
    notes: tuple[str, ...]


def read_kenning(path: Path) -> Taken:
    """Read a scenario of Kenning's.

    Args:
        path: a JSON or YAML file.

    Raises:
        ConfigurationError: it cannot be read, is none of Kenning's, or nothing of it is known here.
    """
    content = load_yaml(path)
    taking = Taking()
    for key, value in content.items():
        if key == "model_name" and isinstance(value, str):
            taking.default("workspace", f"workspaces/{Path(value).name}")
        elif key not in PARTS:
            taking.leave(str(key), "there is nothing like it here")
        else:
            for part in _parts(path, key, value):
                PARTS[key](part, taking)
    if not taking.taken:
        left = "; ".join(taking.left) or "it has no part that Kenning's scenarios have"
        raise ConfigurationError(
            f"nothing of {path} can be taken over: {left}",
            "write a scenario of your own with `kenning-lego init`",
        )
    _complete(taking)
    try:
        config = InferenceTestConfig.model_validate(taking.values)
    except ValidationError as error:
        raise explain(error, str(path)) from error
    return Taken(config, tuple(_dotted(taking.values)), (*taking.taken, *taking.left))


def _parts(path: Path, key: str, value: object) -> list[Part]:
    found = []
    listed = value if isinstance(value, list) else [value]
    for number, each in enumerate(listed):
        where = f"{key}[{number}]" if isinstance(value, list) else key
        named = each.get("type") if isinstance(each, dict) else None
        parameters = (each.get("parameters") or {}) if isinstance(each, dict) else None
        if not isinstance(named, str) or not isinstance(parameters, dict):
            raise ConfigurationError(
                f"{path}: {where} is no part of a Kenning scenario",
                "give it a type, and parameters as a mapping",
            )
        found.append(Part(where, named.rpartition(".")[2], parameters))
    return found


def _complete(taking: Taking) -> None:
    """What follows from the parts together."""
    if taking.value("workspace") is None:
        taking.default("workspace", "workspaces/from-kenning")
    if taking.value("model.file") is None:
        taking.default("model.name", _NO_NETWORK)
    runtime, compiler = taking.value("target.runtime"), taking.value("compiler.type")
    engines = {kind: engine for engine, kind in _OWN_FORMAT.items()}
    if compiler is None and runtime is not None:
        taking.default("compiler.type", _OWN_FORMAT[runtime])
    elif compiler is not None:
        fitting = engines[compiler]
        if runtime not in (None, fitting):
            taking.leave(f"runtime {runtime}", f"it does not read what {compiler} compiles")
        taking.default("target.runtime", fitting)
    if taking.value("target.address") is None:
        # Without a protocol, Kenning runs models in its own process.
        taking.default("target.address", IN_PROCESS)


def _dotted(values: Mapping[str, Any], before: str = "") -> Sequence[str]:
    found: list[str] = []
    for name, value in values.items():
        nested = isinstance(value, dict)
        found += _dotted(value, f"{before}{name}.") if nested else [f"{before}{name}"]
    return found
