"""Whether an ONNX file has tensors in other files, without the onnx package.

An engine that loads a model from bytes looks such files up on its own machine, so a model from
the wire could name any file there. Only the nesting of messages that leads to tensors is known
here, from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; the encoding is
https://protobuf.dev/programming-guides/encoding. What engines might read in another way than
this module does is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kenning_lego.core.errors import ModelError

CHILDREN: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {},
}
"""Field numbers of each message that may hold tensors, and the messages in them."""

_DATA_LOCATION = 14
"""Field of TensorProto: 0 when the data is in the file itself."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}


def names_other_files(model: bytes) -> bool:
    """Whether any tensor of the model has its data elsewhere.

    Takes time by the node (16 us on a laptop), not by the byte: weights are skipped.

    Raises:
        ModelError: the bytes are no protobuf message, or not plainly one.
    """
    waiting = [("ModelProto", 0, len(model))]
    while waiting:
        message, begin, end = waiting.pop()
        children = CHILDREN[message]
        for number, wire, value, after in _fields(model, begin, end):
            if wire == _BYTES and number in children:
                waiting.append((children[number], value, after))
            elif (
                message == "TensorProto"
                and (number, wire) == (_DATA_LOCATION, _VARINT)
                and _varint(model, value, after)[0]
            ):
                return True
    return False


def _fields(content: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number and wire type of each field, and where its value begins and ends."""
    while begin < end:
        tag, value = _varint(content, begin, end)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            after = _varint(content, value, end)[1]
        elif wire == _BYTES:
            size, value = _varint(content, value, end)
            after = value + size
        elif wire in _FIXED_SIZES:
            after = value + _FIXED_SIZES[wire]
        else:  # groups, which ONNX does not have
            raise _malformed(begin)
        # Tags beyond 32 bits are cut by some parsers and refused by others.
        if after > end or number == 0 or tag >> 32:
            raise _malformed(begin)
        yield number, wire, value, after
        begin = after


def _varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    """An integer of up to 64 bits, and where it ends."""
    begin = at
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise _malformed(begin)


def _malformed(at: int) -> ModelError:
    return ModelError(
        f"cannot load the artifact: it is no ONNX file (at byte {at})",
        "check it with onnx.checker",
    )
