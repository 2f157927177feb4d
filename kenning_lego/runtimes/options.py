"""What a host may choose about an engine, as plain values that can be sent to a target.

Nothing here names a file: what lies on the target is offered by its server under a name
(:mod:`kenning_lego.runtimes.offers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.runtimes.plugins import (
    NO_RUNTIMES,
    OfferedRuntime,
    announced_runtimes,
    find_runtime,
)

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "acl": "ACLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""ONNX Runtime's execution providers that a host may choose, by our short names."""

_MAX_CPU = 4095


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What every engine understands.

    Args:
        float_io: give and take float32 where the artifact has quantised integers; the target
            converts, within the time that is measured.
    """

    float_io: bool = False

    def __post_init__(self) -> None:
        for each in fields(self):
            _check_kind(each.name, getattr(self, each.name), each.default)


@dataclass(frozen=True, slots=True)
class OnnxRuntimeOptions(RuntimeOptions):
    """Of ONNX Runtime.

    Args:
        provider: a key of :data:`PROVIDERS`.
        allow_cpu: whether operators that the provider lacks may run on the CPU.
        fp16: whether TensorRT may compute in half precision.
        affinity: processors for the engine's own threads, as the kernel counts them; one fewer
            than threads, because the calling thread computes too. Empty leaves it to the kernel.
        arena: take memory from the arena that all sessions share; else from the system each time.

    Raises:
        ConfigurationError: a value is of another kind, or does not go with the provider.
        UnknownNameError: there is no such provider.
    """

    provider: str = "cpu"
    allow_cpu: bool = True
    fp16: bool = False
    affinity: tuple[int, ...] = ()
    arena: bool = True

    def __post_init__(self) -> None:
        RuntimeOptions.__post_init__(self)
        _choose("provider of ONNX Runtime", self.provider, PROVIDERS)
        if self.fp16 and self.provider != "tensorrt":
            raise ConfigurationError(
                f"fp16 is an option of the provider tensorrt, not of {self.provider}",
                "compile the artifact for float16 instead",
            )
        if any(not 0 <= cpu <= _MAX_CPU for cpu in self.affinity):
            raise ConfigurationError(f"affinity {list(self.affinity)} names no processors")


@dataclass(frozen=True, slots=True)
class LiteRtOptions(RuntimeOptions):
    """Of LiteRT.

    Args:
        delegate: ``xnnpack`` (on the CPU, the engine's own choice), ``none``, or a name under
            which the target's server offers a delegate.
        allow_cpu: whether operators that such a delegate lacks may run on the CPU.
    """

    delegate: str = "xnnpack"
    allow_cpu: bool = True


@dataclass(frozen=True, slots=True)
class OpenVinoOptions(RuntimeOptions):
    """Of OpenVINO.

    Args:
        device: one that OpenVINO finds there, such as ``CPU``, ``GPU`` or ``NPU``.
        precision: in which it computes: ``f32``, ``f16`` or ``bf16``. Without being told it takes
            bfloat16 on processors that have it, whatever the artifact's weights are.
        pinning: whether it binds its threads to processors itself.
    """

    device: str = "CPU"
    precision: str = "f32"
    pinning: bool = False

    def __post_init__(self) -> None:
        RuntimeOptions.__post_init__(self)
        _choose("precision of OpenVINO", self.precision, ("f32", "f16", "bf16"))


@dataclass(frozen=True, slots=True)
class TorchOptions(RuntimeOptions):
    """Of torch.

    Args:
        device: ``cpu`` or ``cuda``.
    """

    device: str = "cpu"

    def __post_init__(self) -> None:
        RuntimeOptions.__post_init__(self)
        _choose("device of torch", self.device, ("cpu", "cuda"))


OPTIONS: Mapping[str, type[RuntimeOptions]] = {
    "onnxruntime": OnnxRuntimeOptions,
    "litert": LiteRtOptions,
    "openvino": OpenVinoOptions,
    "torch": TorchOptions,
}
"""Classes of options by the engine's name."""


def options_type(
    engine: str, others: Mapping[str, OfferedRuntime] = NO_RUNTIMES
) -> type[RuntimeOptions]:
    """The class of an engine's options.

    Args:
        engine: its name.
        others: engines beside ours.

    Raises:
        UnknownNameError: there is no such engine.
        ConfigurationError: it cannot be imported, or what it has are no options.
    """
    if engine in OPTIONS:
        return OPTIONS[engine]
    if engine not in others:
        raise UnknownNameError("runtime", engine, (*OPTIONS, *others))
    found = getattr(find_runtime(engine, others[engine]), "options", RuntimeOptions)
    if not (isinstance(found, type) and issubclass(found, RuntimeOptions)):
        raise ConfigurationError(
            f"the options of runtime {engine!r} are {found!r:.80}",
            "derive them from kenning_lego.runtimes.options.RuntimeOptions",
        )
    return found


def options_from_json(
    engine: str,
    given: Mapping[str, Any],
    others: Mapping[str, OfferedRuntime] = NO_RUNTIMES,
) -> RuntimeOptions:
    """Read what :func:`options_to_json` gives; what is not given has its default.

    Args:
        engine: its name.
        given: values by the options' names.
        others: engines beside ours.

    Raises:
        UnknownNameError: there is no such engine, option, or choice.
        ConfigurationError: a value is of another kind.
    """
    options = options_type(engine, others)
    known = {each.name for each in fields(options)}
    for name in given:
        _choose(f"option of runtime {engine!r}", str(name), known)
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    return options(**values)


def options_to_json(options: RuntimeOptions) -> dict[str, bool | str | list[int]]:
    """All options as values that JSON and msgpack have."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()}


def read_options(engine: str, given: Mapping[str, Any]) -> dict[str, bool | str | list[int]]:
    """Options as people give them, checked, and as plain values; only what was given.

    Args:
        engine: the runtime's name.
        given: what is a text on a command line may stand for true or false, or for integers that
            commas divide.

    Raises:
        UnknownNameError: there is no such engine, option, or choice.
        ConfigurationError: a value is of another kind.
    """
    others = NO_RUNTIMES if engine in OPTIONS else announced_runtimes()
    known = {each.name: each.default for each in fields(options_type(engine, others))}
    named = {str(name).replace("-", "_"): value for name, value in given.items()}
    values = {k: _from_text(v, known[k]) if k in known else v for k, v in named.items()}
    every = options_to_json(options_from_json(engine, values, others))
    return {name: every[name] for name in named}


def _from_text(value: object, default: object) -> object:
    if isinstance(value, str) and isinstance(default, bool):
        return {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, str) and isinstance(default, tuple):
        parts = [part.strip() for part in value.split(",")] if value else []
        return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else value
    return value


def _check_kind(name: str, value: object, default: object) -> None:
    if isinstance(default, tuple):
        good = isinstance(value, tuple) and all(type(each) is int for each in value)
        kind = "a list of integers"
    else:
        good = type(value) is type(default)
        kind = "true or false" if isinstance(default, bool) else "a text"
    if not good:
        raise ConfigurationError(f"option {name!r} is {value!r:.80}", f"give {kind}")


def _choose(what: str, name: str, known: Sequence[str] | Mapping[str, Any] | set[str]) -> None:
    if name not in known:
        raise UnknownNameError(what, name, known)
