"""From variants to artifacts, with what is known of each variant so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from kenning_lego.blocks.activations import Activations
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.variants.variants import BlockVariant, Variants
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.calibration import CalibrationConfig
from kenning_lego.compilers.once import Compiled, compile_once
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.records import SegmentRecord, TensorRecord, VariantRecord
from kenning_lego.core.specs import TensorSpec
from kenning_lego.datasets.base import Dataset
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.weights import module_fingerprint

Images = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class CompileData:
    """Images to compile with, samples first; no image is in both.

    Args:
        calibration: to find the ranges of activations on; None if the compiler needs none.
        validation: to compare artifacts with the original on.
        classes: of the dataset.
    """

    calibration: Images | None
    validation: Images
    classes: int


def compile_data(dataset: Dataset, config: Compiler) -> CompileData:
    """The images that a compiler asks for, to calibrate with and to compare on."""
    calibration = None
    asked = getattr(config, "calibration", None)
    if config.calibrated and isinstance(asked, CalibrationConfig):
        calibration = dataset.calibration_samples(asked.samples, asked.seed).images
    count = min(config.gap.samples, len(dataset.validation))
    validation = dataset.validation.take(range(count)).images
    return CompileData(calibration, validation, len(dataset.classes))


def compile_variants(
    chain: Chain,
    variants: Variants,
    losses: Mapping[str, float],
    costs: Mapping[str, float],
    data: CompileData,
    config: Compiler,
    workspace: Workspace,
    on_progress: OnProgress,
) -> tuple[list[SegmentRecord], int]:
    """Compile every variant of every segment that the workspace does not hold yet.

    Args:
        chain: the network; what its segments take is what variants are calibrated on.
        variants: by segment name.
        losses: reconstruction losses by variant name.
        costs: accuracy costs by variant name.
        data: images to compile with.
        config: the compiler.
        workspace: keeps the artifacts.
        on_progress: called after each variant.

    Returns:
        The segments' records, and how many artifacts had to be made.
    """
    total = sum(map(len, variants.values()))
    segments, done, made = [], 0, 0
    compiling = SegmentCompiler(chain, data, config, workspace)
    for segment in chain:
        records = []
        for variant in variants[segment.name]:
            compiled = compiling.variant(segment, variant)
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


class SegmentCompiler:
    """Compiles variants of a network's segments; segments come in the order of the chain.

    Args:
        chain: the network; what its segments take is what variants are calibrated on.
        data: images to compile with.
        config: the compiler.
        workspace: keeps the artifacts.
    """

    def __init__(
        self, chain: Chain, data: CompileData, config: Compiler, workspace: Workspace
    ) -> None:
        self._config = config
        self._workspace = workspace
        self._validation = Activations(chain, [data.validation])
        given = data.calibration
        self._calibration = None if given is None else Activations(chain, [given])

    def variant(self, segment: Segment, variant: BlockVariant) -> Compiled:
        """Compile a variant, or take an earlier run's artifact.

        Raises:
            CompilationError: it cannot be compiled in this way.
        """
        calibration = self._calibration
        source = CompileSource(
            variant.module.eval(),
            None,
            segment.inputs,
            segment.outputs,
            _example(segment),
            calibration=None if calibration is None else calibration.samples(segment.name),
            validation=self._validation.samples(segment.name),
        )
        key = module_fingerprint(variant.module)
        return compile_once(source, key, self._config, self._workspace)


def _example(segment: Segment) -> tuple[torch.Tensor, ...]:
    """Seeded noise where a tensor is of floats, to export with."""
    generator = torch.Generator().manual_seed(0)
    return tuple(
        torch.randn(zeros.shape, generator=generator, dtype=zeros.dtype)
        if zeros.is_floating_point()
        else zeros
        for zeros in segment.example()
    )


def _tensors(specs: tuple[TensorSpec, ...]) -> tuple[TensorRecord, ...]:
    return tuple(TensorRecord(name=s.name, shape=s.shape, dtype=s.dtype) for s in specs)
