"""From variants to artifacts, with what is known of each variant so far."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.variants.variants import Variants
from kenning_lego.compilers.configuration import CompilerConfig
from kenning_lego.compilers.once import compile_once
from kenning_lego.core.records import SegmentRecord, TensorRecord, VariantRecord
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.weights import module_fingerprint


def compile_variants(
    chain: Chain,
    variants: Variants,
    losses: Mapping[str, float],
    costs: Mapping[str, float],
    config: CompilerConfig,
    workspace: Workspace,
    on_progress: OnProgress,
) -> tuple[list[SegmentRecord], int]:
    """Compile every variant of every segment that the workspace does not hold yet.

    Args:
        chain: the network.
        variants: by segment name.
        losses: reconstruction losses by variant name.
        costs: accuracy costs by variant name.
        config: of the compiler.
        workspace: keeps the artifacts.
        on_progress: called after each variant.

    Returns:
        The segments' records, and how many artifacts had to be made.
    """
    total = sum(map(len, variants.values()))
    segments, done, made = [], 0, 0
    for segment in chain:
        example = _example(segment)
        records = []
        for variant in variants[segment.name]:
            compiled = compile_once(
                variant.module.eval(),
                module_fingerprint(variant.module),
                segment.inputs,
                segment.outputs,
                example,
                config,
                workspace,
            )
            made += compiled.computed
            done += 1
            on_progress(done, total, variant.name)
            records.append(
                VariantRecord(
                    **dict(variant.facts(losses, costs)),
                    artifact=compiled.record,
                    measurement=variant.name,
                )
            )
        segments.append(
            SegmentRecord(
                name=segment.name,
                scalable=segment.scalable,
                inputs=_tensors(segment.inputs),
                outputs=_tensors(segment.outputs),
                variants=tuple(records),
            )
        )
    return segments, made


def _example(segment: Segment) -> tuple[torch.Tensor, ...]:
    """Seeded noise where a tensor is of floats: the gap to torch would hide behind zeros."""
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randn(zeros.shape, generator=generator, dtype=zeros.dtype)
        if zeros.is_floating_point()
        else zeros
        for zeros in segment.example()
    )


def _tensors(specs: tuple[TensorSpec, ...]) -> tuple[TensorRecord, ...]:
    return tuple(TensorRecord(name=s.name, shape=s.shape, dtype=s.dtype) for s in specs)
