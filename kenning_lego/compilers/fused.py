"""The fused form of a chain: its segments' artifacts as one, made once and compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import onnx
import onnxruntime as ort

from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.comparison import GapMeter
from kenning_lego.compilers.limits import FLOAT32_TOLERANCE
from kenning_lego.compilers.once import Compiled, record_of
from kenning_lego.compilers.onnx_merge import merge_onnx
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.records import ArtifactRecord
from kenning_lego.store.workspace import Workspace

_VERSION = 2

Arrays = Mapping[str, "npt.NDArray[Any]"]


def fuse_once(
    digests: Sequence[str],
    outputs: Sequence[str],
    example: Arrays,
    config: Compiler,
    workspace: Workspace,
) -> Compiled:
    """Merge artifacts of the workspace into one, or take an earlier run's.

    Args:
        digests: sha256 of each segment's artifact, in order.
        outputs: names of what the network returns.
        example: the network's inputs by name, to compare with.
        config: of the compiler.
        workspace: holds the artifacts, keeps the merged one.

    Raises:
        CompilationError: the compiler's artifacts are not ONNX; and see :func:`fuse`.
        StoreError: an artifact is missing or damaged.
    """
    if config.format != "onnx":
        raise CompilationError(
            f"artifacts of the format {config.format!r} cannot be merged", "compile to `onnx`"
        )
    step = workspace.step(
        "fusion",
        _VERSION,
        {
            "stages": list(digests),
            "outputs": list(outputs),
            "compiler": config.model_dump(mode="json"),
            "onnx": str(onnx.__version__),
            "onnxruntime": str(ort.__version__),
        },
    )
    found = step.load()
    if found is not None and workspace.artifacts.holds(found["digest"]):
        return Compiled(ArtifactRecord.model_validate(found), computed=False)
    stages = [workspace.artifacts.read(digest) for digest in digests]
    tolerance = config.gap.merging(config.precision)
    made = fuse(stages, outputs, example, tolerance=tolerance)
    record = record_of(made, workspace.artifacts.add(made.content), config)
    step.save(record.model_dump(mode="json"))
    return Compiled(record, computed=True)


def fuse(
    stages: Sequence[bytes],
    outputs: Sequence[str],
    example: Arrays,
    *,
    tolerance: float = FLOAT32_TOLERANCE,
    metadata: Mapping[str, str] | None = None,
) -> CompiledArtifact:
    """Merge ONNX files and compare what the one computes with what they do in a row.

    Args:
        stages: ONNX files in the order in which they run.
        outputs: names of what the merged file gives.
        example: inputs by name.
        tolerance: largest difference allowed, relative to the largest absolute output.
        metadata: what to say in the merged file's ``metadata_props``.

    Returns:
        The merged file; its gap is the one to the chain.

    Raises:
        CompilationError: the files cannot be merged (see
            :func:`kenning_lego.compilers.onnx_merge.merge_onnx`), or the result computes
            something else.
    """
    content = merge_onnx(stages, outputs, metadata)
    tensors = dict(example)
    for stage in stages:
        tensors.update(_run(stage, tensors))
    found = _run(content, example)
    meter = GapMeter()
    meter.add([found[name] for name in outputs], [tensors[name] for name in outputs])
    gap = meter.total()
    if not gap.max_abs <= tolerance * max(gap.scale, 1.0):
        raise CompilationError(
            f"the merged network differs from the chain by {gap.max_abs:.3g} "
            f"on up to {gap.scale:.3g}",
            "another version of onnxruntime may agree; run it as a chain of segments",
        )
    versions = {"kenning-lego merge": str(onnx.__version__)}
    return CompiledArtifact(content, "onnx", "kenning-lego merge", gap, versions)


def _run(content: bytes, tensors: Arrays) -> dict[str, npt.NDArray[Any]]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    feeds = {node.name: tensors[node.name] for node in session.get_inputs()}
    names = [node.name for node in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))
