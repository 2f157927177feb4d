"""ONNX Runtime's execution providers: their settings, and whether they really run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.runtimes.options import PROVIDERS, OnnxRuntimeOptions

CPU = PROVIDERS["cpu"]

_SOURCES: Mapping[str, str] = {
    "cuda": "on a PC pip install onnxruntime-gpu in place of onnxruntime; on a Jetson use "
    "NVIDIA's own wheel",
    "tensorrt": "on a PC pip install onnxruntime-gpu and tensorrt in place of onnxruntime; on a "
    "Jetson use NVIDIA's own wheel",
    "xnnpack": "build ONNX Runtime with --use_xnnpack",
    "acl": "build ONNX Runtime with --use_acl",
    "openvino": "pip install onnxruntime-openvino in place of onnxruntime",
}
"""Where builds with each provider come from."""

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the operators of a network were placed.

    Args:
        nodes: operators after the engine's own fusions; None where the engine does not tell.
        on_cpu: those that the chosen provider left to the CPU's.
    """

    nodes: int
    on_cpu: int


def settings_of(provider: str, threads: int) -> dict[str, str]:
    """What a provider is told about threads and the like; TensorRT's are in `tensorrt_cache`."""
    if provider == "xnnpack":
        return {"intra_op_num_threads": str(threads)}
    if provider == "openvino":
        return {"device_type": "CPU", "num_of_threads": str(threads)}
    return {}


def require_available(provider: str, available: Sequence[str], version: str) -> None:
    """Refuse a provider that the installed build does not have.

    Args:
        provider: our short name.
        available: what the engine tells that it has, by its own names.
        version: the engine's.

    Raises:
        ConfigurationError: it is not among them.
    """
    if PROVIDERS[provider] in available:
        return
    here = [name for name, own in PROVIDERS.items() if own in available]
    raise ConfigurationError(
        f"ONNX Runtime {version} was installed without the provider {provider}; "
        f"it has {', '.join(here)}",
        _SOURCES[provider],
    )


def require_running(options: OnnxRuntimeOptions, active: Sequence[str]) -> None:
    """Refuse a session from which the engine has dropped the provider, which it does quietly.

    Args:
        options: what was asked for.
        active: the session's providers, by the engine's names.

    Raises:
        ConfigurationError: the provider could not be started.
    """
    if PROVIDERS[options.provider] not in active:
        raise ConfigurationError(
            f"the provider {options.provider} of ONNX Runtime could not be started, and the "
            "engine would have used the CPU in its place",
            "check its device and driver, and that its libraries have the versions that this "
            "build of ONNX Runtime was made for (kenning-lego doctor)",
        )


def require_placed(options: OnnxRuntimeOptions, placement: Placement | None) -> None:
    """Refuse a session of which the CPU would run everything, or more than was allowed.

    Raises:
        ModelError: the provider runs none of the operators, or not all though it must.
    """
    if options.provider == "cpu" or placement is None or not placement.nodes:
        return
    run = placement.nodes - placement.on_cpu
    if not run or (placement.on_cpu and not options.allow_cpu):
        raise ModelError(
            f"the provider {options.provider} runs {run} of the artifact's {placement.nodes} "
            "operators",
            "allow the CPU to run the others, choose another provider, or export the network "
            "with operators that this one has"
            if run
            else "choose the provider cpu, or export the network with operators that this one has",
        )


def affinity_text(affinity: Sequence[int], threads: int) -> str:
    """Processors of the engine's own threads in its syntax, which counts from one.

    Raises:
        ConfigurationError: there is not one for each thread but the calling one.
    """
    if len(affinity) != threads - 1:
        raise ConfigurationError(
            f"{len(affinity)} processors for {threads} threads",
            f"give {threads - 1}: the calling thread computes too, and stays where the plan's "
            "conditions put it",
        )
    return ";".join(str(cpu + 1) for cpu in affinity)
