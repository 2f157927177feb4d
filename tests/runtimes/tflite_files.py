"""Small TFLite files, written without any package for it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Union

import numpy as np

Field = Union[int, bytes, str, "Table", Sequence["Table"], "Ints", "Floats"]

INT32, UINT8, INT8, FLOAT32 = 2, 3, 9, 0
ADD, MUL = 0, 18


@dataclass(frozen=True)
class Table:
    """Fields by their numbers in the schema; integers take four bytes, or as told in `widths`."""

    fields: Mapping[int, Field]
    widths: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ints:
    values: Sequence[int]
    form: str = "i"


@dataclass(frozen=True)
class Floats:
    values: Sequence[float]


def encode(root: Table) -> bytes:
    """A file: children come after their parents, so that all offsets point forward."""
    out = bytearray(b"\0\0\0\0TFL3")
    at = _table(out, root)
    struct.pack_into("<I", out, 0, at)
    return bytes(out)


def _align(out: bytearray, to: int) -> None:
    out.extend(bytes(-len(out) % to))


def _table(out: bytearray, table: Table) -> int:
    count = max(table.fields, default=-1) + 1
    offsets, size = [0] * count, 4
    for number, value in table.fields.items():
        width = table.widths.get(number, 4) if isinstance(value, int) else 4
        size += -size % width
        offsets[number] = size
        size += width
    vtable_size = 4 + 2 * count
    out.extend(bytes(-(len(out) + vtable_size) % 8))
    vtable = len(out)
    out.extend(struct.pack(f"<HH{count}H", vtable_size, size, *offsets))
    at = len(out)
    out.extend(bytes(size))
    struct.pack_into("<i", out, at, at - vtable)
    for number, value in table.fields.items():
        place = at + offsets[number]
        if isinstance(value, int):
            form = {1: "<b", 4: "<i", 8: "<q"}[table.widths.get(number, 4)]
            struct.pack_into(form, out, place, value)
        else:
            child = _child(out, value)
            struct.pack_into("<I", out, place, child - place)
    return at


def _child(out: bytearray, value: Field) -> int:
    if isinstance(value, Table):
        return _table(out, value)
    if isinstance(value, (bytes, str)):
        content = value.encode() + b"\0" if isinstance(value, str) else value
        return _vector(out, len(content) - isinstance(value, str), content, 16)
    if isinstance(value, Ints):
        content = struct.pack(f"<{len(value.values)}{value.form}", *value.values)
        return _vector(out, len(value.values), content, 8)
    if isinstance(value, Floats):
        return _vector(
            out, len(value.values), struct.pack(f"<{len(value.values)}f", *value.values), 8
        )
    assert not isinstance(value, int)
    at = _vector(out, len(value), bytes(4 * len(value)), 4)
    for index, each in enumerate(value):
        place = at + 4 + 4 * index
        struct.pack_into("<I", out, place, _table(out, each) - place)
    return at


def _vector(out: bytearray, count: int, content: bytes, alignment: int) -> int:
    out.extend(bytes(-(len(out) + 4) % alignment))
    at = len(out)
    out.extend(struct.pack("<I", count) + content)
    _align(out, 4)
    return at


def quantised(scale: float, zero_point: int) -> Table:
    return Table({2: Floats([scale]), 3: Ints([zero_point], "q")})


def tensor(
    name: str,
    shape: Sequence[int],
    dtype: int = FLOAT32,
    *,
    buffer: int = 0,
    meaning: Table | None = None,
    signature: Sequence[int] | None = None,
) -> Table:
    fields: dict[int, Field] = {0: Ints(shape), 1: dtype, 2: buffer, 3: name, 8: 1}
    if meaning:
        fields[4] = meaning
    if signature:
        fields[7] = Ints(signature)
    return Table(fields, {1: 1, 8: 1})


def product(
    *,
    batch: int = -1,
    dtype: int = FLOAT32,
    meanings: tuple[Table, Table, Table] | None = None,
    names: tuple[str, str] | None = None,
    extra: Mapping[int, Field] | None = None,
    operator: int = MUL,
) -> bytes:
    """``y = x * w``, of ``x[batch, 4]`` and ``w = 1, 2, 3, 4``.

    Args:
        batch: -1 for a dynamic one.
        dtype: of all tensors.
        meanings: quantisation of x, w and y.
        names: of input and output in a signature.
        extra: further fields of the model.
        operator: number of the built-in one.
    """
    means = meanings or (None, None, None)
    weights = np.array([1, 2, 3, 4], np.int8 if dtype == INT8 else np.float32).tobytes()
    shape = [max(1, batch), 4]
    tensors = [
        tensor("x", shape, dtype, meaning=means[0], signature=[batch, 4]),
        tensor("w", [4], dtype, buffer=1, meaning=means[1]),
        tensor("y", shape, dtype, meaning=means[2], signature=[batch, 4]),
    ]
    run = Table({0: 0, 1: Ints([0, 1]), 2: Ints([2])})
    graph = Table({0: tensors, 1: Ints([0]), 2: Ints([2]), 3: [run], 4: "main"})
    code = Table({0: min(operator, 127), 2: 2, 3: operator}, {0: 1})
    fields: dict[int, Field] = {
        0: 3,
        1: [code],
        2: [graph],
        3: "made by hand",
        4: [Table({}), Table({0: weights})],
    }
    if names:
        maps = [[Table({0: name, 1: index})] for name, index in zip(names, (0, 2), strict=True)]
        fields[7] = [Table({0: maps[0], 1: maps[1], 2: "serving_default", 4: 0})]
    return encode(Table({**fields, **(extra or {})}))
