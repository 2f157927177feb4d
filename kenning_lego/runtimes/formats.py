"""What an artifact's first bytes say that it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kenning_lego.core.errors import ModelError
from kenning_lego.core.ir_file import MAGIC as _OPENVINO
from kenning_lego.runtimes.plugins import announced_runtimes, find_runtime

FORMATS: Mapping[str, str] = {
    "onnx": "an ONNX file",
    "tflite": "a TFLite file",
    "openvino": "an OpenVINO model",
    "torch": "an exported torch program (.pt2)",
}
"""Formats that one of our runtimes reads, in words."""

ENGINES: Mapping[str, tuple[str, ...]] = {
    "onnx": ("onnxruntime", "openvino"),
    "tflite": ("litert",),
    "openvino": ("openvino",),
    "torch": ("torch",),
}
"""Runtimes that read a format, the usual one first."""

_OTHERS: Mapping[tuple[int, bytes], str] = {
    (4, b"ORTM"): "a model in ONNX Runtime's own format; ship the ONNX file",
    (0, b"\x89HDF"): "a Keras or HDF5 file; convert it to TFLite",
    (0, b"ftrt"): "a TensorRT engine; ship the ONNX file, and choose the provider tensorrt",
    (0, b"<?xml"): "OpenVINO's XML without its weights; ship both in one file",
    (0, b"GGUF"): "a GGUF file",
    (0, b"\x80"): "a pickle, which is never loaded",
}
"""Where and what bytes tell other things that people take for artifacts."""


def readers_of(kind: str) -> tuple[str, ...]:
    """Runtimes that read a format, the usual one first; none if none is known here.

    Args:
        kind: a key of :data:`ENGINES`, or a format of another package's compiler, which engines
            that are announced here may read.

    Raises:
        ConfigurationError: an announced engine cannot be imported, or is none.
    """
    return ENGINES.get(kind) or tuple(name for name, read in _announced() if kind in read)


def in_words(kind: str) -> str:
    """What a format is, for people; for its engines see :func:`readers_of`."""
    told = (read[kind] for _, read in _announced() if kind in read)
    return FORMATS.get(kind) or next(told, f"a file of the format {kind!r}")


def _announced() -> Iterator[tuple[str, Mapping[str, str]]]:
    """The formats of engines of other packages, in words by name."""
    for name, offered in announced_runtimes().items():
        yield name, find_runtime(name, offered).formats


def format_of(artifact: bytes) -> str | None:
    """A key of :data:`FORMATS`; None if it is none of them."""
    if artifact[4:8] == b"TFL3":
        return "tflite"
    if artifact.startswith(_OPENVINO):
        return "openvino"
    if artifact.startswith(b"PK\x03\x04"):
        return "torch"
    # protobuf has no magic bytes; this is the first field, the version of the format.
    return "onnx" if artifact.startswith(b"\x08") else None


def require_format(artifact: bytes, engine: str, readable: Collection[str]) -> str:
    """Refuse an artifact that an engine does not read; returns its format.

    Args:
        artifact: its bytes.
        engine: the runtime's name.
        readable: the formats that this runtime reads.

    Raises:
        ModelError: it is of another format, or of none that we know.
    """
    found = format_of(artifact)
    if found in readable:
        return str(found)
    reads = " or ".join(FORMATS[each] for each in readable)
    if found:
        raise ModelError(
            f"cannot load the artifact: it is {FORMATS[found]}, and runtime {engine!r} "
            f"reads {reads}",
            f"choose runtime {' or '.join(ENGINES[found])}",
        )
    known = (text for (at, mark), text in _OTHERS.items() if artifact[at:].startswith(mark))
    what, _, remedy = next(known, "").partition("; ")
    raise ModelError(
        f"cannot load the artifact: it is {what or f'not {reads}'}",
        remedy or f"runtime {engine!r} reads {reads}, whole and unchanged",
    )
