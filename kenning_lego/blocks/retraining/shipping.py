"""A network, variants of its blocks and images as files that another process reads.

Layout of a parcel: ``network.json`` and ``network.safetensors``, the same for each variant under
its name, and the images as arrays, which processes map into memory and so share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import fx, nn

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.storage.graphs import describe_graph, rebuild_graph
from kenning_lego.blocks.storage.unfold import unfold
from kenning_lego.core.errors import ModelError, StoreError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.atomic import write_error, write_json
from kenning_lego.training.course import Student
from kenning_lego.training.distillation import Arrays
from kenning_lego.training.weights import load_weights, save_weights

_NETWORK = "network"
_PARTS = ("training", "validation")


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """What was packed."""

    chain: Chain
    students: tuple[Student, ...]
    training: Arrays
    validation: Arrays


def pack(
    directory: Path,
    chain: Chain,
    students: Sequence[Student],
    training: Arrays,
    validation: Arrays,
) -> None:
    """Write what is not there yet; parcels of one directory share network and images.

    Raises:
        ModelError: a module is made of code that files cannot hold.
        StoreError: a file cannot be written.
    """
    if not (directory / f"{_NETWORK}.json").exists():
        _write_arrays(directory, training, validation)
        save_weights(directory / f"{_NETWORK}.safetensors", _modules(chain))
        description = {
            "segments": [_describe_segment(each) for each in chain],
            "inputs": _describe_specs(chain.inputs),
            "outputs": _describe_specs(chain.outputs),
            "arrays": len(training),
        }
        write_json(directory / f"{_NETWORK}.json", description)
    for student in students:
        save_weights(directory / f"{student.name}.safetensors", {"": student.module})
        content = {"subject": student.subject, "graph": _describe(student.name, student.module)}
        write_json(directory / f"{student.name}.json", content)


def unpack(directory: Path, students: Sequence[str]) -> Parcel:
    """Read the network, the images, and the variants that are named.

    Raises:
        ModelError: a description is of another version of torch or of ours.
        StoreError: a file cannot be read.
    """
    network = _read(directory / f"{_NETWORK}.json")
    chain = Chain(
        tuple(_rebuild_segment(each) for each in network["segments"]),
        _rebuild_specs(network["inputs"]),
        _rebuild_specs(network["outputs"]),
    )
    _load(directory / f"{_NETWORK}.safetensors", _modules(chain))
    training, validation = (
        tuple(
            np.load(directory / f"{part}-{number}.npy", mmap_mode="r", allow_pickle=False)
            for number in range(network["arrays"])
        )
        for part in _PARTS
    )
    return Parcel(
        chain, tuple(_rebuild_student(directory, each) for each in students), training, validation
    )


def _modules(chain: Chain) -> dict[str, nn.Module]:
    return {each.name: each.module for each in chain}


def _describe(name: str, module: nn.Module) -> dict[str, Any]:
    if not isinstance(module, fx.GraphModule):
        raise ModelError(f"{name} is no torch.fx.GraphModule", "use the in-process executor")
    try:
        return describe_graph(unfold(module))
    except ModelError as error:
        raise ModelError(
            f"{name} cannot be given to another process: {error.problem}",
            "use the in-process executor",
        ) from error


def _describe_segment(segment: Segment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "graph": _describe(segment.name, segment.module),
        "inputs": _describe_specs(segment.inputs),
        "outputs": _describe_specs(segment.outputs),
    }


def _rebuild_segment(content: Mapping[str, Any]) -> Segment:
    return Segment(
        content["name"],
        rebuild_graph(content["graph"]),
        _rebuild_specs(content["inputs"]),
        _rebuild_specs(content["outputs"]),
        scalable=False,  # nothing is cut or pruned there
    )


def _describe_specs(specs: Sequence[TensorSpec]) -> list[Any]:
    return [[each.name, list(each.shape), each.dtype] for each in specs]


def _rebuild_specs(content: Sequence[Any]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, tuple(shape), dtype) for name, shape, dtype in content)


def _rebuild_student(directory: Path, name: str) -> Student:
    content = _read(directory / f"{name}.json")
    module = rebuild_graph(content["graph"])
    _load(directory / f"{name}.safetensors", {"": module})
    return Student(name, content["subject"], module)


def _load(path: Path, modules: Mapping[str, nn.Module]) -> None:
    if not load_weights(path, modules):
        raise StoreError(f"{path} lacks weights", "remove its directory and run it again")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"cannot read {path}: {error}", "remove its directory and run it again"
        ) from error


def _write_arrays(directory: Path, training: Arrays, validation: Arrays) -> None:
    """Straight to the disk, since images may be most of the memory; the network's file ends it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for part, arrays in zip(_PARTS, (training, validation), strict=True):
            for number, array in enumerate(arrays):
                np.save(directory / f"{part}-{number}.npy", array, allow_pickle=False)
    except OSError as error:
        raise write_error(directory, error) from error
