"""OpenVINO's intermediate representation, two files that belong together, as one artifact.

Layout: eight bytes that say what it is, the length of the XML in eight bytes (little-endian), the
XML, the weights. OpenVINO has no single-file form that is independent of the device.
"""

from __future__ import annotations

from typing import Final

from kenning_lego.core.errors import ModelError

MAGIC: Final = b"KL-IR-1\n"
_LENGTH_BYTES: Final = 8
_HEAD_BYTES: Final = len(MAGIC) + _LENGTH_BYTES


def pack_ir(xml: bytes, weights: bytes) -> bytes:
    """One file from the two."""
    return b"".join((MAGIC, len(xml).to_bytes(_LENGTH_BYTES, "little"), xml, weights))


def unpack_ir(content: bytes) -> tuple[memoryview, memoryview]:
    """The XML and the weights of a file; views, not copies.

    Raises:
        ModelError: it is another file, or cut short within the XML.
    """
    view = memoryview(content)
    if not content.startswith(MAGIC):
        raise ModelError("the artifact is no OpenVINO network", "compile it with `openvino`")
    size = int.from_bytes(view[len(MAGIC) : _HEAD_BYTES], "little")
    if len(view) < _HEAD_BYTES + size or not size:
        raise ModelError("the OpenVINO artifact is cut short", "upload it again")
    return view[_HEAD_BYTES : _HEAD_BYTES + size], view[_HEAD_BYTES + size :]
