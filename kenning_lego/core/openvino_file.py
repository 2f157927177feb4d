"""OpenVINO's intermediate representation, which is two files, as one.

A header of 16 bytes (:data:`MAGIC`, then the length of the XML as a little-endian 64-bit number),
the XML, zeros up to a multiple of :data:`ALIGNMENT`, and the weights.
"""

from __future__ import annotations

import struct

from kenning_lego.core.errors import ModelError

MAGIC = b"OVIR\0\0\0\1"
"""The first bytes of such a file; the last one is the layout's version."""

ALIGNMENT = 64
"""Weights begin at a multiple of this, as they do in memory that OpenVINO allocates."""

_HEADER = struct.Struct("<8sQ")


def join(xml: bytes, weights: bytes) -> bytes:
    """One file of both.

    Args:
        xml: contents of the ``.xml`` file.
        weights: contents of the ``.bin`` file.
    """
    head = _HEADER.pack(MAGIC, len(xml)) + xml
    return head + bytes(-len(head) % ALIGNMENT) + weights


def split(content: bytes) -> tuple[bytes, bytes]:
    """The XML and the weights of one file.

    Raises:
        ModelError: it is no such file, or was cut off within the XML.
    """
    if len(content) < _HEADER.size:
        raise _malformed()
    magic, length = _HEADER.unpack_from(content)
    end = _HEADER.size + length
    if magic != MAGIC or end > len(content):
        raise _malformed()
    return content[_HEADER.size : end], content[end + -end % ALIGNMENT :]


def _malformed() -> ModelError:
    return ModelError(
        "cannot load the artifact: it is no OpenVINO model in one file, or was cut off",
        "make it with the openvino compiler, or join the .xml and the .bin file",
    )
