"""From a torch module, or a file that is ONNX already, to an ONNX model."""

from __future__ import annotations

import onnx
import torch
from google.protobuf.message import DecodeError

from kenning_lego.compilers.exporting import failure, quiet
from kenning_lego.compilers.onnx_table import one_table
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError


def onnx_model(source: CompileSource) -> onnx.ModelProto:
    """The source as a model without stack traces and names of source files.

    Raises:
        CompilationError: the module cannot be exported, or the bytes are not ONNX.
    """
    model = _read(source) if source.module is None else export_by_dynamo(source.module, source)
    _strip(model)
    return model


def serialise(model: onnx.ModelProto) -> bytes:
    """A model's bytes: the same for the same model."""
    _strip(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _read(source: CompileSource) -> onnx.ModelProto:
    refused = CompilationError(
        f"the file of {source} is not ONNX, or damaged", "give a module or an ONNX file"
    )
    try:
        model = onnx.load_model_from_string(source.onnx or b"")
    except DecodeError as error:
        raise refused from error
    if not model.graph.node:  # many a file can be read as a message without anything in it
        raise refused
    return model


def export_by_dynamo(module: torch.nn.Module, source: CompileSource) -> onnx.ModelProto:
    """A module as an ONNX model, by the exporter that is based on torch.export.

    Args:
        module: in evaluation mode.
        source: what is known of it.

    Raises:
        CompilationError: it cannot be exported.
    """
    with quiet("torch.onnx"), one_table():
        try:
            program = torch.onnx.export(
                module,
                source.example,
                dynamo=True,
                external_data=False,
                input_names=[t.name for t in source.inputs],
                output_names=[t.name for t in source.outputs],
                verbose=False,
            )
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise failure(source, "torch.onnx", error) from error
    if program is None:
        raise CompilationError(f"{source} was not exported to ONNX")
    model: onnx.ModelProto = program.model_proto
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Remove stack traces and names of source files: equal modules must give equal bytes."""
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    graph.doc_string = ""
    for owner in (graph, *graph.node, *graph.initializer, *graph.value_info, *model.functions):
        owner.doc_string = ""
        del owner.metadata_props[:]
    for value in (*graph.input, *graph.output):
        value.doc_string = ""
        del value.metadata_props[:]
