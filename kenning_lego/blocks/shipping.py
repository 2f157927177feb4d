"""A network, variants of its blocks and images as files that another process reads.

Layout of a parcel: ``network.json`` and ``network.safetensors``, the same for each variant under
a number, and the images as arrays, which every process maps into memory rather than copies.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import fx, nn

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.graph_description import describe_graph, rebuild_graph
from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.atomic import write_bytes, write_json
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
        for part, arrays in zip(_PARTS, (training, validation), strict=True):
            for number, array in enumerate(arrays):
                _write_array(directory / f"{part}-{number}.npy", array)
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
        content = {"subject": student.subject, "graph": describe_graph(_graph_of(student))}
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
