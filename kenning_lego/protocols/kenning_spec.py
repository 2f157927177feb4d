"""The JSON in which Kenning's hosts describe what flows in and out of a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols.fields import MAX_TENSORS

MAX_SPEC_BYTES = 1 << 18
_MAX_NAME = 256
_CONVERSIONS = ("prequantized_dtype", "scale", "zero_point", "order")
"""Properties by which a target would have to convert tensors: the wire then carries others."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the tensors on the wire are those of the model.

    Args:
        inputs: for each of the model's inputs, its place on the wire.
        outputs: for each output on the wire, its place in the model.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_spec(content: bytes) -> IOSpec:
    """The specification that a host announces; a batch that it leaves open is named ``batch``.

    Properties that say nothing about the bytes on the wire are passed over.

    Raises:
        ProtocolError: it is no such JSON, or wants conversions.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"an IO specification that is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ProtocolError("an IO specification that is no JSON object")
    # As a Kenning target does: what is fed is the input after the host has processed it.
    fed = "processed_input" if value.get("processed_input") else "input"
    return IOSpec(_tensors(value, fed), _tensors(value, "output"))


def write_spec(spec: IOSpec) -> bytes:
    """The JSON of a specification."""

    def tensors(specs: Sequence[TensorSpec]) -> list[dict[str, Any]]:
        return [{"name": t.name, "shape": list(t.shape), "dtype": t.dtype} for t in specs]

    return json.dumps({"input": tensors(spec.inputs), "output": tensors(spec.outputs)}).encode()


def batch_of(spec: IOSpec) -> int:
    """Samples in a batch: the first size of the first input, 1 where that is open."""
    shape = spec.inputs[0].shape
    return shape[0] if shape and isinstance(shape[0], int) else 1


def agree(announced: IOSpec, model: IOSpec) -> Agreement:
    """How what was announced is what the model takes and gives.

    Several tensors are matched by name, a single one may have any.

    Raises:
        ProtocolError: a tensor's name, shape or element type is not the model's.
    """
    bound = announced.with_batch(batch_of(model))
    inputs = _places("input", model.inputs, bound.inputs)
    outputs = _places("output", bound.outputs, model.outputs)
    return Agreement(inputs, outputs)


def _places(what: str, of: Sequence[TensorSpec], among: Sequence[TensorSpec]) -> tuple[int, ...]:
    if len(of) != len(among):
        raise ProtocolError(
            f"the IO specification and the model differ: {len(of)} and {len(among)} {what}s"
        )
    names = [tensor.name for tensor in among]
    places = []
    for tensor in of:
        if len(of) > 1 and tensor.name not in names:
            raise ProtocolError(
                f"the IO specification and the model name their {what}s differently: "
                f"{tensor.name!r} is not among {', '.join(map(repr, names))}"
            )
        place = names.index(tensor.name) if len(of) > 1 else 0
        other = among[place]
        if (tensor.shape, tensor.dtype) != (other.shape, other.dtype):
            raise ProtocolError(
                f"the IO specification and the model differ in an {what}: {tensor} and {other}",
                "give the shapes and element types of the exported model",
            )
        places.append(place)
    return tuple(places)


def _tensors(value: dict[Any, Any], name: str) -> tuple[TensorSpec, ...]:
    entries = value.get(name)
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_TENSORS:
        raise ProtocolError(f"an IO specification whose {name!r} is no array of tensors")
    tensors = tuple(_tensor(each, f"{name}[{index}]") for index, each in enumerate(entries))
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise ProtocolError(f"an IO specification with two tensors of one name in {name!r}")
    return tensors


def _tensor(value: object, where: str) -> TensorSpec:
    if not isinstance(value, dict):
        raise ProtocolError(f"an IO specification whose {where} is no object")
    wanted = [key for key in _CONVERSIONS if value.get(key) is not None]
    if wanted:
        raise ProtocolError(
            f"{where} of the IO specification wants a conversion ({', '.join(wanted)})",
            "export the model with its quantisation inside, so that hosts send what it takes",
        )
    name, shape, dtype = value.get("name"), value.get("shape"), value.get("dtype")
    if not isinstance(name, str) or len(name) > _MAX_NAME:
        raise ProtocolError(f"{where} of the IO specification has no name")
    if not isinstance(shape, list) or not isinstance(dtype, str):
        raise ProtocolError(f"{where} of the IO specification has no shape or no dtype")
    if shape and shape[0] in (-1, None):
        shape = ["batch", *shape[1:]]
    return TensorSpec(name, tuple(shape), dtype[:32])
