"""Compiling a segment's module once; a later run finds the artifact in the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnxruntime
import torch
from torch import Tensor, nn

from kenning_lego.compilers.configuration import CompilerConfig
from kenning_lego.compilers.torch_onnx import compile_onnx
from kenning_lego.core.records import ArtifactRecord
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.workspace import Workspace

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Compiled:
    """An artifact in the workspace, and whether it had to be made."""

    record: ArtifactRecord
    computed: bool


def compile_once(
    module: nn.Module,
    module_fingerprint: str,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    example: Sequence[Tensor],
    config: CompilerConfig,
    workspace: Workspace,
) -> Compiled:
    """Compile a module to ONNX, or take an earlier run's artifact.

    Args:
        module: in evaluation mode.
        module_fingerprint: identifies the module and its weights.
        inputs: tensors that it takes.
        outputs: tensors that it gives.
        example: inputs to export and to check with.
        config: of the compiler.
        workspace: keeps the artifact.

    Raises:
        CompilationError: see :func:`kenning_lego.compilers.torch_onnx.compile_onnx`.
    """
    step = workspace.step(
        "compilation",
        _VERSION,
        {
            "module": module_fingerprint,
            "inputs": list(map(str, inputs)),
            "outputs": list(map(str, outputs)),
            "compiler": config.model_dump(mode="json"),
            "torch": str(torch.__version__),
            "onnxruntime": str(onnxruntime.__version__),
        },
    )
    found = step.load()
    if found is not None and workspace.artifacts.holds(found["digest"]):
        return Compiled(ArtifactRecord.model_validate(found), computed=False)
    made = compile_onnx(module, inputs, outputs, example, tolerance=config.tolerance)
    record = ArtifactRecord(
        digest=workspace.artifacts.add(made.content),
        format=made.format,
        size_bytes=len(made.content),
        compiler=made.compiler,
        compiler_version=made.compiler_version,
        gap_max_abs=made.gap_max_abs,
    )
    step.save(record.model_dump(mode="json"))
    return Compiled(record, computed=True)
