"""From a torch module to a TFLite file whose tensors have the segment's names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from torch import nn

from kenning_lego.compilers.exporting import failure, quiet
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.specs import TensorSpec

_IDENTIFIER = b"TFL3"
# jax would otherwise look for accelerators, and complain of what it does not find.
_ENVIRONMENT = {"JAX_PLATFORMS": "cpu"}


def convert(module: nn.Module, source: CompileSource) -> bytes:
    """A TFLite file in float32 with one signature; its names are those of the source's tensors.

    Args:
        module: in evaluation mode.
        source: what is known of it.

    Raises:
        CompilationError: litert-torch lacks an operator, or cannot convert the module.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with quiet("", "jax", "litert_torch"):
        import litert_torch

        try:
            converted = litert_torch.convert(module, source.example)
        except (RuntimeError, ValueError, TypeError, LookupError, NotImplementedError) as error:
            raise failure(source, "litert-torch", error) from error
        with TemporaryDirectory(prefix="kenning-lego-") as directory:
            path = Path(directory) / "model.tflite"
            converted.export(str(path))
            content = path.read_bytes()
    return _named(content, source)


def read_model(content: bytes) -> Any:
    """A TFLite file as objects, of the classes that the schema's compiler made."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content))


def _named(content: bytes, source: CompileSource) -> bytes:
    """The file with the source's names in its signature."""
    model = read_model(content)
    (signature,) = model.signatureDefs
    _rename(signature.inputs, source.inputs, "args_")
    _rename(signature.outputs, source.outputs, "output_")
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _rename(entries: Sequence[Any], specs: Sequence[TensorSpec], prefix: str) -> None:
    """litert-torch calls them args_0, args_1, ... and output_0, output_1, ..."""
    names = {f"{prefix}{number}".encode(): spec.name for number, spec in enumerate(specs)}
    for entry in entries:
        if entry.name not in names:
            raise CompilationError(
                f"litert-torch gave the tensor {entry.name!r}, which is none of the segment's",
                "another version of litert-torch may fit; report it with the network",
            )
        entry.name = names[entry.name].encode()
