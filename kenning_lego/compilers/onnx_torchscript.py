"""The older of torch's two ONNX exporters, which traces to TorchScript: only to compare with."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from kenning_lego.compilers.exporting import failure, quiet
from kenning_lego.compilers.source import CompileSource

_OPSET = 17
"""The newest that this exporter is maintained for."""


def export_by_torchscript(module: torch.nn.Module, source: CompileSource) -> onnx.ModelProto:
    """A module as an ONNX model.

    Args:
        module: in evaluation mode.
        source: what is known of it.

    Raises:
        CompilationError: it cannot be traced, or has an operator that the exporter lacks.
    """
    with quiet("torch.onnx"), TemporaryDirectory(prefix="kenning-lego-") as directory:
        path = Path(directory) / "model.onnx"
        try:
            torch.onnx.export(
                module,
                source.example,
                path,
                dynamo=False,
                opset_version=_OPSET,
                input_names=[t.name for t in source.inputs],
                output_names=[t.name for t in source.outputs],
            )
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise failure(source, "torch.onnx", error) from error
        return onnx.load(path)
