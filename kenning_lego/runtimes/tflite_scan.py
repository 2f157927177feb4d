"""Whether a TFLite file is well formed and all of one piece, without the engine.

LiteRT checks a file's structure itself; tflite-runtime 2.14 does not, and reads wherever the file's
offsets point. Neither is to look up weights in other files. Only the nesting of tables that leads
to vectors, strings and other tables is known here, from
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs; the encoding
is https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from kenning_lego.core.errors import ModelError

_TABLE, _TABLES, _STRING = "table", "tables", "string"

CHILDREN: Mapping[str, Mapping[int, tuple[str, str | int]]] = {
    "Model": {
        1: (_TABLES, "OperatorCode"),
        2: (_TABLES, "SubGraph"),
        3: (_STRING, ""),
        4: (_TABLES, "Buffer"),
        5: ("vector", 4),
        6: (_TABLES, "Metadata"),
        7: (_TABLES, "SignatureDef"),
        8: ("elsewhere", ""),
        9: ("elsewhere", ""),
    },
    "OperatorCode": {1: (_STRING, "")},
    "SubGraph": {
        0: (_TABLES, "Tensor"),
        1: ("vector", 4),
        2: ("vector", 4),
        3: (_TABLES, "Operator"),
        4: (_STRING, ""),
    },
    "Tensor": {
        0: ("vector", 4),
        3: (_STRING, ""),
        4: (_TABLE, "QuantizationParameters"),
        6: (_TABLE, "SparsityParameters"),
        7: ("vector", 4),
        9: (_TABLES, "VariantSubType"),
    },
    "QuantizationParameters": {
        0: ("vector", 4),
        1: ("vector", 4),
        2: ("vector", 4),
        3: ("vector", 8),
        5: (_TABLE, "options"),
    },
    "SparsityParameters": {
        0: ("vector", 4),
        1: ("vector", 4),
        2: (_TABLES, "DimensionMetadata"),
    },
    "DimensionMetadata": {3: (_TABLE, "options"), 5: (_TABLE, "options")},
    "VariantSubType": {0: ("vector", 4)},
    "Operator": {
        1: ("vector", 4),
        2: ("vector", 4),
        4: (_TABLE, "options"),
        5: ("vector", 1),
        7: ("vector", 1),
        8: ("vector", 4),
        12: (_TABLE, "options"),
    },
    "Buffer": {0: ("vector", 1)},
    "Metadata": {0: (_STRING, "")},
    "SignatureDef": {0: (_TABLES, "TensorMap"), 1: (_TABLES, "TensorMap"), 2: (_STRING, "")},
    "TensorMap": {0: (_STRING, "")},
    # Of unions only the table itself is looked at: what is in them depends on the operator.
    "options": {},
}
"""Fields of each table that lead further: how, and to which table or how many bytes an element."""

_IDENTIFIER_AT = 4


def scan_tflite(model: bytes) -> None:
    """Refuse a file that points beyond its end, or has weights in other files.

    Takes time by the tensor and operator (about 20 us on a laptop), not by the byte.

    Raises:
        ModelError: it does.
    """
    if model[_IDENTIFIER_AT : _IDENTIFIER_AT + 4] != b"TFL3":
        raise _malformed(_IDENTIFIER_AT)
    seen: set[tuple[str, int]] = set()
    waiting = [("Model", _follow(model, 0))]
    while waiting:
        here = waiting.pop()
        # Tables may be shared; following each once keeps a hostile file's time in proportion.
        if here not in seen:
            seen.add(here)
            waiting.extend(_inside(model, *here))


def _inside(model: bytes, table: str, at: int) -> Iterator[tuple[str, int]]:
    """Tables that a table leads to; its vectors and strings are checked on the way."""
    for number, field in _fields(model, at):
        kind, what = CHILDREN[table].get(number, ("", ""))
        if not kind:
            continue
        value = _follow(model, field)
        if kind == _TABLE:
            yield str(what), value
        elif kind == _TABLES:
            count = _vector(model, value, 4)
            yield from (
                (str(what), _follow(model, each))
                for each in range(value + 4, value + 4 + 4 * count, 4)
            )
        elif kind == _STRING:
            end = value + 4 + _vector(model, value, 1)
            if model[end : end + 1] != b"\0":
                raise _malformed(end)
        elif kind == "vector":
            _vector(model, value, int(what))
        elif _vector(model, value, 4):
            raise ModelError(
                "the artifact has weights in other files, which a target does not read",
                "convert it again, with its weights in the file itself",
            )


def _fields(model: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Number and place of the fields that a table has."""
    vtable = at - _read(model, "<i", at)
    if vtable < 0:
        raise _malformed(at)
    size, inline = _read(model, "<H", vtable), _read(model, "<H", vtable + 2)
    if size < 4 or size % 2 or inline < 4 or vtable + size > len(model) or at + inline > len(model):
        raise _malformed(vtable)
    for number, offset in enumerate(struct.unpack_from(f"<{size // 2 - 2}H", model, vtable + 4)):
        if offset:
            if not 4 <= offset < inline:
                raise _malformed(vtable)
            yield number, at + offset


def _vector(model: bytes, at: int, width: int) -> int:
    """How many elements a vector has; all of them are in the file."""
    count = _read(model, "<I", at)
    if at + 4 + count * width > len(model):
        raise _malformed(at)
    return count


def _follow(model: bytes, at: int) -> int:
    return at + _read(model, "<I", at)


def _read(model: bytes, form: str, at: int) -> int:
    try:
        value: int = struct.unpack_from(form, model, at)[0]
    except struct.error as error:
        raise _malformed(at) from error
    return value


def _malformed(at: int) -> ModelError:
    return ModelError(
        f"cannot load the artifact: it is no whole TFLite file (at byte {at})",
        "convert it again, or copy it again from where it is whole",
    )
