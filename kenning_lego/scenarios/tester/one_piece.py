"""Networks in one piece, to compare the chains with: the original, and fused configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.latency import stages_of
from kenning_lego.compilers.base import Compiler, CompileSource
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.once import compile_once
from kenning_lego.compilers.samples import samples_of
from kenning_lego.core.records import ConfigurationRecord, SegmentRecord, WholeRecord
from kenning_lego.core.specs import TensorSpec
from kenning_lego.scenarios.tester.compiling import CompileData
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.weights import module_fingerprint

WHOLE = "whole"
"""Name of the measurement of the original in one piece."""


def compile_whole(
    model: nn.Module,
    chain: Chain,
    data: CompileData,
    config: Compiler,
    workspace: Workspace,
) -> WholeRecord:
    """Compile the network as it was given, uncut, to take and give the chain's tensors.

    Args:
        model: in evaluation mode.
        chain: what it was cut into.
        data: images to compile with.
        config: of the compiler.
        workspace: keeps the artifact.

    Raises:
        CompilationError: it cannot be exported in one piece.
    """
    calibration = data.calibration
    source = CompileSource(
        model,
        None,
        chain.inputs,
        chain.outputs,
        (torch.tensor(data.validation[:1]),),
        calibration=None if calibration is None else samples_of(calibration),
        validation=samples_of(data.validation),
        classifier=_is_classifier(chain.outputs, data.classes),
    )
    compiled = compile_once(source, module_fingerprint(model), config, workspace)
    return WholeRecord(artifact=compiled.record, measurement=WHOLE)


def _is_classifier(outputs: Sequence[TensorSpec], classes: int) -> bool:
    """Whether the only output is a score for each class."""
    return len(outputs) == 1 and len(outputs[0].shape) == 2 and outputs[0].shape[1] == classes


def fuse_configurations(
    configurations: Sequence[ConfigurationRecord],
    segments: Sequence[SegmentRecord],
    chain: Chain,
    image: NDArray[Any],
    config: Compiler,
    workspace: Workspace,
    on_progress: OnProgress,
) -> tuple[list[ConfigurationRecord], int]:
    """Merge the artifacts of every feasible configuration into one.

    Returns:
        The configurations with their fused artifacts, and how many had to be made.

    Raises:
        CompilationError: the artifacts cannot be merged.
    """
    outputs = [spec.name for spec in chain.outputs]
    example = {chain.inputs[0].name: image}
    made, fused = 0, []
    for done, each in enumerate(configurations, 1):
        if each.feasible:
            stages = stages_of(segments, each.variants)
            compiled = fuse_once(stages, outputs, example, config, workspace)
            made += compiled.computed
            update = {"fused": compiled.record, "fused_measurement": f"{each.name}@fused"}
            fused.append(each.model_copy(update=update))
        else:
            fused.append(each)
        on_progress(done, len(configurations), each.name)
    return fused, made


def in_one_piece(
    whole: WholeRecord | None, configurations: Sequence[ConfigurationRecord]
) -> Mapping[str, str]:
    """Everything in one piece that is to be timed: sha256 by the measurement's name."""
    found = {}
    if whole is not None and whole.measurement is not None:
        found[whole.measurement] = whole.artifact.digest
    for each in configurations:
        if each.fused is not None and each.fused_measurement is not None:
            found[each.fused_measurement] = each.fused.digest
    return found
