"""The parts of a Kenning scenario, one by one, in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kenning_lego.protocols.addresses import DEFAULT_PORT
from kenning_lego.runtimes.options import PROVIDERS


@dataclass(slots=True)
class Taking:
    """Gathers settings while the parts are read."""

    values: dict[str, Any] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def put(self, where: str, name: str, value: object) -> None:
        """Take one thing over, to the setting of that dotted name."""
        self.default(name, value)
        self.taken.append(f"taken: {where} as {name}: {value}")

    def default(self, name: str, value: object) -> None:
        """Set what the scenario does not say."""
        *parents, last = name.split(".")
        values = self.values
        for each in parents:
            values = values.setdefault(each, {})
        values[last] = value

    def leave(self, where: str, why: str) -> None:
        """Leave something out."""
        self.left.append(f"left out: {where}: {why}")

    def value(self, name: str) -> Any:
        """What was set, or None."""
        found: Any = self.values
        for each in name.split("."):
            found = found.get(each, {})
        return found or None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the file.

    Args:
        where: it stands.
        type: the class's name, without its module.
        parameters: of the class.
    """

    where: str
    type: str
    parameters: Mapping[str, Any]


Take = Callable[[Part, Taking], None]
"""Takes over what is known of a part."""


def _model(part: Part, taking: Taking) -> None:
    given = str(part.parameters.get("model_path", "no path"))
    if Path(given).suffix in (".onnx", ".tflite") and "://" not in given:
        # Their wrapper's own preparation of images is not known: model.input says what is done.
        taking.put(f"{part.where}.model_path", "model.file", given)
        _leave_rest(part, taking, {"model_path"})
        return
    taking.leave(
        f"{part.where} {part.type} ({given})",
        "name the network as package.module:callable in model.name, with its weights "
        "(safetensors or a state dict) in model.checkpoint",
    )
    _leave_rest(part, taking, {"model_path"})


def _dataset(part: Part, taking: Taking) -> None:
    names = _DATASETS.get(part.type)
    if names is None:
        taking.leave(
            f"{part.where} {part.type}", "`kenning-lego list datasets` shows what there is"
        )
        return
    kind, settings = names
    taking.put(f"{part.where} {part.type}", "dataset.type", kind)
    for name, ours in settings.items():
        if name in part.parameters:
            value = part.parameters[name]
            if ours == "shape" and isinstance(value, list):
                value = [*value[-1:], *value[:-1]]  # theirs has the channels last
            taking.put(f"{part.where}.{name}", f"dataset.{ours}", value)
    _leave_rest(part, taking, settings)


def _optimizer(part: Part, taking: Taking) -> None:
    if part.type == "TFLiteCompiler":
        target = part.parameters.get("target", "default")
        precision = {"default": "fp32", "int8": "int8", "float16": "fp16"}.get(str(target))
        if precision is None:
            taking.leave(f"{part.where} {part.type}", f"the target {target!r} is not known here")
            return
        taking.put(f"{part.where} {part.type}", "compiler.type", "litert")
        taking.put(f"{part.where}.target", "compiler.precision", precision)
        if precision == "int8" and part.parameters.get("inference_input_type") == "int8":
            taking.put(f"{part.where}.inference_input_type", "compiler.integer_borders", True)
        read = {"target", "inference_input_type", "inference_output_type", "compiled_model_path"}
        _leave_rest(part, taking, read)
    elif part.type == "ONNXCompiler":
        taking.put(f"{part.where} {part.type}", "compiler.type", "onnx")
        _leave_rest(part, taking, {"compiled_model_path"})
    else:
        taking.leave(
            f"{part.where} {part.type}", "`kenning-lego list compilers` shows what there is"
        )


def _runtime(part: Part, taking: Taking) -> None:
    name = _RUNTIMES.get(part.type)
    if name is None:
        taking.leave(
            f"{part.where} {part.type}", "`kenning-lego list runtimes` shows what there is"
        )
        return
    taking.put(f"{part.where} {part.type}", "target.runtime", name)
    if "num_threads" in part.parameters:
        threads = part.parameters["num_threads"]
        taking.put(f"{part.where}.num_threads", "target.threads", threads)
    providers = part.parameters.get("execution_providers")
    known = {theirs: ours for ours, theirs in PROVIDERS.items()}
    if name == "onnxruntime" and isinstance(providers, list) and providers:
        first, where = str(providers[0]), f"{part.where}.execution_providers"
        if first in known:
            taking.put(where, "target.options.provider", known[first])
        else:
            taking.leave(where, f"{first} is none of {', '.join(known)}")
    _leave_rest(part, taking, {"num_threads", "execution_providers"})


def _protocol(part: Part, taking: Taking) -> None:
    if part.type != "NetworkProtocol":
        taking.leave(f"{part.where} {part.type}", "targets are reached over TCP only")
        return
    host = str(part.parameters.get("host", "localhost")).replace("localhost", "127.0.0.1")
    taking.put(f"{part.where} {part.type}", "target.address", f"tcp://{host}:{DEFAULT_PORT}")
    taking.leave(
        f"{part.where}.port", "start `kenning-lego serve` on the target; its port is another one"
    )
    _leave_rest(part, taking, {"host", "port"})


def _platform(part: Part, taking: Taking) -> None:
    if part.type != "LocalPlatform":
        taking.leave(f"{part.where} {part.type}", "a target is a machine with `kenning-lego serve`")


def _leave_rest(part: Part, taking: Taking, known: Mapping[str, Any] | set[str]) -> None:
    for name in part.parameters:
        if name not in known:
            why = _REASONS.get(name, "there is nothing like it here")
            taking.leave(f"{part.where}.{name}", why)


PARTS: Mapping[str, Take] = {
    "model_wrapper": _model,
    "dataset": _dataset,
    "optimizers": _optimizer,
    "runtime": _runtime,
    "protocol": _protocol,
    "platform": _platform,
}
"""What reads each part of the file."""

_FOLDER = {
    "dataset_root": "root",
    "download_dataset": "download",
    "split_fraction_val": "validation_share",
    "split_seed": "seed",
}
_DATASETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "PetDataset": ("oxford_pets", _FOLDER),
    "ImageNetDataset": ("imagenet", {"dataset_root": "root"}),
    "RandomizedClassificationDataset": (
        "random",
        {"num_samples": "test", "num_classes": "class_count", "input_dims": "shape"},
    ),
}
"""Kenning's class: our dataset, and our parameters by theirs."""

_RUNTIMES: Mapping[str, str] = {
    "TFLiteRuntime": "litert",
    "ONNXRuntime": "onnxruntime",
    "PyTorchRuntime": "torch",
}

_REASONS: Mapping[str, str] = {
    "image_memory_layout": "networks take channels first here; the compilers see to the rest",
    "inference_batch_size": "a test times single inferences; `kenning-lego load` takes batches",
    "classify_by": "the breeds are the classes",
    "compiled_model_path": "artifacts are kept in the workspace",
    "save_model_path": "artifacts are kept in the target's store",
    "packet_size": "the protocol chooses it",
    "model_name": "runs are named by their time",
}
"""Why parameters are left out."""
