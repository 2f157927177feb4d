"""Networks in one piece, to compare the chains with: the original, and fused configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.latency import chosen_variants
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.once import compile_once
from kenning_lego.compilers.samples import samples_of
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.records import (
    ConfigurationRecord,
    SegmentRecord,
    VariantRecord,
    WholeRecord,
)
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


@dataclass(frozen=True, slots=True)
class Fused:
    """Configurations with their fused artifacts.

    Args:
        configurations: all of them; what could not be fused is as it was.
        made: how many artifacts had to be made.
        left_out: why configurations could not be fused, by their names.
    """

    configurations: list[ConfigurationRecord]
    made: int
    left_out: dict[str, str]


def fuse_configurations(
    configurations: Sequence[ConfigurationRecord],
    segments: Sequence[SegmentRecord],
    chain: Chain,
    image: NDArray[Any],
    compilers: Mapping[str, Compiler],
    workspace: Workspace,
    on_progress: OnProgress,
) -> Fused:
    """Merge the artifacts of every feasible configuration into one.

    Args:
        configurations: chosen ones.
        segments: the chain with all variants.
        chain: the network.
        image: to compare on.
        compilers: by the names of the ways that variants were compiled in; of the main way, "".
        workspace: holds the artifacts.
        on_progress: called after each configuration.
    """
    outputs = [spec.name for spec in chain.outputs]
    example = {chain.inputs[0].name: image}
    made, fused, left_out = 0, [], {}
    for done, each in enumerate(configurations, 1):
        on_progress(done, len(configurations), each.name)
        if not each.feasible:
            fused.append(each)
            continue
        chosen = chosen_variants(segments, each.variants)
        compiler = _loosest(compilers[variant.way] for variant in chosen)
        try:
            check_fusible(chosen)
            stages = [variant.artifact.digest for variant in chosen]
            compiled = fuse_once(stages, outputs, example, compiler, workspace)
        except CompilationError as error:
            left_out[each.name] = error.problem
            fused.append(each)
            continue
        made += compiled.computed
        update = {"fused": compiled.record, "fused_measurement": f"{each.name}@fused"}
        fused.append(each.model_copy(update=update))
    return Fused(fused, made, left_out)


def check_fusible(chosen: Sequence[VariantRecord]) -> None:
    """Refuse what cannot be one artifact.

    Raises:
        CompilationError: a variant is not ONNX, or runs on a further engine.
    """
    others = [f"{each.name} ({each.artifact.format})" for each in chosen if not _is_onnx(each)]
    if others:
        raise CompilationError(
            f"only ONNX can be merged into one artifact, and not {', '.join(others)}",
            "take variants that are ONNX, or run it as a chain of segments",
        )
    if any(each.engine for each in chosen):
        names = ", ".join(each.name for each in chosen if each.engine)
        raise CompilationError(
            f"a merged artifact runs on the target's first engine, and {names} on another one",
            "take variants of that engine, or run it as a chain of segments",
        )


def _is_onnx(variant: VariantRecord) -> bool:
    return variant.artifact.format == "onnx"


def _loosest(compilers: Iterable[Compiler]) -> Compiler:
    """The one whose artifacts merging may change the most."""
    return max(compilers, key=lambda each: each.gap.merging(each.precision))


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
